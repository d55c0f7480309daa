/**
 * The stories of the demo page in Chromium. By default at one size, on the stack of all tests, where revocation takes
 * effect at once; with `--long` at both sizes, light and dark, on a stack with a revocation bound of some seconds.
 */
import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import type { Sample, StackInfo } from '../../tools/dev/stack/project.js';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { startStack, type Stack } from '../../tools/dev/stack/stack.js';
import { launchChromium } from '../../bench/chromium.js';
import { chosenFile, furtherPhotos, JPEG_START } from '../support/demo-files.js';
import { DemoPage, totals, WRITES_SCREENSHOTS, type Look } from '../support/demo-page.js';
import { statusOf } from '../support/http.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';

const TIMEOUT_MS = 60_000;
const isLong = process.env['LONG_TESTS'] !== undefined || WRITES_SCREENSHOTS;
const LOOKS: readonly Look[] = isLong
  ? [
      { device: 'desktop', colorScheme: 'light' },
      { device: 'desktop', colorScheme: 'dark' },
      { device: 'phone', colorScheme: 'light' },
      { device: 'phone', colorScheme: 'dark' },
    ]
  : [{ device: 'desktop', colorScheme: 'light' }];
/** Seconds. */
const BOUND = isLong ? 8 : 0;

/** What the attacks are answered with. */
const ATTACKS: Readonly<Record<string, number[]>> = {
  guess: [404, 404, 404],
  original: [403, 403],
  list: [403, 403, 403],
  records: [403, 403],
  revoked: [200, 404],
  flood: [404, 403],
};

let ownStack: Stack | undefined;
let info: StackInfo & { revocationSeconds: number; sample: Sample };
let stackContext: StackContext;
let browser: Browser;

beforeAll(async () => {
  const { form, official } = testStack();
  if (isLong) {
    const parameters = { REVOCATION_SECONDS: String(BOUND) };
    ownStack = await startStack({ root: ROOT, form, official, freePorts: true, parameters });
  }
  const stack = ownStack?.info ?? testStack();
  stackContext = new StackContext(stack);
  const owner = await stackContext.user();
  const { name, record } = await stackContext.upload(owner, readFileSync(PHOTO));
  const { bytes, width = 0, height = 0 } = record.original;
  const sample = {
    token: record.token,
    objectUrl: stackContext.objectUrl(name),
    bytes,
    width,
    height,
  };
  info = { ...stack, revocationSeconds: BOUND, sample };
  browser = await launchChromium();
}, 180_000);

afterAll(async () => {
  console.log(`axe and layout shifts of the demo page: ${JSON.stringify(totals)}`);
  await browser?.close();
  await stackContext?.close();
  await ownStack?.stop();
}, 30_000);

describe.each(LOOKS)('on $device, $colorScheme', (look) => {
  let demo: DemoPage;
  let page: Page;
  /** The URL of the link that was made. */
  let link: string;
  /** The public URL of the photo. */
  let publicUrl: string;

  beforeAll(async () => {
    demo = await DemoPage.open(browser, look, info);
    page = demo.page;
  });
  afterAll(() => demo?.close());

  const photo = (state: string) => page.locator(`[data-testid=photo][data-state=${state}]`);

  test(
    'lands with a photo whose original is locked',
    async () => {
      await page.goto(info.demo);
      await page.locator('[data-testid=original][data-status="403"]').waitFor();
      const picture = page.getByTestId('picture');
      await page.waitForFunction(() => {
        const image = document.querySelector<HTMLImageElement>('[data-testid=picture]');
        return image?.complete === true && image.naturalWidth > 0;
      });
      await page.getByText('times smaller').waitFor();
      const { fonts, words } = await demo.readTexts();
      expect(new Set(fonts.map(({ fontFamily }) => fontFamily)).size).toBe(1);
      expect(new Set(fonts.map(({ fontSize }) => fontSize)).size).toBeLessThanOrEqual(5);
      expect(words).toBeLessThanOrEqual(60);
      expect(await page.getByTestId('original').innerText()).toContain('5312 × 2988 · 1.5 MB');
      // Chosen for its effect, so it is most of the first screen.
      const box = await picture.boundingBox();
      const { width = 1, height = 1 } = page.viewportSize() ?? {};
      expect(((box?.width ?? 0) * (box?.height ?? 0)) / (width * height)).toBeGreaterThan(0.4);
      expect(await statusOf(await page.getByTestId('url').innerText())).toBe(200);
      await demo.check('1-landing');
    },
    TIMEOUT_MS,
  );

  test(
    'uploads a photo: preview, progress, sizes to one scale',
    async () => {
      await demo.noteUpload();
      await page.getByTestId('file-input').setInputFiles(PHOTO);
      await page.getByTestId('progress').waitFor();
      expect(await page.getByTestId('progress').innerText()).toContain('seeding.jpg');
      await photo('ready').waitFor();
      const { seen, chosenAt, previewAt } = await page.evaluate(() => window.upload);
      console.log(`preview after ${Math.round(previewAt - chosenAt)} ms; states ${seen.join()}`);
      expect(seen.slice(-3)).toEqual(['uploading', 'processing', 'ready']);
      expect(previewAt).toBeGreaterThan(0);
      await page.locator('[data-testid=original][data-status="403"]').waitFor();
      await page.getByText('times smaller').waitFor();
      await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
      const widths = await page
        .getByTestId('frame')
        .evaluateAll((frames) => frames.map((frame) => frame.getBoundingClientRect().width));
      const widest = widths[0] ?? 0;
      expect(widths.map((width) => Math.round((width / widest) * 8))).toEqual([8, 4, 2, 1]);
      publicUrl = await page.getByTestId('url').innerText();
      await demo.check('2-photo');
    },
    TIMEOUT_MS,
  );

  test(
    'makes a link for one person, that gives access to one size',
    async () => {
      const newLink = page.getByTestId('new-link');
      await newLink.focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByTestId('share-dialog');
      await dialog.waitFor();
      await demo.check('3-new-link');
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await newLink.evaluate((element) => element === document.activeElement)).toBe(true);

      await page.keyboard.press('Enter');
      await dialog.getByLabel('For whom').fill('Anna');
      await page.keyboard.press('Enter');
      const share = page.getByTestId('share');
      await share.waitFor();
      expect(await share.innerText()).toMatch(/Anna\s+w800, until \w{3} 18:00/);

      await page.reload();
      await share.getByTestId('copy').click();
      link = await page.evaluate(() => navigator.clipboard.readText());
      expect(link).toMatch(/\/i\/spv_\w+\/w800$/);
      expect(await statusOf(link)).toBe(200);
      expect(await statusOf(link.replace('w800', 'w1600'))).toBe(404);

      await page.getByTestId('open-link').click();
      await page.locator('[data-testid=stranger][data-status="200"]').waitFor();
      await page.getByTestId('stranger').locator('img').waitFor();
      await demo.check('3-stranger');
    },
    TIMEOUT_MS,
  );

  test(
    'revokes the link, until strangers get 404',
    async () => {
      await page.getByTestId('revoke').click();
      const dialog = page.getByTestId('confirm');
      await dialog.waitFor();
      await demo.check('4-confirm');
      await dialog.getByTestId('do').click();
      const revokedAt = Date.now();
      await dialog.waitFor({ state: 'detached' });
      if (BOUND > 0) {
        await page.getByText(/dead everywhere in \d+ s/).waitFor();
        await demo.check('4-countdown');
      }
      await page
        .locator('[data-testid=stranger][data-status="404"]')
        .waitFor({ timeout: (BOUND + 5) * 1000 });
      const seconds = (Date.now() - revokedAt) / 1000;
      console.log(`404 after ${seconds.toFixed(1)} s with a bound of ${BOUND} s`);
      expect(seconds).toBeLessThanOrEqual(BOUND + 2);
      expect(await statusOf(link)).toBe(404);
      expect(await statusOf(publicUrl)).toBe(200);
      await page.locator('[data-testid=share][data-state=ended]').waitFor();
      await demo.check('4-revoked');
    },
    TIMEOUT_MS,
  );

  test(
    'gives code for the photo, by framework',
    async () => {
      const use = page.getByTestId('use');
      await use.focus();
      await page.keyboard.press('Enter');
      const dialog = page.getByTestId('use-dialog');
      await dialog.waitFor();
      const html = await dialog.getByTestId('code').innerText();
      await demo.check('8-use-it');
      await dialog.getByRole('tab', { name: 'HTML' }).focus();
      await page.keyboard.press('ArrowLeft');
      expect(await dialog.getByRole('tab', { selected: true }).innerText()).toBe('Kotlin');
      await page.keyboard.press('Home');
      await dialog.getByTestId('copy').click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(html);
      await page.keyboard.press('Escape');
      await dialog.waitFor({ state: 'detached' });
      expect(await use.evaluate((element) => element === document.activeElement)).toBe(true);

      const other = await demo.context.newPage();
      await other.setContent(html.replace('loading="lazy"', ''));
      await other.waitForFunction(() => (document.querySelector('img')?.naturalWidth ?? 0) > 0);
      await other.close();

      // Without a clipboard, as on http:// origins other than localhost.
      await page.evaluate(() =>
        Object.defineProperty(navigator, 'clipboard', { value: undefined }),
      );
      await page.getByTestId('photo').getByTestId('copy').click();
      expect(await page.evaluate(() => String(getSelection()))).toBe(publicUrl);
    },
    TIMEOUT_MS,
  );

  test(
    'says what is wrong with a file, and what to do',
    async () => {
      const failed = page.getByTestId('failed');
      // 26 MB take long to reach the browser.
      const isLarge = isLong && look.colorScheme === 'light';
      const large = chosenFile('large.jpg', Buffer.concat([JPEG_START, Buffer.alloc(26 << 20)]));
      await page
        .getByTestId('file-input')
        .setInputFiles([
          chosenFile('notes.txt', Buffer.from('only text')),
          ...(isLarge ? [large] : []),
          chosenFile('damaged.jpg', Buffer.concat([JPEG_START, Buffer.from('no further')])),
        ]);
      await failed.nth(isLarge ? 2 : 1).waitFor();
      const texts = (await failed.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '));
      const tooLarge = /^large.jpg has 26 MB; the limit is 25 MB. Choose another$/;
      const sentences = [
        /^notes.txt is not a photo that can be read: .+ Choose another$/,
        ...(isLarge ? [tooLarge] : []),
        /damaged.jpg.*damaged or incomplete.* Try again$/,
      ];
      sentences.forEach((sentence, index) => expect(texts[index]).toMatch(sentence));
      expect(await page.getByTestId('original').count()).toBe(0);
      await demo.check('6-bad-files');

      while ((await failed.getByTestId('choose-another').count()) > 0) {
        await failed.getByTestId('choose-another').first().click();
        const focused = await page.evaluate(() => document.activeElement?.id);
        expect(focused).toBe('file');
      }
      await failed.getByTestId('discard').click();
      expect(await failed.count()).toBe(0);
      if (!isLong) return;
      await demo.context.setOffline(true);
      await page.getByTestId('file-input').setInputFiles(PHOTO);
      await page.getByText('Waiting for a connection').first().waitFor();
      await demo.context.setOffline(false);
    },
    TIMEOUT_MS,
  );

  test(
    'shows several photos as squares, and one of them in a drawer',
    async () => {
      const further = await furtherPhotos(isLong ? 8 : 2);
      await page.getByTestId('file-input').setInputFiles(further);
      await page.locator('[data-testid=tile][data-state=uploading]').first().waitFor();
      const ready = page.locator('[data-testid=tile][data-state=ready]');
      await ready.nth(further.length).waitFor();
      await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
      const height = await page.evaluate(() => document.documentElement.scrollHeight);
      expect(height).toBeLessThanOrEqual(2000);
      await demo.check('5-grid');

      const first = ready.first();
      await first.focus();
      await page.keyboard.press('Enter');
      const drawer = page.getByTestId('drawer');
      await drawer.locator('[data-testid=original][data-status="403"]').waitFor();
      await drawer.getByText('times smaller').waitFor();
      const { hash } = new URL(page.url());
      expect(hash).toMatch(/^#photo\/[0-9a-v]{20}$/);
      await page.waitForFunction(() => [...document.images].every(({ complete }) => complete));
      await demo.check('5-drawer');
      await page.keyboard.press('ArrowRight');
      expect(new URL(page.url()).hash).not.toBe(hash);
      await page.keyboard.press('ArrowLeft');
      expect(new URL(page.url()).hash).toBe(hash);
      for (let i = 0; i < 30; i++) {
        await page.keyboard.press('Tab');
        const isInside = await page.evaluate(
          () =>
            document.activeElement === document.body ||
            document.activeElement?.closest('dialog') != null,
        );
        expect(isInside).toBe(true);
      }
      await page.reload();
      await drawer.waitFor();
      await page.keyboard.press('Escape');
      await drawer.waitFor({ state: 'detached' });
      expect(new URL(page.url()).hash).toBe('');
      await first.click();
      await drawer.waitFor();
      await page.goBack();
      await drawer.waitFor({ state: 'detached' });
      expect(await first.evaluate((element) => element === document.activeElement)).toBe(true);
    },
    TIMEOUT_MS,
  );

  test(
    'deletes a photo, until its URLs answer 404',
    async () => {
      await page.getByTestId('tile').first().click();
      const drawer = page.getByTestId('drawer');
      await drawer.waitFor();
      const id = new URL(page.url()).hash.slice('#photo/'.length);
      const url = await drawer.getByTestId('url').innerText();
      await drawer.getByTestId('delete').click();
      const dialog = page.getByTestId('confirm');
      await dialog.waitFor();
      await demo.check('7-confirm');
      await dialog.getByTestId('do').click();
      const deletedAt = Date.now();
      await drawer.waitFor({ state: 'detached' });
      await page.getByTestId('deleted').waitFor();
      await demo.check('7-deleted');
      await page
        .locator('[data-testid=deleted][data-status="404"]')
        .waitFor({ timeout: (BOUND + 10) * 1000 });
      const seconds = (Date.now() - deletedAt) / 1000;
      console.log(`deleted: 404 after ${seconds.toFixed(1)} s with a bound of ${BOUND} s`);
      expect(await statusOf(url)).toBe(404);
      await demo.check('7-gone');
      const { docs } = await stackContext.firestore.collectionGroup('images').get();
      expect(docs.map((document) => document.id)).not.toContain(id);
      expect(await page.locator(`a[href="#photo/${id}"]`).count()).toBe(0);
    },
    TIMEOUT_MS,
  );

  test(
    'tries what an attacker would, and is refused',
    async () => {
      await page.getByTestId('nav').click();
      for (const [id, statuses] of Object.entries(ATTACKS)) {
        const attack = page.getByTestId(`attack-${id}`);
        await attack.getByRole('button').click();
        await page.locator(`[data-testid=attack-${id}]:not([data-result=none])`).waitFor();
        const exchanges = attack.getByTestId('exchange');
        const found = await exchanges.evaluateAll((all) =>
          all.map((element) => Number((element as HTMLElement).dataset['status'])),
        );
        expect({ id, found }).toEqual({ id, found: statuses });
        expect(await attack.getAttribute('data-result')).toBe('stopped');
      }
      const bodies = await page
        .getByTestId('attack-guess')
        .getByTestId('exchange')
        .locator('p')
        .allInnerTexts();
      expect(new Set(bodies).size).toBe(1);
      await page.evaluate(() => scrollTo(0, 0));
      await demo.check('9-attack');
    },
    TIMEOUT_MS,
  );

  test('shows neither photo nor links to another user', async () => {
    const other = await DemoPage.open(browser, look, info);
    await other.page.goto(info.demo);
    await other.page.locator('[data-testid=original][data-status="403"]').waitFor();
    expect(await other.page.getByTestId('share').count()).toBe(0);
    expect(await other.page.getByTestId('url').innerText()).not.toBe(publicUrl);
    await other.close();
  });
});
