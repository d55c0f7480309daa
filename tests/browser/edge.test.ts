/**
 * The whole chain: Chromium with web security -> image worker -> file worker -> `serve`, Firestore and Storage. The
 * page is of another origin than the edge, and seals its links itself.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import type { Miniflare } from 'miniflare';
import type { Browser, Page } from 'playwright-core';
import type * as Sealing from 'storage-public-variants-client/seal';
import { launchChromium } from '../../bench/chromium.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { startWorkers, type WorkerLog } from '../../packages/edge/test/workers.js';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { startStack, type Stack } from '../../tools/dev/stack/stack.js';
import { collectProblems } from '../support/page-problems.js';
import { plainJpeg } from '../support/pictures.js';
import { ROOT, testStack } from '../support/stack.js';

const TIMEOUT_MS = 60_000;
/** REVOCATION_SECONDS. */
const BOUND = 4;

declare global {
  interface Window {
    sealing: typeof Sealing;
  }
}

let stack: Stack | undefined;
let context: StackContext;
let workers: Miniflare;
/** URL of the image worker, without a slash at the end. */
let edge: string;
let server: Server;
let browser: Browser;
let page: Page;
const log: WorkerLog = [];
/** What Chromium reports. */
let problems: string[];

beforeAll(async () => {
  const { form, official, sealingKeys } = testStack();
  const parameters = { REVOCATION_SECONDS: String(BOUND) };
  const options = { root: ROOT, form, official, sealingKeys, freePorts: true };
  stack = await startStack({ ...options, parameters });
  context = new StackContext(stack.info);
  const { bucket, serve } = stack.info;
  const image = { BUCKET: bucket, SEALING_KEYS: sealingKeys, RESIZING: 'binding', WIDTHS: '300' };
  workers = startWorkers({ image, file: { ORIGIN: serve } }, log);
  edge = (await workers.ready).origin;

  const { outputFiles } = buildSync({
    entryPoints: [join(ROOT, 'packages', 'client', 'src', 'seal.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'sealing',
    platform: 'browser',
  });
  const script = outputFiles[0]?.text ?? '';
  server = createServer((request, response) => {
    const isScript = request.url === '/seal.js';
    response.writeHead(200, { 'Content-Type': isScript ? 'text/javascript' : 'text/html' });
    const html = '<!doctype html><link rel="icon" href="data:,"><script src="/seal.js"></script>';
    response.end(isScript ? script : html);
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  browser = await launchChromium();
  page = await browser.newPage();
  problems = collectProblems(page);
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
}, 180_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  server?.close();
  await workers?.dispose();
  await context?.close();
  await stack?.stop();
}, 60_000);

async function upload(): Promise<string> {
  const photo = await plainJpeg(1000, 500, '#808000');
  return (await context.upload(await context.user(), photo)).record.token;
}

/** Seals a token in Chromium, with the keys that the edge publishes. */
function sealInPage(token: string, limits: { maxWidth?: number } = {}): Promise<string> {
  return page.evaluate(
    async ([base, sealed]) => {
      const response = await fetch(`${base}/seal-keys.json`);
      const publicKeys = (await response.json()) as Sealing.SealPublicKeys;
      return window.sealing.seal({ ...sealed, publicKeys });
    },
    [edge, { token, ...limits }] as const,
  );
}

/** Puts HTML into the page, and waits until its image is decoded. @returns what is shown */
function show(html: string): Promise<{ width: number; height: number; url: string }> {
  return page.evaluate(async (text) => {
    document.body.innerHTML = text;
    const image = document.querySelector('img') as HTMLImageElement;
    await image.decode();
    const { naturalWidth: width, naturalHeight: height, currentSrc: url } = image;
    return { width, height, url };
  }, html);
}

test(
  'shows pictures by a token, and by links that Chromium has sealed',
  async () => {
    const token = await upload();
    const plain = `${edge}/${token}/w800`;
    expect(await show(`<img src="${plain}" alt="">`)).toEqual({
      ...{ width: 800, height: 400 },
      url: plain,
    });

    const sealed = await sealInPage(token);
    expect(sealed).toMatch(/^sps_[\w-]+$/);
    expect(await sealInPage(token)).not.toBe(sealed);
    const source = `${edge}/${sealed}/w400.webp`;
    const html = `<picture><source type="image/webp" srcset="${source}"><img src="${edge}/${sealed}/w400.jpg" alt=""></picture>`;
    expect(await show(html)).toEqual({ ...{ width: 400, height: 200 }, url: source });

    // Made by the edge: no variant has this width.
    const limited = `${edge}/${await sealInPage(token, { maxWidth: 350 })}?w=2000`;
    const shown = await show(`<img src="${limited}" alt="">`);
    expect(shown).toEqual({ ...{ width: 300, height: 150 }, url: limited });
    expect(problems).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'after the revocation, the same URLs give 404 within the bound',
  async () => {
    // Of an image that nobody has seen, so that all caches are fresh.
    const token = await upload();
    const urls = [`${edge}/${token}/w800`, `${edge}/${await sealInPage(token)}/w400.webp`];
    for (const url of urls) await show(`<img src="${url}" alt="">`);
    await context.firestore.doc(`imageTokens/${hashToken(token)}`).delete();
    // As a page that shows the pictures again and again, with the browser's own cache.
    const times = await page.evaluate(async (all) => {
      const revokedAt = performance.now();
      const ask = async (url: string) => {
        for (let lastOkMs = 0; ;) {
          const startedMs = performance.now() - revokedAt;
          const { status } = await fetch(url);
          if (status === 404) return { lastOkMs, goneMs: performance.now() - revokedAt };
          if (status !== 200) throw new Error(`expected 200 or 404, found ${status}`);
          lastOkMs = startedMs;
        }
      };
      return Promise.all(all.map(ask));
    }, urls);
    const seconds = times.map(({ goneMs }) => (goneMs / 1000).toFixed(1)).join(' and ');
    console.log(`404 in Chromium after ${seconds} s with a bound of ${BOUND} s`);
    for (const { lastOkMs } of times) expect(lastOkMs).toBeLessThanOrEqual(BOUND * 1000);
    for (const url of urls) await expect(show(`<img src="${url}" alt="">`)).rejects.toThrow();
    expect(log.join('')).toBe('');
  },
  TIMEOUT_MS,
);
