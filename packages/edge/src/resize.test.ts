/** Which widths are made, and how: with a stand-in for the Images binding and for Cloudflare's `fetch`. */
import { formatSealingKeys } from '../../../functions/src/domain/sealing-keys.js';
import {
  openServeFixture,
  SEALING_KEYS,
  sealFor,
} from '../../../functions/test/serve/serve-fixture.js';
import { openEdge } from '../test/edge-fixture.js';
import type { CloudflareRequestInit, ImagesBinding } from './platform.js';

const KEYS = { SEALING_KEYS: formatSealingKeys(SEALING_KEYS) };
const CALLER_SECRET = 'x'.repeat(32);

/** Makes a text that says what was asked for. */
function fakeImages(type?: string) {
  const asked: string[] = [];
  const images: ImagesBinding = {
    input(stream) {
      let width = 0;
      const transformer: ReturnType<ImagesBinding['input']> = {
        transform: (options) => {
          width = options.width;
          return transformer;
        },
        async output({ format }) {
          const source = new Uint8Array(await new Response(stream).arrayBuffer());
          asked.push(`${source.length} bytes to ${width} ${format}`);
          const headers = { 'content-type': type ?? format };
          return { response: () => new Response(`${width} ${format}`, { headers }) };
        },
      };
      return transformer;
    },
  };
  return { asked, images };
}

function open(type?: string) {
  const { serve, token } = openServeFixture();
  const { asked, images } = fakeImages(type);
  const env = { ...KEYS, RESIZING: 'binding', IMAGES: images, WIDTHS: '320,640,960,1280,1920' };
  return { ...openEdge(serve, env), token, transformations: asked };
}

const bodyOf = async (response: Response) =>
  response.status === 200 ? await response.text() : response.status;

let logged: string[];
beforeEach(() => {
  logged = [];
  jest.spyOn(console, 'error').mockImplementation((line: string) => void logged.push(line));
});
afterEach(() => jest.restoreAllMocks());

// The image has the uncropped variants w800 (WebP, JPEG) and w1600 (WebP), and `thumb`.
test.each([
  ['?w=1', '320 image/webp'],
  ['?w=320', '320 image/webp'],
  ['?w=321', '640 image/webp'],
  ['?w=320&dpr=2&f=webp', '640 image/webp'],
  ['?w=641', 'w800'],
  ['?w=800', 'w800'],
  ['?w=801', '960 image/webp'],
  ['?w=1281', 'w1600'],
  ['?w=100000', 'w1600'],
])(
  '%s: the next width that is made, or a variant that is at least as narrow',
  async (query, expected) => {
    const { get, token, transformations } = open();
    const response = await get(`/${token}${query}`);
    if (expected.startsWith('w')) {
      expect(response.headers.get('content-disposition')).toContain(expected);
      expect(transformations).toEqual([]);
    } else {
      expect(await response.text()).toBe(expected);
      // Always from the widest.
      expect(transformations).toEqual([`614400 bytes to ${expected}`]);
    }
  },
);

test('makes a width once, and answers conditional and range requests for it', async () => {
  const { get, token, transformations, asked } = open();
  const first = await get(`/${token}?w=300`);
  const etag = first.headers.get('etag') ?? '';
  expect(first.headers.get('content-type')).toBe('image/webp');
  expect(first.headers.get('content-length')).toBe(String((await first.text()).length));
  const again = await get(`/${token}?w=300`, { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
  const part = await get(`/${token}?w=300`, { headers: { range: 'bytes=0-2' } });
  expect([part.status, await part.text()]).toEqual([206, '320']);
  expect(transformations).toHaveLength(1);
  expect(asked).toHaveLength(2);
});

test.each([
  [{ maxWidth: 700 }, '?w=2000', '640 image/webp'],
  [{ maxWidth: 1000 }, '?w=2000', '960 image/webp'],
  [{ maxWidth: 800 }, '?w=2000', 'w800'],
  [{ maxWidth: 319 }, '?w=100', 'thumb.webp'],
  [{ maxWidth: 199 }, '?w=100', 404],
  [{ variants: ['w800'] }, '?w=2000', 'w800'],
  [{ variants: ['w800'] }, '?w=300', '320 image/jpeg'],
  [{ variants: ['none'] }, '?w=300', 404],
])('a sealed link with %j is never wider: %s', async (limits, query, expected) => {
  const { get, token } = open();
  const response = await get(`/${sealFor(token, limits)}${query}`);
  const [, name] = /filename="(w\d+)/.exec(response.headers.get('content-disposition') ?? '') ?? [];
  expect(name ?? (await bodyOf(response))).toBe(expected);
});

test('named variants are not resized', async () => {
  const { get, token, transformations } = open();
  expect(await bodyOf(await get(`/${token}/w800.webp`))).toBe('w800.webp');
  expect(transformations).toEqual([]);
});

test('503 when resizing fails or makes another format: never the source', async () => {
  const other = open('image/jpeg');
  expect((await other.get(`/${other.token}?w=300`)).status).toBe(503);
  expect(logged.join()).toContain('expected webp, found status 200, image/jpeg');
  const { serve, token } = openServeFixture();
  const images = { input: () => { throw new Error(token); } }; // prettier-ignore
  const broken = openEdge(serve, { RESIZING: 'binding', IMAGES: images });
  const response = await broken.get(`/${token}?w=300`);
  expect([response.status, response.headers.get('cache-control')]).toEqual([503, 'no-store']);
  expect(logged.join()).not.toContain(token);
});

describe('with cf.image', () => {
  function openFetch(respond: () => Response | Promise<Response>) {
    const { serve, token } = openServeFixture();
    const calls: [url: string, init: CloudflareRequestInit][] = [];
    jest.spyOn(globalThis, 'fetch').mockImplementation((url, init) => {
      calls.push([url as string, init as CloudflareRequestInit]);
      return Promise.resolve(respond());
    });
    const env = { RESIZING: 'cf.image', FILES_URL: 'https://files.example', CALLER_SECRET };
    return { ...openEdge(serve, { ...env, WIDTHS: '320' }), token, calls };
  }
  const resized = (headers: Record<string, string>, status = 200) =>
    new Response('resized', { status, headers: { 'content-type': 'image/webp', ...headers } });

  test('asks for the public file worker with its secret, for this generation', async () => {
    const { get, token, calls } = openFetch(() => resized({ 'cf-resized': 'internal=ok/m q=0' }));
    expect(await bodyOf(await get(`/${token}?w=300`))).toBe('resized');
    expect(await bodyOf(await get(`/${token}?w=300`))).toBe('resized');
    const [[url = '', init] = []] = calls;
    expect(calls).toHaveLength(1);
    expect(url).toMatch(new RegExp(`^https://files.example/${token}/w1600.webp\\?if-match=%22`));
    expect(init?.headers).toEqual({ authorization: `Bearer ${CALLER_SECRET}` });
    expect(init?.cf?.image).toEqual({
      width: 320,
      fit: 'scale-down',
      format: 'webp',
      metadata: 'none',
      'origin-auth': 'share-publicly',
    });
  });

  test.each([
    ['was not resized', () => resized({})],
    ['failed', () => resized({ 'cf-resized': 'err=9402' })],
    ['failed without a code', () => resized({ 'cf-resized': 'err=' }, 500)],
    ['is gone from the origin', () => resized({ 'cf-resized': 'err=9408' }, 403)],
    ['did not arrive', () => Promise.reject(new TypeError('fetch failed'))],
  ])('503 when the image %s: never the source', async (_what, respond) => {
    const { get, token } = openFetch(respond);
    const response = await get(`/${token}?w=300`);
    expect([response.status, await response.text()]).toEqual([503, expect.not.stringContaining('resized')]); // prettier-ignore
  });
});

test.each([
  [{ RESIZING: 'binding' }, 'IMAGES'],
  [{ RESIZING: 'cf.image', CALLER_SECRET }, 'FILES_URL'],
  [
    { RESIZING: 'cf.image', FILES_URL: 'https://files.example', CALLER_SECRET: 'short' },
    'CALLER_SECRET',
  ],
  [{ RESIZING: 'binding', IMAGES: fakeImages().images, WIDTHS: '640,320' }, 'WIDTHS'],
  [{ RESIZING: 'binding', IMAGES: fakeImages().images, WIDTHS: '0,x' }, 'WIDTHS'],
  [{ ORIGIN_TIMEOUT_MS: 'soon' }, 'ORIGIN_TIMEOUT_MS'],
])('names the setting that is wrong: %j', async (env, name) => {
  const { serve, token } = openServeFixture();
  expect((await openEdge(serve, env).get(`/${token}`)).status).toBe(503);
  expect(logged).toEqual([expect.stringContaining(`${name}: expected`)]);
  expect(logged.join()).not.toContain('short');
});
