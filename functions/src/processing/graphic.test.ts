/** bench/quality/screenshots.test.ts has ten screenshots. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { isGraphic } from './graphic.js';
import type { RawImage } from './raw-image.js';

const photo = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));

async function pixelsOf(image: Sharp): Promise<RawImage> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { data, width, height, channels: channels as 3 | 4, frames: 1 };
}

test.each([
  ['one color', () => 255, true],
  ['lines', (x: number) => (x % 9 === 0 ? 0 : 255), true],
  ['a gradient', (x: number) => x % 256, false],
  ['noise', (x: number) => (x * 7919) % 251, false],
])('%s', (_what, level, expected) => {
  const [width, height] = [300, 40];
  const levels = Array.from({ length: width * height }, (_, index) => level(index % width));
  for (const channels of [3, 4] as const) {
    const pixels = levels.flatMap((value) => [value, value, value, 255].slice(0, channels));
    const image = { data: Buffer.from(pixels), width, height, channels, frames: 1 };
    expect(isGraphic(image)).toBe(expected);
  }
});

test('photos are not graphics, even with plain areas around what they show', async () => {
  expect(isGraphic(await pixelsOf(sharp(photo).resize(1600)))).toBe(false);
  const onWhite = sharp(photo)
    .resize(600)
    .extend({ top: 400, bottom: 400, left: 500, right: 500, background: '#fff' });
  expect(isGraphic(await pixelsOf(onWhite))).toBe(false);
});
