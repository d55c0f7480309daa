import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32c } from './crc32c.js';
import { openStorageApi, StorageError } from './storage-api.js';

interface Received {
  method: string | undefined;
  url: string | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}
/** What the server answers, in this order; the last one again and again. */
type Answer = { status?: number; headers?: Record<string, string>; body?: string } | 'hang up';

const servers: Server[] = [];
afterEach(() => servers.splice(0).forEach((server) => server.close()));

async function open(...answers: Answer[]) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      const { method, url, headers } = request;
      received.push({ method, url, headers, body: Buffer.concat(chunks as Buffer[]).toString() });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === undefined || answer === 'hang up') return void request.socket.destroy();
      // A kept connection would keep the server.
      response.writeHead(answer.status ?? 200, { connection: 'close', ...answer.headers });
      response.end(answer.body ?? '');
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const delays: number[] = [];
  const api = openStorageApi({
    emulator: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorize: () => Promise.reject(new Error('expected no authorization of an emulator')),
    sleep: (ms) => Promise.resolve(delays.push(ms)),
    random: () => 0.5,
  });
  return { api, received, delays };
}

test('reads the bytes of a generation as they are stored', async () => {
  const bytes = Buffer.from('cat');
  const headers = { 'x-goog-hash': `crc32c=${crc32c(bytes)},md5=any` };
  const { api, received } = await open({ headers, body: 'cat' });
  expect((await api.read('b', 'originals/a b', '7')).toString()).toBe('cat');
  expect(received).toMatchObject([
    {
      method: 'GET',
      url: '/b/b/o/originals%2Fa%20b?alt=media&generation=7',
      headers: { 'accept-encoding': 'gzip', authorization: 'Bearer owner' },
    },
  ]);
});

test('reads again what arrives damaged, and gives up after four times', async () => {
  const headers = { 'x-goog-hash': `crc32c=${crc32c(Buffer.from('cat'))}` };
  const once = await open({ headers, body: 'cut' }, { headers, body: 'cat' });
  expect((await once.api.read('b', 'o', '1')).toString()).toBe('cat');
  const { api, received, delays } = await open({ headers, body: 'cut' });
  await expect(api.read('b', 'o', '1')).rejects.toThrow(
    'Cloud Storage: expected a 2xx status, found wrong checksum',
  );
  expect(received).toHaveLength(4);
  expect(delays).toEqual([1000, 2000, 4000]);
});

test.each<[string, Answer]>([
  ['an overloaded service', { status: 503 }],
  ['too many requests', { status: 429 }],
  ['a broken connection', 'hang up'],
])('retries after %s', async (_name, answer) => {
  const { api, received } = await open(answer, { body: '{"name":"o","generation":"1"}' });
  await expect(api.get('b', 'o')).resolves.toMatchObject({ generation: '1' });
  expect(received).toHaveLength(2);
});

test.each([400, 403, 404, 412])(
  'a status %i is final, and its message has no names',
  async (code) => {
    const { api, received } = await open({ status: code, body: '{"error":"originals/1/2"}' });
    const error = await api.delete('b', 'originals/1/2', '1').catch((e: unknown) => e);
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({
      code,
      message: `Cloud Storage: expected a 2xx status, found ${code}`,
    });
    expect(received).toHaveLength(1);
    expect(received[0]?.url).toBe('/b/b/o/originals%2F1%2F2?ifGenerationMatch=1');
  },
);

test('writes an object with its checksum in one request', async () => {
  const { api, received } = await open({ body: '{}' });
  const data = Buffer.from('--rendition--\r\n\0');
  const metadata = { contentType: 'image/webp', cacheControl: 'private, no-store' };
  await api.write('b', 'variants/x', data, metadata);
  const [request] = received as [Received];
  expect(request.url).toBe('/upload/storage/v1/b/b/o?uploadType=multipart');
  const [, boundary] = /^multipart\/related; boundary=(.+)$/.exec(
    request.headers['content-type'] ?? '',
  ) as unknown as [string, string];
  const resource = { ...metadata, name: 'variants/x', crc32c: crc32c(data) };
  expect(request.body).toBe(
    `--${boundary}\r\ncontent-type: application/json\r\n\r\n${JSON.stringify(resource)}\r\n` +
      `--${boundary}\r\ncontent-type: image/webp\r\n\r\n${data.toString()}\r\n--${boundary}--`,
  );
});

test('sets and removes custom metadata of a generation', async () => {
  const { api, received } = await open({ body: '{}' });
  await api.patch('b', 'o', '3', { token: null });
  expect(received).toMatchObject([
    { method: 'PATCH', url: '/b/b/o/o?generation=3', body: '{"metadata":{"token":null}}' },
  ]);
});

test('copies with a precondition, in as many requests as Cloud Storage wants', async () => {
  const resource = { name: 'b c', generation: '9' };
  const { api, received } = await open(
    { body: JSON.stringify({ done: false, rewriteToken: 't/1' }) },
    { body: JSON.stringify({ done: true, resource }) },
  );
  const metadata = { contentType: 'image/png', metadata: { copyOfGeneration: '7' } };
  const copy = api.rewrite(
    { bucket: 'old', name: 'a/b', generation: '7' },
    { bucket: 'new', name: 'b c' },
    '0',
    metadata,
  );
  await expect(copy).resolves.toEqual(resource);
  const path = '/b/old/o/a%2Fb/rewriteTo/b/new/o/b%20c?sourceGeneration=7&ifGenerationMatch=0';
  expect(received.map(({ method, url }) => [method, url])).toEqual([
    ['POST', path],
    ['POST', `${path}&rewriteToken=t%2F1`],
  ]);
  expect(received.map(({ body }) => JSON.parse(body) as unknown)).toEqual([metadata, metadata]);
});

test('reads the settings of a bucket', async () => {
  const { api, received } = await open({ body: '{"versioning":{"enabled":true}}' });
  await expect(api.getBucket('a b')).resolves.toEqual({ versioning: { enabled: true } });
  expect(received).toMatchObject([{ method: 'GET', url: '/b/a%20b' }]);
});
