import { toSrgb } from './color.js';
import { findColorSpace, type ColorSpace, type RgbSpace } from './color-space.js';
import { apply } from './matrix.js';
import { hlgSystemGain, hlgToCameraLight, pqToWhites, toneMapGain } from './tone-map.js';

// SMPTE ST 2084 and ITU-R BT.2408, table 1: 203 cd/m2 are 58 % of PQ and 75 % of HLG.
test('the reference white of PQ and HLG is 1', () => {
  expect(pqToWhites(0.58)).toBeCloseTo(1, 1);
  expect(pqToWhites(1) * 203).toBeCloseTo(10_000);
  expect(pqToWhites(0)).toBe(0);
  const light = hlgToCameraLight(0.75);
  expect(light * hlgSystemGain(light, light, light)).toBeCloseTo(1, 1);
});

test('the brightest HLG is 1,000 cd/m2', () => {
  expect(hlgToCameraLight(1)).toBeCloseTo(1, 5);
  expect(hlgSystemGain(1, 1, 1) * 203).toBeCloseTo(1000);
  expect(hlgSystemGain(0, 0, 0)).toBe(0);
});

test('the reference white becomes half of the light of the display, the peak all of it', () => {
  expect(toneMapGain(0)).toBe(0.5);
  expect(toneMapGain(1)).toBe(0.5);
  expect(1000 / 203).toBeCloseTo(1 / toneMapGain(1000 / 203));
  expect(50 * toneMapGain(50)).toBe(1);
});

test('brighter light stays brighter, without a step', () => {
  const results = Array.from({ length: 500 }, (_, i) => (i / 100) * toneMapGain(i / 100));
  results.slice(1).forEach((light, i) => {
    const rise = light - (results[i] as number);
    expect(rise).toBeGreaterThan(-1e-12);
    expect(rise).toBeLessThan(0.006);
  });
});

describe('a gradient of 16 bits', () => {
  const STEPS = 1024;
  /** BT.2020 with PQ, and HLG. */
  const SPACES = { PQ: spaceOf(16), HLG: spaceOf(18) };
  const HUES: Record<string, [number, number, number]> = {
    gray: [1, 1, 1],
    skin: [1, 0.85, 0.75],
    sky: [0.75, 0.85, 1],
    leaves: [0.8, 1, 0.75],
  };
  const cases = Object.entries(SPACES).flatMap(([transfer, space]) =>
    Object.entries(HUES).map(([hue, color]) => [transfer, hue, space, color] as const),
  );

  function spaceOf(transfer: number): ColorSpace {
    const cicp = { primaries: 9, transfer };
    return findColorSpace({ cicp }, 'rgb') as ColorSpace;
  }

  /** From black to the brightest color of a hue, as the light of its channels. */
  function ramp(space: ColorSpace, hue: readonly number[]): number[][] {
    const { curves } = space as RgbSpace;
    const inverse = (light: number) => {
      let [low, high] = [0, 1];
      for (let i = 0; i < 30; i++) {
        const middle = (low + high) / 2;
        if (curves[0](middle) < light) low = middle;
        else high = middle;
      }
      return high;
    };
    const numbers = Uint16Array.from({ length: 3 * STEPS }, (_, i) => {
      const value = Math.floor(i / 3) / (STEPS - 1);
      return Math.round(65_535 * inverse((hue[i % 3] as number) * curves[0](value)));
    });
    const { data } = toSrgb(
      {
        ...{ width: STEPS, height: 1, channels: 3, frames: 1, model: 'rgb', bits: 16 },
        data: Buffer.from(numbers.buffer),
      },
      space,
    );
    return Array.from({ length: STEPS }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);
  }

  const linear = (level: number) =>
    level <= 10.3 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([r = 0, g = 0, b = 0]: number[]) =>
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);

  test.each(cases)('%s, %s: never gets darker', (_transfer, _hue, space, hue) => {
    const lights = ramp(space, hue).map(luminance);
    lights
      .slice(1)
      .forEach((light, i) => expect(light).toBeGreaterThanOrEqual(lights[i] as number));
    expect(lights.at(-1)).toBeGreaterThan(0.7);
  });

  test.each(cases)('%s, %s: has no bands', (_transfer, _hue, space, hue) => {
    const colors = ramp(space, hue);
    const steps = colors
      .slice(1)
      .flatMap((color, i) => color.map((level, c) => level - (colors[i]?.[c] as number)));
    // 1,024 steps over 255 levels: a step of more than 2 levels would be visible.
    expect(Math.max(...steps)).toBeLessThanOrEqual(2);
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(0);
  });

  test.each(cases)('%s, %s: keeps its hue', (_transfer, _hue, space, hue) => {
    // Half a level of 128 is 1 % of the light; 255 may be clipped.
    const colors = ramp(space, hue).filter(
      (color) => Math.max(...color) >= 128 && Math.max(...color) < 255,
    );
    expect(colors.length).toBeGreaterThan(100);
    const ratios = (lights: readonly number[]) => lights.map((one) => one / Math.max(...lights));
    const expected = ratios(apply((space as RgbSpace).toSrgb, hue));
    for (const color of colors) {
      ratios(color.map(linear)).forEach((ratio, c) => {
        expect(Math.abs(ratio - (expected[c] as number))).toBeLessThan(0.02);
      });
    }
  });
});
