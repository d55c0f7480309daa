/** Clients that send nonsense, too much or too little: a clear error, bounded memory, and the emulator goes on. */
import { once } from 'node:events';
import * as http2 from 'node:http2';
import * as net from 'node:net';
import { startFirestoreEmulator, type FirestoreEmulator } from '../index.js';
import { MAX_REQUEST_BYTES } from './protocol.js';

const PROJECT = 'demo-bad-input';
const DOCUMENTS = `/v1/projects/${PROJECT}/databases/(default)/documents`;
const CHANNEL = '/google.firestore.v1.Firestore/Listen/channel?VER=8&RID=1&CVER=22';
const MIB = 1024 * 1024;

let emulator: FirestoreEmulator;
let url: string;

beforeAll(async () => {
  emulator = await startFirestoreEmulator({ host: '127.0.0.1', port: 0, projectId: PROJECT });
  url = `http://127.0.0.1:${emulator.port}`;
});
afterAll(() => emulator.stop());

// Whatever a test has sent, the next client gets an answer.
afterEach(async () => {
  const response = await fetch(`${url}${DOCUMENTS}:commit`, { method: 'POST', body: '{}' });
  expect(await response.json()).toHaveProperty('commitTime');
});

async function post(path: string, body: string, method = 'POST') {
  const response = await fetch(url + path, { method, body });
  return { status: response.status, text: await response.text() };
}

/** Sends bytes. @returns all that the emulator answers until it closes the connection */
async function exchange(...parts: (string | Buffer)[]): Promise<string> {
  const socket = net.connect(emulator.port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
  // The emulator may close the connection while the client still sends.
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  for (const part of parts) socket.write(part);
  await closed;
  return answer;
}

describe('HTTP/1', () => {
  const noise = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 37 + 11) % 256));

  test.each<[string, (string | Buffer)[], string]>([
    ['noise', [noise], '400 Bad Request'],
    ['a TLS handshake', [Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3])], '400 Bad Request'],
    ['a request line with errors', ['GET\r\n\r\n'], '400 Bad Request'],
    ['two lengths', ['POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'], '400 Bad Request'],
    ['headers of 1 MB', [`GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(MIB)}\r\n\r\n`], '431 Request Header'],
    ['a path of 1 MB', [`GET /${'x'.repeat(MIB)} HTTP/1.1\r\nHost: a\r\n\r\n`], '431 Request Header'],
  ])('answers %s', async (_name, parts, expected) => {
    expect((await exchange(...parts)).slice(9)).toMatch(new RegExp(`^${expected}`));
  }); // prettier-ignore

  test.each([
    ['headers', 'GET / HTTP/1.1\r\nHost:'],
    ['a body', `POST ${DOCUMENTS}:commit HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{`],
    ['a chunk', `POST ${DOCUMENTS}:commit HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{`],
    ['a session', `POST ${CHANNEL} HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\ncount=1&req0`],
  ])('survives a client that leaves in the middle of %s', async (_name, text) => {
    const socket = net.connect(emulator.port, '127.0.0.1');
    await new Promise((resolve) => socket.write(text, resolve));
    socket.destroy();
    await once(socket, 'close');
  }); // prettier-ignore

  test('refuses a body over the limit without reading it', async () => {
    const answer = await exchange(
      `POST ${DOCUMENTS}:commit HTTP/1.1\r\nHost: a\r\nContent-Length: ${MAX_REQUEST_BYTES + 1}\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 413 .*exceeds the limit/s);
  });
});

describe('JSON', () => {
  const LEVELS = 1_000_000;
  const value = (levels: number) =>
    '{"arrayValue":{"values":['.repeat(levels) + ']}}'.repeat(levels);
  const filter = (levels: number) =>
    '{"compositeFilter":{"op":"AND","filters":['.repeat(levels) + ']}}'.repeat(levels);
  const write = (fields: string) =>
    `{"writes":[{"update":{"name":"${DOCUMENTS.slice(4)}/a/b","fields":{"a":${fields}}}}]}`;

  test.each([
    ['brackets', ':commit', '['.repeat(5 * LEVELS) + ']'.repeat(5 * LEVELS)],
    ['brackets without an end', ':commit', '['.repeat(LEVELS)],
    ['brackets in a field', ':commit', `{"writes":${'['.repeat(LEVELS)}${']'.repeat(LEVELS)}}`],
    ['arrays', ':commit', write(value(200_000))],
    ['arrays of 300 levels', ':commit', write(value(300))],
    ['filters', ':runQuery', `{"structuredQuery":{"where":${filter(100_000)}}}`],
    ['filters of 300 levels', ':runQuery', `{"structuredQuery":{"where":${filter(300)}}}`],
  ])('refuses nested %s', async (_name, method, body) => {
    const { status, text } = await post(DOCUMENTS + method, body);
    expect(status).toBe(400);
    expect(text).toMatch(/deep|recursion|levels|Expected|must be a message|Root element/);
    expect(text.length).toBeLessThan(2000);
  });

  test('does not repeat a long name in the error', async () => {
    const name = 'a'.repeat(9 * MIB);
    const { status, text } = await post(`${DOCUMENTS}:commit`, `{"writes":[{"delete":"${name}"}]}`);
    expect(status).toBe(400);
    expect(text.length).toBeLessThan(2000);
  });
});

describe('rules', () => {
  const RULES = `/emulator/v1/projects/${PROJECT}:securityRules`;
  const put = (content: string) =>
    post(RULES, JSON.stringify({ rules: { files: [{ name: 'a.rules', content }] } }), 'PUT');
  const withCondition = (condition: string) =>
    `service cloud.firestore { match /databases/{d}/documents { match /{x=**} { allow read: if ${condition}; } } }`;

  test.each([
    ['1,000 nested brackets', withCondition('('.repeat(1000) + 'true' + ')'.repeat(1000)), '100 levels'],
    ['1,000 nested lists', withCondition('['.repeat(1000) + ']'.repeat(1000)), '100 levels'],
    ['1,000 negations', withCondition(`${'!'.repeat(1000)}true`), '100 levels'],
    ['1,000 nested matches', 'service cloud.firestore {' + ' match /a/{b} {'.repeat(1000) + '}'.repeat(1001), 'levels'],
    ['more than 256 KB', ' '.repeat(256 * 1024 + 1), '262144 bytes'],
    ['10 MB of brackets', '('.repeat(10 * MIB), '262144 bytes'],
  ])('refuses %s', async (_name, content, expected) => {
    const { status, text } = await put(content);
    expect(status).toBe(400);
    expect(text).toContain(expected);
  }); // prettier-ignore

  test('keeps the rules in force', async () => {
    expect((await put(withCondition('true'))).status).toBe(200);
    await put('('.repeat(1000));
    const response = await fetch(url + RULES);
    expect(await response.text()).toContain('allow read: if true');
  });
});

describe('HTTP/2', () => {
  const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

  test.each<[string, (string | Buffer)[]]>([
    ['noise after the preface', [PREFACE, Buffer.alloc(1000, 255)]],
    ['a preface with errors', ['PRI * HTTP/3.0\r\n\r\n', Buffer.alloc(100)]],
    ['a frame of 16 MiB', [PREFACE, Buffer.from([255, 255, 255, 0, 0, 0, 0, 0, 1]), Buffer.alloc(MIB)]],
    ['text', [PREFACE, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10)]],
  ])('closes a connection with %s', async (_name, parts) => {
    await exchange(...parts);
  }); // prettier-ignore

  /** @returns the gRPC status, or the error of the stream */
  async function call(message: Buffer, length = message.length): Promise<string> {
    const session = http2.connect(url).on('error', () => undefined);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/google.firestore.v1.Firestore/Commit',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const header = Buffer.alloc(5);
    header.writeUInt32BE(length, 1);
    let status = '';
    const keep = (headers: http2.IncomingHttpHeaders): void => {
      status ||= String(headers['grpc-status'] ?? '');
    };
    stream.on('response', keep).on('trailers', keep);
    stream.on('error', (error: Error) => (status ||= error.message));
    stream.resume();
    stream.write(header);
    stream.end(message);
    await new Promise((resolve) => stream.once('close', resolve));
    session.destroy();
    return status;
  }

  test.each<[string, Buffer, number | undefined, RegExp]>([
    ['bytes that are no message', Buffer.alloc(9, 255), undefined, /^13$/],
    ['a message over 11 MB', Buffer.alloc(12 * MIB), undefined, /^8$|ENHANCE_YOUR_CALM/],
    ['a length of 4 GB', Buffer.alloc(10), 0xffffffff, /^8$|ENHANCE_YOUR_CALM/],
    ['half a message', Buffer.alloc(10), 20, /^1[23]$/],
    ['a value of 1,000,000 levels', nestedValue(1_000_000), undefined, /^(13|3)$/],
  ])('answers %s', async (_name, message, length, expected) => {
    expect(await call(message, length)).toMatch(expected);
  });
});

/** A CommitRequest with nested arrays: field 9 of Value is an array, field 1 of an array its values. */
function nestedValue(levels: number): Buffer {
  const headers: Buffer[] = [];
  let length = 0;
  for (let level = 0; level < levels; level += 1) {
    for (const tag of [0x0a, 0x4a]) {
      const header = Buffer.from([tag, ...variableInteger(length)]);
      headers.push(header);
      length += header.length;
    }
  }
  const field = (tag: number, content: Buffer) =>
    Buffer.concat([Buffer.from([tag, ...variableInteger(content.length)]), content]);
  const value = Buffer.concat(headers.reverse());
  const entry = Buffer.concat([field(0x0a, Buffer.from('a')), field(0x12, value)]);
  const name = Buffer.from(`${DOCUMENTS.slice(4)}/a/b`);
  const update = Buffer.concat([field(0x0a, name), field(0x12, entry)]);
  const database = Buffer.from(`projects/${PROJECT}/databases/(default)`);
  return Buffer.concat([field(0x0a, database), field(0x12, field(0x0a, update))]);
}

/** The bytes of an integer of variable length, as protobuf writes it. */
function variableInteger(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...variableInteger(Math.floor(value / 128))];
}

test('10,000 sessions: 2,000 are opened, the others refused, and memory is bounded', async () => {
  const before = process.memoryUsage().rss;
  const request = `POST ${CHANNEL} HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\ncount=0`;
  const last = `POST ${CHANNEL} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 7\r\n\r\ncount=0`;
  const answer = await exchange(request.repeat(9_999), last);
  const statuses = answer.match(/HTTP\/1\.1 \d+/g) ?? [];
  const count = (status: number) => statuses.filter((each) => each.endsWith(`${status}`)).length;
  expect([count(200), count(503), statuses.length]).toEqual([2_000, 8_000, 10_000]);
  expect(answer).toContain('at most 2000 WebChannel sessions');
  expect(process.memoryUsage().rss - before).toBeLessThan(300 * MIB);
});
