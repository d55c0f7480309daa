import { thumbHashToAverageRGBA, thumbHashToApproximateAspectRatio } from 'thumbhash';
import { placeholderOf } from './placeholder.js';
import type { RawImage } from './raw-image.js';

/** `share` of the rows in the first colour, the rest in the second. */
function rows(share: number, first: number[], second: number[], frames = 1): RawImage {
  const width = 60;
  const height = 100;
  const row = (colour: number[]) => Buffer.concat(Array<Buffer>(width).fill(Buffer.from(colour)));
  const data = Buffer.concat(
    Array.from({ length: height * frames }, (_, y) =>
      row(y % height < height * share ? first : second),
    ),
  );
  return { data, width, height, frames, channels: first.length as 3 | 4 };
}

test('the colour is the one that there is most of, not the mean', async () => {
  const { color } = await placeholderOf(rows(0.65, [200, 30, 30], [20, 20, 220]));
  // Give or take what a resize adds beside an edge.
  expect(color).toMatch(/^#c[7-9]1[d-f]1[d-f]$/);
});

test('what is transparent has no colour', async () => {
  const { color } = await placeholderOf(rows(0.8, [255, 0, 0, 0], [0, 160, 0, 255]));
  expect(color).toMatch(/^#00(9[c-f]|a[0-4])00$/);
  expect((await placeholderOf(rows(1, [9, 9, 9, 0], [0, 0, 0, 0]))).color).toBe('#ffffff');
});

test('the ThumbHash has the colours and the proportions', async () => {
  const { thumbhash } = await placeholderOf(rows(1, [200, 100, 50], [0, 0, 0]));
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

test('of what moves, the first frame', async () => {
  const still = rows(1, [10, 200, 10], [0, 0, 0]);
  const second = rows(1, [250, 0, 0], [0, 0, 0]);
  const moving = { ...still, frames: 2, data: Buffer.concat([still.data, second.data]) };
  expect(await placeholderOf(moving)).toEqual(await placeholderOf(still));
});
