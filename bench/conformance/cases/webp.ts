/** WebP: lossy and lossless × alpha × profile × orientation × animation (offsets, blending, disposal, loops, timing). */
import type sharp from 'sharp';
import type { Case } from '../case.js';
import { exifOrientation } from '../exif.js';
import { PROFILES } from '../icc.js';
import {
  animationFrame,
  draw,
  grays,
  SIZES,
  stripes,
  toSharp,
  translucentStripes,
  type Picture,
} from '../picture.js';
import {
  animatedWebp,
  EXIF,
  extendedWebp,
  ICC,
  type WebpFrame,
  type WebpOptions,
} from '../webp.js';
import { text } from '../../processing/fields.js';
import { riff } from '../../processing/file-structure.js';

const SIZE = { width: 96, height: 64 };

function webp(row: string, name: string, create: Case['create']): Case {
  return { format: 'WebP', row, name: `webp-${name}.webp`, create };
}

const encode = (picture: Picture, options: sharp.WebpOptions, alpha = false) =>
  toSharp(picture, { alpha })
    .webp({ effort: 2, ...options })
    .toBuffer();

function stills(): Case[] {
  const row = 'Lossy and lossless, opaque';
  const alpha = 'Alpha, lossy and lossless';
  return [
    webp(row, 'lossy', () => encode(stripes(), { quality: 90 })),
    webp(row, 'lossy-low', () => encode(stripes(), { quality: 30 })),
    webp(row, 'lossless', () => encode(stripes(), { lossless: true })),
    webp(row, 'near-lossless', () => encode(stripes(), { nearLossless: true })),
    webp(row, 'gray', () => encode(grays(), { lossless: true })),
    webp(row, 'smart-subsample', () => encode(stripes(), { quality: 90, smartSubsample: true })),
    webp(alpha, 'alpha-lossy', () =>
      encode(translucentStripes(), { quality: 90, exact: true }, true),
    ),
    webp(alpha, 'alpha-lossy-alpha-50', () =>
      encode(translucentStripes(), { quality: 90, alphaQuality: 50 }, true),
    ),
    webp(alpha, 'alpha-lossless', () =>
      encode(translucentStripes(), { lossless: true, exact: true }, true),
    ),
    ...SIZES.map(([width, height]) =>
      webp('Sizes from 1 x 1 on', `size-${width}x${height}`, () =>
        encode(stripes(width, height), { lossless: true }),
      ),
    ),
  ];
}

function metadata(): Case[] {
  const row = 'RGB profile: sRGB, Display P3, Adobe RGB, ProPhoto, linear';
  const lossless = () => encode(stripes(), { lossless: true });
  return [
    ...(['srgb', 'p3', 'adobe', 'prophoto', 'linear'] as const).map((name) =>
      webp(row, `icc-${name}`, async () =>
        extendedWebp(await lossless(), SIZE, ICC, { before: [riff('ICCP', PROFILES[name])] }),
      ),
    ),
    webp(row, 'icc-p3-alpha', async () =>
      extendedWebp(await encode(translucentStripes(), { lossless: true }, true), SIZE, ICC | 0x10, {
        before: [riff('ICCP', PROFILES.p3)],
      }),
    ),
    webp('Damaged profile, which is ignored', 'icc-damaged', async () =>
      extendedWebp(await lossless(), SIZE, ICC, {
        before: [riff('ICCP', Buffer.alloc(200, 7))],
      }),
    ),
    webp('Damaged profile, which is ignored', 'icc-without-flag', async () =>
      extendedWebp(await lossless(), SIZE, 0, { before: [riff('ICCP', PROFILES.p3)] }),
    ),
    ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) =>
      [false, true].map((hasPrefix) =>
        webp(
          'EXIF orientation 1 to 8',
          `exif-${orientation}${hasPrefix ? '-prefix' : ''}`,
          async () =>
            extendedWebp(await lossless(), SIZE, EXIF, {
              after: [
                riff(
                  'EXIF',
                  ...(hasPrefix ? [text('Exif\0\0')] : []),
                  exifOrientation(orientation),
                ),
              ],
            }),
        ),
      ),
    ),
    webp('EXIF orientation 1 to 8', 'exif-6-without-flag', async () =>
      extendedWebp(await lossless(), SIZE, 0, { after: [riff('EXIF', exifOrientation(6))] }),
    ),
    webp('Unknown chunks, trailing data', 'unknown-chunk', async () =>
      extendedWebp(await lossless(), SIZE, 0, { after: [riff('ABCD', text('anything'))] }),
    ),
    webp('Unknown chunks, trailing data', 'trailing-data', async () =>
      Buffer.concat([await lossless(), text('anything behind')]),
    ),
    {
      ...webp('Cut short', 'cut-in-half', async () => {
        const file = await encode(stripes(), { quality: 90 });
        return file.subarray(0, file.length / 2);
      }),
      expected: { refused: 'damaged-image' },
    },
  ];
}

const CANVAS = { width: 64, height: 48 };

async function frame(
  picture: Picture,
  duration: number,
  rest: Partial<WebpFrame> = {},
): Promise<WebpFrame> {
  const { width, height } = picture;
  const image = await encode(picture, { lossless: true, exact: true }, true);
  return { image, width, height, duration, ...rest };
}

const square = (r: number, g: number, b: number, a = 255) => draw(20, 16, () => [r, g, b, a]);

function animations(): Case[] {
  const row = 'Animated: any duration and loop count';
  const whole = (durations: number[]) =>
    Promise.all(durations.map((duration, i) => frame(animationFrame(i), duration)));
  const timed = (name: string, durations: number[], loop: number): Case =>
    webp(row, name, async () => animatedWebp({ ...CANVAS, loop, frames: await whole(durations) }));
  return [
    timed('animated', [100, 200, 300], 0),
    timed('loop-1', [100, 100], 1),
    timed('loop-3', [100, 100], 3),
    timed('loop-65535', [100, 100], 65_535),
    timed('delay-0', [0, 0, 0], 0),
    timed('delay-5-10-11', [5, 10, 11], 0),
    timed('delay-65535', [100, 65_535], 0),
    timed('delay-70-seconds', [100, 70_000, 100], 0),
    timed('delay-longest', [100, 16_777_215], 0),
    timed('ten-frames', Array<number>(10).fill(40), 0),
  ];
}

function compositions(): Case[] {
  const row = 'Animated: offsets, blending, disposal, background, alpha';
  const base = animationFrame(0);
  const make = (
    name: string,
    frames: () => Promise<WebpFrame[]>,
    rest: Partial<WebpOptions> = {},
  ): Case =>
    webp(row, name, async () =>
      animatedWebp({ ...CANVAS, loop: 0, frames: await frames(), ...rest }),
    );
  const over = [false, true].flatMap((dispose) =>
    [false, true].map((blend) =>
      make(`offset${dispose ? '-dispose' : ''}${blend ? '-blend' : ''}`, async () => [
        await frame(base, 100),
        await frame(square(255, 255, 0), 100, { left: 10, top: 8, dispose, blend }),
        await frame(square(255, 0, 255, 128), 100, { left: 20, top: 14, dispose, blend }),
        await frame(square(0, 255, 255, 0), 100, { left: 30, top: 20, blend }),
      ]),
    ),
  );
  return [
    ...over,
    make('small-first-frame', async () => [
      await frame(square(255, 255, 0), 100, { left: 10, top: 8 }),
      await frame(base, 100),
    ]),
    make(
      'background',
      async () => [
        await frame(square(255, 255, 0), 100, { left: 10, top: 8, dispose: true }),
        await frame(square(255, 0, 255), 100, { left: 30, top: 8 }),
      ],
      { background: [255, 0, 0, 255] },
    ),
    webp(row, 'animated-lossy', async () =>
      animatedWebp({
        ...{ ...CANVAS, loop: 0 },
        frames: await Promise.all(
          [0, 1, 2].map(async (i) => ({
            ...{
              image: await encode(animationFrame(i), { quality: 95 }),
              ...CANVAS,
              duration: 100,
            },
          })),
        ),
      }),
    ),
    make(
      'animated-icc-p3',
      async () => [await frame(base, 100), await frame(animationFrame(1), 100)],
      {
        before: [riff('ICCP', PROFILES.p3)],
      },
    ),
    webp('Animated: one frame', 'one-frame', async () =>
      animatedWebp({ ...CANVAS, loop: 0, frames: [await frame(base, 100)] }),
    ),
    webp('Animated: EXIF orientation, which is ignored', 'animated-exif-6', async () =>
      animatedWebp({
        ...{
          ...CANVAS,
          loop: 0,
          frames: [await frame(base, 100), await frame(animationFrame(1), 100)],
        },
        after: [riff('EXIF', exifOrientation(6))],
      }),
    ),
  ];
}

export function webpCases(): Case[] {
  return [...stills(), ...metadata(), ...animations(), ...compositions()];
}
