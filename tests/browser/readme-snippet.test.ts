/** The app code of README.md, unchanged, in a Vite app in Chromium on the local stack. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../bench/chromium.js';
import { codeBlocksOf } from '../support/documentation.js';
import { get } from '../support/http.js';
import { run } from '../support/run.js';
import { collectProblems } from '../support/page-problems.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';

const stack = testStack();

/** What a user's app has around the snippet: its Firebase project, here the local stack, and a sign-in. */
const APP = `import { initializeApp } from 'firebase/app';
import { connectAuthEmulator, getAuth, signInAnonymously } from 'firebase/auth';
import { connectFirestoreEmulator, getFirestore } from 'firebase/firestore';
import { connectStorageEmulator, getStorage } from 'firebase/storage';
import { uploadPhoto } from './snippet';

const { auth, firestore, storage, projectId, bucket } = ${JSON.stringify(stack)};
initializeApp({ apiKey: 'local', projectId, storageBucket: bucket });
connectAuthEmulator(getAuth(), 'http://' + auth, { disableWarnings: true });
const [firestoreHost, firestorePort] = firestore.split(':');
connectFirestoreEmulator(getFirestore(), firestoreHost, Number(firestorePort));
const [storageHost, storagePort] = storage.split(':');
connectStorageEmulator(getStorage(), storageHost, Number(storagePort));

document.querySelector('input').addEventListener('change', async ({ target }) => {
  await signInAnonymously(getAuth());
  // Its message is shown by the snippet.
  await uploadPhoto(target.files[0], document.querySelector('img')).catch(() => {});
});
`;
const HTML = `<!doctype html><link rel="icon" href="data:,"><input type="file"><img>
<script type="module" src="/app.ts"></script>`;
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

let folder: string;
let server: Server;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  mkdirSync(join(ROOT, '.local'), { recursive: true });
  // Inside the repository, so that Vite finds the Firebase SDK.
  folder = mkdtempSync(join(ROOT, '.local', 'readme-app-'));
  const readme = { path: 'README.md', text: readFileSync(join(ROOT, 'README.md'), 'utf8') };
  const snippet = codeBlocksOf(readme).find(({ language }) => language === 'ts');
  writeFileSync(join(folder, 'snippet.ts'), snippet?.code ?? '');
  writeFileSync(join(folder, 'app.ts'), APP);
  writeFileSync(join(folder, 'index.html'), HTML);
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  await run(process.execPath, [vite, 'build', folder, '--logLevel', 'warn']);

  server = createServer((request, response) => {
    const path = request.url === '/' ? '/index.html' : (request.url ?? '');
    try {
      const body = readFileSync(join(folder, 'dist', new URL(path, 'http://localhost').pathname));
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  browser = await launchChromium();
  page = await browser.newPage();
  problems = collectProblems(page);
  // The site that the snippet names is the user's own; here its /i/ leads to the local functions.
  await page.route(/^https:\/\/your-site\/i\//i, async (route) => {
    const path = new URL(route.request().url()).pathname.slice('/i/'.length);
    const { status, headers, body } = await get(`${stack.serve}/${path}`);
    const contentType = headers.get('content-type') ?? '';
    await route.fulfill({ status, contentType, body });
  });
  await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
}, 120_000);

afterAll(async () => {
  await browser?.close();
  server?.closeAllConnections();
  await new Promise((resolve) => server?.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

test('uploads a photo, listens for its variants and displays one', async () => {
  await page.locator('input').setInputFiles(PHOTO);
  const image = page.locator('img');
  await page.waitForFunction(() => (document.querySelector('img')?.naturalWidth ?? 0) > 0);
  expect(await image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(800);
  // Not with toMatch: its message would contain a public token.
  const source = (await image.getAttribute('src')) ?? '';
  expect(/^https:\/\/YOUR-SITE\/i\/spv_\w+\/w800$/.test(source)).toBe(true);
  expect(problems).toEqual([]);
}, 60_000);

test('displays the message for a file that is not an image', async () => {
  const buffer = Buffer.from('plain text');
  await page.locator('input').setInputFiles({ name: 'notes.jpg', mimeType: 'image/jpeg', buffer });
  await page.waitForFunction(() => document.querySelector('img')?.alt.startsWith('notes.jpg'));
  expect(await page.locator('img').getAttribute('alt')).toContain('not a photo that can be read');
  expect(problems).toEqual([]);
}, 60_000);
