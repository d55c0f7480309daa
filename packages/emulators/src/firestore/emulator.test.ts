import * as net from 'node:net';
import { createMockUserToken } from '@firebase/util';
import { Firestore } from 'firebase-admin/firestore';
import { startFirestoreEmulator } from './index.js';
import { PROJECT, startTestEmulator, unsignedToken, type TestEmulator } from './testing.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /mine/{uid} { allow read, write: if request.auth.uid == uid; }
    match /open/{document=**} { allow read, write; }
  }
}`;
const DOCUMENTS = `/v1/projects/${PROJECT}/databases/(default)/documents`;
const OWNER = { Authorization: 'Bearer owner' };
const TOKEN_WITHOUT_USER = createMockUserToken({ sub: 'ann', user_id: '' });

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator(RULES);
});
beforeEach(() => emulator.clear());
afterAll(() => emulator.stop());

/** Sends and receives JSON. */
async function send(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<{ status: number; body: unknown }> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const { headers = {} } = options;
  const response = await fetch(emulator.url + path, { method, headers, ...(body && { body }) });
  return { status: response.status, body: await response.json() };
}

describe('REST', () => {
  it('creates, gets, lists, updates and deletes documents', async () => {
    const fields = { n: { integerValue: '1' }, t: { timestampValue: '2026-01-02T03:04:05.006Z' } };
    const created = await send('POST', `${DOCUMENTS}/open?documentId=one`, { body: { fields } });
    const name = `${DOCUMENTS.slice('/v1/'.length)}/open/one`;
    expect(created).toMatchObject({ status: 200, body: { name, fields } });
    await send('POST', `${DOCUMENTS}/open?documentId=two`, { body: {} });

    const patch = `${DOCUMENTS}/open/one?updateMask.fieldPaths=n&currentDocument.exists=true`;
    const patched = await send('PATCH', patch, { body: { fields: { n: { doubleValue: 1.5 } } } });
    const changed = { ...fields, n: { doubleValue: 1.5 } };
    expect(patched).toMatchObject({ status: 200, body: { name, fields: changed } });
    expect(await send('GET', `${DOCUMENTS}/open/one`)).toMatchObject({ body: { fields: changed } });
    const { body: masked } = await send('GET', `${DOCUMENTS}/open/one?mask.fieldPaths=n`);
    expect(masked).toMatchObject({ fields: { n: { doubleValue: 1.5 } } });
    expect(masked).not.toHaveProperty('fields.t');

    const first = (await send('GET', `${DOCUMENTS}/open?pageSize=1`)).body as {
      documents: { name: string }[];
      nextPageToken: string;
    };
    expect(first.documents.map((document) => document.name)).toEqual([name]);
    const rest = await send('GET', `${DOCUMENTS}/open?pageSize=1&pageToken=${first.nextPageToken}`);
    expect(rest.body).toMatchObject({ documents: [{ name: name.replace('one', 'two') }] });
    expect(rest.body).not.toHaveProperty('nextPageToken');

    expect((await send('DELETE', `${DOCUMENTS}/open/one`)).status).toBe(200);
    expect(await send('GET', `${DOCUMENTS}/open/one`)).toEqual({
      status: 404,
      body: { error: { code: 404, status: 'NOT_FOUND', message: expect.any(String) as string } },
    });
  });

  it('runs transactions', async () => {
    const { body } = await send('POST', `${DOCUMENTS}:beginTransaction`, {
      headers: OWNER,
      body: {},
    });
    const { transaction } = body as { transaction: string };
    const write = { update: { name: `${DOCUMENTS.slice('/v1/'.length)}/a/b`, fields: {} } };
    const commit = { headers: OWNER, body: { transaction, writes: [write] } };
    expect((await send('POST', `${DOCUMENTS}:commit`, commit)).status).toBe(200);
    expect((await emulator.admin.doc('a/b').get()).exists).toBe(true);
    const again = await send('POST', `${DOCUMENTS}:rollback`, {
      headers: OWNER,
      body: { transaction },
    });
    expect(again.status).toBe(409);
  });

  it('accepts IDs with colons, spaces and non-ASCII letters', async () => {
    await emulator.admin.doc('open/ä b:commit').set({ n: 1 });
    const path = `${DOCUMENTS}/open/${encodeURIComponent('ä b:commit')}`;
    const expected = { body: { fields: { n: { integerValue: '1' } } } };
    expect(await send('GET', path)).toMatchObject(expected);
    expect(await send('GET', `${DOCUMENTS}/open/ä%20b:commit`)).toMatchObject(expected);
  });

  it('queries a subcollection', async () => {
    await emulator.admin.doc('open/a/sub/1').set({});
    const structuredQuery = { from: [{ collectionId: 'sub' }] };
    const { body } = await send('POST', `${DOCUMENTS}/open/a:runQuery`, {
      body: { structuredQuery },
    });
    expect(body).toMatchObject([
      { document: { name: expect.stringMatching(/sub\/1$/) as string } },
    ]);
  });

  it('returns an error for an invalid request', async () => {
    const notJson = await fetch(`${emulator.url}${DOCUMENTS}:commit`, {
      method: 'POST',
      body: '{',
    });
    expect(notJson.status).toBe(400);
    expect((await send('POST', `${DOCUMENTS}/open/1:unknown`)).status).toBe(404);
    expect((await send('GET', '/v1/nonsense')).status).toBe(404);
    expect((await send('GET', `${DOCUMENTS}/%ff/x`)).status).toBe(400);
    expect((await send('GET', '/nowhere')).status).toBe(404);
    const large = fetch(`${emulator.url}${DOCUMENTS}:commit`, {
      method: 'POST',
      body: Buffer.alloc(12 * 1024 * 1024, ' '),
    });
    // The connection may be closed before the whole body is sent.
    const message = await large.then(
      (response) => response.text(),
      () => 'exceeds the limit',
    );
    expect(message).toContain('exceeds the limit');
    expect(await (await fetch(emulator.url)).text()).toBe('Ok\n');
  });

  it('allows cross-origin requests from every origin', async () => {
    const headers = {
      Origin: 'http://localhost:5000',
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,x-goog-api-client',
    };
    const preflight = await fetch(emulator.url + DOCUMENTS, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('http://localhost:5000');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-goog-api-client');
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PATCH');
    const failed = await fetch(`${emulator.url}${DOCUMENTS}/none/1`, { headers });
    expect(failed.headers.get('access-control-allow-origin')).toBe('http://localhost:5000');
  });
});

describe('authentication', () => {
  const path = `${DOCUMENTS}/mine/ann`;

  beforeEach(() => emulator.admin.doc('mine/ann').set({ n: 1 }));

  it.each([
    ['the owner token', 'owner', 200],
    ['the token of the user', unsignedToken('ann'), 200],
    ['the token of another user', unsignedToken('bob'), 403],
    ['a malformed token', 'nonsense', 400],
    ['a token without a user ID', TOKEN_WITHOUT_USER, 400],
  ])('accepts or rejects %s', async (_name, token, status) => {
    const headers = { Authorization: `Bearer ${token}` };
    expect((await send('GET', path, { headers })).status).toBe(status);
  });

  it('denies a request without a token', async () => {
    expect((await send('GET', path)).body).toMatchObject({
      error: { status: 'PERMISSION_DENIED' },
    });
  });

  it.each([
    ['batchWrite', { writes: [] }],
    ['listCollectionIds', {}],
  ])('allows only the owner to call :%s', async (method, body) => {
    expect((await send('POST', `${DOCUMENTS}:${method}`, { body })).status).toBe(403);
    expect((await send('POST', `${DOCUMENTS}:${method}`, { body, headers: OWNER })).status).toBe(
      200,
    );
  });
});

it('applies the rules to gRPC requests', async () => {
  const as = (uid: string): Firestore =>
    new Firestore({
      projectId: PROJECT,
      host: `${emulator.host}:${emulator.port}`,
      ssl: false,
      // Without this header the SDK sends the owner token.
      customHeaders: { Authorization: `Bearer ${unsignedToken(uid)}` },
    });
  await emulator.admin.doc('mine/ann').set({ n: 1 });
  const ann = as('ann');
  const bob = as('bob');
  expect((await ann.doc('mine/ann').get()).get('n')).toBe(1);
  await ann.doc('mine/ann').update({ n: 2 });
  await expect(ann.doc('mine/bob').set({})).rejects.toMatchObject({ code: 7 });
  await expect(bob.doc('mine/ann').get()).rejects.toMatchObject({ code: 7 });
  await expect(bob.collection('mine').get()).rejects.toMatchObject({ code: 7 });
  await expect(bob.collection('open').get()).resolves.toMatchObject({ size: 0 });
  const listening = new Promise((_resolve, reject) =>
    bob.doc('mine/ann').onSnapshot(() => undefined, reject),
  );
  await expect(listening).rejects.toThrow('Error 7');
  await Promise.all([ann.terminate(), bob.terminate()]);
});

it('allows every client request without rules, as Google does', async () => {
  const withoutRules = await startFirestoreEmulator({
    host: '127.0.0.1',
    port: 0,
    projectId: PROJECT,
  });
  const response = await fetch(
    `http://${withoutRules.host}:${withoutRules.port}${DOCUMENTS}/open/1`,
  );
  expect(response.status).toBe(404);
  await withoutRules.stop();
});

it('reads documents for Storage rules', async () => {
  await emulator.admin.doc('a/b').set({ n: 1 });
  const document = await emulator.readDocument(['databases', '(default)', 'documents', 'a', 'b']);
  expect(document).toMatchObject({ type: 'map' });
  const fields = (document as unknown as { fields: Map<string, unknown> }).fields;
  expect([...fields.keys()]).toEqual(['data', 'id', '__name__']);
  const missing = ['databases', '(default)', 'documents', 'a', 'none'];
  expect(await emulator.readDocument(missing)).toBeUndefined();
});

it('separates two emulators in one process', async () => {
  const other = await startTestEmulator();
  await other.admin.doc('a/b').set({ n: 2 });
  expect((await emulator.admin.doc('a/b').get()).exists).toBe(false);
  expect(other.port).not.toBe(emulator.port);
  await other.stop();
});

it('reports a port that is in use', async () => {
  const options = { host: '127.0.0.1', port: emulator.port, projectId: PROJECT };
  await expect(startFirestoreEmulator(options)).rejects.toThrow(
    `Port ${emulator.port} on 127.0.0.1 is in use`,
  );
});

it('does not start with invalid rules', async () => {
  const rules = [{ source: 'service cloud.firestore { match', file: 'firestore.rules' }];
  const options = { host: '127.0.0.1', port: 0, projectId: PROJECT, rules };
  await expect(startFirestoreEmulator(options)).rejects.toThrow(/^firestore\.rules:1:\d+: /);
});

it('closes every connection when it stops', async () => {
  const stopped = await startTestEmulator();
  const idle = net.connect(stopped.port, stopped.host);
  const listening = net.connect(stopped.port, stopped.host);
  listening.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  idle.write('P');
  const closed = [idle, listening].map(
    (socket) => new Promise((resolve) => socket.on('error', resolve).on('close', resolve)),
  );
  await new Promise((resolve) => listening.once('data', resolve));
  await stopped.stop();
  await Promise.all(closed);
  await expect(fetch(stopped.url)).rejects.toThrow();
});
