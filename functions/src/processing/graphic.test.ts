import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { createScreenshots } from '../../../bench/quality/screenshots.js';
import { isGraphic } from './graphic.js';
import type { RawImage } from './raw-image.js';

const photo = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));

async function pixelsOf(image: Sharp): Promise<RawImage> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { data, width, height, channels: channels as 3 | 4, frames: 1 };
}

test('ten screenshots are graphics, also when they were reduced', async () => {
  for (const [name, png] of await createScreenshots()) {
    for (const edge of [1440, 800]) {
      const pixels = await pixelsOf(sharp(png).resize(edge));
      expect([name, edge, isGraphic(pixels)]).toEqual([name, edge, true]);
    }
  }
});

test('photos are not, even with plain areas around what they show', async () => {
  expect(isGraphic(await pixelsOf(sharp(photo).resize(1600)))).toBe(false);
  const onWhite = sharp(photo)
    .resize(600)
    .extend({ top: 400, bottom: 400, left: 500, right: 500, background: '#fff' });
  expect(isGraphic(await pixelsOf(onWhite))).toBe(false);
});
