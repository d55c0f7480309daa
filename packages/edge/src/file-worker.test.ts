/** The file worker in front of a server of the test. */
import { createVerify, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { JWT } from 'google-auth-library';
import { openCredential } from './credentials.js';
import fileWorker, { type FileWorkerEnv } from './file-worker.js';

let respond: (request: IncomingMessage, response: ServerResponse) => void;
const server = createServer((request, response) => respond(request, response));
let origin: string;
let logged: string[];
let received: IncomingMessage[];

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}/i`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  [logged, received] = [[], []];
  jest.spyOn(console, 'error').mockImplementation((line: string) => void logged.push(line));
  respond = (_request, response) => response.end('file');
});
afterEach(() => jest.restoreAllMocks());

function ask(path: string, env: Partial<FileWorkerEnv> = {}, init: RequestInit = {}) {
  const inner = respond;
  respond = (request, response) => {
    received.push(request);
    inner(request, response);
  };
  const request = new Request(`https://files.example${path}`, init);
  return fileWorker.fetch(request, { ORIGIN: origin, ...env });
}

test('sends the path, and only headers of its list, to the fixed origin', async () => {
  respond = (_request, response) =>
    response
      .writeHead(200, {
        etag: '"e"',
        'set-cookie': 'a=b',
        server: 's',
        'x-goog-hash': 'h',
        age: '3',
      })
      .end('file');
  const headers = {
    accept: 'image/webp',
    range: 'bytes=0-3',
    cookie: 'c=d',
    'x-other': 'x',
    host: 'h',
  };
  const response = await ask('/t/w800.webp?w=1&if-match=%22a%22', {}, { headers });
  expect([response.status, await response.text()]).toEqual([200, 'file']);
  expect(response.headers.get('etag')).toBe('"e"');
  expect(response.headers.get('age')).toBe('3');
  for (const name of ['set-cookie', 'server', 'x-goog-hash']) {
    expect(response.headers.get(name)).toBeNull();
  }
  const [{ url, headers: sent } = {} as IncomingMessage] = received;
  expect(url).toBe('/i/t/w800.webp?w=1');
  expect(sent).toMatchObject({
    ...{ accept: 'image/webp', range: 'bytes=0-3', 'if-match': '"a"' },
    ...{ via: '1.1 storage-public-variants-files', host: new URL(origin).host },
  });
  for (const name of ['cookie', 'x-other', 'authorization']) expect(sent[name]).toBeUndefined();
});

test('sends its key, and the address of the visitor, only if it has one', async () => {
  const key = 'k'.repeat(43);
  const headers = { 'x-edge-client': '192.0.2.1', 'x-edge-key': 'of the caller' };
  await ask('/x', { EDGE_KEY: key }, { headers });
  expect(received[0]?.headers).toMatchObject({ 'x-edge-key': key, 'x-edge-client': '192.0.2.1' });
  await ask('/x', {}, { headers });
  expect(received.at(-1)?.headers).not.toHaveProperty('x-edge-key');
  expect(received.at(-1)?.headers).not.toHaveProperty('x-edge-client');
  const { length } = received;
  expect((await ask('/x', { EDGE_KEY: 'too short' })).status).toBe(500);
  expect(logged.splice(0)).toEqual([
    'EDGE_KEY: expected what `storage-public-variants edge-key` prints',
  ]);
  expect(received).toHaveLength(length);
});

test.each(['//evil.example/x', '/..//x', '/%2e%2e/x', '/@evil.example', '/\\evil.example'])(
  'no path leads to another host: %s',
  async (path) => {
    await ask(path);
    expect(received[0]?.url).toMatch(/^\/i\//);
  },
);

describe('credentials', () => {
  test.each([
    [
      { CREDENTIAL: 'basic', BASIC: 'user:p:w' },
      `Basic ${Buffer.from('user:p:w').toString('base64')}`,
    ],
    [{ CREDENTIAL: 'bearer', BEARER: 'abc.def~' }, 'Bearer abc.def~'],
    [{ CREDENTIAL: 'none' }, undefined],
  ])('%j', async (env, expected) => {
    await ask('/x', env);
    expect(received[0]?.headers.authorization).toBe(expected);
  });

  test.each([
    [{ CREDENTIAL: 'basic', BASIC: 'nocolon' }, 'BASIC: expected user:password'],
    [{ CREDENTIAL: 'bearer' }, 'BEARER: expected a token, found nothing'],
    [{ CREDENTIAL: 'google', SERVICE_ACCOUNT: '{"private_key":"secret"' }, 'SERVICE_ACCOUNT: expected JSON'], // prettier-ignore
    [{ CREDENTIAL: 'oauth' }, 'CREDENTIAL: expected none, basic, bearer or google'],
    [{ ORIGIN: 'http://example.com/i' }, 'ORIGIN: expected https://'],
    [{ ORIGIN: 'https://example.com/' }, 'ORIGIN: expected https://'],
  ])('names what is wrong, and prints no secret: %j', async (env, message) => {
    const response = await ask('/x', env);
    expect([response.status, received]).toEqual([500, []]);
    expect(logged).toEqual([expect.stringContaining(message)]);
    expect(logged.join() + (await response.text())).not.toMatch(/nocolon|secret/);
  });
});

/** What AIP-4111 demands of a self-signed token for Cloud Storage. @throws Error that says what is wrong */
function verify(token: string, publicKey: string, email: string, kid: string, now: number): void {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object;
  const signed = createVerify('RSA-SHA256').update(`${header}.${payload}`);
  if (!signed.verify(publicKey, signature, 'base64url')) throw new Error('wrong signature');
  expect(decode(header)).toEqual({ alg: 'RS256', typ: 'JWT', kid });
  const iat = (decode(payload) as { iat: number }).iat;
  const aud = 'https://storage.googleapis.com/';
  expect(decode(payload)).toEqual({ iss: email, sub: email, aud, iat, exp: iat + 3600 });
  if (iat > now || iat + 3600 <= now) throw new Error('expected a token that is valid now');
}

describe('google', () => {
  const email = 'reader@my-app.iam.gserviceaccount.com';
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const account = { client_email: email, private_key_id: 'key-1', private_key: privateKey };
  const env = { CREDENTIAL: 'google', SERVICE_ACCOUNT: JSON.stringify(account) };
  const at = Date.UTC(2026, 10, 27);

  test('signs what AIP-4111 demands, and signs again before it expires', async () => {
    let now = at;
    const credential = openCredential(env, () => now);
    const tokenOf = async () => ((await credential()) ?? '').replace(/^Bearer /, '');
    const first = await tokenOf();
    verify(first, publicKey, email, 'key-1', now / 1000);
    expect(() => verify(`${first}A`, publicKey, email, 'key-1', now / 1000)).toThrow('signature');
    now += 3_299_000;
    expect(await tokenOf()).toBe(first);
    now += 1_000;
    const second = await tokenOf();
    expect(second).not.toBe(first);
    verify(second, publicKey, email, 'key-1', now / 1000);
  });

  test("makes the same token as Google's library, byte for byte", async () => {
    jest.useFakeTimers({ now: at, doNotFake: ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask'] }); // prettier-ignore
    const client = new JWT({ email, key: privateKey, keyId: 'key-1' });
    const headers = await client.getRequestHeaders('https://storage.googleapis.com/');
    const own = await openCredential(env)();
    jest.useRealTimers();
    const decode = (value: string | null | undefined) =>
      (value ?? '').replace('Bearer ', '').split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()) as object); // prettier-ignore
    expect(decode(own)).toEqual(decode(headers.get('authorization')));
  });

  test('is what the origin gets', async () => {
    await ask('/x', env);
    const [, token = ''] = received[0]?.headers.authorization?.split(' ') ?? [];
    verify(token, publicKey, email, 'key-1', Date.now() / 1000);
  });
});

describe('refuses', () => {
  const CALLER_SECRET = 's'.repeat(32);

  test.each([
    [undefined, 404],
    ['Bearer wrong', 404],
    [`Bearer ${CALLER_SECRET}x`, 404],
    [`Basic ${CALLER_SECRET}`, 404],
    [`Bearer ${CALLER_SECRET}`, 200],
  ])('callers without the secret: %s', async (authorization, status) => {
    const headers = new Headers(authorization === undefined ? {} : { authorization });
    expect((await ask('/x', { CALLER_SECRET }, { headers })).status).toBe(status);
    expect(received).toHaveLength(status === 200 ? 1 : 0);
    expect(received[0]?.headers.authorization).toBeUndefined();
  });

  test('other methods, and loops', async () => {
    expect((await ask('/x', {}, { method: 'POST' })).status).toBe(405);
    const headers = { via: '1.1 a, 1.1 storage-public-variants-files, 1.1 b' };
    expect((await ask('/x', {}, { headers })).status).toBe(508);
    expect(received).toEqual([]);
  });
});

describe('the origin', () => {
  test.each([
    [301, 502],
    [401, 502],
    [403, 502],
    [500, 503],
    [503, 503],
    [404, 404],
    [412, 412],
    [429, 429],
  ])('answers %d: %d, without its page', async (status, expected) => {
    respond = (_request, response) =>
      response.writeHead(status, { location: 'https://evil.example/', 'retry-after': '5' }).end('secret page'); // prettier-ignore
    const response = await ask('/x', { CREDENTIAL: 'bearer', BEARER: 'token' });
    expect(response.status).toBe(expected);
    expect(response.headers.get('location')).toBeNull();
    if (status !== 412 && status !== 429) expect(await response.text()).not.toContain('secret');
    expect(received).toHaveLength(1);
    if ([401, 403].includes(status)) expect(logged.join()).toContain('credential');
  });

  test('is slow, or not there', async () => {
    respond = () => {};
    expect((await ask('/x', { ORIGIN_TIMEOUT_MS: '50' })).status).toBe(504);
    expect((await ask('/x', { ORIGIN: 'http://localhost:1' })).status).toBe(502);
    expect(logged).toEqual(['origin: no response within 50 ms', 'origin: unreachable']);
  });
});
