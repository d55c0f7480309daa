import { thumbHashToAverageRGBA, thumbHashToApproximateAspectRatio } from 'thumbhash';
import { createPlaceholder } from './placeholder.js';
import type { RawImage } from './raw-image.js';

/** An image with a fraction of its rows in the first color, the rest in the second. */
function rows(fraction: number, first: number[], second: number[], frames = 1): RawImage {
  const width = 60;
  const height = 100;
  const row = (color: number[]) => Buffer.concat(Array<Buffer>(width).fill(Buffer.from(color)));
  const data = Buffer.concat(
    Array.from({ length: height * frames }, (_, y) =>
      row(y % height < height * fraction ? first : second),
    ),
  );
  return { data, width, height, frames, channels: first.length as 3 | 4 };
}

test('the color is the most frequent one, not the mean', async () => {
  const { color } = await createPlaceholder(rows(0.65, [200, 30, 30], [20, 20, 220]));
  // The resize blends some pixels next to the edge.
  expect(color).toMatch(/^#c[7-9]1[d-f]1[d-f]$/);
});

test('transparent pixels do not affect the color', async () => {
  const { color } = await createPlaceholder(rows(0.8, [255, 0, 0, 0], [0, 160, 0, 255]));
  expect(color).toMatch(/^#00(9[c-f]|a[0-4])00$/);
  expect((await createPlaceholder(rows(1, [9, 9, 9, 0], [0, 0, 0, 0]))).color).toBe('#ffffff');
});

test('the ThumbHash has the mean color and the aspect ratio', async () => {
  const { thumbhash } = await createPlaceholder(rows(1, [200, 100, 50], [0, 0, 0]));
  const hash = Buffer.from(thumbhash, 'base64');
  const { r, g, b, a } = thumbHashToAverageRGBA(hash);
  expect([r, g, b].map((level) => Math.round(level * 255))).toEqual([
    expect.closeTo(200, -1),
    expect.closeTo(100, -1),
    expect.closeTo(50, -1),
  ]);
  expect(a).toBe(1);
  expect(thumbHashToApproximateAspectRatio(hash)).toBeCloseTo(0.6, 0);
});

test('an animation has the placeholder of its first frame', async () => {
  const still = rows(1, [10, 200, 10], [0, 0, 0]);
  const second = rows(1, [250, 0, 0], [0, 0, 0]);
  const animated = { ...still, frames: 2, data: Buffer.concat([still.data, second.data]) };
  expect(await createPlaceholder(animated)).toEqual(await createPlaceholder(still));
});
