/** WebChannel over HTTP, without the SDK: what a client can do wrong. */
import { startFirestoreEmulator, type FirestoreEmulator } from '../../index.js';

let emulator: FirestoreEmulator;
let base: string;

beforeAll(async () => {
  const rules = `rules_version = '2'; service cloud.firestore { match /databases/{d}/documents {
    match /own/{uid} { allow read, write: if request.auth.uid == uid; } } }`;
  emulator = await startFirestoreEmulator({
    host: '127.0.0.1',
    port: 0,
    projectId: 'demo',
    rules: [{ source: rules, file: 'firestore.rules' }],
  });
  base = `http://127.0.0.1:${emulator.port}/google.firestore.v1.Firestore`;
});
afterAll(() => emulator.stop());

const DATABASE = 'projects/demo/databases/(default)';

function form(offset: number, message: object | string, headers?: string): string {
  const text = typeof message === 'string' ? message : JSON.stringify(message);
  const fields = new URLSearchParams({ count: '1', ofs: String(offset), req0___data__: text });
  if (headers !== undefined) fields.set('headers', headers);
  return fields.toString();
}

async function openSession(stream: string, message: object | string, headers?: string) {
  const url = `${base}/${stream}/channel?VER=8&RID=1&CVER=22`;
  const response = await fetch(url, { method: 'POST', body: form(0, message, headers) });
  const id = /"c","([^"]+)"/.exec(await response.text())?.[1] ?? '';
  return { status: response.status, id };
}

async function poll(stream: string, id: string, acknowledged: number): Promise<string> {
  const query = `SID=${id}&RID=rpc&AID=${acknowledged}&CI=1&TYPE=xmlhttp`;
  return (await fetch(`${base}/${stream}/channel?${query}`)).text();
}

/** Polls until a text arrives. */
async function pollFor(stream: string, id: string, text: string): Promise<string> {
  for (let found = '', last = 0; ;) {
    found += await poll(stream, id, last);
    if (found.includes(text)) return found;
    last = Math.max(...[...found.matchAll(/\[(\d+),\[/g)].map(([, number]) => Number(number)));
  }
}

const listenTo = (name: string) => ({
  database: DATABASE,
  addTarget: { targetId: 2, documents: { documents: [`${DATABASE}/documents/${name}`] } },
});
const token = `Bearer ${Buffer.from('{}').toString('base64url')}.${Buffer.from('{"sub":"alice"}').toString('base64url')}.`; // prettier-ignore

test('a session is opened, listens and is ended', async () => {
  const { status, id } = await openSession(
    'Listen',
    listenTo('own/alice'),
    `Authorization:${token}`,
  );
  expect(status).toBe(200);
  expect(await pollFor('Listen', id, 'CURRENT')).toContain('documentDelete');
  const end = await fetch(`${base}/Listen/channel?SID=${id}&TYPE=terminate`, { method: 'POST' });
  expect(end.status).toBe(200);
  const after = await fetch(`${base}/Listen/channel?SID=${id}&RID=rpc&TYPE=xmlhttp`);
  expect([after.status, await after.text()]).toEqual([400, expect.stringContaining('Unknown SID')]);
});

test('the rules are those of the session’s token', async () => {
  const { id } = await openSession('Listen', listenTo('own/alice'));
  expect(await pollFor('Listen', id, 'REMOVE')).toMatch(/"code":7/);
});

test('an unusable token is the stream’s error', async () => {
  const { id } = await openSession(
    'Write',
    { database: DATABASE },
    'Authorization:Bearer nonsense',
  );
  expect(await pollFor('Write', id, 'error')).toContain('INVALID_ARGUMENT');
});

test('a message that is not JSON, or has an unknown field, ends the stream with its error', async () => {
  for (const message of ['{', '{"nonsense":1}', '[]']) {
    const { id } = await openSession('Listen', message);
    expect(await pollFor('Listen', id, 'error')).toContain('INVALID_ARGUMENT');
  }
});

test.each([
  ['a body that is no form', 'Listen', '%%%%', 200],
  ['a count that is no number', 'Listen', 'count=x', 400],
  ['an unknown session', 'Listen&SID=none', 'count=0', 400],
])('%s is answered, and the emulator goes on', async (_what, stream, body, status) => {
  const [name, query = ''] = stream.split('&');
  const url = `${base}/${name}/channel?VER=8&${query}`;
  const response = await fetch(url, { method: 'POST', body });
  expect(response.status).toBe(status);
  expect((await openSession('Listen', listenTo('own/alice'))).status).toBe(200);
});

test('a session of one stream is unknown to the other', async () => {
  const { id } = await openSession('Listen', listenTo('own/alice'));
  const response = await fetch(`${base}/Write/channel?SID=${id}&RID=rpc&TYPE=xmlhttp`);
  expect(response.status).toBe(400);
});

test('other origins are allowed, with credentials', async () => {
  const response = await fetch(`${base}/Listen/channel?VER=8`, {
    method: 'OPTIONS',
    headers: { Origin: 'http://localhost:5173', 'Access-Control-Request-Headers': 'x-client' },
  });
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'access-control-allow-origin': 'http://localhost:5173',
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'x-client',
  });
});

test('at most 2,000 sessions are open at the same time', async () => {
  const statuses = new Map<number, number>();
  for (let round = 0; round < 21; round++) {
    const opened = await Promise.all(
      Array.from({ length: 100 }, () => openSession('Write', { database: DATABASE })),
    );
    for (const { status } of opened) statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect([...statuses.keys()].sort()).toEqual([200, 503]);
  expect(statuses.get(200)).toBeLessThanOrEqual(2000);
});
