import type { RawImage } from './raw-image.js';
import { shrink } from './resize.js';
import type { Step } from './resize-plan.js';

/** Frames of one colour each. */
function frames(width: number, height: number, ...colours: [number, number, number][]): RawImage {
  const data = Buffer.concat(
    colours.map((colour) => Buffer.concat(Array<Buffer>(width * height).fill(Buffer.from(colour)))),
  );
  return { data, width, height, channels: 3, frames: colours.length };
}

/** A dark picture with one bright, busy spot. */
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

const step = (changes: Partial<Step>): Step => ({
  variants: ['v'],
  width: 50,
  height: 50,
  whole: { width: 50, height: 50 },
  ...changes,
});

test('a picture that has the size already is the same one, not a copy', async () => {
  const picture = frames(50, 50, [1, 2, 3]);
  expect(await shrink(picture, step({}))).toBe(picture);
});

test('a frame takes nothing from the frames beside it', async () => {
  const red: [number, number, number] = [255, 0, 0];
  const blue: [number, number, number] = [0, 0, 255];
  const small = await shrink(
    frames(40, 30, red, blue, red),
    step({ width: 13, height: 10, whole: { width: 13, height: 10 } }),
  );
  expect(small).toMatchObject({ width: 13, height: 10, frames: 3 });
  expect(small.data.equals(frames(13, 10, red, blue, red).data)).toBe(true);
});

describe('what is cut out of a wide picture', () => {
  const cover = (crop: 'centre' | 'attention') =>
    step({ width: 60, height: 60, whole: { width: 240, height: 60 }, crop });

  test('centre: its middle, exactly', async () => {
    const picture = frames(240, 60, [0, 0, 0]);
    picture.data.set([255, 255, 255], (30 * 240 + 90) * 3);
    picture.data.set([255, 255, 255], (30 * 240 + 149) * 3);
    picture.data.set([7, 8, 9], (30 * 240 + 89) * 3);
    const { data, width, height } = await shrink(picture, cover('centre'));
    expect([width, height]).toEqual([60, 60]);
    expect([...data.subarray(30 * 60 * 3, (30 * 60 + 1) * 3)]).toEqual([255, 255, 255]);
    expect([...data.subarray((31 * 60 - 1) * 3, 31 * 60 * 3)]).toEqual([255, 255, 255]);
    expect(data.indexOf(Buffer.from([7, 8, 9]))).toBe(-1);
  });

  test.each([5, 210])('attention: where something is to be seen, at %i', async (left) => {
    const picture = spot(240, 60, left, 20);
    expect(brightest(await shrink(picture, cover('centre')))).toBeLessThan(50);
    expect(brightest(await shrink(picture, cover('attention')))).toBe(255);
  });

  test('attention of what moves: one view for all frames, from the first', async () => {
    const first = spot(240, 60, 210, 20);
    const second = spot(240, 60, 5, 20);
    const both = { ...first, frames: 2, data: Buffer.concat([first.data, second.data]) };
    const { data } = await shrink(both, cover('attention'));
    const half = data.length / 2;
    expect(Math.max(...data.subarray(0, half))).toBe(255);
    expect(Math.max(...data.subarray(half))).toBeLessThan(50);
  });
});
