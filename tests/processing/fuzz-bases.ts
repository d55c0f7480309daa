/** Creates small files of every format and kind, which the fuzz test damages. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';

const SIZE = { width: 96, height: 64 };
const FRAMES = 3;
const EXIF = { IFD0: { Copyright: 'nobody', Software: 'a camera' } };
const XMP = '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>';

/** @param root the repository */
export async function createBaseFiles(root: string): Promise<[name: string, bytes: Buffer][]> {
  const fixtures = join(root, 'tests', 'fixtures');
  const original = readFileSync(join(fixtures, 'photos', 'seeding.jpg'));
  const pixels = await sharp(original)
    .resize({ ...SIZE, height: SIZE.height * FRAMES, fit: 'fill' })
    .raw()
    .toBuffer();
  const photo = (frames = 1) =>
    sharp(pixels.subarray(0, SIZE.width * SIZE.height * 3 * frames), {
      raw: {
        ...SIZE,
        height: SIZE.height * frames,
        channels: 3,
        ...(frames > 1 && { pageHeight: SIZE.height }),
      },
    });
  const translucent = () => photo().ensureAlpha(0.5);
  const withMetadata = () => photo().withExif(EXIF).withXmp(XMP).withIccProfile('p3');
  const delay = Array<number>(FRAMES).fill(60);
  const images: Record<string, Sharp> = {
    'jpeg-baseline': photo().jpeg(),
    'jpeg-progressive': photo().jpeg({ progressive: true }),
    'jpeg-metadata': withMetadata().withMetadata({ orientation: 6 }).jpeg(),
    'jpeg-cmyk': photo().toColourspace('cmyk').withIccProfile('cmyk').jpeg(),
    'jpeg-gray': photo().greyscale().jpeg({ progressive: true }),
    'png-8': photo().png(),
    'png-16': photo().toColourspace('rgb16').png(),
    'png-palette': photo().png({ palette: true }),
    'png-interlaced': photo().png({ progressive: true }),
    'png-alpha-metadata': withMetadata().ensureAlpha(0.5).png(),
    'webp-lossy': photo().webp(),
    'webp-lossless': photo().webp({ lossless: true }),
    'webp-alpha-metadata': withMetadata().ensureAlpha(0.5).webp(),
    'webp-animated': photo(FRAMES).webp({ delay, loop: 0 }),
    gif: photo().gif(),
    'gif-animated': photo(FRAMES).gif({ delay, loop: 0 }),
    avif: photo().avif({ effort: 0 }),
    'avif-alpha-metadata': withMetadata()
      .ensureAlpha(0.5)
      .avif({ effort: 0, chromaSubsampling: '4:4:4' }),
    'tiff-plain': photo().tiff({ compression: 'none' }),
    'tiff-lzw-tiled': photo().tiff({ compression: 'lzw', tile: true, predictor: 'horizontal' }),
    'tiff-jpeg': photo().tiff({ compression: 'jpeg' }),
    'tiff-deflate-alpha': translucent().tiff({ compression: 'deflate', pyramid: true }),
  };
  const files: [string, Buffer][] = [];
  for (const [name, image] of Object.entries(images)) files.push([name, await image.toBuffer()]);
  for (const name of ['corners', 'alpha', 'thumbnail']) {
    files.push([`heic-${name}`, readFileSync(join(fixtures, 'heic', `${name}.heic`))]);
  }
  for (const name of CASES) files.push([name, readFileSync(join(fixtures, 'cases', name))]);
  return files;
}

/** HEIF with crops and rotations, a sequence, and tiles. */
const CASES = [
  'heic-clap-irot.heic',
  'avif-animated.avif',
  'avif-premul.avif',
  'heic-tiles-256-of-128.heic',
];
