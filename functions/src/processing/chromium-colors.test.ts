/**
 * Compares decoded colors with those of Chromium 147 in chromium-colors.json, which
 * tests/browser/colors.test.ts measures.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CENTERS, COLOR_CASES, HEIGHT, WIDTH } from '../../test/processing/color-cases.js';
import { parseConfig } from '../config/config.js';
import { decode } from './decode.js';
import { readHeader } from './header.js';

const limits = parseConfig({ BUCKET: 'bucket' });
const folder = join(__dirname, '../../test/processing');
const expectedColors = JSON.parse(
  readFileSync(join(folder, 'chromium-colors.json'), 'utf8'),
) as Record<string, string>;

/** Levels of 255: decoders of JPEG and canvases round. */
const TOLERANCE = 2;
/**
 * Chromium is less exact for CIELAB of ICC version 2, which it reads as that of version 4, for a profile
 * with a table besides a matrix, which it applies in two steps, and for more than 8 bits of AVIF: white is
 * 249 to 254.
 */
const LOW_TOLERANCE = 6;
const INEXACT =
  /table of 16 bits|colorimetric table|besides a matrix|CMYK JPEG with a profile$|1[02]-bit AVIF/;

async function colorsOf(bytes: Buffer): Promise<number[][]> {
  const header = await readHeader(bytes, limits);
  const { data, channels, width } = await decode(header, header.size, limits);
  expect(width).toBe(WIDTH);
  const start = (HEIGHT / 2) * WIDTH;
  return CENTERS.map((x) => {
    const offset = (start + x) * channels;
    return [...data.subarray(offset, offset + 3)];
  });
}

test.each(Object.entries(COLOR_CASES))('%s looks as in Chromium', async (name, make) => {
  const colors = await colorsOf(await make());
  const expected = (expectedColors[name] ?? '')
    .split(' ')
    .map((color) => color.split(',').map(Number));
  const differences = colors.map((color, i) =>
    Math.max(...color.map((level, c) => Math.abs(level - (expected[i]?.[c] ?? NaN)))),
  );
  const tolerance = INEXACT.test(name) ? LOW_TOLERANCE : TOLERANCE;
  expect({ colors, isClose: differences.every((difference) => difference <= tolerance) }).toEqual({
    colors,
    isClose: true,
  });
});

test('the colors of every case are known', () => {
  expect(Object.keys(expectedColors).sort()).toEqual(Object.keys(COLOR_CASES).sort());
});
