/** The full web SDK in Chromium against the Firestore emulator: WebChannel in each of its modes. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import type * as Sdk from 'firebase/firestore';
import type { Browser, Page } from 'playwright-core';
import {
  startFirestoreEmulator,
  type FirestoreEmulator,
} from '../../packages/emulators/src/firestore/index.js';
import { launchChromium } from '../../bench/chromium.js';
import type { Options } from './web-sdk/page.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /hidden/{id} { allow read, write: if false; }
    match /users/{uid} { allow read, write: if request.auth.uid == uid; }
    match /{path=**}/{group}/{id} { allow read, write: if group.matches('items.*'); }
  }
}`;

/** As in page.ts; the first test compares. */
const ROWS = [
  'getDoc asks the server',
  'a listener sees its own write at once, then as acknowledged',
  'a query’s listener gets added, modified and removed documents',
  'limits: a document comes in when another leaves',
  'cursors, or, in, not-in, array-contains',
  'collection groups and aggregates',
  'transactions retry until they win',
  'a batch is applied as a whole, or fails as a whole',
  'transforms',
  'a document that rules hide is permission-denied, and others go on',
  'the signed-in user reads their own document',
  'offline and online again',
  '20 listeners on missing documents see their creation',
  'the user signs in and out while listeners are open',
  'a large document and many changes',
];

interface TestWindow {
  rows: string[];
  runRow: (row: string, options: Options) => Promise<void>;
}

let emulator: FirestoreEmulator;
let server: Server;
let browser: Browser;
let page: Page;
let origin: string;
let collections = 0;
const errors: string[] = [];

beforeAll(async () => {
  emulator = await startFirestoreEmulator({
    host: '127.0.0.1',
    port: 0,
    projectId: 'demo-web',
    rules: [{ database: '(default)', source: RULES, file: 'firestore.rules' }],
  });
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, 'web-sdk', 'page.ts')],
    bundle: true,
    format: 'iife',
    platform: 'browser',
    write: false,
    logLevel: 'error',
  });
  const script = outputFiles[0]?.text ?? '';
  // Another origin than the emulator's, as for an app.
  server = createServer((request, response) => {
    if (request.url === '/page.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(script);
    } else if (request.url === '/') {
      const html = '<!doctype html><link rel="icon" href="data:,"><script src="/page.js"></script>';
      response.writeHead(200, { 'Content-Type': 'text/html' }).end(html);
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}/`;
  browser = await launchChromium();
  page = await browser.newPage();
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(origin);
}, 120_000);

afterAll(async () => {
  await browser.close();
  await emulator.stop();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function optionsOf(mode: Options['mode'], more: Partial<Options> = {}): Options {
  const collection = `items${(collections += 1)}`;
  const { host, port } = emulator;
  return { host, port, projectId: 'demo-web', mode, collection, uid: 'alice', ...more };
}

test('each row of the page is run below', async () => {
  const rows = await page.evaluate(() => (window as unknown as TestWindow).rows);
  expect(rows).toEqual(ROWS);
});

describe.each<Options['mode']>(['streaming', 'long polling', 'auto-detect'])('%s', (mode) => {
  test.each(ROWS)('%s', async (row) => {
    await page.evaluate(
      ([name, options]) => (window as unknown as TestWindow).runRow(name, options),
      [row, optionsOf(mode)] as const,
    );
    expect(errors).toEqual([]);
  });
});

/** What the tests of several pages use. */
interface PageWindow {
  connectPage: (options: Options) => void;
  sdk: typeof Sdk;
  db: Sdk.Firestore;
}

test('two tabs with a common cache see each other’s writes; a reload has them from the cache', async () => {
  const context = await browser.newContext();
  const tabs = [await context.newPage(), await context.newPage()] as const;
  const options = optionsOf('auto-detect', { persistence: 'multiple tabs' });
  const { collection } = options;
  for (const tab of tabs) {
    await tab.goto(origin);
    await tab.evaluate((given) => (window as unknown as PageWindow).connectPage(given), options);
  }
  const [first, second] = tabs;
  const seen = second.evaluate((name) => {
    const { sdk, db } = window as unknown as PageWindow;
    return new Promise<unknown>((resolve) =>
      sdk.onSnapshot(sdk.doc(db, name, 'shared'), { includeMetadataChanges: true }, (snapshot) => {
        if (snapshot.exists() && !snapshot.metadata.hasPendingWrites) resolve(snapshot.data());
      }),
    );
  }, collection);
  await first.evaluate((name) => {
    const { sdk, db } = window as unknown as PageWindow;
    return sdk.setDoc(sdk.doc(db, name, 'shared'), { n: 1 });
  }, collection);
  expect(await seen).toEqual({ n: 1 });
  await second.reload();
  await second.evaluate((given) => (window as unknown as PageWindow).connectPage(given), options);
  const cached = await second.evaluate(async (name) => {
    const { sdk, db } = window as unknown as PageWindow;
    return (await sdk.getDocFromCache(sdk.doc(db, name, 'shared'))).data();
  }, collection);
  expect(cached).toEqual({ n: 1 });
  await context.close();
});
