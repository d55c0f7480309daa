/** Files that reach the demo page: dropped on it as from the desktop, and HEIC as phones upload it. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchChromium } from '../../bench/chromium.js';
import { furtherPhotos } from '../support/demo-files.js';
import { DemoPage } from '../support/demo-page.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';

/** As an iPhone makes it: a grid of tiles with a rotation, a depth map and a Display P3 profile. */
const HEIC = join(ROOT, 'tests/fixtures/heic/phone.heic');
const TIMEOUT_MS = 60_000;

let browser: Browser;
let demo: DemoPage;
let page: Page;
let folder: string;

beforeAll(async () => {
  browser = await launchChromium();
  folder = mkdtempSync(join(tmpdir(), 'demo-files-'));
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  const look = { device: 'desktop', colorScheme: 'light' } as const;
  demo = await DemoPage.open(browser, look, { ...testStack(), revocationSeconds: 0 });
  page = demo.page;
  await page.goto(testStack().demo);
  await page.getByText('Choose your first photo').waitFor();
  await demo.noteUpload();
  await noteBrokenImages();
});
afterEach(() => demo?.close());

/** Notes, in each frame, the images on the screen that the browser could not decode. */
function noteBrokenImages(): Promise<void> {
  return page.evaluate(() => {
    const broken = new Set<string>();
    Object.assign(window, { broken });
    const look = () => {
      for (const image of document.images) {
        const isShown = image.checkVisibility() && image.getAttribute('src') !== null;
        if (isShown && image.complete && image.naturalWidth === 0) broken.add(image.className);
      }
      requestAnimationFrame(look);
    };
    look();
  });
}

const brokenImages = () =>
  page.evaluate(() => [...(window as unknown as { broken: Set<string> }).broken]);

/** Waits until all images are decoded. @returns their widths on the screen, in CSS pixels */
async function shownWidths(selector: string): Promise<number[]> {
  const images = page.locator(selector);
  await page.waitForFunction(
    (of) =>
      [...document.querySelectorAll<HTMLImageElement>(of)].every(
        ({ complete, naturalWidth }) => complete && naturalWidth > 0,
      ),
    selector,
  );
  return images.evaluateAll((all) => all.map((image) => image.getBoundingClientRect().width));
}

/** Drags files over the page as the desktop does, with trusted events; `drop` ends it. */
async function drag(paths: string[]): Promise<{ drop(): Promise<void> }> {
  const session = await demo.context.newCDPSession(page);
  const send = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    session.send('Input.dispatchDragEvent', {
      ...{ type, x: 600, y: 500 },
      data: { items: [], files: paths, dragOperationsMask: 1 },
    });
  await send('dragEnter');
  await send('dragOver');
  return {
    async drop() {
      await send('drop');
      await session.detach();
    },
  };
}

/** Writes a file into the folder of this test. @returns its path */
function fileIn(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

test(
  'uploads a photo that is dropped anywhere',
  async () => {
    const dragged = await drag([PHOTO]);
    await page.getByText('Drop to upload').waitFor();
    await demo.check('drag');
    await dragged.drop();
    await page.getByText('Drop to upload').waitFor({ state: 'detached' });
    await page.locator('[data-testid=photo][data-state=ready]').waitFor();
    const { seen } = await page.evaluate(() => window.upload);
    expect(seen.slice(-3)).toEqual(['uploading', 'processing', 'ready']);
    expect(await page.getByTestId('photo').getAttribute('aria-label')).toBe('seeding.jpg');
    await demo.check('dropped');
  },
  TIMEOUT_MS,
);

test(
  'uploads all photos of a drop, and says what is wrong with the other files',
  async () => {
    const photos = await furtherPhotos(2);
    const paths = photos.map(({ name, buffer }) => fileIn(name, buffer));
    const text = fileIn('notes.txt', 'only text');
    const album = join(folder, 'album');
    mkdirSync(album);
    const dragged = await drag([...paths, text, album]);
    await dragged.drop();
    const failed = page.getByTestId('failed');
    await failed.nth(1).waitFor();
    const texts = (await failed.allInnerTexts()).map((one) => one.replace(/\s+/g, ' ')).sort();
    expect(texts).toEqual([
      expect.stringMatching(/^album is not a photo that can be read: .+ Choose another$/),
      expect.stringMatching(/^notes.txt is not a photo that can be read: .+ Choose another$/),
    ]);
    await page.locator('[data-testid=tile][data-state=ready]').nth(1).waitFor();
    expect(await page.getByTestId('tile').count()).toBe(2);
    // Chromium says that it cannot show the folder.
    const [line, ...others] = demo.problems.splice(0);
    expect([line, others]).toEqual([expect.stringContaining('ERR_FILE_NOT_FOUND'), []]);
    await demo.check('dropped-several');
  },
  TIMEOUT_MS,
);

test('leaves the page as it is when what is dropped has no file', async () => {
  const dropped = await page.evaluate(() => {
    const dataTransfer = new DataTransfer();
    dataTransfer.setData('text/plain', 'a text');
    const event = new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true });
    // A text that is dropped on a field must reach it.
    return document.body.dispatchEvent(event);
  });
  expect(dropped).toBe(true);
  expect(await page.getByText('Choose your first photo').count()).toBe(1);
  const empty = await drag([]);
  await empty.drop();
  expect(await page.getByTestId('photo').count()).toBe(0);
  expect(demo.problems).toEqual([]);
});

test(
  'shows name and progress of a HEIC photo, which Chromium cannot show, then its public picture',
  async () => {
    const path = join(folder, 'IMG_0412.HEIC');
    copyFileSync(HEIC, path);
    await page.evaluate(() => {
      const texts: Record<string, string> = {};
      Object.assign(window, { texts });
      new MutationObserver(() => {
        const progress = document.querySelector<HTMLElement>('[data-testid=progress]');
        const state = progress?.closest<HTMLElement>('article')?.dataset['state'] ?? '';
        if (progress) texts[state] = progress.innerText;
      }).observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await page.getByTestId('file-input').setInputFiles(path);
    await page.locator('[data-testid=photo][data-state=ready]').waitFor();
    const { seen, texts } = await page.evaluate(() => ({
      ...{ seen: window.upload.seen },
      ...{ texts: (window as unknown as { texts: Record<string, string> }).texts },
    }));
    expect(seen.slice(-3)).toEqual(['uploading', 'processing', 'ready']);
    expect(texts['uploading']).toMatch(/^IMG_0412.HEIC\s+\d+ %$/);
    expect(texts['processing']).toMatch(/^IMG_0412.HEIC\s+Making sizes…$/);

    for (const width of await shownWidths('[data-testid=stage] img')) {
      expect(width).toBeGreaterThan(20);
    }
    await page.locator('[data-testid=original][data-status="403"]').waitFor();
    // The rotation of the phone: the photo is upright.
    expect(await page.getByTestId('original').innerText()).toContain('700 × 1000');
    const main = page.getByTestId('picture');
    expect(await main.evaluate((image: HTMLImageElement) => image.currentSrc)).toContain('/i/spv_');
    expect(await brokenImages()).toEqual([]);
    await demo.check('heic');
  },
  TIMEOUT_MS,
);

test(
  'shows several HEIC photos by their names until they are ready',
  async () => {
    const paths = ['IMG_0413.HEIC', 'IMG_0414.heic'].map((name) => {
      const path = join(folder, name);
      copyFileSync(HEIC, path);
      return path;
    });
    const dragged = await drag(paths);
    await dragged.drop();
    const tiles = page.getByTestId('tile');
    await tiles.getByText('IMG_0413.HEIC').waitFor();
    await page.locator('[data-testid=tile][data-state=ready]').nth(1).waitFor();
    const widths = await shownWidths('[data-testid=tile] img');
    expect(widths).toHaveLength(2);
    for (const width of widths) expect(width).toBeGreaterThan(100);
    expect(await brokenImages()).toEqual([]);
    await demo.check('heic-several');
  },
  TIMEOUT_MS,
);
