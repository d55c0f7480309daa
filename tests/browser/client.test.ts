/** The client package in Chromium, with the full web SDK and with the lite one, on the local stack. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { SealPublicKeys } from 'storage-public-variants-client/seal';
import { launchChromium } from '../../bench/chromium.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { photo, plainJpeg } from '../support/pictures.js';
import { run } from '../support/run.js';
import { ROOT, TestContext } from '../support/stack.js';
// For `window.client`.
import type {} from './client/app.js';

const TIMEOUT_MS = 60_000;
const HEIC = readFileSync(join(ROOT, 'tests/fixtures/heic/phone.heic'));
const DAMAGED = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('no further')]);

let folder: string;
let server: Server;
let stackContext: TestContext;
let browser: Browser;
let context: BrowserContext;
let page: Page;
let uid: string;
const problems: string[] = [];

beforeAll(async () => {
  stackContext = new TestContext();
  mkdirSync(join(ROOT, '.local'), { recursive: true });
  // Inside the repository, so that Vite finds the packages.
  folder = mkdtempSync(join(ROOT, '.local', 'client-app-'));
  cpSync(join(__dirname, 'client'), folder, { recursive: true });
  writeFileSync(
    join(folder, 'index.html'),
    `<!doctype html><link rel="icon" href="data:,"><input type="file" multiple><main></main>
<script>window.stack = ${JSON.stringify(stackContext.stack)}</script><script type="module" src="/app.ts"></script>`,
  );
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  await run(process.execPath, [vite, 'build', folder, '--logLevel', 'warn']);
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    try {
      const body = readFileSync(join(folder, 'dist', pathname === '/' ? 'index.html' : pathname));
      const type = pathname.endsWith('.js') ? 'text/javascript' : 'text/html';
      response.writeHead(200, { 'Content-Type': type }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  browser = await launchChromium();
  context = await browser.newContext();
  page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
  uid = await page.evaluate(() => window.client.signIn());
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  rmSync(folder, { recursive: true, force: true });
  await stackContext?.close();
});

afterEach(() => {
  expect(problems).toEqual([]);
});

interface ChosenFile {
  name: string;
  mimeType: string;
  buffer: Buffer;
}
const choose = (...files: ChosenFile[]) => page.locator('input').setInputFiles(files);
const jpeg = (buffer: Buffer, name = 'photo.jpg') => ({ name, mimeType: 'image/jpeg', buffer });
const exists = async (id: string) =>
  (await stackContext.bucket.file(`originals/${uid}/${id}`).exists())[0];

/** Uploads what is chosen and waits. @returns the image's id */
async function uploadChosen(): Promise<string> {
  return page.evaluate(async () => {
    const [file] = window.client.files();
    if (!file) throw new Error('expected a file, found none');
    return (await window.client.images.upload(file).ready).id;
  });
}

test(
  'uploads with progress, preview and placeholder, until the photo can be shown',
  async () => {
    await choose(jpeg(photo()));
    const result = await page.evaluate(async () => {
      const { images, files, placeholderUrl } = window.client;
      const [file] = files();
      if (!file) throw new Error('expected a file, found none');
      const upload = images.upload(file);
      const seen = { states: new Set<string>(), previews: new Set<string>(), progress: [0] };
      upload.subscribe(() => {
        seen.states.add(upload.state);
        seen.previews.add((upload.preview ?? 'none').slice(0, 5));
        seen.progress.push(upload.progress);
      });
      const image = await upload.ready;
      const thumbhash = image.placeholder?.thumbhash ?? '';
      const box = document.createElement('div');
      box.innerHTML = images.pictureHtml(image, { alt: 'Photo' }) ?? '';
      const img = box.querySelector('img');
      if (img) img.loading = 'eager';
      document.body.append(box);
      await img?.decode();
      const blurred = new Image();
      blurred.src = placeholderUrl(thumbhash);
      await blurred.decode();
      return {
        states: [...seen.states],
        previews: [...seen.previews].sort(),
        isAscending: seen.progress.every(
          (value, i) => i === 0 || value >= (seen.progress[i - 1] ?? 0),
        ),
        steps: new Set(seen.progress).size,
        srcset: img?.srcset.split(' ').filter((part) => part.endsWith('w') || part.endsWith('w,'))
          .length,
        naturalWidth: img?.naturalWidth,
        blurred: [blurred.naturalWidth, blurred.naturalHeight],
        previewAtEnd: upload.preview,
      };
    });
    expect(result).toMatchObject({
      states: ['uploading', 'processing', 'ready'],
      previews: ['blob:', 'none'],
      isAscending: true,
      srcset: 3,
      previewAtEnd: undefined,
    });
    expect(result.steps).toBeGreaterThan(2);
    expect(result.naturalWidth).toBeGreaterThan(0);
    expect(Math.max(...result.blurred)).toBe(16);
  },
  TIMEOUT_MS,
);

test.each([
  ['IMG_1.HEIC', ''],
  ['img.heic', 'image/heic'],
  ['photo.jpg', 'image/jpeg'],
])(
  'HEIC named %s with the type %j becomes ready without a preview',
  async (name, mimeType) => {
    await choose({ name, mimeType, buffer: HEIC });
    const { preview, contentType } = await page.evaluate(async (type) => {
      const [chosen] = window.client.files();
      if (!chosen) throw new Error('expected a file, found none');
      // Playwright would derive a type from the name.
      const file = new File([chosen], chosen.name, { type });
      const upload = window.client.images.upload(file);
      const previews = new Set<unknown>();
      upload.subscribe(() => previews.add(upload.preview));
      const { original } = await upload.ready;
      return { preview: [...previews], contentType: original.contentType };
    }, mimeType);
    expect([preview, contentType]).toEqual([[undefined], 'image/heic']);
  },
  TIMEOUT_MS,
);

test.each(['uploading', 'processing'])(
  'canceled while %s, nothing is left',
  async (when) => {
    await choose(jpeg(photo()));
    const { id, code } = await page.evaluate(async (state) => {
      const [file] = window.client.files();
      if (!file) throw new Error('expected a file, found none');
      const upload = window.client.images.upload(file);
      upload.subscribe(() => {
        if (upload.state === state) upload.cancel();
      });
      const error: unknown = await upload.ready.catch((reason: unknown) => reason);
      return { id: upload.id, code: (error as { code?: string }).code };
    }, when);
    expect(code).toBe('canceled');
    await eventually(
      async () => [
        await exists(id),
        (await stackContext.firestore.doc(`users/${uid}/images/${id}`).get()).exists,
      ],
      (left) => expect(left).toEqual([false, false]),
    );
  },
  TIMEOUT_MS,
);

test(
  'without a connection an upload fails, and succeeds when it is tried again',
  async () => {
    // A page that has not uploaded yet: what an upload needs must have been loaded.
    await page.reload();
    uid = await page.evaluate(() => window.client.signIn());
    await page.waitForLoadState('networkidle');
    await choose(jpeg(await plainJpeg(600, 400, '#204060')));
    await context.setOffline(true);
    const failed = await page.evaluate(async () => {
      const [file] = window.client.files();
      if (!file) throw new Error('expected a file, found none');
      const upload = (window.client.uploads['offline'] = window.client.images.upload(file));
      const messages = new Set<unknown>();
      upload.subscribe(() => messages.add(upload.message));
      await upload.ready.catch(() => {});
      const { state, error } = upload;
      return { state, code: error?.code, retryable: error?.retryable, messages: [...messages] };
    });
    await context.setOffline(false);
    expect(failed).toEqual({
      state: 'failed',
      code: 'offline',
      retryable: true,
      messages: expect.arrayContaining(['Waiting for a connection…', 'No connection.']) as unknown,
    });
    const again = await page.evaluate(async () => {
      const upload = window.client.uploads['offline'];
      return [upload?.id === (await upload?.retry())?.id, upload?.state];
    });
    expect(again).toEqual([true, 'ready']);
  },
  TIMEOUT_MS,
);

test(
  'ten photos at once become ready, and watchAll lists them',
  async () => {
    await page.evaluate(() => window.client.signIn());
    const files = Array.from({ length: 10 }, async (_, i) =>
      jpeg(await plainJpeg(300 + i, 200, '#407040'), `${i}.jpg`),
    );
    await choose(...(await Promise.all(files)));
    const { listed, uploaded } = await page.evaluate(async () => {
      const { images, files } = window.client;
      const latest: { ids: string[] } = { ids: [] };
      const stop = images.watchAll((list) => {
        latest.ids = list.filter(({ state }) => state === 'ready').map(({ id }) => id);
      });
      const ready = await Promise.all(files().map((file) => images.upload(file).ready));
      while (latest.ids.length < 10) await new Promise((resolve) => setTimeout(resolve, 50));
      stop();
      return { listed: latest.ids.sort(), uploaded: ready.map(({ id }) => id).sort() };
    });
    expect(listed).toEqual(uploaded);
  },
  TIMEOUT_MS,
);

test(
  'a photo that cannot be processed fails with the sentence of the functions',
  async () => {
    await choose(jpeg(DAMAGED));
    const error = await page.evaluate(async () => {
      const [file] = window.client.files();
      if (!file) throw new Error('expected a file, found none');
      const upload = window.client.images.upload(file);
      await upload.ready.catch(() => {});
      return { code: upload.error?.code, message: upload.message, cause: upload.error?.cause };
    });
    expect(error).toMatchObject({ code: 'failed', cause: { code: 'damaged-image' } });
    expect(error.message).toContain('damaged or incomplete');
  },
  TIMEOUT_MS,
);

test(
  'shares, changes and revokes a link; rotates the token; removes the photo',
  async () => {
    uid = await page.evaluate(() => window.client.signIn());
    await choose(jpeg(await plainJpeg(900, 600, '#702040')));
    const id = await uploadChosen();
    const first = await page.evaluate(async (imageId) => {
      const { images } = window.client;
      const image = await images.waitFor(imageId);
      const request = { imageId, expiresIn: 3600, label: 'Anna', variants: ['w800'] };
      const share = await images.shares.create(request);
      const url = (variant: string) => images.url({ token: share.token ?? '' }, variant);
      return {
        share: share.id,
        w800: url('w800'),
        w400: url('w400'),
        main: images.url(image, 'w800'),
      };
    }, id);
    expect(await statusOf(first.w800)).toBe(200);
    expect(await statusOf(first.w400)).toBe(404);
    const listed = await page.evaluate(
      (imageId) =>
        new Promise((resolve) => {
          const stop = window.client.images.shares.watch(
            (shares) => {
              if (shares.length === 0) return;
              resolve(
                shares.map(({ label, state, deadBy }) => [label, state, deadBy !== undefined]),
              );
              setTimeout(() => stop());
            },
            { imageId },
          );
        }),
      id,
    );
    expect(listed).toEqual([['Anna', 'active', true]]);
    const isDead = await page.evaluate(async (shareId) => {
      const { shares } = window.client.images;
      await shares.update(shareId, { variants: null });
      const { deadBy } = await shares.revoke(shareId);
      return (deadBy?.getTime() ?? Infinity) <= Date.now() + 1_000;
    }, first.share);
    expect(isDead).toBe(true);
    await eventually(
      () => statusOf(first.w800),
      (status) => expect(status).toBe(404),
    );
    expect(await statusOf(first.main)).toBe(200);
    const rotated = await page.evaluate(async (imageId) => {
      const { images } = window.client;
      const { token } = await images.rotateToken(await images.waitFor(imageId));
      return images.url({ token }, 'w800');
    }, id);
    await eventually(
      () => statusOf(first.main),
      (status) => expect(status).toBe(404),
    );
    expect(await statusOf(rotated)).toBe(200);
    await page.evaluate(async (imageId) => {
      const { images } = window.client;
      const gone = new Promise<void>((resolve) => {
        images.watch(imageId, (image) => image ?? resolve());
      });
      await images.remove(imageId);
      await gone;
    }, id);
    await eventually(
      () => statusOf(rotated),
      (status) => expect(status).toBe(404),
    );
  },
  TIMEOUT_MS,
);

test(
  'with the lite SDK: uploads, lists, removes',
  async () => {
    await page.evaluate(() => window.client.signIn());
    await choose(jpeg(await plainJpeg(500, 300, '#336699')));
    const lengths = await page.evaluate(async () => {
      const { lite, files } = window.client;
      const [file] = files();
      if (!file) throw new Error('expected a file, found none');
      const seen: number[] = [];
      let wake = () => {};
      const reach = async (length: number) => {
        while (seen.at(-1) !== length) await new Promise<void>((resolve) => (wake = resolve));
      };
      const stop = lite.watchAll((list) => {
        seen.push(list.filter(({ state }) => state === 'ready').length);
        wake();
      });
      await reach(0);
      const { id } = await lite.upload(file).ready;
      await reach(1);
      await lite.remove(id);
      await reach(0);
      stop();
      return [...new Set(seen)];
    });
    expect(lengths).toEqual([0, 1]);
  },
  TIMEOUT_MS,
);

describe('<public-image>', () => {
  let url: string;
  beforeAll(async () => {
    await choose(jpeg(await plainJpeg(900, 600, '#999933')));
    const id = await uploadChosen();
    url = await page.evaluate(async (imageId) => {
      const { images } = window.client;
      return images.url(await images.waitFor(imageId), 'w800').replace('/w800', '');
    }, id);
  }, TIMEOUT_MS);

  test(
    'shows the photo with one request for the manifest, and reserves its space',
    async () => {
      const requests: string[] = [];
      page.on('request', (request) => requests.push(request.url()));
      const box = await page.evaluate(async (src) => {
        document.body.innerHTML = '<div id="box"></div>';
        const box = document.querySelector('#box');
        if (!box) throw new Error('expected a box');
        box.innerHTML = `<public-image src="${src}" alt="A photo" sizes="50vw" width="300" height="200">Loading</public-image>`;
        const element = box.querySelector('public-image');
        if (!element) throw new Error('expected an element');
        // After the microtask, before anything is painted.
        await Promise.resolve();
        const heights = [element.getBoundingClientRect().height];
        const text = element.textContent;
        await new Promise<void>((resolve) => {
          new MutationObserver(() => element.dataset['state'] === 'ready' && resolve()).observe(
            element,
            { attributes: true },
          );
        });
        heights.push(element.getBoundingClientRect().height);
        const img = element.querySelector('img');
        img?.scrollIntoView();
        await img?.decode();
        heights.push(element.getBoundingClientRect().height);
        return { heights, text, alt: img?.alt, sources: element.querySelectorAll('source').length };
      }, url);
      expect(box).toEqual({
        heights: [200, 200, 200],
        text: 'Loading',
        alt: 'A photo',
        sources: 1,
      });
      expect(requests.filter((request) => request === url)).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  test(
    'shows its children and reports an error when the token is not known',
    async () => {
      const result = await page.evaluate(
        async (src) => {
          document.body.innerHTML = `<public-image src="${src}"><b>No longer shared</b></public-image>`;
          const element = document.querySelector('public-image');
          if (!element) throw new Error('expected an element');
          await new Promise((resolve) => document.addEventListener('public-image-error', resolve));
          return [element.dataset['state'], element.textContent, element.querySelector('picture')];
        },
        url.replace(/spv_.*/, 'spv_unknown'),
      );
      expect(result).toEqual(['error', 'No longer shared', null]);
    },
    TIMEOUT_MS,
  );
});

test(
  'seals a link in the browser, which serve opens within its limits',
  async () => {
    await page.reload();
    await page.evaluate(() => window.client.signIn());
    await choose(jpeg(await plainJpeg(900, 600, '#993366')));
    const id = await uploadChosen();
    const links = await page.evaluate(async (imageId) => {
      const { images, seal, canSeal } = window.client;
      const image = await images.waitFor(imageId);
      const base = window.stack.serve;
      const response = await fetch(`${base}/seal-keys.json`);
      const publicKeys = (await response.json()) as SealPublicKeys;
      const options = { token: image.token, publicKeys, maxWidth: 500 };
      const sealed = await seal(options);
      const over = await seal({ ...options, expiresAt: new Date(Date.now() - 2_000) });
      const img = new Image();
      img.src = images.url({ token: sealed }, 'w400');
      await img.decode();
      const urls = [images.url({ token: sealed }, 'w800'), images.url({ token: over }, 'w400')];
      return { can: await canSeal(), width: img.naturalWidth, src: img.src, urls };
    }, id);
    expect(links).toMatchObject({ can: true, width: 400 });
    expect(links.src).toMatch(/\/sps_[\w-]{104}\/w400$/);
    expect(await Promise.all([links.src, ...links.urls].map(statusOf))).toEqual([200, 404, 404]);
  },
  TIMEOUT_MS,
);

test(
  'React: useUpload, useImage, useShares and PublicImage',
  async () => {
    await page.reload();
    await page.evaluate(() => window.client.signIn());
    await choose(jpeg(await plainJpeg(900, 600, '#339999')));
    await page.evaluate(async () => {
      const [file] = window.client.files();
      if (!file) throw new Error('expected a file, found none');
      await window.client.renderReact(file).ready;
    });
    await page.getByText('ready ready 0').waitFor();
    const image = page.locator('#react-image');
    await image.scrollIntoViewIfNeeded();
    await page.waitForFunction(
      () => (document.querySelector<HTMLImageElement>('#react-image')?.naturalWidth ?? 0) > 0,
    );
    expect(await image.evaluate((img: HTMLImageElement) => img.style.backgroundImage)).toBe('');
  },
  TIMEOUT_MS,
);
