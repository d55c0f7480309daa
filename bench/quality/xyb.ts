/** The color space XYB of JPEG XL (ISO/IEC 18181-1), scaled to about 0 to 1 as SSIMULACRA2 uses it. */

/** Three channels, each with one number per pixel. */
export type Planes = [Float32Array, Float32Array, Float32Array];

/** sRGB levels -> linear light (IEC 61966-2-1). */
const LINEAR = Float32Array.from({ length: 256 }, (_, level) => {
  const value = level / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** @param rgb 8 bits per channel, interleaved @returns red, green and blue in linear light */
export function toLinear(rgb: Uint8Array): Planes {
  const pixels = rgb.length / 3;
  return [0, 1, 2].map((channel) => {
    const plane = new Float32Array(pixels);
    for (let i = 0; i < pixels; i++) plane[i] = LINEAR[rgb[i * 3 + channel] as number] as number;
    return plane;
  }) as Planes;
}

/** Responses of the eye's three kinds of cones to linear red, green and blue. */
const CONES = [
  [0.3, 0.622, 0.078],
  [0.23, 0.692, 0.078],
  [0.2434226892454782, 0.2047674442449682, 0.5518098665095535],
] as const;
const BIAS = 0.0037930732552754493;
const BIAS_ROOT = Math.cbrt(BIAS);

export function toXyb([red, green, blue]: Planes): Planes {
  const { length } = red;
  const planes: Planes = [
    new Float32Array(length),
    new Float32Array(length),
    new Float32Array(length),
  ];
  const response = (cone: readonly [number, number, number], i: number) =>
    Math.cbrt(
      cone[0] * (red[i] as number) +
        cone[1] * (green[i] as number) +
        cone[2] * (blue[i] as number) +
        BIAS,
    ) - BIAS_ROOT;
  for (let i = 0; i < length; i++) {
    const [long, medium, short] = [
      response(CONES[0], i),
      response(CONES[1], i),
      response(CONES[2], i),
    ];
    const y = (long + medium) / 2;
    planes[0][i] = ((long - medium) / 2) * 14 + 0.42;
    planes[1][i] = y + 0.01;
    planes[2][i] = short - y + 0.55;
  }
  return planes;
}
