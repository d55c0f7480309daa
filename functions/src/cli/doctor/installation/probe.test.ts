import { renditionsFolder } from '../../../domain/path.js';
import { hashToken, mintToken } from '../../../domain/token.js';
import {
  denied,
  openGoogleDouble,
  storageDenied,
  type Replies,
  type Reply,
  type Sent,
} from '../../../../test/cli/doctor/google-double.js';
import {
  BUCKET,
  healthyReplies,
  installationOf,
  PROJECT,
} from '../../../../test/cli/doctor/healthy.js';
import type { Finding } from './finding.js';
import { probe } from './probe.js';

const DOCUMENTS = `firestore.googleapis.com/v1/projects/${PROJECT}/databases/(default)/documents`;
const UPLOAD = `POST storage.googleapis.com/upload/storage/v1/b/${BUCKET}/o`;
const OBJECT = `storage.googleapis.com/storage/v1/b/${BUCKET}/o/`;
const kit = installationOf();

/** What the probe's project holds. */
interface State {
  original?: { name: string; metadata: Record<string, string> };
  record?: { state: string; token: string; code?: string };
  /** Paths of documents besides the image record. */
  documents: Set<string>;
  renditions: Set<string>;
}

/** What the functions do. */
interface Behavior {
  /** How many polls later the upload is processed; undefined: never. */
  processed?: number;
  /** What is written then. */
  result?: 'ready' | 'failed' | 'processing';
  /** Whether the event of the upload arrives. */
  event?: boolean;
  /** Whether the event of the deletion is handled. */
  deletion?: boolean;
}

async function run(
  { processed, result = 'ready', event = true, deletion = true }: Behavior,
  changes: Replies = {},
  options: {
    earlier?: Finding[];
    cancelAfter?: number;
    servesImage?: boolean;
    revokes?: boolean;
  } = {},
) {
  const state: State = { documents: new Set(), renditions: new Set() };
  const token = mintToken();
  let polls = 0;
  let now = 0;
  const removeAll = () => {
    delete state.record;
    state.documents.clear();
  };
  const upload = ({ body }: Sent): Reply => {
    const [, resource = ''] = /\r\n\r\n(\{.*?\})\r\n/.exec(body.toString('latin1')) ?? [];
    const { name, metadata = {} } = JSON.parse(resource) as {
      name: string;
      metadata?: Record<string, string>;
    };
    state.original = { name, metadata: event && options.revokes !== false ? {} : metadata };
    expect(body.includes(Buffer.from([0x89, 0x50, 0x4e, 0x47]))).toBe(true);
    return { body: { kind: 'storage#object', name, generation: '1700000000000001' } };
  };
  const poll = (): Reply => {
    polls += 1;
    if (event && polls - 1 === processed && state.original) {
      state.record = { state: result, token, code: 'not-an-image' };
      state.documents.add(`imageTokens/${hashToken(token)}`);
      state.documents.add(`imageTokens/${hashToken('a share')}`);
      state.renditions.add(
        `${renditionsFolder('variants', BUCKET, state.original.name)}1/w400-x.webp`,
      );
    }
    if (!state.record) return { status: 404, body: { error: { message: 'missing' } } };
    const { state: text, code } = state.record;
    const fields = {
      state: { stringValue: text },
      token: { stringValue: token },
      ...(text === 'failed' && {
        error: { mapValue: { fields: { code: { stringValue: code } } } },
      }),
    };
    return { body: { name: 'x', fields, createTime: '2026-11-20T10:00:00Z' } };
  };
  const double = await openGoogleDouble({
    ...healthyReplies(kit),
    [UPLOAD]: upload,
    [`GET ${OBJECT}*`]: () => ({
      body: { generation: '1700000000000001', metadata: state.original?.metadata ?? {} },
    }),
    [`DELETE ${OBJECT}*`]: ({ key }) => {
      const name = decodeURIComponent(key.slice(`DELETE ${OBJECT}`.length));
      if (name === state.original?.name) {
        delete state.original;
        if (deletion && event) removeAll();
      } else expect(state.renditions.delete(name)).toBe(true);
      return { status: 204 };
    },
    [`GET storage.googleapis.com/storage/v1/b/${BUCKET}/o`]: ({ query }) => ({
      body: {
        items: [...state.renditions]
          .filter((name) => name.startsWith(query.get('prefix') ?? '?'))
          .map((name) => ({ name })),
      },
    }),
    [`POST ${DOCUMENTS}:runQuery`]: () => ({
      body: [...state.documents].map((path) => ({
        document: { name: `projects/${PROJECT}/databases/(default)/documents/${path}` },
        readTime: '2026-11-20T10:00:00Z',
      })),
    }),
    [`GET ${DOCUMENTS}/users/*`]: poll,
    [`DELETE ${DOCUMENTS}/*`]: ({ key }) => {
      const path = key.slice(`DELETE ${DOCUMENTS}/`.length);
      if (path.startsWith('users/')) delete state.record;
      else state.documents.delete(path);
      return { body: {} };
    },
    ...(options.servesImage !== false && {
      [`GET shop.example/i/${token}/${kit.config.variants[0]?.name}`]: {
        headers: { 'Content-Type': 'image/webp' },
        body: Buffer.from('image'),
      },
    }),
    [`GET storage.googleapis.com/${BUCKET}/*`]: { status: 403, body: '<Error/>' },
    [`GET firebasestorage.googleapis.com/v0/b/${BUCKET}/o/*`]: {
      status: 403,
      body: { error: { code: 403, message: 'Permission denied.' } },
    },
    ...changes,
  });
  const client = double.client();
  const findings = await probe(client, kit, options.earlier ?? [], {
    now: () => now,
    wait: (ms) => Promise.resolve(void (now += ms)),
    progress: () => {},
    isCancelled: () => options.cancelAfter !== undefined && polls >= options.cancelAfter,
  });
  await double.close();
  // The token and the download token are never printed.
  expect(JSON.stringify(findings)).not.toContain(token);
  return { findings, state, sent: double.sent, polls };
}

const nothing: State = { documents: new Set(), renditions: new Set() };

test('an upload becomes ready, its URLs answer as they must, and nothing is left', async () => {
  const { findings, state, sent } = await run({ processed: 3 });
  expect(findings).toMatchObject([{ check: 'probe', level: 'ok' }]);
  expect(state).toEqual(nothing);
  const [upload] = sent;
  expect(upload?.query.get('ifGenerationMatch')).toBe('0');
  expect(upload?.body.toString('latin1')).toMatch(
    /"name":"originals\/doctor-[0-9a-f]{24}\/probe-[0-9a-f]{24}"/,
  );
  const deleted = sent.find(({ key }) => key.startsWith(`DELETE ${OBJECT}`));
  expect(deleted?.query.get('generation')).toBe('1700000000000001');
});

test('says what is missing, with the commands, if events do not arrive', async () => {
  const command = 'gcloud projects add-iam-policy-binding …';
  const earlier: Finding[] = [
    { check: 'events', level: 'fault', message: 'The role is missing.', commands: [command] },
    { check: 'bucket', level: 'fault', message: 'Something else.', commands: ['other'] },
  ];
  const { findings, state } = await run({ event: false }, {}, { earlier });
  expect(findings).toEqual([
    {
      check: 'probe',
      level: 'fault',
      message:
        "Events don't arrive: nothing happened within 180 s after an upload. What is missing: The role is missing.",
      commands: [
        command,
        `firebase functions:log --only kit-images-originalFinalized --project ${PROJECT}`,
      ],
    },
  ]);
  expect(state).toEqual(nothing);
});

test('says that the task did not run if the event arrived', async () => {
  const { findings, state } = await run({});
  expect(findings).toMatchObject([
    {
      level: 'fault',
      message: expect.stringMatching(
        /^The upload's event arrived, but its task did not run within 180 s\. All that this command can check is in order/,
      ) as string,
      commands: [`firebase functions:log --only kit-images-processImage --project ${PROJECT}`],
    },
  ]);
  expect(state).toEqual(nothing);
});

test.each<[Behavior['result'], RegExp]>([
  ['failed', /^Processing the probe's image failed: not-an-image\.$/],
  ['processing', /^The probe's image was still "processing" after 180 s\.$/],
])(
  'reports an image that is %s, and deletes its records and renditions itself',
  async (result, message) => {
    const { findings, state } = await run({
      processed: 1,
      ...(result && { result }),
      deletion: false,
    });
    expect(findings).toMatchObject([
      { level: 'fault', message: expect.stringMatching(message) as string },
    ]);
    expect(state).toEqual(nothing);
  },
);

test('reports a public URL without an image, but not the URL', async () => {
  const { findings, state } = await run({ processed: 1 }, {}, { servesImage: false });
  expect(findings).toEqual([
    {
      check: 'probe',
      level: 'fault',
      message:
        'Expected an image at the public URL under https://shop.example/i, found HTTP 404 (text/plain; charset=utf-8).',
    },
  ]);
  expect(state).toEqual(nothing);
});

test('reports a download token that was not revoked', async () => {
  const { findings } = await run({ processed: 1 }, {}, { revokes: false });
  expect(findings).toMatchObject([
    {
      level: 'fault',
      message: expect.stringMatching(
        /^The functions did not revoke the original's download token/,
      ) as string,
    },
  ]);
});

test('reports a public original', async () => {
  const { findings, state } = await run(
    { processed: 1 },
    {
      [`GET storage.googleapis.com/${BUCKET}/*`]: {
        headers: { 'Content-Type': 'image/png' },
        body: Buffer.from('png'),
      },
    },
  );
  expect(findings).toEqual([
    {
      check: 'probe',
      level: 'fault',
      message: `Expected https://storage.googleapis.com/${BUCKET}/… to refuse the original to strangers (401 or 403), found HTTP 200 (image/png).`,
    },
  ]);
  expect(state).toEqual(nothing);
});

test('reports records that stay after the deletion, and deletes them itself', async () => {
  const { findings, state } = await run({ processed: 1, deletion: false });
  expect(findings).toMatchObject([
    {
      level: 'fault',
      message: expect.stringMatching(
        /^The records of a deleted original were still there after 120 s/,
      ) as string,
      commands: [`firebase functions:log --only kit-images-originalDeleted --project ${PROJECT}`],
    },
  ]);
  expect(state).toEqual(nothing);
});

test('names what is left if it may not delete', async () => {
  const { findings, state } = await run(
    { processed: 1, deletion: false },
    { [`DELETE ${OBJECT}*`]: storageDenied('storage.objects.delete') },
  );
  const { name = '' } = state.original ?? {};
  expect(findings).toMatchObject([
    {
      level: 'warning',
      commands: [`gcloud storage rm gs://${BUCKET}/${name} --project=${PROJECT}`],
    },
    {
      level: 'warning',
      message: expect.stringContaining('(storage.objects.delete)') as string,
      commands: [`npx storage-public-variants doctor --project ${PROJECT} --only records --fix`],
    },
  ]);
});

test('names the permission that uploading needs, and leaves nothing', async () => {
  const { findings, sent } = await run({}, { [UPLOAD]: storageDenied('storage.objects.create') });
  expect(findings).toMatchObject([
    { level: 'warning', message: expect.stringContaining('storage.objects.create') as string },
  ]);
  expect(sent).toHaveLength(1);
});

test('names the permission that reading the record needs, and cleans up', async () => {
  const { findings, state } = await run(
    { processed: 1 },
    { [`GET ${DOCUMENTS}/users/*`]: denied('datastore.entities.get') },
  );
  expect(findings).toMatchObject([
    { level: 'warning', message: expect.stringContaining('datastore.entities.get') as string },
  ]);
  expect(state.original).toBeUndefined();
});

test('stops waiting and cleans up when the user presses Ctrl+C', async () => {
  const { findings, state, polls } = await run({}, {}, { cancelAfter: 2 });
  expect(findings).toMatchObject([{ level: 'warning', message: 'The round trip was cancelled.' }]);
  expect(state).toEqual(nothing);
  expect(polls).toBeLessThan(5);
});
