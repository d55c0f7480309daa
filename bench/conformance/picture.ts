/** The picture that most files of the suite show: every orientation, color and alpha value differs. */
import sharp, { type Sharp } from 'sharp';

/** RGBA, 16 bits per channel, alpha not premultiplied. */
export interface Picture {
  width: number;
  height: number;
  data: Uint16Array;
}

/** Levels of 0 to 255: red, green, blue, white, black, gray, skin, teal. */
export const STRIPES = [
  [220, 30, 30],
  [30, 180, 40],
  [30, 60, 200],
  [255, 255, 255],
  [0, 0, 0],
  [128, 128, 128],
  [224, 172, 140],
  [20, 140, 140],
] as const;

const WIDTH = 96;
const HEIGHT = 64;

/** Widths and heights, pixels: single pixels, odd sizes, and wider than the widest variant. */
export const SIZES = [
  [1, 1],
  [2, 1],
  [15, 17],
  [333, 5],
  [2000, 120],
] as const;

type Color = readonly [r: number, g: number, b: number, a?: number];

/** @param colorAt levels of 0 to 255; fractions are kept */
export function draw(
  width: number,
  height: number,
  colorAt: (x: number, y: number) => Color,
): Picture {
  const data = new Uint16Array(width * height * 4);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b, a = 255] = colorAt(i % width, Math.floor(i / width));
    data.set(
      [r, g, b, a].map((level) => Math.round(level * 257)),
      i * 4,
    );
  }
  return { width, height, data };
}

/** Upper half: eight stripes. Lower half: from a warm to a cold gradient. */
export const stripes = (width = WIDTH, height = HEIGHT) =>
  draw(width, height, stripesAt(width, height));

function stripesAt(width: number, height: number) {
  return (x: number, y: number): Color => {
    if (y < height / 2) return STRIPES[Math.floor((x * 8) / width)] as Color;
    const right = x / (width - 1);
    const down = (y - height / 2) / (height / 2);
    return [40 + 190 * right, 60 + 120 * down, 210 - 170 * right];
  };
}

/** The same with alpha: three quarters opaque, then half, a gradient and nothing. */
export function translucentStripes(levels = 256): Picture {
  const colorAt = stripesAt(WIDTH, HEIGHT);
  const quantize = (alpha: number) =>
    (Math.round((alpha / 255) * (levels - 1)) * 255) / (levels - 1);
  return draw(WIDTH, HEIGHT, (x, y) => {
    const [r, g, b] = colorAt(x, y);
    const alpha = y < 16 ? 255 : y < 32 ? 128 : y < 48 ? (255 * x) / (WIDTH - 1) : x < 48 ? 0 : 255;
    return [r, g, b, quantize(alpha)];
  });
}

/** A smooth ramp of gray, from black to white. */
export const grays = () =>
  draw(WIDTH, HEIGHT, (x) => Array<number>(3).fill((255 * x) / 95) as never);

/** One color per frame, with a square that moves. */
export function animationFrame(index: number, width = 64, height = 48): Picture {
  const background = STRIPES[[0, 1, 2, 7][index % 4] as number] as Color;
  const left = 4 + 10 * (index % 5);
  return draw(width, height, (x, y) =>
    x >= left && x < left + 12 && y >= 16 && y < 32 ? [255, 255, 255] : background,
  );
}

/** Opens a picture for sharp's encoders, with 8 or 16 bits per channel. */
export function toSharp(
  { width, height, data }: Picture,
  { alpha = false, depth = 8 } = {},
): Sharp {
  const channels = alpha ? 4 : 3;
  const levels =
    depth === 8
      ? new Uint8Array(width * height * channels)
      : new Uint16Array(width * height * channels);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < channels; c++) {
      const level = data[i * 4 + c] as number;
      levels[i * channels + c] = depth === 8 ? Math.round(level / 257) : level;
    }
  }
  return sharp(levels, { raw: { width, height, channels } });
}
