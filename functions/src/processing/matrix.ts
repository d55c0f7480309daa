/** Vectors and matrices of three rows and columns, for linear colors. */

/** Row by row. */
export type Matrix = readonly [
  ...[number, number, number],
  ...[number, number, number],
  ...[number, number, number],
];
export type Vector = readonly [number, number, number];

/** The white of ICC profiles, in XYZ: ICC.1:2022, section 7.2.16. */
export const D50: Vector = [0.9642, 1, 0.8249];

/** @returns the matrix that applies `b`, then `a` */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const [x, y, z] = [0, 1, 2].map((i) =>
    apply(a, [b[i] as number, b[3 + i] as number, b[6 + i] as number]),
  ) as [Vector, Vector, Vector];
  return fromColumns(x, y, z);
}

export function apply(m: Matrix, [x, y, z]: Vector): Vector {
  return [
    m[0] * x + m[1] * y + m[2] * z,
    m[3] * x + m[4] * y + m[5] * z,
    m[6] * x + m[7] * y + m[8] * z,
  ];
}

export function fromColumns(x: Vector, y: Vector, z: Vector): Matrix {
  return [x[0], y[0], z[0], x[1], y[1], z[1], x[2], y[2], z[2]];
}

/** @returns undefined when the matrix has no inverse */
export function invert([a, b, c, d, e, f, g, h, i]: Matrix): Matrix | undefined {
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  const inverse = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ].map((cofactor) => cofactor / determinant);
  return inverse.every(Number.isFinite) ? (inverse as unknown as Matrix) : undefined;
}
