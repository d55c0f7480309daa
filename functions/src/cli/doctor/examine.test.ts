import { settle } from '../../../test/lifecycle/memory-harness.js';
import { processText } from '../../../test/lifecycle/test-harness.js';
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

const NOW_AND_HERE: ExamineOptions = { graceMs: 0 };

async function findingsOf(memory: Memory) {
  const { findings } = await examine(lifecycleContextOf(memory), NOW_AND_HERE);
  return findings.map(({ kind, what, of }) => [kind, what, of]);
}

const wrongs: [string, (memory: Memory) => void | Promise<void>, unknown[][]][] = [
  [
    'a download token',
    ({ backend }) => {
      const cat = backend.originals.get(CAT);
      if (cat) cat.hasDownloadToken = true;
    },
    [['unlocked', 'download token on the original', CAT]],
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
    'an image that was given up',
    ({ backend }) => {
      const image = backend.images.get(CAT_RECORD);
      const error = { code: 'retries-exhausted', message: 'The image could not be processed.' };
      if (image) Object.assign(image, { state: 'failed', error });
    },
    [['stale', 'image that was given up', CAT]],
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
    'an image record that somebody deleted',
    ({ backend }) => void backend.images.delete(CAT_RECORD),
    [['missing', 'image record', CAT]],
  ],
  [
    'a rendition that somebody deleted',
    ({ backend }) => {
      const [name = ''] = backend.renditions.keys();
      backend.renditions.delete(name);
    },
    [['missing', '1 renditions', CAT]],
  ],
  [
    'renditions that nothing shows',
    async ({ backend, time }) => {
      const [name = ''] = backend.renditions.keys();
      await backend.objects.writeRendition(`${name}.old`, 'webp', Buffer.from('old'));
      time.now += 60_001;
    },
    [['orphaned', '1 old renditions', CAT]],
  ],
  [
    'a folder that nothing knows of',
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
    'a token record that is behind',
    ({ backend }) => {
      const [, token] = [...backend.tokens].find(([, { uid }]) => uid === 'alice') ?? [];
      if (token?.image) token.image.generation = '1';
    },
    [['stale', '1 token records of another upload', CAT]],
  ],
  [
    'an attempt that died for good',
    ({ backend, time }) => {
      const image = backend.images.get(CAT_RECORD);
      if (image) Object.assign(image, { attempt: 'dead', state: 'processing' });
      time.now += 3_600_001;
    },
    [['stale', 'image that nobody works on', CAT]],
  ],
];

test('nothing is wrong with what has settled', async () => {
  const memory = await openSettled();
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

describe.each(wrongs)('%s', (_name, spoil, expected) => {
  test('is found, and mended by --fix', async () => {
    const memory = await openSettled();
    await spoil(memory);
    await expect(findingsOf(memory)).resolves.toEqual(expected);
    const { findings } = await examine(lifecycleContextOf(memory), NOW_AND_HERE);
    for (const { mend } of findings)
      await mend({ ...lifecycleContextOf(memory), processImage: processText });
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });
});

test('what is under way is not wrong', async () => {
  const memory = await openSettled();
  await memory.harness.upload(CAT, 'cat again');
  const [, finalized] = memory.harness.events;
  if (finalized) await memory.harness.handle({ kind: 'event', event: finalized });
  // The old renditions are there until the bound has passed.
  expect(memory.backend.renditions.size).toBe(12);
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('an upload whose event is on its way is not wrong, for as long as the grace lasts', async () => {
  const memory = await openSettled();
  await memory.harness.upload('originals/alice/new', 'new');
  const late = { graceMs: 60_000 };
  await expect(examine(lifecycleContextOf(memory), late)).resolves.toMatchObject({ findings: [] });
  memory.time.now += 60_000;
  const { findings } = await examine(lifecycleContextOf(memory), late);
  expect(findings.map(({ kind }) => kind).sort()).toEqual(['missing', 'unlocked']);
});

test('what was under way at the first look has another one', async () => {
  const memory = await openSettled();
  await memory.harness.delete(CAT);
  const settleAll = () => settle(memory);
  const { findings } = await examine(lifecycleContextOf(memory), { graceMs: 0, settle: settleAll });
  expect(findings).toEqual([]);
});

describe("what is not this project's is not found", () => {
  test.each(['variants/mine/1/cat.webp', 'variants/cat.webp'])('%s', async (name) => {
    const memory = await openSettled();
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('mine'));
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });

  test('a document without an original', async () => {
    const memory = await openSettled();
    memory.backend.images.set('users/carol/images/x', { caption: 'mine' } as never);
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });

  test('what somebody has uploaded between the look and the mending', async () => {
    const memory = await openSettled();
    const name = `variants/${UNKNOWN}/1/w40.webp`;
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('x'));
    const { findings } = await examine(lifecycleContextOf(memory), NOW_AND_HERE);
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('x'));
    for (const { mend } of findings)
      await mend({ ...lifecycleContextOf(memory), processImage: processText });
    expect(memory.backend.renditions.has(name)).toBe(true);
  });
});

test('a token that was revoked is not missing', async () => {
  const memory = await openSettled();
  memory.backend.tokens.clear();
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('other parameters make what is there stale', async () => {
  const memory = await openSettled();
  memory.harness.reconfigure({ VARIANTS: 'w30:30' });
  const both = [CAT, DOG].map((name) => ['stale', 'renditions by other parameters', name]);
  await expect(findingsOf(memory)).resolves.toEqual(both);
});

test('a token that names an image of other parameters is told apart', async () => {
  const memory = await openSettled();
  const [[hash, token] = []] = memory.backend.tokens;
  if (token) token.imagePath = 'before/alice/images/cat';
  const { elsewhere } = await examine(lifecycleContextOf(memory), NOW_AND_HERE);
  expect(elsewhere).toEqual({ count: 1, example: `imageTokens/${hash}` });
});
