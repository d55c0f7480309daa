/** The demo page, as a person uses it, in a real Chromium on the real local stack. */
import sparticuz from '@sparticuz/chromium';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { statusOf } from '../support/http.js';
import { PHOTO, testStack } from '../support/stack.js';

const stack = testStack();
/** Flags for tiny cloud machines that make a second page hang here. */
const UNWANTED = new Set(['--single-process', '--no-zygote']);

let browser: Browser;
let context: BrowserContext;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: await sparticuz.executablePath(),
    args: sparticuz.args.filter((flag) => !UNWANTED.has(flag)),
    headless: true,
  });
  context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page = await context.newPage();
  page.on('pageerror', (error) => problems.push(error.message));
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

test('a person signs in by keyboard, uploads a photo, and sees what the world sees', async () => {
  await page.goto(stack.demo);
  const signIn = page.getByTestId('sign-in');
  // It is shown once the page knows that nobody is signed in; what is hidden takes no focus.
  await signIn.waitFor();
  await signIn.focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('sign-out').waitFor();

  await page.getByTestId('file-input').setInputFiles(PHOTO);
  const card = page.getByTestId('image-card').first();
  await card.getByTestId('progress').waitFor();
  await page.locator('[data-testid=image-card][data-state=ready]').waitFor();

  // The placeholder is a picture that needed no request of its own.
  const placeholder = card.getByTestId('placeholder').locator('img');
  expect(await placeholder.getAttribute('src')).toMatch(/^data:image\/png;base64,/);

  const variants = card.getByTestId('variant');
  expect(await variants.count()).toBe(8);
  const images = variants.locator('img');
  for (const image of await images.all()) {
    await image.scrollIntoViewIfNeeded();
    await image.evaluate(
      (element) =>
        new Promise<void>((resolve, reject) => {
          const img = element as HTMLImageElement;
          if (img.complete && img.naturalWidth > 0) resolve();
          img.addEventListener('load', () => resolve());
          img.addEventListener('error', () => reject(new Error('did not load')));
        }),
    );
  }

  // Each public address answers anyone, without any credentials.
  const urls = await card.getByTestId('variant-url').allTextContents();
  expect(new Set(urls).size).toBe(8);
  for (const url of urls) expect(await statusOf(url)).toBe(200);

  await card.getByTestId('copy').first().click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(urls[0]);

  // Proof, asked for by the page itself, that the original is locked.
  await card.locator('[data-testid=lock-proof][data-status="403"]').waitFor();
  expect(problems).toEqual([]);
}, 60_000);

test('nothing scrolls sideways on a phone', async () => {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});

test('a file that is no image is explained in words', async () => {
  const cards = page.getByTestId('image-card');
  await page.getByTestId('file-input').setInputFiles({
    name: 'notes.jpg',
    mimeType: 'image/jpeg',
    buffer: Buffer.from('these are words'),
  });
  await page.locator('[data-testid=image-card][data-state=failed]').waitFor();
  expect(await cards.first().textContent()).toContain('not an image that can be read');
});

test('an upload that the rules refuse is explained in words', async () => {
  await page.getByTestId('file-input').setInputFiles({
    name: 'page.html',
    mimeType: 'text/html',
    buffer: Buffer.from('<p>hello'),
  });
  const card = page.locator('[data-testid=image-card][data-state=error]');
  await card.waitFor();
  expect((await card.textContent())?.length).toBeGreaterThan(30);
});

test('someone else sees none of it', async () => {
  const other = await browser.newContext();
  const fresh = await other.newPage();
  await fresh.goto(stack.demo);
  await fresh.getByTestId('sign-in').click();
  await fresh.getByTestId('sign-out').waitFor();
  expect(await fresh.getByTestId('image-card').count()).toBe(0);
  await other.close();
});

test('signing out takes the pictures away from the page', async () => {
  if (process.env['SPV_SCREENSHOTS'] !== undefined) {
    await page.screenshot({ path: `${process.env['SPV_SCREENSHOTS']}/phone.png`, fullPage: true });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.screenshot({ path: `${process.env['SPV_SCREENSHOTS']}/wide.png`, fullPage: true });
  }
  await page.getByTestId('sign-out').click();
  await page.getByTestId('sign-in').waitFor();
  expect(await page.getByTestId('image-card').count()).toBe(0);
});
