/** The colors that Chromium shows, which functions/src/processing/chromium-colors.test.ts compares with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { CENTERS, COLOR_CASES, HEIGHT } from '../../functions/test/processing/color-cases.js';
import { launchChromium } from '../support/chromium.js';

const file = join(__dirname, '../../functions/test/processing/chromium-colors.json');

let browser: Browser;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium('--force-color-profile=srgb');
  page = await browser.newPage();
}, 60_000);

afterAll(async () => {
  await browser?.close();
});

/** @returns the colors of the stripes: `red,green,blue`, separated by spaces */
async function colorsOf(name: string, bytes: Buffer): Promise<string> {
  const format = /JPEG|PNG|WebP|AVIF/.exec(name)?.[0].toLowerCase();
  const url = `data:image/${format};base64,${bytes.toString('base64')}`;
  const pixels = await page.evaluate(async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext('2d');
    context?.drawImage(image, 0, 0);
    return [...(context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [])];
  }, url);
  const rowLength = pixels.length / HEIGHT;
  return CENTERS.map((x) => {
    const offset = (HEIGHT / 2) * rowLength + 4 * x;
    return pixels.slice(offset, offset + 3).join(',');
  }).join(' ');
}

test('chromium-colors.json has the colors of this Chromium', async () => {
  const colors: Record<string, string> = {};
  for (const [name, make] of Object.entries(COLOR_CASES)) {
    colors[name] = await colorsOf(name, await make());
  }
  expect(colors).toEqual(JSON.parse(readFileSync(file, 'utf8')));
}, 300_000);
