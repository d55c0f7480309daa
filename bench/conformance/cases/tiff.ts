/** TIFF, with `TIFF=true`: photometric interpretation × depth × alpha × layout × compression, compared with PNG. */
import type { TiffOptions as SharpTiffOptions } from 'sharp';
import type { Case } from '../case.js';
import { grayProfile, PROFILES } from '../icc.js';
import { draw, grays, stripes, toSharp, translucentStripes, type Picture } from '../picture.js';
import { encodePng, gAMA, GRAY, iCCP, RGB, RGBA } from '../png.js';
import { encodeTiff, type TiffOptions } from '../tiff.js';

type Options = Omit<TiffOptions, 'samplesAt'> & { samplesAt?: TiffOptions['samplesAt'] };

const parameters = { TIFF: 'true' };

const sampleOf = ({ width, data }: Picture, x: number, y: number, c: number) =>
  (data[(y * width + x) * 4 + c] as number) / 65_535;

const rgb = (picture: Picture) => (x: number, y: number) =>
  [0, 1, 2].map((c) => sampleOf(picture, x, y, c));
const rgba = (picture: Picture) => (x: number, y: number) =>
  [0, 1, 2, 3].map((c) => sampleOf(picture, x, y, c));

function tiff(
  row: string,
  name: string,
  picture: Picture,
  options: Options,
  reference: () => Buffer,
): Case {
  const samplesAt = options.samplesAt ?? rgb(picture);
  return {
    ...{ format: 'TIFF', row, name: `tiff-${name}.tif`, parameters, reference },
    create: () => encodeTiff(picture, { ...options, samplesAt }),
  };
}

const opaque = stripes();
const png = () => encodePng(opaque);

function depths(): Case[] {
  const grayRow = 'Gray, 1 to 16 bits, black or white is zero';
  const rgbRow = 'RGB, 8 and 16 bits';
  const gray = (bits: 1 | 4 | 8 | 16, photometric: 0 | 1): Case =>
    tiff(
      grayRow,
      `gray-${bits}-${photometric === 0 ? 'white' : 'black'}`,
      grays(),
      {
        ...{ bits, photometric },
        samplesAt: (x, y) => [
          photometric === 0 ? 1 - sampleOf(grays(), x, y, 0) : sampleOf(grays(), x, y, 0),
        ],
      },
      () => encodePng(grays(), { colorType: GRAY, bitDepth: bits }),
    );
  const grayAt = (x: number, y: number) => [sampleOf(grays(), x, y, 0)];
  const refused = (name: string, options: Options): Case => ({
    ...tiff('Integers of 32 bits, gray in floating point', name, opaque, options, png),
    expected: { refused: 'unsupported-format' },
  });
  return [
    ...([1, 4, 8, 16] as const).flatMap((bits) => [gray(bits, 0), gray(bits, 1)]),
    ...([8, 16] as const).flatMap((bits) =>
      ([1, 2] as const).flatMap((planar) =>
        [false, true].map((bigEndian) =>
          tiff(
            rgbRow,
            `rgb-${bits}${planar === 2 ? '-planar' : ''}${bigEndian ? '-mm' : ''}`,
            opaque,
            {
              ...{ bits, planar, bigEndian, photometric: 2 },
            },
            png,
          ),
        ),
      ),
    ),
    tiff(
      'RGB in floating point, which is linear',
      'rgb-float',
      opaque,
      { bits: 32, format: 3, photometric: 2 },
      () => encodePng(opaque, { bitDepth: 16, chunks: [gAMA(100_000)] }),
    ),
    refused('rgb-32', { bits: 32, photometric: 2 }),
    refused('gray-32', { bits: 32, photometric: 1, samplesAt: grayAt }),
    refused('gray-float', { bits: 32, format: 3, photometric: 1, samplesAt: grayAt }),
    tiff(
      'Palette',
      'palette',
      opaque,
      {
        ...{ bits: 8, photometric: 3, samplesAt: (x) => [x * 2] },
        palette: Array.from({ length: 256 }, (_, i) => [i, 128, 255 - i] as const),
      },
      () => encodePng(draw(96, 64, (x) => [x * 2, 128, 255 - x * 2])),
    ),
  ];
}

function alpha(): Case[] {
  const row = 'Alpha, plain and premultiplied';
  const picture = translucentStripes();
  const reference = () => encodePng(picture, { colorType: RGBA, bitDepth: 16 });
  const premultiplied = (x: number, y: number) => {
    const [r = 0, g = 0, b = 0, a = 0] = rgba(picture)(x, y);
    return [r * a, g * a, b * a, a];
  };
  return ([8, 16] as const).flatMap((bits) => [
    tiff(
      row,
      `alpha-${bits}`,
      picture,
      { bits, photometric: 2, extra: 2, samplesAt: rgba(picture) },
      reference,
    ),
    tiff(
      row,
      `premultiplied-${bits}`,
      picture,
      { bits, photometric: 2, extra: 1, samplesAt: premultiplied },
      reference,
    ),
  ]);
}

function profiles(): Case[] {
  const row = 'RGB or gray profile';
  return ([8, 16] as const).flatMap((bits) => [
    ...(['p3', 'adobe', 'srgb'] as const).map((name) =>
      tiff(
        row,
        `icc-${name}-${bits}`,
        opaque,
        { bits, photometric: 2, profile: PROFILES[name] },
        () => encodePng(opaque, { bitDepth: 16, chunks: [iCCP(PROFILES[name])] }),
      ),
    ),
    tiff(
      row,
      `icc-gray-${bits}`,
      grays(),
      {
        ...{
          bits,
          photometric: 1,
          profile: grayProfile(1),
          samplesAt: (x, y) => [sampleOf(grays(), x, y, 0)],
        },
      },
      () => encodePng(grays(), { colorType: GRAY, bitDepth: 16, chunks: [iCCP(grayProfile(1))] }),
    ),
  ]);
}

/** The picture as EXIF orientation 1 would store it, TIFF 6.0 section 8, Orientation. */
function upright(orientation: number): Picture {
  const { width, height, data } = opaque;
  const isTurned = orientation > 4;
  return drawFrom(isTurned ? height : width, isTurned ? width : height, (x, y) => {
    const [u, v] = isTurned ? [y, x] : [x, y];
    const isRight = [2, 3, 7, 8].includes(orientation);
    const isBottom = [3, 4, 6, 7].includes(orientation);
    const at = ((isBottom ? height - 1 - v : v) * width + (isRight ? width - 1 - u : u)) * 4;
    return [...data.subarray(at, at + 4)].map((level) => level / 257);
  });
}

function drawFrom(
  width: number,
  height: number,
  colorAt: (x: number, y: number) => number[],
): Picture {
  return draw(width, height, (x, y) => colorAt(x, y) as [number, number, number, number]);
}

const checkers = draw(96, 64, (x, y) =>
  ((x >> 3) + (y >> 3)) % 2 === 0 ? [0, 0, 0] : [255, 255, 255],
);

function layouts(): Case[] {
  const row = 'Compression: none, LZW, Deflate, PackBits, JPEG, CCITT; strips, tiles, pyramids';
  const compressed = (name: string, options: SharpTiffOptions): Case => ({
    ...{ format: 'TIFF', row, name: `tiff-${name}.tif`, parameters, reference: png },
    create: () => toSharp(opaque).tiff(options).toBuffer(),
  });
  return [
    compressed('none', { compression: 'none' }),
    compressed('lzw', { compression: 'lzw', predictor: 'horizontal' }),
    compressed('deflate', { compression: 'deflate' }),
    compressed('packbits', { compression: 'packbits' }),
    {
      ...compressed('ccitt', {}),
      create: () =>
        toSharp(checkers)
          .toColourspace('b-w')
          .tiff({ compression: 'ccittfax4', bitdepth: 1 })
          .toBuffer(),
      reference: () => encodePng(checkers),
    },
    compressed('jpeg', { compression: 'jpeg', quality: 98 }),
    compressed('tiled', { compression: 'deflate', tile: true, tileWidth: 32, tileHeight: 32 }),
    compressed('pyramid', {
      compression: 'deflate',
      pyramid: true,
      tile: true,
      tileWidth: 32,
      tileHeight: 32,
    }),
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((orientation) =>
      tiff(
        'Orientation 1 to 8',
        `orientation-${orientation}`,
        opaque,
        { bits: 8, photometric: 2, orientation },
        () => encodePng(upright(orientation), { colorType: RGB }),
      ),
    ),
    {
      ...tiff('With `TIFF=false`, the default', 'off', opaque, { bits: 8, photometric: 2 }, png),
      ...{ parameters: {}, expected: { refused: 'unsupported-format' } },
    },
  ];
}

export function tiffCases(): Case[] {
  return [...depths(), ...alpha(), ...profiles(), ...layouts()];
}
