/** The emulator's own API, over HTTP. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROJECT, startTestEmulator, unsignedToken, type TestEmulator } from '../testing.js';

const OPEN = `rules_version = '2'; service cloud.firestore {
  match /databases/{database}/documents/{document=**} { allow read, write; } }`;
const CLOSED = OPEN.replace('read, write', 'read: if false');
const MINE = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents/mine/{uid} {
    allow read: if request.auth != null && request.auth.uid == uid;
  }
}`;

let emulator: TestEmulator;

beforeEach(async () => {
  emulator = await startTestEmulator();
});
afterEach(() => emulator.stop());

interface Response {
  status: number;
  body: unknown;
}

async function call(method: string, path: string, body?: unknown): Promise<Response> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const init = { method, ...(text !== undefined && { body: text }) };
  const response = await fetch(`${emulator.url}/emulator/v1/projects/${path}`, init);
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, body: isJson ? await response.json() : await response.text() };
}

const put = (database: string, content: string, options: object = {}): Promise<Response> =>
  call('PUT', `${database}:securityRules`, { rules: { files: [{ content }] }, ...options });

/** The status of a get by nobody, or by a user. */
async function read(project: string, database: string, path: string, uid?: string) {
  const url = `${emulator.url}/v1/projects/${project}/databases/${database}/documents/${path}`;
  const headers: Record<string, string> =
    uid === undefined ? {} : { Authorization: `Bearer ${unsignedToken(uid)}` };
  return (await fetch(url, { headers })).status;
}

const ALLOWED = 404;
const DENIED = 403;

test('a project without rules is open, and says so', async () => {
  expect(await read('demo-a', '(default)', 'a/1')).toBe(ALLOWED);
  const { body } = await call('GET', 'demo-a:securityRules');
  expect(body).toMatchObject({
    rules: { files: [{ content: expect.stringContaining('every request is allowed') as string }] },
  });
  const { content } = (body as { rules: { files: [{ content: string }] } }).rules.files[0];
  expect((await put('demo-a', content)).status).toBe(200);
  expect(await read('demo-a', '(default)', 'a/1')).toBe(ALLOWED);
});

test('rules belong to one database of one project', async () => {
  expect(await put('demo-a', CLOSED)).toEqual({ status: 200, body: {} });
  expect(await put('demo-a/databases/second', MINE)).toEqual({ status: 200, body: {} });
  expect(await read('demo-a', '(default)', 'mine/ann', 'ann')).toBe(DENIED);
  expect(await read('demo-a', 'second', 'mine/ann', 'ann')).toBe(ALLOWED);
  expect(await read('demo-a', 'second', 'mine/ann', 'bob')).toBe(DENIED);
  expect(await read('demo-a', 'third', 'mine/ann')).toBe(ALLOWED);
  expect(await read('demo-b', '(default)', 'mine/ann')).toBe(ALLOWED);
  expect(await call('GET', 'demo-a/databases/second:securityRules')).toMatchObject({
    body: { rules: { files: [{ name: 'security.rules', content: MINE }] } },
  });
  expect(await call('GET', 'demo-a/databases/%28default%29:securityRules')).toMatchObject({
    body: { rules: { files: [{ content: CLOSED }] } },
  });
});

test('rules from the start apply where no others are, until they are loaded again', async () => {
  emulator.loadRules({ source: CLOSED, file: 'firestore.rules' });
  expect(await read(PROJECT, '(default)', 'a/1')).toBe(DENIED);
  expect(await read('demo-a', 'second', 'a/1')).toBe(DENIED);
  await put(PROJECT, OPEN);
  await put('demo-a', OPEN);
  expect(await read(PROJECT, '(default)', 'a/1')).toBe(ALLOWED);
  emulator.loadRules({ source: 'nonsense', file: 'firestore.rules' });
  expect(await read(PROJECT, '(default)', 'a/1')).toBe(ALLOWED);
  emulator.loadRules({ source: CLOSED, file: 'firestore.rules' });
  expect(await read(PROJECT, '(default)', 'a/1')).toBe(DENIED);
  expect(await read('demo-a', '(default)', 'a/1')).toBe(ALLOWED);
});

test.each([
  ['no JSON', 'nonsense', /Invalid JSON payload/],
  ['nothing', '', /Expected \{"rules"/],
  ['a list', [], /Expected \{"rules"/],
  ['null', 'null', /Expected \{"rules"/],
  ['no files', { rules: {} }, /Expected \{"rules"/],
  ['two files', { rules: { files: [{ content: OPEN }, { content: OPEN }] } }, /one file/],
  ['a number as content', { rules: { files: [{ content: 5 }] } }, /Expected \{"rules"/],
  ['no rules', { rules: { files: [{ content: '' }] } }, /L1:1 /],
  ['nonsense', { rules: { files: [{ content: 'nonsense' }] } }, /L1:\d+ /],
  ['half a file', { rules: { files: [{ content: MINE.slice(0, 120) }] } }, /L\d:\d+ /],
  ['an empty match block', { rules: { files: [{ content: "rules_version = '2';\nservice cloud.firestore {\n  match /a/{b} {\n  }\n}" }] } }, /L[34]:\d+ /],
  ['1,000 brackets', { rules: { files: [{ content: OPEN.replace('read, write', `read: if ${'('.repeat(1000)}true${')'.repeat(1000)}`) }] } }, /L2:\d+ /],
  ['more than 256 KB', { rules: { files: [{ content: OPEN + ' '.repeat(300_000) }] } }, /262144 bytes/],
])('PUT of %s answers 400 in the form of Google, and the previous rules stay', async (_name, body, message) => {
  await put('demo-a', CLOSED);
  expect(await call('PUT', 'demo-a:securityRules', body)).toEqual({
    status: 400,
    body: {
      error: {
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: expect.stringMatching(message) as string,
      },
    },
  });
  expect(await read('demo-a', '(default)', 'a/1')).toBe(DENIED);
}); // prettier-ignore

test('ignore_errors answers errors with 200, and the previous rules stay', async () => {
  await put('demo-a', CLOSED);
  const { status, body } = await put('demo-a', 'nonsense', { ignore_errors: true });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    issues: [{ severity: 'ERROR', sourcePosition: { line: 1, column: 1 } }],
  });
  expect(await read('demo-a', '(default)', 'a/1')).toBe(DENIED);
});

test('rules with warnings are loaded, and the warnings are in the answers', async () => {
  const source = MINE.replace('request.auth.uid == uid', 'isAdmin()');
  const issues = [
    {
      severity: 'WARNING',
      description: 'Invalid function name: isAdmin.',
      sourcePosition: { fileName: 'security.rules', line: 4, column: 44 },
    },
  ];
  expect((await put('demo-a', source)).body).toMatchObject({ issues });
  expect((await call('GET', 'demo-a:securityRules')).body).toMatchObject({ issues });
  expect(await read('demo-a', '(default)', 'mine/ann', 'ann')).toBe(DENIED);
});

test('the coverage counts the results of one database until its rules are loaded again', async () => {
  await put('demo-a', MINE);
  await put('demo-b', MINE);
  await read('demo-a', '(default)', 'mine/ann', 'ann');
  await read('demo-a', '(default)', 'mine/ann', 'bob');
  const { body } = await call('GET', 'demo-a:ruleCoverage');
  expect(body).toMatchObject({
    rules: { files: [{ content: MINE }] },
    report: [
      {
        sourcePosition: { line: 4, currentOffset: MINE.indexOf('request.auth != null') },
        values: [
          { value: true, count: 1 },
          { value: false, count: 1 },
        ],
      },
    ],
  });
  const page = await call('GET', 'demo-a:ruleCoverage.html');
  expect(page).toMatchObject({ status: 200, body: expect.stringContaining('<pre>') as string });
  expect(page.body).toContain('true: 1 time');
  expect(JSON.stringify((await call('GET', 'demo-b:ruleCoverage')).body)).not.toContain('count');
  await put('demo-a', MINE);
  expect(JSON.stringify((await call('GET', 'demo-a:ruleCoverage')).body)).not.toContain('count');
});

test('DELETE removes the documents of one database of one project', async () => {
  await emulator.admin.doc('a/1').set({});
  await call('DELETE', 'demo-other/databases/(default)/documents');
  await call('DELETE', `${PROJECT}/databases/second/documents`);
  expect((await emulator.admin.doc('a/1').get()).exists).toBe(true);
  await call('DELETE', `${PROJECT}/databases/(default)/documents`);
  expect((await emulator.admin.doc('a/1').get()).exists).toBe(false);
});

test.each([
  ['GET', 'demo-a:unknown'],
  ['POST', 'demo-a:securityRules'],
  ['PUT', 'demo-a:ruleCoverage'],
  ['GET', 'demo-a/databases/x/y:securityRules'],
  ['PATCH', 'demo-a/databases/(default)/documents'],
  ['GET', ''],
])('%s %s answers 404', async (method, path) => {
  expect((await call(method, path)).status).toBe(404);
});

describe('exports', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'export-routes-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const move = (method: 'export' | 'import', body: object) =>
    call('POST', `${PROJECT}:${method}`, {
      export_directory: folder,
      export_name: 'state',
      ...body,
    });

  test('an export restores the documents that it has, in all databases', async () => {
    const documents = (database: string) =>
      `${emulator.url}/v1/projects/${PROJECT}/databases/${database}/documents/c/d`;
    const headers = { Authorization: 'Bearer owner' };
    for (const database of ['(default)', 'second']) {
      const body = JSON.stringify({ fields: { of: { stringValue: database } } });
      await fetch(documents(database), { method: 'PATCH', headers, body });
    }
    expect(await move('export', {})).toEqual({ status: 200, body: {} });
    await emulator.admin.doc('c/d').set({ of: 'another' });
    await fetch(documents('second'), { method: 'DELETE', headers });
    expect(await move('import', {})).toEqual({ status: 200, body: {} });
    expect((await emulator.admin.doc('c/d').get()).data()).toEqual({ of: '(default)' });
    const second = (await (await fetch(documents('second'), { headers })).json()) as object;
    expect(second).toMatchObject({ fields: { of: { stringValue: 'second' } } });
  });

  test.each([
    [{ export_name: '../x' }, 'NAME without slashes'],
    [{ export_name: 5 }, 'Expected {'],
    [{ export_directory: undefined }, 'Expected {'],
  ])('%j is refused', async (body, sentence) => {
    const { status, body: answer } = await move('export', body);
    expect(status).toBe(400);
    expect(JSON.stringify(answer)).toContain(sentence);
  });

  test('an import names the file that is missing', async () => {
    const { status, body } = await move('import', {});
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain('state.overall_export_metadata');
  });

  test('a web page may not write files', async () => {
    const body = JSON.stringify({ export_directory: folder, export_name: 'state' });
    const url = `${emulator.url}/emulator/v1/projects/${PROJECT}:export`;
    const headers = { Origin: 'https://evil.example' };
    expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(403);
    expect(existsSync(join(folder, 'state'))).toBe(false);
  });
});
