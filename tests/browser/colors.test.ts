/** The colors that Chromium shows, which functions/src/processing/chromium-colors.test.ts compares with. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { parseConfig } from '../../functions/src/config/config.js';
import type { Variant } from '../../functions/src/domain/variant.js';
import { parseVariant } from '../../functions/src/domain/variant-grammar.js';
import { processImage } from '../../functions/src/processing/process-image.js';
import { CENTERS, COLOR_CASES, HEIGHT } from '../../functions/test/processing/color-cases.js';
import { launchChromium } from '../../bench/chromium.js';

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

/** @returns the levels of the stripes, in the color space of the canvas */
async function levelsOf(
  name: string,
  bytes: Buffer,
  colorSpace: PredefinedColorSpace,
): Promise<number[][]> {
  const format = /JPEG|PNG|WebP|AVIF/.exec(name)?.[0].toLowerCase();
  const url = `data:image/${format};base64,${bytes.toString('base64')}`;
  const pixels = await page.evaluate(
    async ([source, space]) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
      const context = canvas.getContext('2d', { colorSpace: space });
      context?.drawImage(image, 0, 0);
      return [...(context?.getImageData(0, 0, canvas.width, canvas.height).data ?? [])];
    },
    [url, colorSpace] as const,
  );
  const rowLength = pixels.length / HEIGHT;
  return CENTERS.map((x) => {
    const offset = (HEIGHT / 2) * rowLength + 4 * x;
    return pixels.slice(offset, offset + 3);
  });
}

/** @returns the colors of the stripes: `red,green,blue`, separated by spaces */
async function colorsOf(name: string, bytes: Buffer): Promise<string> {
  const levels = await levelsOf(name, bytes, 'srgb');
  return levels.map((color) => color.join()).join(' ');
}

test('chromium-colors.json has the colors of this Chromium', async () => {
  const colors: Record<string, string> = {};
  for (const [name, make] of Object.entries(COLOR_CASES)) {
    colors[name] = await colorsOf(name, await make());
  }
  expect(colors).toEqual(JSON.parse(readFileSync(file, 'utf8')));
}, 300_000);

const NAMES = { jpeg: 'JPEG', webp: 'WebP', avif: 'AVIF', png: 'PNG' };
/** Levels of 255: of renditions of quality 90. */
const TOLERANCE = 12;

test.each([
  'JPEG with Display P3',
  'JPEG with Adobe RGB',
  'WebP with Adobe RGB and alpha',
  'PNG with Display P3 and alpha',
  'PNG with cICP of primaries 9',
  'JPEG with sRGB',
])(
  'with COLOR_SPACE=p3, Chromium shows the same colors of the renditions of a %s',
  async (name) => {
    const bytes = await (COLOR_CASES[name] as () => Promise<Buffer>)();
    const expected = (await levelsOf(name, bytes, 'display-p3')).flat();
    const { renditions } = await processImage(bytes, {
      ...parseConfig({ BUCKET: 'bucket', COLOR_SPACE: 'p3', QUALITY: '90' }),
      variants: ['w64:64', 'icon:64:png'].map((text) => parseVariant(text) as Variant),
      formats: ['jpeg', 'webp', 'avif'],
    });
    expect(renditions).toHaveLength(4);
    for (const { format, data } of renditions) {
      // JPEG has no alpha.
      if (format === 'jpeg' && name.includes('alpha')) continue;
      const found = (await levelsOf(NAMES[format], data, 'display-p3')).flat();
      const distance = Math.max(...found.map((level, i) => Math.abs(level - (expected[i] ?? NaN))));
      expect({ format, found, isClose: distance <= TOLERANCE }).toEqual({
        format,
        found,
        isClose: true,
      });
    }
  },
);
