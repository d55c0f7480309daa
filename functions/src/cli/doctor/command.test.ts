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
import { hashToken, mintToken } from '../../domain/token.js';
import { doctor, type CliEnvironment } from './command.js';
import {
  CAT,
  CAT_RECORD,
  openSettled,
  UNKNOWN,
  type Memory,
} from '../../../test/cli/doctor-fixture.js';

/** The parameters of the test harness, as an instance's dotenv file. */
const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const PARAMS = join(folder, '.env');
writeFileSync(
  PARAMS,
  Object.entries(PARAMETERS)
    .map((entry) => entry.join('='))
    .join('\n'),
);
const LONG_BOUND = join(folder, '.env.long');
const OTHER_INSTANCE = join(folder, '.env.other');
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs the command with the in-memory backend. */
async function run(memory: Memory, argv: string[], overrides: Partial<CliEnvironment> = {}) {
  const printed = { out: '', err: '', progress: [] as string[] };
  const cli: CliEnvironment = {
    env: {},
    openBackend: () => Promise.resolve(memory.backend),
    openProcessor: () => Promise.resolve(Object.assign(processText, { close: () => {} })),
    now: () => memory.time.now,
    wait: (ms) => Promise.resolve(void (memory.time.now += ms)),
    out: (text) => (printed.out += text),
    err: (text) => (printed.err += text),
    progress: (line) => printed.progress.push(line),
    installation: {
      cwd: folder,
      packageFiles: () => ({ version: '0.1.0', indexes: '{"fieldOverrides":[]}' }),
      openClient: () => {
        throw new Error('expected no request to Google');
      },
      onInterrupt: () => () => {},
    },
    ...overrides,
  };
  const options = ['--project', 'p', '--bucket', 'bucket', '--grace', '0'];
  // With --url, nothing is examined.
  if (!argv.includes('--url')) options.push('--only', 'records');
  const code = await doctor([...options, ...argv], cli);
  return { code, ...printed };
}

test('prints a table, and exits with 0 after fixing all findings', async () => {
  const memory = await openSettled();
  memory.backend.originals.delete(CAT);
  const before = await run(memory, ['--params', PARAMS]);
  expect(before).toMatchObject({ code: 1, err: '' });
  expect(before.out).toContain(`orphaned  image record, 1 token records, 4 renditions  ${CAT}`);
  expect(before.progress).toContain(`[${'#'.repeat(30)}] 2/2 images`);
  const fixed = await run(memory, ['--params', PARAMS, '--fix']);
  expect(fixed).toMatchObject({ code: 0 });
  expect(fixed.out).toContain('1 findings; after fixing: 0');
  expect(memory.backend.renditions.size).toBe(4);
});

test('--fix without --params processes with the defaults and deletes the old renditions after the bound', async () => {
  const memory = await openSettled();
  const before = new Set(memory.backend.renditions.keys());
  await expect(run(memory, ['--fix'])).resolves.toMatchObject({ code: 0 });
  const image = memory.backend.images.get(CAT_RECORD);
  const renditions = memory.backend.tokens.get(hashToken(image?.token ?? ''))?.image?.renditions;
  const object = renditions?.['w1600']?.jpeg?.object ?? '';
  const bytes = memory.backend.renditions.get(object)?.toString();
  expect(bytes).toBe(renditionText('cat', 'w1600', 'jpeg'));
  // The command waited for the bound and deleted them itself, without a task.
  expect(memory.backend.tasks).toEqual([]);
  const left = [...memory.backend.renditions.keys()].filter((name) => before.has(name));
  expect(left).toEqual([]);
});

test('prints when to run it again if the bound is too long to wait for', async () => {
  const memory = await openSettled();
  writeFileSync(LONG_BOUND, 'REVOCATION_SECONDS=86400');
  const { code, out } = await run(memory, ['--params', LONG_BOUND, '--fix']);
  expect(code).toBe(1);
  expect(out).toMatch(
    /Old renditions may still be cached until 2026-01-0\dT.*: run this command again then\./,
  );
});

test('stops when the share records seem to be in another collection', async () => {
  const memory = await openSettled();
  const request = { imageId: 'cat', shareId: 'share-of-cat-0001', expiresIn: null };
  await memory.backend.shares.create('alice', request);
  memory.backend.shareRecords.clear();
  const { code, err } = await run(memory, ['--params', PARAMS, '--fix']);
  expect(code).toBe(2);
  expect(err).toBe(
    'expected share records in users/{uid}/imageShares, found none for 1 share tokens: check --params, or delete ' +
      'their token records. Nothing was fixed.\n',
  );
  expect(memory.backend.tokens.size).toBe(3);
});

test('--fix leaves a share of variants that are not configured to its owner', async () => {
  const memory = await openSettled();
  const request = { imageId: 'cat', shareId: 'share-of-cat-0001', expiresIn: null };
  await memory.backend.shares.create('alice', { ...request, variants: ['w9999'] });
  const { code, out } = await run(memory, ['--params', PARAMS, '--fix']);
  expect(code).toBe(1);
  expect(out).toContain('stale  1 shares of variants that are not configured  originals/alice/cat');
  expect([...memory.backend.shareRecords.values()]).toMatchObject([{ state: 'active' }]);
});

test('prints JSON', async () => {
  const memory = await openSettled();
  const checked = { originals: 2, images: 2, tokens: 2, shares: 0, folders: 2 };
  const healthy = await run(memory, ['--params', PARAMS, '--json']);
  expect(healthy.code).toBe(0);
  expect(JSON.parse(healthy.out)).toEqual({ checked, findings: [], problems: [] });
  memory.backend.originals.delete(CAT);
  const fixed = await run(memory, ['--params', PARAMS, '--json', '--fix']);
  expect(JSON.parse(fixed.out)).toEqual({
    checked: { ...checked, originals: 1 },
    findings: [{ kind: 'orphaned', what: 'image record, 1 token records, 4 renditions', of: CAT }],
    left: [],
    problems: [],
  });
});

test('lists what could not be fixed, and exits with 1', async () => {
  const memory = await openSettled();
  memory.backend.originals.delete(CAT);
  memory.backend.records.remove = () => Promise.reject(Object.assign(new Error('x'), { code: 7 }));
  const { code, out } = await run(memory, ['--params', PARAMS, '--fix']);
  expect(code).toBe(1);
  expect(out).toContain(`${CAT}: Error 7`);
});

test('escapes terminal control sequences in names', async () => {
  const memory = await openSettled();
  const name = 'originals/alice/\u001b[2J\u009b1;1H\r\nNo findings.\u202e';
  await memory.harness.upload(name, 'text');
  const { records } = memory.backend;
  memory.backend.records = { ...records, find: () => Promise.reject(new Error(name)) };
  const failed = await run(memory, ['--params', PARAMS]);
  memory.backend.records = records;
  const text = await run(memory, ['--params', PARAMS]);
  const json = await run(memory, ['--params', PARAMS, '--json']);
  const fixed = await run(memory, ['--params', PARAMS, '--fix'], {
    openProcessor: () =>
      Promise.resolve(Object.assign(() => Promise.reject(new Error(name)), { close: () => {} })),
  });
  expect(failed.err).toContain('\\u001b[2J');
  expect(text.out).toContain(
    'missing   image record                    originals/alice/\\u001b[2J\\u009b1;1H',
  );
  expect(fixed.out).toContain('originals/alice/\\u001b[2J');
  expect(JSON.parse(json.out)).toMatchObject({ findings: [{ of: name }, {}] });
  for (const { out, err } of [failed, text, json, fixed]) {
    expect(`${out}${err}`.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(out).not.toMatch(/^No findings/m);
  }
});

const otherInstances: [string, string[], string][] = [
  ['another bucket', ['--bucket', 'other'], 'gs://bucket/originals/'],
  [
    'another path of originals',
    ['ORIGINALS_PATH=photos/{uid}/{imageId}'],
    'gs://bucket/originals/',
  ],
  ['another folder of renditions', ['VARIANTS_PATH=sizes'], 'gs://bucket/variants/'],
];
test.each(otherInstances)(
  'fixes nothing and exits with 2 for %s',
  async (_what, given, example) => {
    const memory = await openSettled();
    const isOption = given[0]?.startsWith('--');
    const extra = isOption ? '' : (given[0] ?? '');
    writeFileSync(OTHER_INSTANCE, `${readFileSync(PARAMS, 'utf8')}\n${extra}`);
    const described = await takeSnapshot(memory.harness);
    const argv = ['--params', OTHER_INSTANCE, '--fix', ...(isOption ? given : [])];
    const { code, err, out } = await run(memory, argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('check --bucket and --params');
    expect(err).toContain(`such as ${example}`);
    expect(err).toContain('Nothing was fixed.');
    await expect(takeSnapshot(memory.harness)).resolves.toEqual(described);
  },
);

test.each([
  [['--project', ''], /^--project: expected the id of a Firebase project, found ""/],
  [['now'], /^expected options only, found "now"/],
  [['--fast'], /--fast/],
  [['--grace', 'long'], /^--grace: expected a whole number of seconds, found "long"/],
  [['--params', '/nowhere'], /^--params: expected a readable file at \/nowhere, found ENOENT/],
  [['--bucket', 'B U'], /BUCKET: expected the name of a Cloud Storage bucket; found "B U"/],
])('prints what is wrong with %j, and exits with 2', async (argv, sentence) => {
  const { code, err, out } = await run(openMemoryHarness(), argv);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(sentence);
});

test('--help prints the usage', async () => {
  await expect(run(openMemoryHarness(), ['--help'])).resolves.toMatchObject({ code: 0, err: '' });
});

test.each([
  [{ FIRESTORE_EMULATOR_HOST: 'localhost:8080' }, 'found no STORAGE_EMULATOR_HOST'],
  [{ STORAGE_EMULATOR_HOST: 'http://localhost:9199' }, 'found no FIRESTORE_EMULATOR_HOST'],
])('exits with 2 when %j is set without the other emulator', async (env, sentence) => {
  const { code, err } = await run(await openSettled(), ['--fix'], { env });
  expect(code).toBe(2);
  expect(err).toContain(sentence);
});

test('prints one line for an error of Google Cloud, and exits with 2', async () => {
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

test('--fix does not change unrelated objects and documents, nor create a revoked token again', async () => {
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

test('--fix deletes a folder of an unknown image only with --unknown-folders', async () => {
  const memory = await openSettled();
  const name = `variants/${UNKNOWN}/1/w40.webp`;
  await memory.backend.objects.writeRendition(name, 'webp', Buffer.from('whose?'));
  await expect(run(memory, ['--params', PARAMS, '--fix'])).resolves.toMatchObject({ code: 1 });
  expect(memory.backend.renditions.has(name)).toBe(true);
  const all = ['--params', PARAMS, '--fix', '--unknown-folders'];
  await expect(run(memory, all)).resolves.toMatchObject({ code: 0 });
  expect(memory.backend.renditions.has(name)).toBe(false);
});

test('fixes nothing when there are image records but no token records', async () => {
  const memory = await openSettled();
  memory.backend.tokens.clear();
  const { code, err } = await run(memory, ['--fix']);
  expect(code).toBe(2);
  expect(err).toContain('expected token records in imageTokens, found none for 2 image records');
});

describe('--url', () => {
  test('says what serve answers, and why', async () => {
    const memory = await openSettled();
    const token = memory.backend.images.get(CAT_RECORD)?.token ?? '';
    const url = `https://example.com/i/${token}/w40`;
    const works = await run(memory, ['--params', PARAMS, '--url', url]);
    expect(works).toMatchObject({ code: 0, err: '' });
    expect(works.out).toContain(`200: w40 as webp (${CAT_RECORD})\nIf the URL does not work`);
    const other = ['--url', `https://example.com/i/${mintToken()}/w40`, '--json'];
    const fails = await run(memory, other);
    expect(fails.code).toBe(1);
    expect(fails.err).toMatch(/^The default parameters are used[.] --instance: expected/);
    expect(JSON.parse(fails.out)).toEqual({
      url: { status: 404, reason: expect.stringContaining('there is no such token') as string },
    });
  });

  test.each([['--fix'], ['--probe'], ['--only', 'records']])(
    'stands alone, without %s',
    async (...argv) => {
      const { code, err } = await run(await openSettled(), [
        '--url',
        'https://example.com/',
        ...argv,
      ]);
      expect(code).toBe(2);
      expect(err).toContain('--url: expected none of --probe, --fix and --only with it');
    },
  );
});
