/** One picture in many color spaces: eight stripes, 64 x 32 pixels. */
import sharp, { type Sharp } from 'sharp';
import { STRIPES } from '../../../bench/conformance/picture.js';
import * as file from './color-file.js';
import { boxType, nclx, prof, readHeifItems, writeHeif } from './heif-file.js';

export const [WIDTH, HEIGHT] = [64, 32];
/** The first column in the middle of each stripe. */
export const CENTERS = STRIPES.map((_, i) => 8 * i + 4);

const row = Array.from({ length: WIDTH }, (_, x) => STRIPES[x >> 3] ?? []).flat();
const levels = Array.from({ length: HEIGHT }, () => row).flat();
const raw = { width: WIDTH, height: HEIGHT, channels: 3 } as const;
const image = () => sharp(Buffer.from(levels), { raw });
const gray = () => image().toColourspace('b-w');
const deep = () => {
  const numbers = Uint16Array.from(levels, (level) => level * 257);
  return sharp(numbers, { raw }).toColourspace('rgb16');
};
const jpegOptions = { quality: 100, chromaSubsampling: '4:4:4' };

const jpeg =
  (profile: Buffer, pixels: () => Sharp = image, size?: number) =>
  async () =>
    file.withJpegProfile(await pixels().jpeg(jpegOptions).toBuffer(), profile, size);
const png =
  (pixels: () => Sharp, ...chunks: Buffer[]) =>
  async () =>
    file.withChunks(await pixels().png().toBuffer(), ...chunks);
const webp = (pixels: () => Sharp, profile: Buffer) => async () =>
  sharp(await png(pixels, file.iccp(profile))())
    .keepIccProfile()
    .webp({ lossless: true })
    .toBuffer();

type AvifItem = ReturnType<typeof readHeifItems>[number];

/** @param edit changes the items, which have no box `colr` */
async function editAvif(bitdepth: 8 | 10 | 12, pixels: Sharp, edit: (item: AvifItem) => AvifItem) {
  const encoded = await pixels
    .avif({ quality: 100, chromaSubsampling: '4:4:4', bitdepth })
    .toBuffer();
  const items = readHeifItems(encoded).map(({ properties, ...item }) =>
    edit({ ...item, properties: properties.filter((one) => boxType(one) !== 'colr') }),
  );
  return writeHeif(items, [], { brand: 'avif' });
}

const withColors =
  (colors: Buffer[]) =>
  ({ properties, ...item }: AvifItem): AvifItem => ({
    ...item,
    properties: [...properties, ...colors],
  });

/** @param colors boxes `colr` */
const avif =
  (bitdepth: 8 | 10 | 12, ...colors: Buffer[]) =>
  () =>
    editAvif(bitdepth, image(), withColors(colors));

/** Full range that counts as limited: the darkest and lightest colors become black and white. */
const limitedGrayAvif = (bitdepth: 8 | 10) => () =>
  editAvif(bitdepth, gray(), withColors([nclx(1, 13, 6, false)]));

/** Replaces the code points of the encoder in the AV1 data, which start at any bit. */
const avifWithSequenceColor =
  (bitdepth: 8 | 10, primaries: number, transfer: number, ...colors: Buffer[]) =>
  () =>
    editAvif(bitdepth, image(), (item) => {
      const bits = (...bytes: number[]) =>
        bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
      const start = 20;
      const head = bits(...item.data.subarray(0, start));
      if (!head.includes(bits(1, 13, 6))) throw new Error('expected the code points 1, 13 and 6');
      const changed = head.replace(bits(1, 13, 6), bits(primaries, transfer, 6));
      const bytes = changed.match(/.{8}/g)?.map((byte) => parseInt(byte, 2)) ?? [];
      const data = Buffer.concat([Buffer.from(bytes), item.data.subarray(start)]);
      return withColors(colors)({ ...item, data });
    });
/** The matrix is that of the encoder. */
const codes = (primaries: number, transfer: number) => nclx(primaries, transfer, 6, true);

export const P3 = file.rgbProfile(file.DISPLAY_P3, file.SRGB_CURVE);
const srgb = file.rgbProfile(file.SRGB, file.SRGB_CURVE);
const adobe = file.rgbProfile(file.ADOBE_RGB, file.gammaCurv(563 / 256));
const linear = file.rgbProfile(file.SRGB, file.curv());
const grayLinear = file.grayProfile(file.curv());
const cubes = Array.from({ length: 1024 }, (_, i) => Math.round(65_535 * (i / 1023) ** 3));
const tagged = (...values: [number, number, number, number]) =>
  file.rgbProfile(file.ADOBE_RGB, file.SRGB_CURVE, { cicp: file.cicpTag(...values) });
const version = (profile: Buffer, major: number) =>
  Buffer.concat([profile.subarray(0, 8), Buffer.from([major]), profile.subarray(9)]);

/** A color that has little to do with RGB, encoded as CIELAB of version 4. */
const toLab = ([r = 0, g = 0, b = 0]: number[]) => [
  ((r + g + b) / 3) * 0.9 + 0.02,
  0.5 + (r - g) * 0.2,
  0.5 + (g - b) * 0.2,
];
const inkToLab = ([c = 0, m = 0, y = 0, k = 0]: number[]) => [
  (1 - 0.3 * c - 0.3 * m - 0.1 * y) * (1 - 0.9 * k) * 0.95,
  0.5 + 0.2 * (m - c),
  0.5 + 0.2 * (y - m) * (1 - k),
];
const lab = { pcs: 'Lab ', version: 2 };
const wide = [0.3, 0.1, 0.1, 0.15, 0.3, 0.05, 0.02, 0.05, 0.3, 0, 0, 0];
const wideTable = file.steps(file.para(0, 2.2), wide, (rgb) => rgb);
const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
const labTable = file.table('mft2', 3, toLab);
const ink = file.iccFile('CMYK', { A2B0: file.table('mft2', 4, inkToLab) }, lab);
const noise = Buffer.alloc(500, 7);
const p3Points = [0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06];
const cmyk = () => image().toColourspace('cmyk');

const profiles = {
  sRGB: srgb,
  'Display P3': P3,
  'Adobe RGB': adobe,
  'a linear curve': linear,
  'a gamma': file.rgbProfile(file.SRGB, file.para(0, 1.8)),
  'a table curve': file.rgbProfile(file.SRGB, file.curv(...cubes)),
  'a curve of seven parameters': file.rgbProfile(
    file.SRGB,
    file.para(4, 2.2, 0.9, 0.1, 0.25, 0.09, 0.02, 0),
  ),
  'the cicp tag of BT.2020 and PQ': tagged(9, 16, 0, 1),
  'the cicp tag of BT.709': tagged(1, 1, 0, 1),
  'an unspecified cicp tag': tagged(2, 2, 0, 1),
  'a table of 16 bits': file.iccFile('RGB ', { A2B0: labTable }, lab),
  'a table of 8 bits': file.iccFile('RGB ', { A2B0: file.table('mft1', 3, toLab) }, lab),
  'a colorimetric table': file.iccFile('RGB ', { A2B1: labTable }, lab),
  'a table of version 4': file.iccFile('RGB ', { A2B0: wideTable }),
  'a CIELAB table of version 4': file.iccFile(
    'RGB ',
    { A2B0: file.steps(file.para(0, 1), identity, toLab) },
    { pcs: 'Lab ' },
  ),
  'a table besides a matrix': file.rgbProfile(file.SRGB, file.curv(), { A2B0: wideTable }),
  'a profile for gray': grayLinear,
  'a profile for CMYK': ink,
  noise: noise,
  'half a profile': P3.subarray(0, 300),
  'a profile of version 5': version(P3, 5),
};

/** A name and what writes the file. */
export const COLOR_CASES: Record<string, () => Promise<Buffer>> = {
  ...Object.fromEntries(
    Object.entries(profiles).map(([name, profile]) => [`JPEG with ${name}`, jpeg(profile)]),
  ),
  'JPEG with a profile in four segments': jpeg(adobe, image, 100),
  'gray JPEG with a profile for gray': jpeg(grayLinear, gray),
  'gray JPEG with a profile for RGB': jpeg(linear, gray),
  'CMYK JPEG': async () => cmyk().jpeg(jpegOptions).toBuffer(),
  'CMYK JPEG with a profile': jpeg(ink, cmyk),
  'CMYK JPEG with a profile for RGB': jpeg(P3, cmyk),
  'CMYK JPEG with noise': jpeg(noise, cmyk),
  'WebP with Display P3': webp(image, P3),
  'WebP with Adobe RGB and alpha': webp(() => image().ensureAlpha(0.8), adobe),
  'PNG with Display P3': png(image, file.iccp(P3)),
  'PNG with Display P3 and alpha': png(() => image().ensureAlpha(0.8), file.iccp(P3)),
  'palette PNG with Display P3': async () =>
    file.withChunks(await image().png({ palette: true }).toBuffer(), file.iccp(P3)),
  'gray PNG with a profile for gray': png(gray, file.iccp(grayLinear)),
  'gray PNG with alpha and a profile for gray': png(
    () => image().ensureAlpha(0.8).toColourspace('b-w'),
    file.iccp(grayLinear),
  ),
  'gray PNG with gAMA': png(gray, file.gama(100_000)),
  '16-bit PNG': png(deep),
  '16-bit PNG with sRGB': png(deep, file.iccp(srgb)),
  '16-bit PNG with Display P3': png(deep, file.iccp(P3)),
  '16-bit PNG with Adobe RGB': png(deep, file.iccp(adobe)),
  '16-bit PNG with a linear curve': png(deep, file.iccp(linear)),
  '16-bit PNG with a table': png(deep, file.iccp(profiles['a table of version 4'])),
  '16-bit PNG with Display P3 and alpha': png(
    () => image().ensureAlpha(0.8).toColourspace('rgb16'),
    file.iccp(P3),
  ),
  '16-bit gray PNG with a profile for gray': png(
    () => image().toColourspace('grey16'),
    file.iccp(grayLinear),
  ),
  '16-bit PNG with gAMA': png(deep, file.gama(100_000)),
  '16-bit PNG with cICP of PQ': png(deep, file.cicp(9, 16, 0, 1)),
  'PNG with gAMA near sRGB': png(image, file.gama(47_500)),
  'PNG with gAMA': png(image, file.gama(55_556)),
  'PNG with gAMA 0': png(image, file.gama(0)),
  'PNG with the largest gAMA': png(image, file.gama(0xffff_ffff)),
  'PNG with gAMA near sRGB and cHRM': png(image, file.gama(45_455), file.chrm(...p3Points)),
  'PNG with cHRM only': png(image, file.chrm(...p3Points)),
  'PNG with sRGB before gAMA': png(image, file.gama(100_000), file.srgb()),
  'PNG with iCCP before sRGB': png(image, file.iccp(adobe), file.srgb()),
  'PNG with iCCP before gAMA': png(image, file.iccp(P3), file.gama(100_000)),
  'PNG with noise in iCCP before gAMA': png(image, file.iccp(noise), file.gama(100_000)),
  'PNG with cICP before iCCP': png(image, file.cicp(9, 13, 0, 1), file.iccp(adobe)),
  'PNG with an unspecified cICP before iCCP': png(image, file.cicp(2, 2, 0, 1), file.iccp(adobe)),
  'PNG with a limited cICP': png(image, file.cicp(9, 13, 0, 0)),
  ...Object.fromEntries(
    [1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22].map((primaries) => [
      `PNG with cICP of primaries ${primaries}`,
      png(image, file.cicp(primaries, 13, 0, 1)),
    ]),
  ),
  ...Object.fromEntries(
    [1, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18].map((transfer) => [
      `PNG with cICP of transfer ${transfer}`,
      png(image, file.cicp(1, transfer, 0, 1)),
    ]),
  ),
  'PNG with cICP of HLG': png(image, file.cicp(9, 18, 0, 1)),
  AVIF: avif(8),
  'AVIF with Display P3': avif(8, prof(P3)),
  'AVIF with Display P3 before nclx': avif(8, codes(9, 16), prof(P3)),
  '10-bit AVIF with sRGB': avif(10, prof(srgb)),
  '10-bit AVIF with Display P3': avif(10, prof(P3)),
  '12-bit AVIF with Display P3': avif(12, prof(P3)),
  '10-bit AVIF with nclx of PQ': avif(10, codes(9, 16)),
  '10-bit AVIF with nclx of HLG': avif(10, codes(9, 18)),
  'AVIF with an unspecified nclx': avif(8, codes(2, 2)),
  ...Object.fromEntries(
    [5, 6, 9, 10, 12, 22].map((primaries) => [
      `AVIF with nclx of primaries ${primaries}`,
      avif(8, codes(primaries, 13)),
    ]),
  ),
  ...Object.fromEntries(
    [1, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18].map((transfer) => [
      `AVIF with nclx of transfer ${transfer}`,
      avif(8, codes(1, transfer)),
    ]),
  ),
  '8-bit gray AVIF of limited range': limitedGrayAvif(8),
  '10-bit gray AVIF of limited range': limitedGrayAvif(10),
  'AVIF with code points in its AV1 data': avifWithSequenceColor(8, 9, 13),
  '10-bit AVIF with PQ in its AV1 data': avifWithSequenceColor(10, 9, 16),
  'AVIF with nclx, and others in its AV1 data': avifWithSequenceColor(8, 9, 8, codes(12, 13)),
  'AVIF with Display P3, and code points in its AV1 data': avifWithSequenceColor(8, 9, 8, prof(P3)),
};
