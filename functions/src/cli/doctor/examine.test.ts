import { settle } from '../../../test/lifecycle/memory-harness.js';
import { processText } from '../../../test/lifecycle/test-harness.js';
import { hashToken } from '../../domain/token.js';
import type { ShareRequest } from '../../domain/sharing.js';
import { examine, type ExamineOptions } from './examine.js';
import {
  CAT,
  CAT_RECORD,
  DOG,
  lifecycleContextOf,
  openSettled,
  UNKNOWN,
  type Memory,
} from '../../../test/cli/doctor-fixture.js';

/** In the order in which they are listed. */
const INVALID_NAMES = [
  'originals/../a',
  'originals/./a',
  'originals/__x__/a',
  'originals/alice/a\0b',
];
const WITHOUT_GRACE: ExamineOptions = { graceMs: 0 };

async function findingsOf(memory: Memory) {
  const { findings } = await examine(lifecycleContextOf(memory), WITHOUT_GRACE);
  return findings.map(({ kind, what, of }) => [kind, what, of]);
}

function fail({ backend }: Memory, code: string): void {
  const image = backend.images.get(CAT_RECORD);
  if (image) Object.assign(image, { state: 'failed', error: { code, message: 'It failed.' } });
}

/** Creates a share of the cat. @returns its id and the hash of its token */
async function share({ backend }: Memory, more: Partial<ShareRequest> = {}) {
  const shareId = 'share-of-cat-0001';
  const request = { imageId: 'cat', shareId, expiresIn: null, ...more };
  const { token = '' } = await backend.shares.create('alice', request);
  return { shareId, hash: hashToken(token) };
}

const defects: [string, (memory: Memory) => void | Promise<void>, unknown[][]][] = [
  [
    'a download token on an original',
    ({ backend }) => {
      const cat = backend.originals.get(CAT);
      if (cat) cat.hasDownloadToken = true;
    },
    [['unlocked', 'download token on the original', CAT]],
  ],
  [
    'download tokens on originals whose ids are invalid',
    async ({ harness }) => {
      for (const name of INVALID_NAMES) await harness.upload(name, 'text');
    },
    INVALID_NAMES.map((name) => ['unlocked', 'download token on the original', name]),
  ],
  [
    'a download token on a rendition',
    ({ backend }) => {
      const [name = ''] = backend.renditions.keys();
      backend.renditionsWithDownloadToken.add(name);
    },
    [['unlocked', 'download tokens on 1 renditions', CAT]],
  ],
  [
    'an image with exhausted retries',
    (memory) => fail(memory, 'retries-exhausted'),
    [['stale', 'image with exhausted retries', CAT]],
  ],
  [
    'an image with a rejected request',
    (memory) => fail(memory, 'request-rejected'),
    [['stale', 'image with a rejected request', CAT]],
  ],
  [
    'an original whose event was lost',
    async ({ harness }) => {
      const name = 'originals/alice/new';
      await harness.backend.objects.revokeDownloadTokens(name, await harness.upload(name, 'new'));
    },
    [['missing', 'image record', 'originals/alice/new']],
  ],
  [
    'an overwrite whose event was lost',
    async ({ harness }) => {
      await harness.backend.objects.revokeDownloadTokens(
        CAT,
        await harness.upload(CAT, 'cat again'),
      );
    },
    [['stale', 'image record of another upload', CAT]],
  ],
  [
    'a deletion whose event was lost',
    ({ backend }) => void backend.originals.delete(CAT),
    [['orphaned', 'image record, 1 token records, 4 renditions', CAT]],
  ],
  [
    'a deleted image record',
    ({ backend }) => void backend.images.delete(CAT_RECORD),
    [['missing', 'image record', CAT]],
  ],
  [
    'a deleted rendition',
    ({ backend }) => {
      const [name = ''] = backend.renditions.keys();
      backend.renditions.delete(name);
    },
    [['missing', '1 renditions', CAT]],
  ],
  [
    'a rendition that no record refers to',
    async ({ backend, time }) => {
      const [name = ''] = backend.renditions.keys();
      await backend.objects.writeRendition(`${name}.old`, 'webp', Buffer.from('old'));
      time.now += 60_001;
    },
    [['orphaned', '1 old renditions', CAT]],
  ],
  [
    'a rendition folder of an unknown image',
    async ({ backend }) => {
      await backend.objects.writeRendition(
        `variants/${UNKNOWN}/1/w40.webp`,
        'webp',
        Buffer.from('x'),
      );
    },
    [['orphaned', '1 renditions', `variants/${UNKNOWN}/`]],
  ],
  [
    'a token record of an earlier upload',
    ({ backend }) => {
      const [, token] = [...backend.tokens].find(([, { uid }]) => uid === 'alice') ?? [];
      if (token?.image) token.image.generation = '1';
    },
    [['stale', '1 token records of another upload', CAT]],
  ],
  [
    'an attempt that ended without a result',
    ({ backend, time }) => {
      const image = backend.images.get(CAT_RECORD);
      if (image) Object.assign(image, { attempt: 'dead', state: 'processing' });
      time.now += 3_600_001;
    },
    [['stale', 'image record of an attempt that has ended', CAT]],
  ],
  [
    'an active share whose token record was deleted',
    async (memory) => void memory.backend.tokens.delete((await share(memory)).hash),
    [['missing', 'token records of 1 active shares', CAT]],
  ],
  [
    'a share token whose share record was deleted',
    async (memory) => {
      const { shareId } = await share(memory);
      // Another one, so that the collection is not empty.
      await share(memory, { shareId: 'share-of-cat-0002' });
      memory.backend.shareRecords.delete(`alice/${shareId}`);
    },
    [['orphaned', '1 share tokens without a share', CAT]],
  ],
  [
    'a share token whose share was revoked by hand',
    async (memory) => {
      const { shareId } = await share(memory);
      const record = memory.backend.shareRecords.get(`alice/${shareId}`);
      if (record) record.state = 'revoked';
    },
    [['orphaned', '1 share tokens without a share', CAT]],
  ],
  [
    'a deletion whose event was lost, of a shared image',
    async (memory) => {
      await share(memory);
      memory.backend.originals.delete(CAT);
    },
    [['orphaned', 'image record, 2 token records, 1 share records, 4 renditions', CAT]],
  ],
  [
    'a share of an image that does not exist',
    async (memory) => {
      await share(memory);
      const record = memory.backend.shareRecords.get('alice/share-of-cat-0001');
      if (record) record.imageId = 'gone';
      // Its token record names the cat, of which it is no share.
    },
    [
      ['orphaned', '1 share tokens without a share', CAT],
      ['orphaned', '1 share records', 'originals/alice/gone'],
    ],
  ],
];

test('finds nothing after all processing has ended', async () => {
  const memory = await openSettled();
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

describe.each(defects)('%s', (_name, damage, expected) => {
  test('is found, and fixed by its fix', async () => {
    const memory = await openSettled();
    await damage(memory);
    await expect(findingsOf(memory)).resolves.toEqual(expected);
    const { findings } = await examine(lifecycleContextOf(memory), WITHOUT_GRACE);
    for (const { fix } of findings)
      await fix({ ...lifecycleContextOf(memory), processImage: processText });
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });
});

test('does not report processing in progress', async () => {
  const memory = await openSettled();
  await memory.harness.upload(CAT, 'cat again');
  const [, finalized] = memory.harness.events;
  if (finalized) await memory.harness.handle({ kind: 'event', event: finalized });
  const task = memory.harness.takeTask();
  if (task) await memory.harness.handle({ kind: 'task', task });
  // The old renditions are kept until the revocation bound has passed.
  expect(memory.backend.renditions.size).toBe(12);
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('does not report an unprocessed upload within the grace period', async () => {
  const memory = await openSettled();
  await memory.harness.upload('originals/alice/new', 'new');
  const withGrace = { graceMs: 60_000 };
  await expect(examine(lifecycleContextOf(memory), withGrace)).resolves.toMatchObject({
    findings: [],
  });
  memory.time.now += 60_000;
  const { findings } = await examine(lifecycleContextOf(memory), withGrace);
  expect(findings.map(({ kind }) => kind).sort()).toEqual(['missing', 'unlocked']);
});

test('inspects images with findings again after settling', async () => {
  const memory = await openSettled();
  await memory.harness.delete(CAT);
  const settleAll = () => settle(memory);
  const { findings } = await examine(lifecycleContextOf(memory), { graceMs: 0, settle: settleAll });
  expect(findings).toEqual([]);
});

describe('does not report', () => {
  test.each(['variants/mine/1/cat.webp', 'variants/cat.webp'])(
    'the unrelated object %s',
    async (name) => {
      const memory = await openSettled();
      await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('mine'));
      await expect(findingsOf(memory)).resolves.toEqual([]);
    },
  );

  test('an unrelated document', async () => {
    const memory = await openSettled();
    memory.backend.images.set('users/carol/images/x', { caption: 'mine' } as never);
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });

  test('or delete a rendition that was written after the examination', async () => {
    const memory = await openSettled();
    const name = `variants/${UNKNOWN}/1/w40.webp`;
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('x'));
    const { findings } = await examine(lifecycleContextOf(memory), WITHOUT_GRACE);
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('x'));
    for (const { fix } of findings)
      await fix({ ...lifecycleContextOf(memory), processImage: processText });
    expect(memory.backend.renditions.has(name)).toBe(true);
  });
});

test('does not report a revoked token as missing', async () => {
  const memory = await openSettled();
  memory.backend.tokens.clear();
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('a share whose token record was deleted is revoked, and its token does not come back', async () => {
  const memory = await openSettled();
  const { shareId, hash } = await share(memory);
  memory.backend.tokens.delete(hash);
  const { findings } = await examine(lifecycleContextOf(memory), WITHOUT_GRACE);
  for (const { fix } of findings)
    await fix({ ...lifecycleContextOf(memory), processImage: processText });
  expect(memory.backend.shareRecords.get(`alice/${shareId}`)?.state).toBe('revoked');
  expect(memory.backend.tokens.has(hash)).toBe(false);
});

test('does not report shares and share tokens that agree, have expired or were made by hand', async () => {
  const memory = await openSettled();
  const { backend, time } = memory;
  await share(memory);
  const expired = await share(memory, { shareId: 'share-of-cat-0002', expiresIn: 60 });
  const revoked = await share(memory, { shareId: 'share-of-cat-0003' });
  await backend.shares.revoke('alice', revoked.shareId);
  time.now += 60_000;
  // Firestore's TTL deletes the token record of an expired share, and keeps its share record for 30 days.
  backend.tokens.delete(expired.hash);
  const [[, token] = []] = backend.tokens;
  if (token) backend.tokens.set('by-hand', { ...token, kind: 'share' });
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('reports a share of variants that are not configured, and fixes nothing', async () => {
  const memory = await openSettled();
  const { shareId } = await share(memory, { variants: ['w9998', 'w9999'] });
  await expect(findingsOf(memory)).resolves.toEqual([
    ['stale', '1 shares of variants that are not configured', CAT],
  ]);
  const { findings } = await examine(lifecycleContextOf(memory), WITHOUT_GRACE);
  expect(findings.map(({ isManual }) => isManual)).toEqual([true]);
  const { shares } = memory.backend;
  await shares.update('alice', shareId, {
    variants: ['w9999', memory.harness.config.variants[0]?.name ?? ''],
  });
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('reports renditions made with other parameters as stale', async () => {
  const memory = await openSettled();
  memory.harness.reconfigure({ VARIANTS: 'w30:30' });
  const both = [CAT, DOG].map((name) => ['stale', 'renditions made with other parameters', name]);
  await expect(findingsOf(memory)).resolves.toEqual(both);
});

test('reports a token that names an image of another collection separately', async () => {
  const memory = await openSettled();
  const [[hash, token] = []] = memory.backend.tokens;
  if (token) token.imagePath = 'before/alice/images/cat';
  const { elsewhere } = await examine(lifecycleContextOf(memory), WITHOUT_GRACE);
  expect(elsewhere).toEqual({ count: 1, example: `imageTokens/${hash}` });
});

test('inspects more images than one page and one batch hold', async () => {
  const memory = await openSettled();
  const cat = memory.backend.originals.get(CAT);
  const names = Array.from({ length: 2001 }, (_, index) => `originals/alice/${index}`);
  for (const name of names) if (cat) memory.backend.originals.set(name, cat);
  const found = await findingsOf(memory);
  expect(found).toEqual(names.sort().map((name) => ['missing', 'image record', name]));
});
