/** A page of another origin uses images, manifest and errors of `serve`, in Chromium with web security. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../bench/chromium.js';
import { photo } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;
let servers: Server[];
let browser: Browser;
let page: Page;
let closedOrigin: string;
let base: string;

/** @param headers of each response */
async function serve(headers: Record<string, string> = {}): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/html', ...headers });
    response.end('<!doctype html><link rel="icon" href="data:,">');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  servers = [];
  context = new TestContext();
  const { record } = await context.upload(await context.user(), photo());
  base = `${context.stack.serve}/${record.token}`;
  closedOrigin = await serve();
  browser = await launchChromium();
  page = await browser.newPage();
  await page.goto(await serve());
}, 120_000);

afterAll(async () => {
  await browser?.close();
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  await context.close();
});

interface Init {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** What a script of the page may know of a response. */
const fetchInPage = (url: string, init: Init = {}) =>
  page.evaluate(
    async ([input, options]) => {
      try {
        const response = await fetch(input, options);
        const { length } = await response.text();
        const header = (name: string) => response.headers.get(name);
        return {
          status: response.status,
          length,
          type: header('content-type'),
          etag: header('etag') !== null,
          retryAfter: header('retry-after'),
        };
      } catch (error) {
        return { error: (error as Error).name };
      }
    },
    [url, init] as const,
  );

test('Chromium refuses what has no CORS headers: web security is on', async () => {
  expect(await fetchInPage(closedOrigin)).toEqual({ error: 'TypeError' });
});

test.each<[what: string, path: string, init: Init, expected: object]>([
  ['an image', '/w800.webp', {}, { status: 200, type: 'image/webp', etag: true }],
  ['an exact format by width', '?w=640&f=jpeg', {}, { status: 200, type: 'image/jpeg' }],
  ['a part', '/w800.webp', { headers: { range: 'bytes=0-9' } }, { status: 206, length: 10 }],
  ['the manifest', '', {}, { status: 200, type: 'application/json; charset=utf-8', etag: true }],
  ['a 400', '?w=x', {}, { status: 400, etag: false }],
  ['a 404', '/w801', {}, { status: 404, length: 10 }],
  ['a 405', '/w800', { method: 'POST' }, { status: 405 }],
  ['a 412', '/w800.webp', { headers: { 'if-match': '"x"' } }, { status: 412 }],
  ['a 413', '/w800.webp', { method: 'POST', body: 'x' }, { status: 413 }],
  ['a 416', '/w800.webp', { headers: { range: 'bytes=99999999-' } }, { status: 416 }],
])('a script reads %s', async (_what, path, init, expected) => {
  expect(await fetchInPage(base + path, init)).toMatchObject(expected);
});

test('a script reads the 404 of a token that does not exist', async () => {
  const url = `${context.stack.serve}/unknown/w800`;
  expect(await fetchInPage(url)).toMatchObject({ status: 404, length: 10 });
});

test('a script reads sizes and times of an image', async () => {
  const timing = await page.evaluate(async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const [entry] = performance.getEntriesByName(url) as PerformanceResourceTiming[];
    return { bytes: entry?.encodedBodySize ?? 0, start: entry?.responseStart ?? 0 };
  }, `${base}/w800.jpg`);
  // Both are 0 without Timing-Allow-Origin.
  expect(timing.bytes).toBeGreaterThan(10_000);
  expect(timing.start).toBeGreaterThan(0);
});

test('a canvas that an image was drawn on is readable', async () => {
  const pixel = await page.evaluate(async (url) => {
    const image = new Image();
    image.crossOrigin = 'anonymous';
    image.src = url;
    await image.decode();
    const drawing = new OffscreenCanvas(1, 1).getContext('2d');
    drawing?.drawImage(image, 0, 0);
    return drawing?.getImageData(0, 0, 1, 1).data.length;
  }, `${base}/w800.jpg`);
  expect(pixel).toBe(4);
});
