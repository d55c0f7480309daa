/** Measures how different two pictures look: CIEDE2000 (ISO/CIE 11664-6:2014), sRGB with its white point D65. */

interface Difference {
  /** Over all pixels. */
  mean: number;
  /** The largest, after each pixel became the mean of the 3 x 3 pixels around it. */
  worst: number;
}

interface Picture {
  width: number;
  height: number;
}

/**
 * @param a RGBA, opaque
 * @param b RGBA, opaque, of the same size
 * @returns color differences; 1 is just noticeable, 0 is the same
 */
export function differenceOf(size: Picture, a: Uint8Array, b: Uint8Array): Difference {
  return { mean: deltas(a, b).mean, worst: deltas(blur(size, a), blur(size, b)).worst };
}

function deltas(a: Uint8Array, b: Uint8Array): Difference {
  let sum = 0;
  let worst = 0;
  for (let i = 0; i < a.length; i += 4) {
    if (a[i] === b[i] && a[i + 1] === b[i + 1] && a[i + 2] === b[i + 2]) continue;
    const delta = ciede2000(labAt(a, i), labAt(b, i));
    sum += delta;
    if (delta > worst) worst = delta;
  }
  return { mean: sum / (a.length / 4), worst };
}

/** The mean of 3 x 3 pixels; fewer at the edges. */
function blur({ width, height }: Picture, pixels: Uint8Array): Uint8Array {
  const result = new Uint8Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const sum = [0, 0, 0];
      let count = 0;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const i = (v * width + u) * 4;
          for (let c = 0; c < 3; c++) (sum[c] as number) += pixels[i + c] as number;
          count++;
        }
      }
      for (let c = 0; c < 3; c++) {
        result[(y * width + x) * 4 + c] = Math.round((sum[c] as number) / count);
      }
    }
  }
  return result;
}

type Lab = [l: number, a: number, b: number];

/** IEC 61966-2-1: from an 8-bit level to linear light. */
const LINEAR = Float64Array.from({ length: 256 }, (_, level) => {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

const cubeRoot = (t: number) =>
  t > 216 / 24_389 ? Math.cbrt(t) : (24_389 / 27 / 116) * t + 4 / 29;

function labAt(pixels: Uint8Array, i: number): Lab {
  const r = LINEAR[pixels[i] as number] as number;
  const g = LINEAR[pixels[i + 1] as number] as number;
  const b = LINEAR[pixels[i + 2] as number] as number;
  const x = cubeRoot((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = cubeRoot(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = cubeRoot((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

const RADIANS = Math.PI / 180;
const cosine = (degrees: number) => Math.cos(degrees * RADIANS);

/** The names follow Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", 2005. */
export function ciede2000([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const meanC = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const g = 0.5 * (1 - Math.sqrt(meanC ** 7 / (meanC ** 7 + 25 ** 7)));
  const [x1, x2] = [a1 * (1 + g), a2 * (1 + g)];
  const [c1, c2] = [Math.hypot(x1, b1), Math.hypot(x2, b2)];
  const [h1, h2] = [hue(b1, x1), hue(b2, x2)];
  const isGray = c1 * c2 === 0;
  const turn = isGray ? 0 : h2 - h1;
  const dh = turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * RADIANS);
  const sumH = h1 + h2;
  const isFar = Math.abs(h1 - h2) > 180;
  const h = isGray ? sumH : isFar ? (sumH + (sumH < 360 ? 360 : -360)) / 2 : sumH / 2;
  const [l, c] = [(l1 + l2) / 2, (c1 + c2) / 2];
  const t =
    1 -
    0.17 * cosine(h - 30) +
    0.24 * cosine(2 * h) +
    0.32 * cosine(3 * h + 6) -
    0.2 * cosine(4 * h - 63);
  const sL = 1 + (0.015 * (l - 50) ** 2) / Math.sqrt(20 + (l - 50) ** 2);
  const sC = 1 + 0.045 * c;
  const sH = 1 + 0.015 * c * t;
  const rotation =
    -2 *
    Math.sqrt(c ** 7 / (c ** 7 + 25 ** 7)) *
    Math.sin(60 * Math.exp(-(((h - 275) / 25) ** 2)) * RADIANS);
  const [dL, dC] = [(l2 - l1) / sL, (c2 - c1) / sC];
  return Math.sqrt(dL ** 2 + dC ** 2 + (dH / sH) ** 2 + rotation * dC * (dH / sH));
}

function hue(b: number, a: number): number {
  if (a === 0 && b === 0) return 0;
  return (Math.atan2(b, a) / RADIANS + 360) % 360;
}
