/** PNG: color type × bit depth × interlacing × alpha × color chunks × orientation × animation. */
import type { Case, Expectation } from '../case.js';
import { grayProfile, PROFILES } from '../icc.js';
import {
  animationFrame,
  draw,
  grays,
  stripes,
  translucentStripes,
  type Picture,
} from '../picture.js';
import {
  animatedPng,
  cHRM,
  cICP,
  encodePng,
  eXIf,
  GRAY,
  GRAY_ALPHA,
  gAMA,
  iCCP,
  PALETTE,
  RGB,
  RGBA,
  sRGB,
  type PngOptions,
} from '../png.js';
import { text, u16, u32 } from '../../processing/fields.js';
import { chunk } from '../../processing/file-structure.js';

function png(
  row: string,
  name: string,
  picture: Picture,
  options: PngOptions = {},
  expected?: Expectation,
): Case {
  return {
    format: 'PNG',
    row,
    name: `png-${name}.png`,
    create: () => encodePng(picture, options),
    ...(expected && { expected }),
  };
}

const opaque = stripes();
const translucent = translucentStripes();

function bitDepths(): Case[] {
  return [false, true].flatMap((interlaced) => {
    const suffix = interlaced ? '-interlaced' : '';
    return [
      ...([1, 2, 4, 8, 16] as const).map((bitDepth) =>
        png('Gray, 1 to 16 bits', `gray-${bitDepth}${suffix}`, grays(), {
          ...{ colorType: GRAY, bitDepth, interlaced },
        }),
      ),
      ...([8, 16] as const).flatMap((bitDepth) => [
        png('RGB, 8 and 16 bits', `rgb-${bitDepth}${suffix}`, opaque, { bitDepth, interlaced }),
        png('Alpha, 8 and 16 bits', `rgba-${bitDepth}${suffix}`, translucent, {
          ...{ colorType: RGBA, bitDepth, interlaced },
        }),
        png('Alpha, 8 and 16 bits', `gray-alpha-${bitDepth}${suffix}`, translucent, {
          ...{ colorType: GRAY_ALPHA, bitDepth, interlaced },
        }),
      ]),
      ...([1, 2, 4, 8] as const).flatMap((bitDepth) => {
        const row = 'Palette, 1 to 8 bits, with and without transparent colors';
        const options = {
          ...paletteOf(bitDepth),
          colorType: PALETTE,
          bitDepth,
          interlaced,
        } as const;
        const alphas = options.palette.map((_, i) =>
          Math.round((i * 255) / (options.palette.length - 1)),
        );
        return [
          png(row, `palette-${bitDepth}${suffix}`, opaque, options),
          png(row, `palette-alpha-${bitDepth}${suffix}`, opaque, {
            ...options,
            afterPalette: [chunk('tRNS', Buffer.from(alphas))],
          }),
        ];
      }),
    ];
  });
}

function paletteOf(bitDepth: 1 | 2 | 4 | 8) {
  const count = 2 ** bitDepth;
  const palette = Array.from({ length: count }, (_, i) => {
    const level = Math.round((i * 255) / (count - 1));
    return [level, 128, 255 - level] as const;
  });
  const indexAt = (x: number, y: number) => Math.floor(((y < 32 ? x : 95 - x) * count) / 96);
  return { palette, indexAt };
}

function transparency(): Case[] {
  const row = 'One transparent color (`tRNS`)';
  return [
    png(row, 'trns-gray-8', grays(), {
      ...{ colorType: GRAY, afterPalette: [chunk('tRNS', u16(255))] },
    }),
    png(row, 'trns-gray-1', grays(), {
      ...{ colorType: GRAY, bitDepth: 1, afterPalette: [chunk('tRNS', u16(1))] },
    }),
    png(row, 'trns-gray-16', grays(), {
      ...{ colorType: GRAY, bitDepth: 16, afterPalette: [chunk('tRNS', u16(0))] },
    }),
    png(row, 'trns-rgb-8', opaque, { afterPalette: [chunk('tRNS', u16(220, 30, 30))] }),
    png(row, 'trns-rgb-16', opaque, {
      ...{ bitDepth: 16, afterPalette: [chunk('tRNS', u16(220 * 257, 30 * 257, 30 * 257))] },
    }),
    png('Background color (`bKGD`)', 'bkgd-rgba', translucent, {
      ...{ colorType: RGBA, afterPalette: [chunk('bKGD', u16(255, 0, 0))] },
    }),
    png('Background color (`bKGD`)', 'bkgd-gray-alpha', translucent, {
      ...{ colorType: GRAY_ALPHA, afterPalette: [chunk('bKGD', u16(0))] },
    }),
  ];
}

const P3_CHRM = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06];
const SRGB_CHRM = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];

function colorChunks(): Case[] {
  const gamma = '`gAMA` and `cHRM`';
  const kinds: [name: string, chunks: Buffer[], row: string][] = [
    ['gama-100000', [gAMA(100_000)], gamma],
    ['gama-55556', [gAMA(55_556)], gamma],
    ['gama-45455', [gAMA(45_455)], gamma],
    ['gama-45000', [gAMA(45_000)], gamma],
    ['gama-0', [gAMA(0)], gamma],
    ['gama-1000000', [gAMA(1_000_000)], gamma],
    ['chrm-p3', [gAMA(45_455), cHRM(...P3_CHRM)], gamma],
    ['chrm-p3-without-gama', [cHRM(...P3_CHRM)], gamma],
    ['chrm-srgb', [gAMA(45_455), cHRM(...SRGB_CHRM)], gamma],
    ['chrm-zero', [gAMA(45_455), cHRM(0, 0, 0, 0, 0, 0, 0, 0)], gamma],
    [
      'chrm-before-srgb',
      [gAMA(100_000), cHRM(...P3_CHRM), sRGB()],
      '`sRGB`, which overrides `gAMA` and `cHRM`',
    ],
    ['srgb', [sRGB()], '`sRGB`, which overrides `gAMA` and `cHRM`'],
    ['cicp-srgb', [cICP(1, 13)], '`cICP` without HDR'],
    ['cicp-p3', [cICP(12, 13)], '`cICP` without HDR'],
    ['cicp-bt709', [cICP(1, 1)], '`cICP` without HDR'],
    ['cicp-bt2020', [cICP(9, 1)], '`cICP` without HDR'],
    ['cicp-linear', [cICP(1, 8)], '`cICP` without HDR'],
    ['cicp-over-icc', [cICP(1, 13), iCCP(PROFILES.p3)], '`cICP` without HDR'],
    ['cicp-over-gama', [cICP(12, 13), gAMA(100_000)], '`cICP` without HDR'],
    [
      'icc-over-gama',
      [iCCP(PROFILES.srgb), gAMA(100_000)],
      'RGB profile (`iCCP`): sRGB, Display P3, Adobe RGB, ProPhoto, Rec. 2020, linear',
    ],
    ...Object.entries(PROFILES).map(([name, profile]): [string, Buffer[], string] => [
      `icc-${name}`,
      [iCCP(profile)],
      'RGB profile (`iCCP`): sRGB, Display P3, Adobe RGB, ProPhoto, Rec. 2020, linear',
    ]),
    ['icc-damaged', [iCCP(PROFILES.p3.subarray(0, 200))], 'Damaged profile, which is ignored'],
    ['icc-gray-in-rgb', [iCCP(grayProfile(1))], 'Damaged profile, which is ignored'],
  ];
  return kinds.flatMap(([name, chunks, row]) =>
    ([8, 16] as const).map((bitDepth) =>
      png(row, `${name}-${bitDepth}`, opaque, { bitDepth, chunks }),
    ),
  );
}

function mixedColor(): Case[] {
  const grayRow = 'Gray with `gAMA` or a gray profile';
  const alphaRow = 'Alpha or palette with a profile, `gAMA` or `cICP`';
  const { p3 } = PROFILES;
  const palette = { ...paletteOf(8), colorType: PALETTE } as const;
  return [
    ...([8, 16] as const).flatMap((bitDepth) => [
      png(grayRow, `gray-gama-${bitDepth}`, grays(), {
        ...{ colorType: GRAY, bitDepth, chunks: [gAMA(100_000)] },
      }),
      ...([1, 1.8, 2.2] as const).map((gamma) =>
        png(grayRow, `gray-icc-${gamma * 10}-${bitDepth}`, grays(), {
          ...{ colorType: GRAY, bitDepth, chunks: [iCCP(grayProfile(gamma))] },
        }),
      ),
      png(grayRow, `gray-alpha-icc-${bitDepth}`, translucent, {
        ...{ colorType: GRAY_ALPHA, bitDepth, chunks: [iCCP(grayProfile(1))] },
      }),
      png('Damaged profile, which is ignored', `gray-rgb-icc-${bitDepth}`, grays(), {
        ...{ colorType: GRAY, bitDepth, chunks: [iCCP(p3)] },
      }),
      png(alphaRow, `rgba-icc-p3-${bitDepth}`, translucent, {
        ...{ colorType: RGBA, bitDepth, chunks: [iCCP(p3)] },
      }),
      png(alphaRow, `rgba-gama-${bitDepth}`, translucent, {
        ...{ colorType: RGBA, bitDepth, chunks: [gAMA(100_000)] },
      }),
      png(alphaRow, `rgba-cicp-${bitDepth}`, translucent, {
        ...{ colorType: RGBA, bitDepth, chunks: [cICP(12, 13)] },
      }),
    ]),
    png(alphaRow, 'palette-icc-p3', opaque, { ...palette, chunks: [iCCP(p3)] }),
    png(alphaRow, 'palette-gama', opaque, { ...palette, chunks: [gAMA(100_000)] }),
    png(alphaRow, 'palette-cicp', opaque, { ...palette, chunks: [cICP(12, 13)] }),
  ];
}

function hdr(): Case[] {
  const toneMapped = { converted: 'tone-mapped' } as const;
  return ([8, 16] as const).flatMap((bitDepth) =>
    Object.entries({ pq: 16, hlg: 18 }).map(([name, transfer]) =>
      png(
        '`cICP` with PQ or HLG',
        `cicp-${name}-${bitDepth}`,
        opaque,
        { bitDepth, chunks: [cICP(9, transfer)] },
        toneMapped,
      ),
    ),
  );
}

function structures(): Case[] {
  const orientations = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) =>
    (['MM', 'II'] as const).map((order) =>
      png('EXIF orientation 1 to 8', `exif-${orientation}-${order}`, opaque, {
        chunks: [eXIf(orientation, order)],
      }),
    ),
  );
  const row = 'Split image data, text chunks, unknown chunks, very small sizes';
  const large = 'x'.repeat(20_000);
  return [
    ...orientations,
    png('EXIF orientation 1 to 8', 'exif-after-data', opaque, { afterData: [eXIf(6)] }),
    png(row, 'idat-of-100-bytes', opaque, { chunkLength: 100 }),
    png(row, 'text', opaque, { chunks: [chunk('tEXt', text(`Comment\0${large}`))] }),
    png(row, 'unknown-chunk', opaque, { chunks: [chunk('prVt', text('anything'))] }),
    png(row, 'trailing-data', opaque, { trailer: text('anything behind the end') }),
    png(row, 'phys', opaque, { chunks: [chunk('pHYs', u32(100, 300), Buffer.of(1))] }),
    ...[
      [1, 1],
      [2, 1],
      [1, 3],
      [7, 5],
      [300, 1],
    ].flatMap(([width = 1, height = 1]) =>
      [false, true].map((interlaced) =>
        png(
          row,
          `size-${width}x${height}${interlaced ? '-interlaced' : ''}`,
          stripes(width, height),
          {
            ...{ interlaced, colorType: RGB },
          },
        ),
      ),
    ),
    png('Larger than the widest variant', 'size-2000x120', stripes(2000, 120)),
  ];
}

function animations(): Case[] {
  const expected = { converted: 'first frame' } as const;
  const frames = [0, 1, 2].map((index) => animationFrame(index));
  const still = draw(64, 48, () => [255, 255, 0]);
  const red = draw(64, 48, () => [220, 30, 30, 128]);
  const hiddenRow = 'APNG whose still image is no frame';
  const part = stripes(30, 24);
  const parts: [name: string, pixels: PngOptions][] = [
    ['rgba', { colorType: RGBA }],
    ['rgb-16', { bitDepth: 16 }],
    ['exif-6', { chunks: [eXIf(6)] }],
    ['gray-gama', { colorType: GRAY, chunks: [gAMA(100_000)] }],
    ['palette-interlaced', { ...paletteOf(4), colorType: PALETTE, bitDepth: 4, interlaced: true }],
    [
      'icc-p3-trns',
      { chunks: [iCCP(PROFILES.p3)], afterPalette: [chunk('tRNS', u16(255, 255, 255))] },
    ],
  ];
  const apng = (name: string, options: Parameters<typeof animatedPng>[0], row = 'APNG'): Case => ({
    ...{ format: 'PNG', row, name: `png-${name}.png`, expected },
    create: () => animatedPng(options),
  });
  return [
    apng('apng', { frames, delay: 100, loop: 0 }),
    apng('apng-hidden-first', { frames, delay: 100, loop: 2, still }, hiddenRow),
    // Chromium does not rotate an animation of several frames: it distorts them.
    ...parts.map(([name, pixels]) =>
      apng(
        `apng-hidden-part-${name}`,
        { frames: [part], delay: 100, loop: 0, still, at: [21, 11], pixels },
        hiddenRow,
      ),
    ),
    apng('apng-alpha', { frames: [red, red], delay: 50, loop: 0 }),
  ];
}

export function pngCases(): Case[] {
  return [
    ...bitDepths(),
    ...transparency(),
    ...colorChunks(),
    ...mixedColor(),
    ...hdr(),
    ...structures(),
    ...animations(),
  ];
}
