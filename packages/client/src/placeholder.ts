/** The placeholder of an image, decoded to a small PNG with the same bytes on every JavaScript engine. */
import { charCodes, encodePng, type Pixels } from './png.js';

/** The longer side of a placeholder, pixels. */
const SIDE = 16;

/**
 * Returns a placeholder as a PNG data URL of at most 16 × 16 pixels, about 830 characters (1,500 with
 * transparency); scale it to the size of the image.
 *
 * @param thumbhash `placeholder.thumbhash` of an image record or a manifest
 * @throws Error when it is not a base64 ThumbHash
 */
export function placeholderUrl(thumbhash: string): string {
  return `data:image/png;base64,${btoa(String.fromCharCode(...encodePng(decodeThumbHash(thumbhash, SIDE))))}`;
}

/**
 * Decodes a ThumbHash: https://evanw.github.io/thumbhash/
 *
 * @param side the longer side of the result, pixels
 * @throws Error when it is not a base64 ThumbHash
 */
export function decodeThumbHash(thumbhash: string, side: number): Pixels {
  let hash: number[] = [];
  try {
    hash = charCodes(atob(thumbhash));
  } catch {
    // Reported below.
  }
  const [b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0] = hash;
  const header = b0 | (b1 << 8) | (b2 << 16);
  const flags = b3 | (b4 << 8);
  /** Bits of the header. */
  const bits = (from: number, count: number) => (header >> from) & ((1 << count) - 1);
  const hasAlpha = b2 >> 7 === 1;
  const isLandscape = b4 >> 7 === 1;
  const most = hasAlpha ? 5 : 7;
  // Number of cosines in each direction; the fixed one is that of the longer side.
  const [columns, rows] = isLandscape ? [most, flags & 7] : [flags & 7, most];
  let nibble = hasAlpha ? 12 : 10;

  /** Reads a channel: its constant, then a coefficient of four bits for each pair of cosines. */
  const channel = (constant: number, scale: number, nx: number, ny: number) => {
    const terms: Term[] = [{ x: 0, y: 0, factor: constant }];
    for (let y = 0; y < ny; y++) {
      for (let x = y === 0 ? 1 : 0; x * ny < nx * (ny - y); x++) {
        // A hash that is too short is rejected below.
        const byte = hash[nibble >> 1] ?? 0;
        const value = nibble & 1 ? byte >> 4 : byte & 15;
        nibble += 1;
        terms.push({ x, y, factor: (value / 7.5 - 1) * scale * 2 });
      }
    }
    return terms;
  };
  const lightness = channel(
    bits(0, 6) / 63,
    bits(18, 5) / 31,
    Math.max(3, columns),
    Math.max(3, rows),
  );
  const yellow = channel(bits(6, 6) / 31.5 - 1, (((flags >> 3) & 63) / 63) * 1.25, 3, 3);
  const red = channel(bits(12, 6) / 31.5 - 1, (((flags >> 9) & 63) / 63) * 1.25, 3, 3);
  const alpha = hasAlpha ? channel((b5 & 15) / 15, (b5 >> 4) / 15, 5, 5) : undefined;
  if (hash.length < 5 || columns < 1 || rows < 1 || nibble > hash.length * 2) {
    throw new Error('Expected a ThumbHash in base64');
  }

  const ratio = columns / rows;
  const width = Math.round(ratio > 1 ? side : side * ratio);
  const height = Math.round(ratio > 1 ? side / ratio : side);
  const xs = cosines(width);
  const ys = cosines(height);
  const samples = alpha ? 4 : 3;
  // It rounds, and limits values to 0 to 255.
  const data = new Uint8ClampedArray(width * height * samples);
  for (let i = 0; i < width * height; i++) {
    const atX = xs[i % width] ?? [];
    const atY = ys[Math.floor(i / width)] ?? [];
    const sum = (terms: readonly Term[]) =>
      terms.reduce((total, { x, y, factor }) => total + factor * (atX[x] ?? 0) * (atY[y] ?? 0), 0);
    const l = sum(lightness);
    const p = sum(yellow);
    const q = sum(red);
    const blue = l - (2 / 3) * p;
    const redValue = (3 * l - blue + q) / 2;
    const colors = [redValue, redValue - q, blue, ...(alpha ? [sum(alpha)] : [])];
    data.set(
      colors.map((color) => color * 255),
      i * samples,
    );
  }
  return { width, height, samples, data };
}

interface Term {
  x: number;
  y: number;
  factor: number;
}

/**
 * For each of `count` pixels, the cosines of 0 to 6 times its angle. Only with operations whose results IEEE 754
 * fixes: ECMAScript leaves those of `Math.cos` open, and one different bit between server and browser would be a
 * hydration error.
 */
function cosines(count: number): number[][] {
  return Array.from({ length: count }, (_, i) => {
    const angle = (Math.PI * (i + 0.5)) / count;
    // cos(x) = -sin(x - π/2), as a series.
    const shifted = angle - Math.PI / 2;
    let term = -shifted;
    let cosine = term;
    for (let n = 2; n < 22; n += 2) {
      term *= (-shifted * shifted) / (n * (n + 1));
      cosine += term;
    }
    // Chebyshev: cos(n·x) = 2·cos(x)·cos((n - 1)·x) - cos((n - 2)·x).
    const values = [1, cosine];
    for (let n = 2; n < 7; n++) {
      values.push(2 * cosine * (values[n - 1] ?? 0) - (values[n - 2] ?? 0));
    }
    return values;
  });
}
