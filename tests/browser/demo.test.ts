/** The demo page in Chromium on the local stack. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium } from '../support/chromium.js';
import { statusOf } from '../support/http.js';
import { PHOTO, testStack } from '../support/stack.js';

const stack = testStack();

let browser: Browser;
let context: BrowserContext;
let page: Page;
const pageErrors: string[] = [];

beforeAll(async () => {
  browser = await launchChromium();
  context = await browser.newContext({
    viewport: { width: 360, height: 740 },
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  page = await context.newPage();
  page.on('pageerror', (error) => pageErrors.push(error.message));
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

test('signs in by keyboard, uploads a photo and displays its public variants', async () => {
  await page.goto(stack.demo);
  const signIn = page.getByTestId('sign-in');
  // The button is hidden, and cannot be focused, until the auth state is known.
  await signIn.waitFor();
  await signIn.focus();
  await page.keyboard.press('Enter');
  await page.getByTestId('sign-out').waitFor();

  await page.getByTestId('file-input').setInputFiles(PHOTO);
  const card = page.getByTestId('image-card').first();
  await card.getByTestId('progress').waitFor();
  await page.locator('[data-testid=image-card][data-state=ready]').waitFor();

  // The placeholder is a data URL: it needs no request.
  const placeholder = card.getByTestId('placeholder').locator('img');
  expect(await placeholder.getAttribute('src')).toMatch(/^data:image\/png;base64,/);

  const variants = card.getByTestId('variant');
  // Four sizes in two formats, and the preview for links.
  expect(await variants.count()).toBe(9);
  const images = variants.locator('img');
  for (const image of await images.all()) {
    await image.scrollIntoViewIfNeeded();
    await image.evaluate(
      (element) =>
        new Promise<void>((resolve, reject) => {
          const img = element as HTMLImageElement;
          if (img.complete && img.naturalWidth > 0) resolve();
          img.addEventListener('load', () => resolve());
          img.addEventListener('error', () => reject(new Error('the image did not load')));
        }),
    );
  }

  // Each public URL works without credentials.
  const urls = await card.getByTestId('variant-url').allTextContents();
  expect(new Set(urls).size).toBe(9);
  for (const url of urls) expect(await statusOf(url)).toBe(200);

  await card.getByTestId('copy').first().click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(urls[0]);

  // The page itself requests the original without credentials.
  await card.locator('[data-testid=original-access-check][data-status="403"]').waitFor();
  expect(pageErrors).toEqual([]);
}, 60_000);

test('has no horizontal scrolling on a phone', async () => {
  const overflow = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBe(0);
});

test('displays the error message for a damaged photo', async () => {
  const cards = page.getByTestId('image-card');
  await page.getByTestId('file-input').setInputFiles({
    name: 'damaged.jpg',
    mimeType: 'image/jpeg',
    buffer: Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from('no further')]),
  });
  await page.locator('[data-testid=image-card][data-state=failed]').waitFor();
  expect(await cards.first().textContent()).toContain('damaged or incomplete');
});

test('displays an error message for a file that is not an image, whatever its name', async () => {
  await page.getByTestId('file-input').setInputFiles({
    name: 'page.jpg',
    mimeType: 'image/jpeg',
    buffer: Buffer.from('<p>hello'),
  });
  const card = page.locator('[data-testid=image-card][data-state=error]');
  await card.waitFor();
  expect(await card.textContent()).toContain('page.jpg is not a photo that can be read');
});

test('displays no images to another user', async () => {
  const otherContext = await browser.newContext();
  const otherPage = await otherContext.newPage();
  await otherPage.goto(stack.demo);
  await otherPage.getByTestId('sign-in').click();
  await otherPage.getByTestId('sign-out').waitFor();
  expect(await otherPage.getByTestId('image-card').count()).toBe(0);
  await otherContext.close();
});

test('removes the images from the page on sign-out', async () => {
  if (process.env['SPV_SCREENSHOTS'] !== undefined) {
    await page.screenshot({ path: `${process.env['SPV_SCREENSHOTS']}/phone.png`, fullPage: true });
    await page.setViewportSize({ width: 1200, height: 900 });
    await page.screenshot({ path: `${process.env['SPV_SCREENSHOTS']}/wide.png`, fullPage: true });
  }
  await page.getByTestId('sign-out').click();
  await page.getByTestId('sign-in').waitFor();
  expect(await page.getByTestId('image-card').count()).toBe(0);
});
