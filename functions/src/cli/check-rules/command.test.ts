import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkRules, USAGE } from './command.js';

const ROOT = join(__dirname, '..', '..', '..', '..');
const STORAGE = readFileSync(join(ROOT, 'storage.rules'), 'utf8');
const FIRESTORE = readFileSync(join(ROOT, 'firestore.rules'), 'utf8');
const OTHER_BUCKET =
  "rules_version = '2'; service firebase.storage { match /b/{bucket}/o/{file=**} { allow read; } }";
const BOTH = { storage: { rules: 'storage.rules' }, firestore: { rules: 'firestore.rules' } };
const FILES = {
  'firebase.json': JSON.stringify(BOTH),
  'storage.rules': STORAGE,
  'firestore.rules': FIRESTORE,
};

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'check-rules-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

/** Runs the command in a folder with these files. */
async function run(files: Readonly<Record<string, string>>, ...argv: string[]) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(cwd, name)), { recursive: true });
    writeFileSync(join(cwd, name), text);
  }
  let [out, err] = ['', ''];
  const code = await checkRules(argv, {
    cwd,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  return { code, out, err };
}

/** The rules with another block in front of those of the product. */
function withBlock(rules: string, block: string): string {
  return rules.replace(/^( {2}match .*\{)$/m, (line) => `${line}\n    ${block}`);
}

test('finds nothing in the rules of this repository', async () => {
  expect(await run(FILES)).toEqual({
    code: 0,
    out: 'storage.rules, firestore.rules: no findings, no notes\n',
    err: '',
  });
});

test('prints a finding with file, line and column', async () => {
  const rules = withBlock(STORAGE, 'match /{all=**} { allow read: if request.auth != null; }');
  const { code, out } = await run({ ...FILES, 'storage.rules': rules });
  expect(code).toBe(1);
  expect(out).toMatch(/^storage[.]rules:6:23: this rule lets every signed-in user/);
  expect(out).toMatch(/\nstorage[.]rules, firestore[.]rules: 1 finding, no notes\n$/);
});

test('positions are those of a file with CRLF line ends', async () => {
  const rules = withBlock(STORAGE, 'match /{all=**} { allow read; }').replaceAll('\n', '\r\n');
  const { out } = await run({ 'storage.rules': rules }, 'storage.rules');
  expect(out).toMatch(/^storage[.]rules:6:23: this rule lets anyone/);
});

describe('a warning of the compiler', () => {
  const rules = withBlock(FIRESTORE, 'match /c/{id} { allow read: if isMissing(id); }');

  test.each([
    [[], 0],
    [['--strict'], 1],
  ])('with the options %j gives the exit code %i', async (options, code) => {
    const result = await run({ ...FILES, 'firestore.rules': rules }, ...options);
    expect(result).toMatchObject({ code, err: '' });
    expect(result.out).toMatch(
      /^firestore[.]rules:\d+:\d+: warning: Invalid function name: isMissing[.]\n/,
    );
    expect(result.out).toMatch(/: no findings, no notes, 1 warning\n$/);
  });

  test('is in the JSON document', async () => {
    const { out } = await run({ ...FILES, 'firestore.rules': rules }, '--json');
    expect(JSON.parse(out)).toMatchObject({
      warnings: [{ severity: 'WARNING', sourcePosition: { fileName: 'firestore.rules' } }],
    });
  });
});

describe('a note', () => {
  const rules = withBlock(
    FIRESTORE,
    'match /{all=**} { allow read: if request.auth.token.admin == true; }',
  );

  test.each([
    [[], 0],
    [['--strict'], 1],
  ])('with the options %j gives the exit code %i', async (options, code) => {
    const result = await run({ ...FILES, 'firestore.rules': rules }, ...options);
    expect(result.code).toBe(code);
    expect(result.out).toMatch(
      /^firestore[.]rules:6:23: note: .* depends on `request[.]auth[.]token[.]admin`/,
    );
  });
});

describe('a missing block is a finding', () => {
  test.each([
    [
      'storage.rules',
      /storage[.]rules:4:1: expected that owners can read, upload and delete originals/,
    ],
    [
      'firestore.rules',
      /firestore[.]rules:4:1: expected that owners can read and list image records/,
    ],
  ])('in %s', async (file, finding) => {
    const rules = file === 'storage.rules' ? STORAGE : FIRESTORE;
    const closed = rules.replaceAll(/allow [a-z, ]+: if [^;]+;/g, 'allow read: if false;');
    const { code, out } = await run({ ...FILES, [file]: closed });
    expect(code).toBe(1);
    expect(out).toMatch(finding);
    expect(out).toContain('npx storage-public-variants init');
  });

  test('of share records, in rules of an earlier version', async () => {
    const earlier = FIRESTORE.replace(/match \/users\/\{uid\}\/imageShares[\s\S]*?\n {4}\}\n/, '');
    const { code, out } = await run({ ...FILES, 'firestore.rules': earlier });
    expect(code).toBe(1);
    expect(out).toContain(
      'expected that owners can read and list share records (users/{uid}/imageShares/{shareId})',
    );
    expect(out).not.toContain('image records');
  });

  test('in firebase.json, when it names no rules of a service', async () => {
    const { code, out } = await run({
      ...FILES,
      'firebase.json': JSON.stringify({ storage: BOTH.storage }),
    });
    expect(code).toBe(1);
    expect(out).toMatch(/^firebase[.]json:1:1: expected the rules of cloud[.]firestore/);
  });

  test('when the instance has other paths', async () => {
    const params = 'ORIGINALS_PATH=photos/{uid}/{imageId}\n';
    const { out } = await run({ ...FILES, params }, '--params', 'params');
    expect(out).toContain('originals (photos/{uid}/{imageId})');
  });

  test('but not when owners need a claim, or a smaller limit applies', async () => {
    const rules = STORAGE.replace(
      'return request.auth != null',
      'return request.auth.token.paid == true',
    ).replace('25 * 1024', '1 * 1024');
    expect((await run({ ...FILES, 'storage.rules': rules })).code).toBe(0);
  });
});

describe('several targets in firebase.json', () => {
  const storage = [
    { target: 'public', rules: 'public.rules' },
    { target: 'photos', rules: 'storage.rules' },
  ];
  const files = {
    ...FILES,
    'firebase.json': `// Comments are allowed.\n${JSON.stringify({ ...BOTH, storage })}`,
    'public.rules': OTHER_BUCKET,
  };

  test('the file with the blocks is checked when the bucket is unknown', async () => {
    const { code, out } = await run(files);
    expect(code).toBe(0);
    expect(out).toContain('public.rules: not checked, it is not for the bucket of the instance\n');
  });

  test('.firebaserc and BUCKET select the file', async () => {
    const targets = { app: { storage: { public: ['app-public'], photos: ['app-photos'] } } };
    const more = { '.firebaserc': JSON.stringify({ targets }), params: 'BUCKET=app-public\n' };
    const { code, out } = await run({ ...files, ...more }, '--params', 'params');
    expect(code).toBe(1);
    expect(out).toMatch(/public[.]rules:1:\d+: this rule lets anyone get and list originals/);
  });

  test('rules of another database are left out', async () => {
    const firestore = [
      { database: 'other', rules: 'other.rules' },
      { database: '(default)', rules: 'firestore.rules' },
    ];
    const json = JSON.stringify({ ...BOTH, firestore });
    expect((await run({ ...FILES, 'firebase.json': json })).code).toBe(0);
  });

  test('with DATABASE_ID, those of that database are checked, as requests to it are', async () => {
    const firestore = [
      { database: 'photos', rules: 'photos.rules' },
      { database: '(default)', rules: 'firestore.rules' },
    ];
    const match = 'match /databases/(default)/documents';
    const photos = FILES['firestore.rules'].replace('match /databases/{database}/documents', match);
    const files = {
      ...FILES,
      'firebase.json': JSON.stringify({ ...BOTH, firestore }),
      'photos.rules': photos,
      params: 'DATABASE_ID=photos\n',
    };
    expect((await run(files)).code).toBe(0);
    const { code, out } = await run(files, '--params', 'params');
    expect(code).toBe(1);
    expect(out).toMatch(/^photos[.]rules/m);
  });
});

describe('cases of your own', () => {
  const one = {
    name: 'avatars are public',
    method: 'get',
    path: '/b/x/o/avatars/a',
    auth: null,
    expect: true,
  };

  test('are findings when the rules decide otherwise', async () => {
    const files = { ...FILES, 'my.json': JSON.stringify([one]) };
    const { code, out } = await run(files, '--cases', 'my.json');
    expect(code).toBe(1);
    expect(out).toMatch(
      /^storage[.]rules:1:1: the case "avatars are public" of my[.]json: expected allowed, found denied: no rule/,
    );
  });

  test('pass when the rules decide as expected', async () => {
    const rules = withBlock(STORAGE, 'match /avatars/{id} { allow get; }');
    const files = { ...FILES, 'storage.rules': rules, 'my.json': JSON.stringify([one]) };
    expect((await run(files, '--cases', 'my.json')).code).toBe(0);
  });

  test('of the repository pass', async () => {
    const cases = ['storage', 'firestore'].flatMap((name) => [
      '--cases',
      join(ROOT, 'tests', 'rules', `${name}.cases.json`),
    ]);
    expect(await run(FILES, ...cases)).toMatchObject({ code: 0, err: '' });
  });
});

describe('exit code 2 and one sentence', () => {
  test.each<[name: string, files: Record<string, string>, argv: string[], sentence: RegExp]>([
    [
      'no firebase.json',
      {},
      [],
      /^firebase[.]json: expected a readable file, found no such file\n$/,
    ],
    ['broken JSON', { 'firebase.json': '{\n  "a": }' }, [], /^firebase[.]json:2:8: expected JSON/],
    [
      'rules that do not compile',
      { ...FILES, 'storage.rules': 'service firebase.storage {\n  allow read;\n}' },
      [],
      /^storage[.]rules:2:3: expected /,
    ],
    [
      'rules of the other service',
      { ...FILES, 'storage.rules': FIRESTORE },
      [],
      /^storage[.]rules: expected rules of firebase[.]storage, found rules of cloud[.]firestore\n$/,
    ],
    ['an unknown option', FILES, ['--fix'], /^Unknown option '--fix'/],
    ['no such file', FILES, ['a.rules'], /^a[.]rules: expected a readable file/],
    ['bad cases', { ...FILES, 'c.json': '[{}]' }, ['--cases', 'c.json'], /^c[.]json: case 1: /],
    [
      'bad parameters',
      { ...FILES, params: 'ORIGINALS_PATH=photos\n' },
      ['--params', 'params'],
      /ORIGINALS_PATH: expected /,
    ],
  ])('for %s', async (_, files, argv, sentence) => {
    const { code, out, err } = await run(files, ...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(sentence);
  });
});

test('--json prints files, findings and notes', async () => {
  const { code, out } = await run({ 'a.rules': OTHER_BUCKET }, 'a.rules', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    files: ['a.rules'],
    findings: [{ line: 1 }, { file: 'a.rules', line: 1, message: expect.any(String) as string }],
    notes: [],
  });
});

test('--help prints the usage', async () => {
  expect(await run({}, '--help')).toEqual({ code: 0, out: USAGE, err: '' });
});
