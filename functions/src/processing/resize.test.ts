import type { RawImage } from './raw-image.js';
import { resize } from './resize.js';
import type { ResizeStep } from './resize-plan.js';

/** An animation whose frames have one color each. */
function frames(width: number, height: number, ...colors: [number, number, number][]): RawImage {
  const data = Buffer.concat(
    colors.map((color) => Buffer.concat(Array<Buffer>(width * height).fill(Buffer.from(color)))),
  );
  return { data, width, height, channels: 3, frames: colors.length };
}

/** A dark image with one bright, detailed spot. */
function spot(width: number, height: number, left: number, top: number): RawImage {
  const raw = frames(width, height, [20, 20, 20]);
  for (let y = top; y < top + 20; y++) {
    for (let x = left; x < left + 20; x++) {
      raw.data.set((x + y) % 4 < 2 ? [255, 60, 40] : [255, 220, 180], (y * width + x) * 3);
    }
  }
  return raw;
}

const brightest = (raw: RawImage) => Math.max(...raw.data);

const step = (changes: Partial<ResizeStep>): ResizeStep => ({
  variants: ['v'],
  width: 50,
  height: 50,
  fullSize: { width: 50, height: 50 },
  ...changes,
});

test('returns the same object when the size is right', async () => {
  const image = frames(50, 50, [1, 2, 3]);
  expect(await resize(image, step({}))).toBe(image);
});

test('does not blend adjacent frames', async () => {
  const red: [number, number, number] = [255, 0, 0];
  const blue: [number, number, number] = [0, 0, 255];
  const small = await resize(
    frames(40, 30, red, blue, red),
    step({ width: 13, height: 10, fullSize: { width: 13, height: 10 } }),
  );
  expect(small).toMatchObject({ width: 13, height: 10, frames: 3 });
  expect(small.data.equals(frames(13, 10, red, blue, red).data)).toBe(true);
});

describe('crops a wide image', () => {
  const cover = (crop: 'centre' | 'attention') =>
    step({ width: 60, height: 60, fullSize: { width: 240, height: 60 }, crop });

  test('at the exact center', async () => {
    const image = frames(240, 60, [0, 0, 0]);
    image.data.set([255, 255, 255], (30 * 240 + 90) * 3);
    image.data.set([255, 255, 255], (30 * 240 + 149) * 3);
    image.data.set([7, 8, 9], (30 * 240 + 89) * 3);
    const { data, width, height } = await resize(image, cover('centre'));
    expect([width, height]).toEqual([60, 60]);
    expect([...data.subarray(30 * 60 * 3, (30 * 60 + 1) * 3)]).toEqual([255, 255, 255]);
    expect([...data.subarray((31 * 60 - 1) * 3, 31 * 60 * 3)]).toEqual([255, 255, 255]);
    expect(data.indexOf(Buffer.from([7, 8, 9]))).toBe(-1);
  });

  test.each([5, 210])('at the most salient region, left edge %i', async (left) => {
    const image = spot(240, 60, left, 20);
    expect(brightest(await resize(image, cover('centre')))).toBeLessThan(50);
    expect(brightest(await resize(image, cover('attention')))).toBe(255);
  });

  test('at the region of the first frame in all frames of an animation', async () => {
    const first = spot(240, 60, 210, 20);
    const second = spot(240, 60, 5, 20);
    const both = { ...first, frames: 2, data: Buffer.concat([first.data, second.data]) };
    const { data } = await resize(both, cover('attention'));
    const half = data.length / 2;
    expect(Math.max(...data.subarray(0, half))).toBe(255);
    expect(Math.max(...data.subarray(half))).toBeLessThan(50);
  });
});
