/** The app code of README.md, unchanged, in an app that Vite builds, in Chromium on the local stack. */
import { createServer, type Server } from 'node:http';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { launchChromium } from '../support/chromium.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';

const stack = testStack();

/** What the page offers to the test. */
interface SnippetWindow {
  ready: Promise<void>;
  upload: (imageId: string, bytes: number[], type: string) => Promise<void>;
}

/** Initializes Firebase as an app does; only the emulators' addresses are those of the test. */
const MAIN = `
import { initializeApp } from 'firebase/app';
import { connectAuthEmulator, getAuth, signInAnonymously } from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore } from 'firebase/firestore';
import { connectStorageEmulator, getStorage } from 'firebase/storage';
import { uploadPhoto } from './snippet';

const { projectId, bucket, auth, firestore, storage } = JSON.parse(document.getElementById('stack')!.textContent!);
const app = initializeApp({ projectId, storageBucket: bucket, apiKey: 'none' });
const at = (host) => [host.split(':')[0], Number(host.split(':')[1])];
connectAuthEmulator(getAuth(app), 'http://' + auth, { disableWarnings: true });
connectFirestoreEmulator(getFirestore(app), ...at(firestore));
connectStorageEmulator(getStorage(app), ...at(storage));
let uid;
window.ready = signInAnonymously(getAuth(app)).then(({ user }) => { uid = user.uid; });
window.upload = (imageId, bytes, type) =>
  uploadPhoto(uid, imageId, new File([new Uint8Array(bytes)], 'photo.jpg', { type }), document.querySelector('img'));
`;

let folder: string;
let server: Server;
let browser: Browser;
let page: Page;
const errors: string[] = [];

beforeAll(async () => {
  // Within the repository, so that the app's imports resolve.
  folder = mkdtempSync(join(ROOT, '.local', 'readme-snippet-'));
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
  const [, snippet = ''] = /## Use it in your app\n+```ts\n(.*?)```/s.exec(readme) ?? [];
  expect(snippet).toContain('onSnapshot');
  const { projectId, bucket, auth, firestore, storage } = stack;
  const info = { projectId, bucket, auth, firestore, storage };
  const html = `<!doctype html><link rel="icon" href="data:,"><img alt="">
<script type="application/json" id="stack">${JSON.stringify(info)}</script>
<script type="module" src="/main.ts"></script>`;
  writeFileSync(join(folder, 'snippet.ts'), snippet);
  writeFileSync(join(folder, 'main.ts'), MAIN);
  writeFileSync(join(folder, 'index.html'), html);
  await build({ root: folder, configFile: false, logLevel: 'error' });
  server = createServer((request, response) => {
    const name = request.url === '/' ? 'index.html' : (request.url ?? '');
    const type = name.endsWith('.js') ? 'text/javascript' : 'text/html';
    response.writeHead(200, { 'Content-Type': type }).end(readFileSync(join(folder, 'dist', name)));
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  browser = await launchChromium();
  page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  // The placeholder of the snippet stands for the app's own site.
  await page.route('https://YOUR-SITE/**', async (route) => {
    const path = new URL(route.request().url()).pathname.slice('/i'.length);
    const response = await fetch(stack.serve + path);
    await route.fulfill({
      status: response.status,
      contentType: response.headers.get('content-type') ?? '',
      body: Buffer.from(await response.arrayBuffer()),
    });
  });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
}, 120_000);

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('the snippet uploads a photo, waits for it and shows its variant', async () => {
  const bytes = [...readFileSync(PHOTO)];
  const size = await page.evaluate(async (photo) => {
    const app = window as unknown as SnippetWindow;
    await app.ready;
    const image = document.querySelector('img') as HTMLImageElement;
    const loaded = new Promise((resolve, reject) => {
      image.addEventListener('load', resolve);
      image.addEventListener('error', reject);
    });
    await app.upload('readme-snippet', photo, 'image/jpeg');
    await loaded;
    return [image.naturalWidth, new URL(image.src).pathname];
  }, bytes);
  expect(size).toEqual([800, expect.stringMatching(/^\/i\/spv_\w{33}\/w800$/)]);
  expect(errors).toEqual([]);
}, 120_000);
