import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemory, settle } from '../ingest/memory.fake.js';
import { deriveText, PARAMETERS, renditionText } from '../ingest/world.fake.js';
import { hashToken } from '../tokens/token.js';
import { doctor, type Surroundings } from './command.js';
import { examine, mend } from './examine.js';

type Memory = ReturnType<typeof openMemory>;
const CAT = 'originals/alice/cat';
const DOG = 'originals/bob/dog';
const CAT_RECORD = 'users/alice/images/cat';

/** The parameters of the world, as an instance's own file has them. */
const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const PARAMS = join(folder, '.env');
writeFileSync(
  PARAMS,
  Object.entries(PARAMETERS)
    .map((entry) => entry.join('='))
    .join('\n'),
);
afterAll(() => rmSync(folder, { recursive: true }));

async function openSettled(): Promise<Memory> {
  const memory = openMemory();
  await memory.world.upload(CAT, 'cat');
  await memory.world.upload(DOG, 'dog');
  await settle(memory);
  return memory;
}

function keeperOf({ world, library, time }: Memory) {
  return { config: world.config, library, now: () => time.now, log: () => {} };
}

async function findingsOf(memory: Memory) {
  const { findings } = await examine(keeperOf(memory), () => {});
  return findings.map(({ kind, what, of }) => [kind, what, of]);
}

/** Runs the command itself on the memory. */
async function run(memory: Memory, ...argv: string[]) {
  let printed = '';
  const surroundings: Surroundings = {
    openLibrary: () => Promise.resolve(memory.library),
    openDerive: () => Promise.resolve(Object.assign(deriveText, { close: () => {} })),
    now: () => memory.time.now,
    out: (text) => (printed += text),
    progress: () => {},
  };
  const code = await doctor(['--project', 'p', '--bucket', 'bucket', ...argv], surroundings);
  return { code, printed };
}

const wrongs: [string, (memory: Memory) => void | Promise<void>, unknown[][]][] = [
  [
    'a download token',
    ({ library }) => {
      const cat = library.originals.get(CAT);
      if (cat) cat.locked = false;
    },
    [['unlocked', 'download token on the original', CAT]],
  ],
  [
    'an original whose event was lost',
    async ({ world }) => {
      const name = 'originals/alice/new';
      await world.library.objects.lock(name, await world.upload(name, 'new'));
    },
    [['missing', 'image record', 'originals/alice/new']],
  ],
  [
    'an overwrite whose event was lost',
    async ({ world }) => {
      await world.library.objects.lock(CAT, await world.upload(CAT, 'cat again'));
    },
    [['stale', 'image record of another upload', CAT]],
  ],
  [
    'a deletion whose event was lost',
    ({ library }) => void library.originals.delete(CAT),
    [['orphaned', 'image record, 1 token records, 4 renditions', CAT]],
  ],
  [
    'an image record that somebody deleted',
    ({ library }) => void library.images.delete(CAT_RECORD),
    [['missing', 'image record', CAT]],
  ],
  [
    'a rendition that somebody deleted',
    ({ library }) => {
      const [name = ''] = library.renditions.keys();
      library.renditions.delete(name);
    },
    [['missing', '1 renditions', CAT]],
  ],
  [
    'renditions that nothing shows',
    async ({ library, time }) => {
      const [name = ''] = library.renditions.keys();
      await library.objects.writeRendition(`${name}.old`, 'webp', Buffer.from('old'));
      time.now += 60_001;
    },
    [['orphaned', '1 old renditions', CAT]],
  ],
  [
    'a folder that nothing knows of',
    async ({ library }) => {
      await library.objects.writeRendition('variants/unknown/1/w40.webp', 'webp', Buffer.from('x'));
    },
    [['orphaned', 'renditions', 'variants/unknown/']],
  ],
  [
    'a token record that is behind',
    ({ library }) => {
      const [, token] = [...library.tokens].find(([, { uid }]) => uid === 'alice') ?? [];
      if (token?.image) token.image.generation = '1';
    },
    [['stale', '1 token records of another upload', CAT]],
  ],
  [
    'an attempt that died for good',
    ({ library, time }) => {
      const image = library.images.get(CAT_RECORD);
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
    const { findings } = await examine(keeperOf(memory), () => {});
    for (const finding of findings) {
      await mend(finding, { ...keeperOf(memory), derive: deriveText });
    }
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });
});

test('what is under way is not wrong', async () => {
  const memory = await openSettled();
  await memory.world.upload(CAT, 'cat again');
  const [, finalized] = memory.world.events;
  if (finalized) await memory.world.handle({ kind: 'event', event: finalized });
  // The old renditions are there until the bound has passed.
  expect(memory.library.renditions.size).toBe(12);
  await expect(findingsOf(memory)).resolves.toEqual([]);
});

test('other parameters make what is there stale', async () => {
  const memory = await openSettled();
  memory.world.reconfigure({ VARIANTS: 'w30:30' });
  const both = [CAT, DOG].map((name) => ['stale', 'renditions by other parameters', name]);
  await expect(findingsOf(memory)).resolves.toEqual(both);
});

describe('the command', () => {
  test('prints a table, and 0 after it has mended', async () => {
    const memory = await openSettled();
    memory.library.originals.delete(CAT);
    const before = await run(memory, '--params', PARAMS);
    expect(before).toMatchObject({ code: 1 });
    expect(before.printed).toContain(
      `orphaned  image record, 1 token records, 4 renditions  ${CAT}`,
    );
    const fixed = await run(memory, '--params', PARAMS, '--fix');
    expect(fixed).toMatchObject({ code: 0 });
    expect(fixed.printed).toContain('1 findings; after mending: 0');
    expect(memory.library.renditions.size).toBe(4);
  });

  test('makes by --fix what is shipped by default', async () => {
    const memory = await openSettled();
    await expect(run(memory, '--fix')).resolves.toMatchObject({ code: 0 });
    const image = memory.library.images.get(CAT_RECORD);
    const shown = memory.library.tokens.get(hashToken(image?.token ?? ''))?.image?.renditions;
    const object = shown?.['w1600']?.jpeg?.object ?? '';
    const bytes = memory.library.renditions.get(object)?.toString();
    expect(bytes).toBe(renditionText('cat', 'w1600', 'jpeg'));
  });

  test('prints JSON', async () => {
    const memory = await openSettled();
    const { code, printed } = await run(memory, '--params', PARAMS, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(printed)).toEqual({
      checked: { originals: 2, images: 2, tokens: 2, folders: 2 },
      findings: [],
      problems: [],
    });
  });

  test.each([
    [['--project', ''], /--project: expected/],
    [['now'], /expected options only, found "now"/],
    [['--fast'], /--fast/],
  ])('%j: a sentence and 2', async (argv, sentence) => {
    const { code, printed } = await run(openMemory(), ...argv);
    expect(code).toBe(2);
    expect(printed).toMatch(sentence);
  });
});
