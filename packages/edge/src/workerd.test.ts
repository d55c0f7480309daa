/** The chain client -> image worker -> file worker -> `serve`, both Workers in Cloudflare's runtime. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import pLimit from 'p-limit';
import sharp from 'sharp';
import { formatSealingKeys } from '../../../functions/src/domain/sealing-keys.js';
import { mintToken } from '../../../functions/src/domain/token.js';
import { handleHttp } from '../../../functions/src/serve/http.js';
import type { SealVectors } from '../../../functions/test/domain/seal-vectors.js';
import {
  openServeFixture,
  SEALING_KEYS,
  sealFor,
} from '../../../functions/test/serve/serve-fixture.js';
import { eventually } from '../../../tests/support/eventually.js';
import { startWorkers, type WorkerLog } from '../test/workers.js';

const VECTORS = join(__dirname, '..', '..', '..', 'tests', 'fixtures', 'seal', 'vectors.json');
const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as SealVectors;
/** Seconds; small, so that its end can be waited for. */
const BOUND = 4;

let fixture: ReturnType<typeof openServeFixture>;
let workers: Miniflare;
let base: URL;
const log: WorkerLog = [];
/** Requests at the origin. */
let asked: Pick<IncomingMessage, 'url' | 'headers'>[] = [];
/** Instead of `serve`. */
let respond: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;

const server = createServer((request, response) => {
  const { url, headers } = request;
  asked.push({ url, headers });
  if (respond) respond(request, response);
  else void handleHttp(request, response, fixture.serve);
});

/** @param revocationSeconds of this `serve` */
async function openImage(revocationSeconds = BOUND) {
  const opened = openServeFixture({ config: { revocationSeconds, bucket: 'bucket' } });
  const photo = sharp({
    create: { width: 1600, height: 1200, channels: 3, background: '#808000' },
  });
  const webp = opened.put('photo.webp', await photo.webp().toBuffer());
  Object.assign(opened.image.renditions, { w1600: { width: 1600, height: 1200, webp } });
  // The times of this machine: the Workers have no others.
  Object.defineProperty(opened.time, 'now', { get: () => Date.now() });
  Object.defineProperty(opened.time, 'clock', { get: () => performance.now() });
  return opened;
}

beforeAll(async () => {
  fixture = await openImage();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  workers = startWorkers(
    {
      image: {
        BUCKET: 'bucket',
        SEALING_KEYS: formatSealingKeys(SEALING_KEYS),
        RESIZING: 'binding',
        WIDTHS: '320,640',
        ORIGIN_TIMEOUT_MS: '400',
      },
      file: { ORIGIN: `http://127.0.0.1:${port}/i`, CREDENTIAL: 'bearer', BEARER: 'the-secret' },
    },
    log,
  );
  base = await workers.ready;
}, 60_000);

beforeEach(async () => {
  fixture = await openImage();
  [asked, respond] = [[], undefined];
});

afterAll(async () => {
  await workers.dispose();
  server.closeAllConnections();
  server.close();
  expect(log.join('')).not.toMatch(/sp[sv]_\w{20}|the-secret/);
});

/** The local server compresses text, if it may. */
async function view(path: string, { headers = {}, ...init }: RequestInit = {}): Promise<Response> {
  const sent = { 'accept-encoding': 'identity', ...(headers as Record<string, string>) };
  const send = () => fetch(new URL(path, base), { headers: sent, ...init });
  // A kept connection may have ended while this process was busy.
  return await send().catch(send);
}

test('views with a token and with a sealed one, from the caches the second time', async () => {
  const { token } = fixture;
  for (const text of [token, sealFor(token), sealFor(token)]) {
    const response = await view(`/${text}/w800.webp`);
    expect([response.status, await response.text()]).toEqual([200, 'w800.webp']);
    expect(response.headers.get('content-disposition')).toBe('inline; filename="w800.webp"');
    // `serve` has counted the time since its read.
    expect(response.headers.get('cache-control')).toMatch(
      /^private, max-age=[12], must-revalidate$/,
    );
  }
  expect(asked.map(({ url }) => url)).toEqual([`/i/${token}`, `/i/${token}/w800.webp`]);
  expect(asked[0]?.headers.authorization).toBe('Bearer the-secret');
});

test('answers conditional requests, ranges and HEAD', async () => {
  const path = `/${fixture.token}/w1600.webp`;
  const etag = (await view(path)).headers.get('etag') ?? '';
  expect((await view(path, { headers: { 'if-none-match': etag } })).status).toBe(304);
  const part = await view(path, { headers: { range: 'bytes=0-3' } });
  expect([part.status, await part.text()]).toEqual([206, 'RIFF']);
  const head = await view(path, { method: 'HEAD' });
  expect([head.status, head.headers.get('content-length')]).toEqual([200, String(fixture.image.renditions.w1600.webp.bytes)]); // prettier-ignore
});

test('resizes with the Images binding, once', async () => {
  for (const query of ['?w=300&f=webp', '?w=160&dpr=2']) {
    const response = await view(`/${fixture.token}${query}`, { headers: { accept: 'image/webp' } });
    const { width, height, format } = await sharp(await response.arrayBuffer()).metadata();
    expect([width, height, format]).toEqual([320, 240, 'webp']);
  }
  // The right; and the bytes, unless another test has read the same.
  expect(asked.length).toBeLessThanOrEqual(2);
});

test('404s are the same, byte for byte, as those of `serve`', async () => {
  const { token } = fixture;
  const shown = async (response: Response) => {
    const headers = Object.fromEntries(response.headers);
    for (const name of ['date', 'connection', 'keep-alive', 'transfer-encoding'])
      delete headers[name];
    return { status: response.status, headers, body: await response.text() };
  };
  const { port } = server.address() as AddressInfo;
  const expected = await shown(await fetch(`http://127.0.0.1:${port}/unknown`));
  const texts = ['unknown', mintToken(), sealFor(mintToken()), sealFor(token, { variants: ['x'] })];
  for (const text of texts) expect(await shown(await view(`/${text}/w800`))).toEqual(expected);
  const via = { headers: { via: '1.1 image-resizing' } };
  expect(await shown(await view(`/${token}/w800`, via))).toEqual(expected);
});

test('junk reaches no origin', async () => {
  const junk = Array.from({ length: 20 }, (_, at) => `${sealFor(fixture.token).slice(0, -3)}${String(at).padStart(3, '0')}`); // prettier-ignore
  const paths = [...junk, 'x'.repeat(3000), '%00', '..%2f..', `${fixture.token.slice(0, -1)}_`];
  for (const path of paths) expect((await view(`/${path}/w800`)).status).toBe(404);
  expect(asked).toEqual([]);
});

test('a revoked token and its sealed links end within the bound', async () => {
  const { token, backend } = fixture;
  const paths = [`/${token}/w800.webp`, `/${sealFor(token)}/w800.webp`];
  for (const path of paths) expect((await view(path)).status).toBe(200);
  const revokedAt = performance.now();
  backend.tokens.clear();
  await Promise.all(
    paths.map((path) =>
      eventually(
        async () => {
          const sentAt = performance.now();
          const { status } = await view(path);
          // Whatever is sent later than the bound is refused.
          if (status === 200) expect(sentAt - revokedAt).toBeLessThan(BOUND * 1000);
          return status;
        },
        (status) => expect(status).toBe(404),
      ),
    ),
  );
}, 30_000);

test('10,000 views with 1,000 sealed links of an image need at most two requests to the origin', async () => {
  fixture = await openImage(600);
  const { token } = fixture;
  const links = Array.from({ length: 1_000 }, () => sealFor(token));
  expect((await view(`/${links[0]}/w800.webp`)).status).toBe(200);
  const limit = pLimit(20);
  const paths = Array.from({ length: 10_000 }, (_, at) => `/${links[at % 1_000]}/w800.webp`);
  const statuses = await Promise.all(
    paths.map((path) =>
      limit(async () => {
        const response = await view(path);
        await response.arrayBuffer();
        return response.status;
      }),
    ),
  );
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  // The bytes may be there since another test, whose image has the same.
  const [right, ...bytes] = asked.map(({ url }) => url);
  expect([right, bytes.length <= 1]).toEqual([`/i/${token}`, true]);
}, 300_000);

test('while the origin is down or slow: 503, and nothing stale', async () => {
  const path = `/${fixture.token}/w800.webp`;
  expect((await view(path)).status).toBe(200);
  respond = (request) => request.socket.destroy();
  await eventually(
    async () => (await view(path)).status,
    (status) => expect(status).toBe(503),
  );
  respond = () => {};
  const slow = await view(path);
  expect([slow.status, slow.headers.get('cache-control')]).toEqual([503, 'no-store']);
  respond = undefined;
  expect((await view(path)).status).toBe(200);
}, 30_000);

test('a loop ends', async () => {
  respond = (request, response) => {
    void view(request.url ?? '', { headers: { via: request.headers.via ?? '' } }).then((inner) =>
      response.writeHead(inner.status).end(),
    );
  };
  expect((await view(`/${fixture.token}/w800`)).status).toBe(503);
  expect(asked).toHaveLength(1);
});

test('opens and refuses the same vectors as all implementations', async () => {
  const { port } = server.address() as AddressInfo;
  const { audience, sealingKeys } = vectors;
  await workers.dispose();
  workers = startWorkers(
    {
      image: { BUCKET: audience, SEALING_KEYS: sealingKeys },
      file: { ORIGIN: `http://127.0.0.1:${port}/i` },
    },
    log,
  );
  base = await workers.ready;
  for (const { sealed, grant } of vectors.valid) {
    asked = [];
    await view(`/${sealed}`);
    const isOver = (grant.notAfter ?? Infinity) * 1000 <= Date.now();
    expect(asked.map(({ url }) => url)).toEqual(isOver ? [] : [`/i/${grant.token}`]);
  }
  asked = [];
  for (const { sealed } of vectors.invalid.filter((each) => each.sealed.startsWith('sps_'))) {
    // Encoded: a URL has no line breaks.
    expect((await view(`/${encodeURIComponent(sealed)}`)).status).toBe(404);
  }
  expect(asked).toEqual([]);
}, 30_000);

test('rations the openings of sealed links of each client', async () => {
  const { port } = server.address() as AddressInfo;
  const image = { BUCKET: 'bucket', SEALING_KEYS: formatSealingKeys(SEALING_KEYS) };
  await workers.dispose();
  const limit = 3;
  const file = { ORIGIN: `http://127.0.0.1:${port}/i` };
  workers = startWorkers({ image, file, sealLimit: limit }, log);
  base = await workers.ready;
  const { token } = fixture;
  const statusFor = async (client: string) => {
    const path = `/${sealFor(token)}/w800.webp`;
    return (await view(path, { headers: { 'cf-connecting-ip': client } })).status;
  };
  // More than twice the limit: a new minute may begin in between.
  const statuses = [];
  for (let count = 0; count <= 2 * limit; count++) statuses.push(await statusFor('2001:db8::1'));
  expect(statuses.slice(0, limit)).toEqual([200, 200, 200]);
  expect(statuses).toContain(429);
  expect(await statusFor('2001:db8:0:1::1')).toBe(200);
}, 30_000);
