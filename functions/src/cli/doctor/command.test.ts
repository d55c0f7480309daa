import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemoryHarness } from '../../../test/lifecycle/memory-harness.js';
import {
  takeSnapshot,
  processText,
  PARAMETERS,
  renditionText,
} from '../../../test/lifecycle/test-harness.js';
import { hashToken } from '../../domain/token.js';
import { doctor, type CliEnvironment } from './command.js';
import {
  CAT,
  CAT_RECORD,
  openSettled,
  UNKNOWN,
  type Memory,
} from '../../../test/cli/doctor-fixture.js';

/** The parameters of the world, as an instance's own file has them. */
const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const PARAMS = join(folder, '.env');
writeFileSync(
  PARAMS,
  Object.entries(PARAMETERS)
    .map((entry) => entry.join('='))
    .join('\n'),
);
const LONG_BOUND = join(folder, '.env.long');
const OTHER_PLACES = join(folder, '.env.other');
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command itself on the memory. */
async function run(memory: Memory, argv: string[], changes: Partial<CliEnvironment> = {}) {
  const printed = { out: '', err: '', progress: [] as string[] };
  const surroundings: CliEnvironment = {
    environment: {},
    openLibrary: () => Promise.resolve(memory.backend),
    openProcessor: () => Promise.resolve(Object.assign(processText, { close: () => {} })),
    now: () => memory.time.now,
    wait: (ms) => Promise.resolve(void (memory.time.now += ms)),
    out: (text) => (printed.out += text),
    err: (text) => (printed.err += text),
    progress: (line) => printed.progress.push(line),
    ...changes,
  };
  const known = ['--project', 'p', '--bucket', 'bucket', '--grace', '0'];
  const code = await doctor([...known, ...argv], surroundings);
  return { code, ...printed };
}

test('prints a table, and 0 after it has mended', async () => {
  const memory = await openSettled();
  memory.backend.originals.delete(CAT);
  const before = await run(memory, ['--params', PARAMS]);
  expect(before).toMatchObject({ code: 1, err: '' });
  expect(before.out).toContain(`orphaned  image record, 1 token records, 4 renditions  ${CAT}`);
  expect(before.progress).toContain(`[${'#'.repeat(30)}] 2/2 images`);
  const fixed = await run(memory, ['--params', PARAMS, '--fix']);
  expect(fixed).toMatchObject({ code: 0 });
  expect(fixed.out).toContain('1 findings; after mending: 0');
  expect(memory.backend.renditions.size).toBe(4);
});

test('by --fix makes what is shipped by default, and waits for what that leaves behind', async () => {
  const memory = await openSettled();
  const before = new Set(memory.backend.renditions.keys());
  await expect(run(memory, ['--fix'])).resolves.toMatchObject({ code: 0 });
  const image = memory.backend.images.get(CAT_RECORD);
  const shown = memory.backend.tokens.get(hashToken(image?.token ?? ''))?.image?.renditions;
  const object = shown?.['w1600']?.jpeg?.object ?? '';
  const bytes = memory.backend.renditions.get(object)?.toString();
  expect(bytes).toBe(renditionText('cat', 'w1600', 'jpeg'));
  // The bound has passed for them; nobody else was told to sweep.
  expect(memory.backend.tasks).toEqual([]);
  const left = [...memory.backend.renditions.keys()].filter((name) => before.has(name));
  expect(left).toEqual([]);
});

test('says when to come again if that is too long to wait for', async () => {
  const memory = await openSettled();
  writeFileSync(LONG_BOUND, 'REVOCATION_SECONDS=86400');
  const { code, out } = await run(memory, ['--params', LONG_BOUND, '--fix']);
  expect(code).toBe(1);
  expect(out).toMatch(
    /Old renditions may still be seen until 2026-01-0\dT.*: run this again then\./,
  );
});

test('prints JSON', async () => {
  const memory = await openSettled();
  const checked = { originals: 2, images: 2, tokens: 2, folders: 2 };
  const well = await run(memory, ['--params', PARAMS, '--json']);
  expect(well.code).toBe(0);
  expect(JSON.parse(well.out)).toEqual({ checked, findings: [], problems: [] });
  memory.backend.originals.delete(CAT);
  const fixed = await run(memory, ['--params', PARAMS, '--json', '--fix']);
  expect(JSON.parse(fixed.out)).toEqual({
    checked: { ...checked, originals: 1 },
    findings: [{ kind: 'orphaned', what: 'image record, 1 token records, 4 renditions', of: CAT }],
    left: [],
    problems: [],
  });
});

test('names what could not be mended, and ends with 1', async () => {
  const memory = await openSettled();
  memory.backend.originals.delete(CAT);
  memory.backend.records.remove = () => Promise.reject(Object.assign(new Error('x'), { code: 7 }));
  const { code, out } = await run(memory, ['--params', PARAMS, '--fix']);
  expect(code).toBe(1);
  expect(out).toContain(`${CAT}: Error 7`);
});

const otherPlaces: [string, string[], string][] = [
  ['another bucket', ['--bucket', 'other'], 'gs://bucket/originals/'],
  [
    'another path of originals',
    ['ORIGINALS_PATH=photos/{uid}/{imageId}'],
    'gs://bucket/originals/',
  ],
  ['another folder of renditions', ['VARIANTS_PATH=sizes'], 'gs://bucket/variants/'],
];
test.each(otherPlaces)('%s by mistake: nothing is mended, and 2', async (_what, given, example) => {
  const memory = await openSettled();
  const isOption = given[0]?.startsWith('--');
  const extra = isOption ? '' : (given[0] ?? '');
  writeFileSync(OTHER_PLACES, `${readFileSync(PARAMS, 'utf8')}\n${extra}`);
  const described = await takeSnapshot(memory.harness);
  const argv = ['--params', OTHER_PLACES, '--fix', ...(isOption ? given : [])];
  const { code, err, out } = await run(memory, argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('check --bucket and --params');
  expect(err).toContain(`such as ${example}`);
  expect(err).toContain('Nothing was mended.');
  await expect(takeSnapshot(memory.harness)).resolves.toEqual(described);
});

test.each([
  [['--project', ''], /^--project: expected the id of a Firebase project, found ""/],
  [['now'], /^expected options only, found "now"/],
  [['--fast'], /--fast/],
  [['--grace', 'long'], /^--grace: expected whole seconds, found "long"/],
  [
    ['--params', '/nowhere'],
    /^--params: expected a file that can be read at \/nowhere, found ENOENT/,
  ],
  [['--bucket', 'B U'], /BUCKET: expected the name of a Cloud Storage bucket; found "B U"/],
])('%j: a sentence, and 2', async (argv, sentence) => {
  const { code, err, out } = await run(openMemoryHarness(), argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(sentence);
});

test('--help says how', async () => {
  await expect(run(openMemoryHarness(), ['--help'])).resolves.toMatchObject({ code: 0, err: '' });
});

test.each([
  [{ FIRESTORE_EMULATOR_HOST: 'localhost:8080' }, 'found no STORAGE_EMULATOR_HOST'],
  [{ STORAGE_EMULATOR_HOST: 'http://localhost:9199' }, 'found no FIRESTORE_EMULATOR_HOST'],
])('%j alone: two worlds are not held against each other', async (environment, sentence) => {
  const { code, err } = await run(await openSettled(), ['--fix'], { environment });
  expect(code).toBe(2);
  expect(err).toContain(sentence);
});

test('what Google refuses is one sentence, and 2', async () => {
  const memory = await openSettled();
  const refused = Object.assign(new Error('The specified bucket does not exist.\nat x'), {
    code: 404,
  });
  memory.backend.objects.listOriginals = () => Promise.reject(refused);
  const { code, err } = await run(memory, []);
  expect(code).toBe(2);
  expect(err).toBe(
    "expected to read the project's Firestore and its bucket, found Error 404: The specified bucket does not exist.\n",
  );
});

test('what is somebody else’s is not touched by --fix, nor is a revoked token minted again', async () => {
  const memory = await openSettled();
  const names = ['variants/mine/1/cat.webp', 'variants/cat.webp'];
  for (const name of names) {
    await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('mine'));
  }
  memory.backend.images.set('users/carol/images/x', { caption: 'mine' } as never);
  const [revoked = ''] = memory.backend.tokens.keys();
  memory.backend.tokens.delete(revoked);
  await expect(run(memory, ['--params', PARAMS, '--fix'])).resolves.toMatchObject({ code: 0 });
  expect(names.every((name) => memory.backend.renditions.has(name))).toBe(true);
  expect(memory.backend.images.has('users/carol/images/x')).toBe(true);
  expect([...memory.backend.tokens.keys()]).not.toContain(revoked);
  expect(memory.backend.tokens.size).toBe(1);
});

test('a folder that nothing names may be another instance’s: it is mended only if that is asked for', async () => {
  const memory = await openSettled();
  const name = `variants/${UNKNOWN}/1/w40.webp`;
  await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('whose?'));
  await expect(run(memory, ['--params', PARAMS, '--fix'])).resolves.toMatchObject({ code: 1 });
  expect(memory.backend.renditions.has(name)).toBe(true);
  const all = ['--params', PARAMS, '--fix', '--unknown-folders'];
  await expect(run(memory, all)).resolves.toMatchObject({ code: 0 });
  expect(memory.backend.renditions.has(name)).toBe(false);
});

test('images without a single token record: the collection may be another one, and nothing is mended', async () => {
  const memory = await openSettled();
  memory.backend.tokens.clear();
  const { code, err } = await run(memory, ['--fix']);
  expect(code).toBe(2);
  expect(err).toContain('expected token records in imageTokens, found none for 2 image records');
});
