/**
 * The blur of SSIMULACRA2: a Gaussian with a standard deviation of 1.5 pixels, approximated by three cosines as the
 * recursive filter of JPEG XL's reference software does. Beyond the image there is nothing (0).
 * @see Charalampidis, "Recursive implementation of the Gaussian filter using truncated cosine functions" (2016)
 */

const SIGMA = 1.5;
/** "N" in equation (57). */
const RADIUS = Math.round(3.2795 * SIGMA + 0.2546);

/** The weights of the pixels at distances 0 to RADIUS - 1; at RADIUS, each cosine is 0. */
const TAPS = tapsOf();

function tapsOf(): number[] {
  const omegas = [1, 3, 5].map((k) => (k * Math.PI) / (2 * RADIUS));
  const [w1, w3, w5] = omegas as [number, number, number];
  // Equations (37), (44), (50), (52).
  const p = [1 / Math.tan(w1 / 2), -1 / Math.tan(w3 / 2), 1 / Math.tan(w5 / 2)];
  const [p1, p3, p5] = p as [number, number, number];
  const [r1, r3, r5] = [
    (p1 * p1) / Math.sin(w1),
    (-p3 * p3) / Math.sin(w3),
    (p5 * p5) / Math.sin(w5),
  ];
  const rho = omegas.map((omega) => Math.exp(-0.5 * SIGMA * SIGMA * omega * omega) / RADIUS);
  const [rho1, rho3, rho5] = rho as [number, number, number];
  const zeta15 = (p3 * r5 - r3 * p5) / (p1 * r3 - r1 * p3);
  const zeta35 = (p5 * r1 - r5 * p1) / (p1 * r3 - r1 * p3);
  // Equations (53) to (56).
  const betas = solve(
    [
      [p1, p3, p5],
      [r1, r3, r5],
      [zeta15, zeta35, 1],
    ],
    [1, RADIUS * RADIUS - SIGMA * SIGMA, zeta15 * rho1 + zeta35 * rho3 + rho5],
  );
  return Array.from({ length: RADIUS }, (_, distance) =>
    betas.reduce((sum, beta, i) => sum + beta * Math.cos((omegas[i] as number) * distance), 0),
  );
}

/** Three linear equations, by Cramer's rule. */
function solve(matrix: number[][], values: number[]): number[] {
  const determinant = (m: number[][]) => {
    const [[a, b, c], [d, e, f], [g, h, i]] = m as [number[], number[], number[]] as [
      [number, number, number],
      [number, number, number],
      [number, number, number],
    ];
    return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  };
  return values.map((_, column) => {
    const replaced = matrix.map((row, y) => row.map((v, x) => (x === column ? values[y] : v)));
    return determinant(replaced as number[][]) / determinant(matrix);
  });
}

/** @returns a function that blurs a channel of this size */
export function createBlur(width: number, height: number) {
  const [t0, t1, t2, t3, t4] = TAPS as [number, number, number, number, number];
  // Zeros around each row and column spare the test for the border.
  const margin = RADIUS - 1;
  const row = new Float32Array(width + 2 * margin);
  const padded = new Float32Array(width * (height + 2 * margin));
  return (plane: Float32Array): Float32Array => {
    for (let y = 0; y < height; y++) {
      row.set(plane.subarray(y * width, (y + 1) * width), margin);
      const to = (y + margin) * width;
      for (let x = 0; x < width; x++) padded[to + x] = sum(row, x + margin, 1);
    }
    const blurred = new Float32Array(width * height);
    const start = margin * width;
    for (let i = 0; i < blurred.length; i++) blurred[i] = sum(padded, start + i, width);
    return blurred;
  };

  function sum(values: Float32Array, i: number, step: number): number {
    return (
      t0 * (values[i] as number) +
      t1 * ((values[i - step] as number) + (values[i + step] as number)) +
      t2 * ((values[i - 2 * step] as number) + (values[i + 2 * step] as number)) +
      t3 * ((values[i - 3 * step] as number) + (values[i + 3 * step] as number)) +
      t4 * ((values[i - 4 * step] as number) + (values[i + 4 * step] as number))
    );
  }
}
