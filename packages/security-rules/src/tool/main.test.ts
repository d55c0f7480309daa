import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, USAGE } from './main.js';

const RULES = `service firebase.storage {
  match /b/{bucket}/o/{name} {
    allow get: if request.auth != null;
  }
}
`;
const CASE = { name: 'a', method: 'get', path: '/b/bucket/o/x', auth: null, expect: false };

let folder: string;
const previous = process.env['INIT_CWD'];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rules-tool-'));
  process.env['INIT_CWD'] = folder;
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  if (previous === undefined) delete process.env['INIT_CWD'];
  else process.env['INIT_CWD'] = previous;
});

/** Runs the command with these files in INIT_CWD. */
async function run(
  files: Record<string, string | Buffer>,
  args = ['a.rules', 'cases.json'],
  fileFolder?: string,
) {
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  const printed = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    jest.spyOn(process[stream], 'write').mockImplementation((text) => {
      printed[stream] += text.toString();
      return true;
    }),
  );
  try {
    return { code: await main(args, fileFolder), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

test('prints one line per case and returns 0 when every decision is expected', async () => {
  const cases = [CASE, { ...CASE, name: 'b', auth: { uid: 'u' }, expect: true }];
  const { code, stdout, stderr } = await run({
    'a.rules': RULES,
    'cases.json': JSON.stringify(cases),
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe(
    `{"name":"a","allowed":false,"expected":false,"ok":true,"why":"3:5 request.auth != null is false (3:19)"}
{"name":"b","allowed":true,"expected":true,"ok":true,"why":"3:5 the condition is true"}
`,
  );
});

test('returns 1 when a decision is unexpected, and prints all cases', async () => {
  const cases = [
    { ...CASE, expect: true },
    { ...CASE, name: 'b' },
  ];
  const { code, stdout } = await run({ 'a.rules': RULES, 'cases.json': JSON.stringify(cases) });
  expect(code).toBe(1);
  expect(stdout.match(/"ok":(true|false)/g)).toEqual(['"ok":false', '"ok":true']);
});

test('accepts files with a byte order mark and CRLF line endings', async () => {
  const byteOrderMark = '\ufeff';
  const { code, stderr } = await run({
    'a.rules': byteOrderMark + RULES.replaceAll('\n', '\r\n'),
    'cases.json': `${byteOrderMark}[\r\n${JSON.stringify(CASE)}\r\n]\r\n`,
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

describe('returns 2 and prints one error line', () => {
  const CASES = JSON.stringify([CASE]);

  test.each<[what: string, files: Record<string, string | Buffer>, message: RegExp]>([
    ['invalid rules', { 'a.rules': RULES.replace('if', '?') }, /^a\.rules:3:16: expected /],
    [
      'invalid rules on line 1 after a byte order mark',
      { 'a.rules': '\ufeffservice x {}' },
      /^a\.rules:1:9: expected /,
    ],
    ['empty rules', { 'a.rules': '' }, /^a\.rules:1:1: expected /],
    [
      'not an array',
      { 'cases.json': '{}' },
      /^cases\.json: expected an array of cases, found \{\}\n$/,
    ],
    ['not JSON', { 'cases.json': '[' }, /^cases\.json: expected JSON, found a syntax error: /],
    [
      'not UTF-8',
      { 'cases.json': Buffer.of(0xff) },
      /^cases\.json: expected text in UTF-8, found /,
    ],
    [
      'an unknown field',
      { 'cases.json': JSON.stringify([{ ...CASE, tyme: 1 }]) },
      /^cases\.json: case 1 \("a"\): expected only the fields /,
    ],
  ])('%s', async (_, files, message) => {
    const result = await run({ 'a.rules': RULES, 'cases.json': CASES, ...files });
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(message);
    expect(result.stderr.split('\n')).toHaveLength(2);
  });

  test.each([
    [['none.rules', 'cases.json'], 'none.rules: expected a readable file, found no such'],
    [['a.rules', 'none.json'], 'none.json: expected a readable file, found no such file'],
    [['a.rules', 'folder'], 'folder: expected a readable file, found a folder'],
    [[], `expected FILE and CASES.json, found 0 file names\n${USAGE}`],
    [['a.rules'], 'expected FILE and CASES.json, found 1 file names'],
    [['a.rules', 'cases.json', 'b'], 'expected FILE and CASES.json, found 3 file names'],
    [['--what'], USAGE],
  ])('arguments %j', async (args, message) => {
    mkdirSync(join(folder, 'folder'), { recursive: true });
    const result = await run({ 'a.rules': RULES, 'cases.json': CASES }, args);
    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toContain(message);
  });
});

describe('rules with a warning', () => {
  const files = {
    'a.rules': RULES.replace('request.auth != null', 'isMissing()'),
    'cases.json': JSON.stringify([CASE]),
  };

  test('are evaluated, and the warning goes to standard error', async () => {
    expect(await run(files)).toMatchObject({
      code: 0,
      stderr: 'a.rules:3:19: warning: Invalid function name: isMissing.\n',
    });
  });

  test('with --strict return 2', async () => {
    expect(await run(files, ['a.rules', 'cases.json', '--strict'])).toEqual({
      code: 2,
      stdout: '',
      stderr: "a.rules:3:19: expected a function in scope, found 'isMissing'\n",
    });
  });
});

test('--help prints the usage', async () => {
  expect(await run({}, ['--help'])).toEqual({ code: 0, stdout: USAGE, stderr: '' });
});

test('resolves file names in the folder of the second argument, if given', async () => {
  const { code, stderr } = await run(
    { 'a.rules': RULES, 'cases.json': JSON.stringify([CASE]) },
    ['a.rules', 'cases.json'],
    join(folder, 'missing'),
  );
  expect(code).toBe(2);
  expect(stderr).toContain('a.rules: expected a readable file, found no such file');
});
