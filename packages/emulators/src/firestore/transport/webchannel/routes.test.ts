import { unsignedToken } from '../../testing.js';
import { channelOf } from './routes.js';
import { createService, DATABASE, parseChunks, TestServer } from './testing.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /users/{uid} { allow read, write: if request.auth.uid == uid; }
    match /open/{id} { allow read, write; }
  }
}`;

const nameOf = (path: string): string => `${DATABASE}/documents/${path}`;
const listenTo = (path: string, targetId = 2): object => ({
  database: DATABASE,
  addTarget: { documents: { documents: [nameOf(path)] }, targetId },
});
/** Whether an array holds a field of a message. */
const has =
  (field: string) =>
  ([, [message]]: [number, unknown[]]): boolean =>
    typeof message === 'object' && message !== null && field in message;

let server: TestServer;

beforeAll(async () => {
  server = await TestServer.start(createService(RULES), { keepAlive: 20_000 }, 50);
});

afterEach(() => server.sessions.closeAll());

afterAll(() => server.stop());

/** Sets a document as an administrator does. */
async function write(path: string, value: string): Promise<void> {
  const update = { name: nameOf(path), fields: { value: { stringValue: value } } };
  const authorization = { headers: 'Authorization:Bearer owner' };
  const sid = await server.open('Write', [{ database: DATABASE }], authorization);
  const back = await server.attach('Write', sid);
  const [number, [first]] = await back.until(has('streamToken'));
  const { streamToken } = first as { streamToken: string };
  const message = { streamToken, writes: [{ update }] };
  const query = { SID: sid, AID: String(number) };
  await server.post('Write', query, [message], { ofs: '1' });
  await back.until(has('writeResults'));
  await server.request('Write', { SID: sid, TYPE: 'terminate' });
  await back.end();
}

test.each([
  ['/google.firestore.v1.Firestore/Listen/channel', 'Listen'],
  ['/google.firestore.v1.Firestore/Write/channel', 'Write'],
  ['/google.firestore.v1.Firestore/Commit/channel', undefined],
  ['/google.firestore.v1.Firestore/Listen/channel/', undefined],
  ['/google.firestore.v1.Firestore/Listen', undefined],
])('the path %s is the channel of %s', (path, name) => {
  expect(channelOf(path)).toBe(name);
});

test('a handshake answers with the id of the session', async () => {
  const response = await server.post('Listen', { CVER: '22' }, [listenTo('open/a')]);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toContain('no-store');
  const { arrays, rest } = parseChunks(await response.text());
  expect(arrays).toEqual([[0, ['c', expect.any(String), '', 8, 12, 30_000]]]);
  expect(rest).toBe('');
});

test('a listener gets the document and its changes, one chunk after the other', async () => {
  await write('open/a', 'one 😀');
  const sid = await server.open('Listen', [listenTo('open/a')]);
  const back = await server.attach('Listen', sid);
  const first = await back.until(has('documentChange'));
  expect(JSON.stringify(first)).toContain('one 😀');
  await write('open/a', 'two');
  await back.until((array) => JSON.stringify(array).includes('"two"'));
  const numbers = back.arrays.map(([number]) => number);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  back.drop();
});

test('with long polling each response ends after its arrays, and the next one goes on', async () => {
  await write('open/b', 'one');
  const sid = await server.open('Listen', [listenTo('open/b')]);
  let last = 0;
  const seen: string[] = [];
  while (!seen.join('').includes('"one"')) {
    const back = await server.attach('Listen', sid, { CI: '1', AID: String(last) });
    for (const array of await back.end()) {
      expect(array[0]).toBe(last + 1);
      last = array[0];
      seen.push(JSON.stringify(array));
    }
  }
});

test('after a lost connection the arrays that were not acknowledged come again', async () => {
  await write('open/c', 'one');
  const sid = await server.open('Listen', [listenTo('open/c')]);
  const first = await server.attach('Listen', sid);
  await first.until(has('documentChange'));
  first.drop();
  const again = await server.attach('Listen', sid, { AID: '1' });
  await again.until(has('documentChange'));
  expect(again.arrays[0]?.[0]).toBe(2);
  again.drop();
});

test('a second back channel ends the first', async () => {
  const sid = await server.open('Listen');
  const first = await server.attach('Listen', sid);
  const second = await server.attach('Listen', sid);
  expect(await first.end()).toEqual([]);
  second.drop();
});

test('messages that come twice are handled once', async () => {
  const sid = await server.open('Write', [{ database: DATABASE }]);
  const back = await server.attach('Write', sid);
  const [, [first]] = await back.until(has('streamToken'));
  const { streamToken } = first as { streamToken: string };
  const transform = { fieldPath: 'n', increment: { integerValue: '1' } };
  const update = { name: nameOf('open/twice'), fields: {} };
  const message = { streamToken, writes: [{ update, updateTransforms: [transform] }] };
  for (let time = 0; time < 3; time += 1) {
    await server.post('Write', { SID: sid, AID: '1' }, [message], { ofs: '1' });
  }
  await back.until(has('writeResults'));
  expect(server.service.read(nameOf('open/twice'))?.fields?.['n']).toMatchObject({
    integerValue: '1',
  });
  back.drop();
});

test('a response to messages names the back channel, the last array and the bytes', async () => {
  const sid = await server.open('Listen');
  const post = async () =>
    (await server.post('Listen', { SID: sid, AID: '0' }, [], { ofs: '0' })).text();
  expect(await post()).toBe('7\n[0,0,0]');
  const back = await server.attach('Listen', sid);
  expect(await post()).toBe('7\n[1,0,0]');
  back.drop();
});

describe('the caller', () => {
  const own = listenTo('users/alice');
  const authorization = `Authorization:Bearer ${unsignedToken('alice')}`;

  test('is that of the headers in the body', async () => {
    const sid = await server.open('Listen', [own], { headers: `${authorization}\r\n` });
    const back = await server.attach('Listen', sid);
    await back.until(has('documentDelete'));
    back.drop();
  });

  test('is that of $httpHeaders; App Check tokens are ignored', async () => {
    const headers = `X-Firebase-AppCheck:abc\r\n${authorization}\r\n`;
    const response = await server.post('Listen', { $httpHeaders: headers }, [own]);
    const sid = String(parseChunks(await response.text()).arrays[0]?.[1][1]);
    const back = await server.attach('Listen', sid);
    await back.until(has('documentDelete'));
    back.drop();
  });

  test('is nobody without headers: the target ends with permission-denied', async () => {
    const back = await server.attach('Listen', await server.open('Listen', [own]));
    const array = await back.until((found) => JSON.stringify(found).includes('cause'));
    expect(array[1]).toEqual([
      {
        targetChange: expect.objectContaining({
          targetChangeType: 'REMOVE',
          targetIds: [2],
        }) as object,
      },
    ]);
    expect(JSON.stringify(array)).toContain('"code":7');
    back.drop();
  });
});

test('terminate ends the session and its back channel', async () => {
  const sid = await server.open('Listen', [listenTo('open/a')]);
  const back = await server.attach('Listen', sid);
  const before = server.sessions.size;
  const response = await server.request('Listen', { SID: sid, TYPE: 'terminate' });
  expect(response.status).toBe(200);
  await back.end();
  expect(server.sessions.size).toBe(before - 1);
  expect((await server.post('Listen', { SID: sid }, [])).status).toBe(400);
});

describe('an unknown session', () => {
  test.each<[string, () => Promise<Response>]>([
    ['GET', () => server.request('Listen', { SID: 'x', RID: 'rpc', TYPE: 'xmlhttp' })],
    ['GET without SID', () => server.request('Listen', { RID: 'rpc', TYPE: 'xmlhttp' })],
    ['POST', () => server.post('Write', { SID: 'x' }, [])],
    ['terminate', () => server.request('Write', { SID: 'x', TYPE: 'terminate' })],
  ])('answers 400 "Unknown SID" to %s', async (_name, request) => {
    const response = await request();
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 400, message: 'Unknown SID' } });
  });
});

describe('bounds and bad input', () => {
  test.each<[string, string]>([
    ['a count without messages', 'count=3&ofs=0'],
    ['a body of other bytes', 'count=1&\u0000\u0001'],
    ['a huge count', 'count=99999999&ofs=0'],
    ['an offset that is no number', 'count=0&ofs=-1'],
  ])('%s answers 400', async (_name, body) => {
    const response = await server.request('Listen', { RID: '1' }, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(server.sessions.size).toBe(0);
  });

  test.each(['-1', 'abc', '1e9', '9'.repeat(30)])('an AID of %j answers 400', async (aid) => {
    const sid = await server.open('Listen');
    const query = { SID: sid, RID: 'rpc', TYPE: 'xmlhttp', AID: aid };
    expect((await server.request('Listen', query)).status).toBe(400);
    expect((await server.post('Listen', { SID: sid, AID: aid }, [])).status).toBe(400);
  });

  test.each([
    ['half of an object', '{'],
    ['an array', '[]'],
    ['null', 'null'],
    ['a string', '"x"'],
    ['a number for a target', '{"addTarget":7}'],
    ['an unknown field', '{"unknown":1}'],
    ['nested brackets', '[['.repeat(20_000)],
  ])(
    'a message that is %s ends the stream with an error, and the server goes on',
    async (_name, message) => {
      const sid = await server.open('Listen', [message]);
      const back = await server.attach('Listen', sid);
      const arrays = await back.end();
      expect(arrays.at(-1)?.[1]).toEqual(['close']);
      expect(JSON.stringify(arrays)).toContain('INVALID_ARGUMENT');
      expect((await server.post('Listen', {}, [])).status).toBe(200);
    },
  );

  test('a message over 11 MiB answers 400', async () => {
    const response = await server.post('Write', {}, ['x'.repeat(11 * 1024 * 1024 + 1)]);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('A message has at most');
  });

  test('a body over 33 MiB answers 413', async () => {
    const headers = { 'Content-Type': 'text/plain' };
    const body = 'x'.repeat(33 * 1024 * 1024 + 1);
    const request = server.request('Write', {}, { method: 'POST', headers, body });
    // The server may close the connection before fetch has sent the body.
    const status = await request.then((response) => response.status).catch(() => 413);
    expect(status).toBe(413);
    expect((await server.post('Write', {}, [])).status).toBe(200);
  });

  test('one session too many answers 503 until another ends', async () => {
    const ids = await Promise.all(Array.from({ length: 50 }, () => server.open('Listen')));
    const response = await server.post('Listen', {}, []);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { status: 'UNAVAILABLE' } });
    await server.request('Listen', { SID: ids[0] ?? '', TYPE: 'terminate' });
    expect((await server.post('Listen', {}, [])).status).toBe(200);
  });
});
