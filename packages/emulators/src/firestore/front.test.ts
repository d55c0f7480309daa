import * as net from 'node:net';
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

let front: TestEmulator;

beforeAll(async () => {
  front = await startTestEmulator(RULES);
});
beforeEach(() => front.clear());
afterAll(() => front.stop());

/** Sends JSON, gets JSON. */
async function send(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<{ status: number; body: unknown }> {
  const body = options.body === undefined ? undefined : JSON.stringify(options.body);
  const { headers = {} } = options;
  const response = await fetch(front.url + path, { method, headers, ...(body && { body }) });
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
    expect((await front.admin.doc('a/b').get()).exists).toBe(true);
    const again = await send('POST', `${DOCUMENTS}:rollback`, {
      headers: OWNER,
      body: { transaction },
    });
    expect(again.status).toBe(400);
  });

  it('takes ids with colons, spaces and letters of all kinds', async () => {
    await front.admin.doc('open/ä b:commit').set({ n: 1 });
    const path = `${DOCUMENTS}/open/${encodeURIComponent('ä b:commit')}`;
    const found = { body: { fields: { n: { integerValue: '1' } } } };
    expect(await send('GET', path)).toMatchObject(found);
    expect(await send('GET', `${DOCUMENTS}/open/ä%20b:commit`)).toMatchObject(found);
  });

  it('queries below a document', async () => {
    await front.admin.doc('open/a/sub/1').set({});
    const structuredQuery = { from: [{ collectionId: 'sub' }] };
    const { body } = await send('POST', `${DOCUMENTS}/open/a:runQuery`, {
      body: { structuredQuery },
    });
    expect(body).toMatchObject([
      { document: { name: expect.stringMatching(/sub\/1$/) as string } },
    ]);
  });

  it('says what is wrong with a request', async () => {
    const notJson = await fetch(`${front.url}${DOCUMENTS}:commit`, { method: 'POST', body: '{' });
    expect(notJson.status).toBe(400);
    expect((await send('POST', `${DOCUMENTS}/open/1:dance`)).status).toBe(404);
    expect((await send('GET', '/v1/nonsense')).status).toBe(400);
    expect((await send('GET', `${DOCUMENTS}/%ff/x`)).status).toBe(400);
    expect((await send('GET', '/nowhere')).status).toBe(404);
    const large = fetch(`${front.url}${DOCUMENTS}:commit`, {
      method: 'POST',
      body: Buffer.alloc(12 * 1024 * 1024, ' '),
    });
    // The connection may be gone before all of the body is sent.
    const told = await large.then(
      (response) => response.text(),
      () => 'bytes at most',
    );
    expect(told).toContain('bytes at most');
    expect(await (await fetch(front.url)).text()).toBe('Ok\n');
  });

  it('lets browsers of every origin in', async () => {
    const headers = {
      Origin: 'http://localhost:5000',
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,x-goog-api-client',
    };
    const asked = await fetch(front.url + DOCUMENTS, { method: 'OPTIONS', headers });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe('http://localhost:5000');
    expect(asked.headers.get('access-control-allow-headers')).toContain('x-goog-api-client');
    expect(asked.headers.get('access-control-allow-methods')).toContain('PATCH');
    const failed = await fetch(`${front.url}${DOCUMENTS}/none/1`, { headers });
    expect(failed.headers.get('access-control-allow-origin')).toBe('http://localhost:5000');
  });
});

describe('who asks', () => {
  const path = `${DOCUMENTS}/mine/ann`;

  beforeEach(() => front.admin.doc('mine/ann').set({ n: 1 }));

  it.each([
    ['the owner of the project', 'owner', 200],
    ['the user', unsignedToken('ann'), 200],
    ['another user', unsignedToken('bob'), 403],
    ['somebody with nonsense', 'nonsense', 401],
    ['somebody with a token of nobody', unsignedToken(''), 401],
  ])('is %s', async (_who, token, status) => {
    const headers = { Authorization: `Bearer ${token}` };
    expect((await send('GET', path, { headers })).status).toBe(status);
  });

  it('is nobody', async () => {
    expect((await send('GET', path)).body).toMatchObject({
      error: { status: 'PERMISSION_DENIED' },
    });
  });

  it.each([
    ['batchWrite', { writes: [] }],
    ['listCollectionIds', {}],
    ['partitionQuery', {}],
  ])('may be the owner only for :%s', async (verb, body) => {
    expect((await send('POST', `${DOCUMENTS}:${verb}`, { body })).status).toBe(403);
    expect((await send('POST', `${DOCUMENTS}:${verb}`, { body, headers: OWNER })).status).toBe(200);
  });
});

it('judges callers of gRPC too', async () => {
  const as = (uid: string): Firestore =>
    new Firestore({
      projectId: PROJECT,
      host: `${front.host}:${front.port}`,
      ssl: false,
      // Without a header the SDK would send the owner's.
      customHeaders: { Authorization: `Bearer ${unsignedToken(uid)}` },
    });
  await front.admin.doc('mine/ann').set({ n: 1 });
  const ann = as('ann');
  const bob = as('bob');
  expect((await ann.doc('mine/ann').get()).get('n')).toBe(1);
  await ann.doc('mine/ann').update({ n: 2 });
  await expect(ann.doc('mine/bob').set({})).rejects.toMatchObject({ code: 7 });
  await expect(bob.doc('mine/ann').get()).rejects.toMatchObject({ code: 7 });
  await expect(bob.collection('mine').get()).rejects.toMatchObject({ code: 7 });
  await expect(bob.collection('open').get()).resolves.toMatchObject({ size: 0 });
  const listening = new Promise((_resolve, reject) =>
    bob.doc('open/1').onSnapshot(() => undefined, reject),
  );
  await expect(listening).rejects.toThrow('firebase/firestore/lite only');
  await Promise.all([ann.terminate(), bob.terminate()]);
});

it('allows clients nothing without rules', async () => {
  const bare = await startFirestoreEmulator({ host: '127.0.0.1', port: 0, projectId: PROJECT });
  const answer = await fetch(`http://${bare.host}:${bare.port}${DOCUMENTS}/open/1`);
  expect(answer.status).toBe(403);
  await bare.stop();
});

it('reads documents for the rules of Storage', async () => {
  await front.admin.doc('a/b').set({ n: 1 });
  const document = await front.readDocument(['databases', '(default)', 'documents', 'a', 'b']);
  expect(document).toMatchObject({ type: 'map' });
  const fields = (document as unknown as { fields: Map<string, unknown> }).fields;
  expect([...fields.keys()]).toEqual(['data', 'id', '__name__']);
  const none = ['databases', '(default)', 'documents', 'a', 'none'];
  expect(await front.readDocument(none)).toBeUndefined();
});

it('keeps two fronts apart', async () => {
  const other = await startTestEmulator();
  await other.admin.doc('a/b').set({ n: 2 });
  expect((await front.admin.doc('a/b').get()).exists).toBe(false);
  expect(other.port).not.toBe(front.port);
  await other.stop();
});

it('says that a port is taken, and which', async () => {
  const taken = { host: '127.0.0.1', port: front.port, projectId: PROJECT };
  await expect(startFirestoreEmulator(taken)).rejects.toThrow(
    `Port ${front.port} on 127.0.0.1 is taken`,
  );
});

it('does not start with rules that have a mistake', async () => {
  const rules = { source: 'service cloud.firestore { match', file: 'firestore.rules' };
  const options = { host: '127.0.0.1', port: 0, projectId: PROJECT, rules };
  await expect(startFirestoreEmulator(options)).rejects.toThrow(/^firestore\.rules:1:\d+: /);
});

it('ends every connection when it stops', async () => {
  const stopping = await startTestEmulator();
  const idle = net.connect(stopping.port, stopping.host);
  const listening = net.connect(stopping.port, stopping.host);
  listening.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  idle.write('P');
  const ended = [idle, listening].map(
    (socket) => new Promise((resolve) => socket.on('error', resolve).on('close', resolve)),
  );
  await new Promise((resolve) => listening.once('data', resolve));
  await stopping.stop();
  await Promise.all(ended);
  await expect(fetch(stopping.url)).rejects.toThrow();
});
