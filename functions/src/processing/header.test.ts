import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { encodeTiff } from '../../../bench/conformance/tiff.js';
import { parseConfig } from '../config/config.js';
import { ImageFailure, type ImageFailureCode } from '../errors.js';
import { readHeader } from './header.js';
import { checkBytes, MAX_ANIMATION_PIXELS, MAX_FRAMES, type UploadLimits } from './limits.js';

const fixture = (path: string) => readFileSync(join(__dirname, '../../../tests/fixtures', path));
const limits: UploadLimits = parseConfig({ BUCKET: 'bucket' });
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#84a' } });

async function codeOf(
  bytes: Buffer,
  changes: Partial<UploadLimits> = {},
): Promise<ImageFailureCode> {
  const error: unknown = await readHeader(bytes, { ...limits, ...changes }).catch(
    (reason: unknown) => reason,
  );
  if (error instanceof ImageFailure) return error.code;
  throw new Error(`expected an ImageFailure, found ${JSON.stringify(error)}`);
}

/** The header without the file. */
async function headerOf(bytes: Buffer, changes: Partial<UploadLimits> = {}) {
  const header = await readHeader(bytes, { ...limits, ...changes });
  expect(header.bytes.length).toBeGreaterThan(0);
  const isFile = (name: string) => name === 'bytes' || name === 'heif';
  return Object.fromEntries(Object.entries(header).filter(([name]) => !isFile(name)));
}

/** Creates an animation of frames that differ: encoders drop identical frames. */
function createAnimation(width: number, height: number, frames: number) {
  const data = Buffer.alloc(width * height * frames * 3);
  const size = width * height * 3;
  for (let frame = 0; frame < frames; frame += 2) data.fill(255, frame * size, (frame + 1) * size);
  return sharp(data, {
    raw: { width, height: height * frames, channels: 3, pageHeight: height },
  });
}

/** Repeats the last frame of a GIF, which starts with its graphic control extension. */
function repeatLastFrame(gif: Buffer, count: number): Buffer {
  const start = gif.lastIndexOf(Buffer.from([0x21, 0xf9, 4]));
  const frame = gif.subarray(start, -1);
  return Buffer.concat([
    gif.subarray(0, start),
    ...Array<Buffer>(count).fill(frame),
    gif.subarray(-1),
  ]);
}

test.each([
  ['jpeg', () => plain(40, 30).jpeg()],
  ['png', () => plain(40, 30).png()],
  ['webp', () => plain(40, 30).webp()],
  ['gif', () => plain(40, 30).gif()],
  ['avif', () => plain(40, 30).avif({ effort: 0 })],
])('reads type and size of %s', async (type, make) => {
  const header = await headerOf(await make().toBuffer());
  expect(header).toEqual({ type, size: { width: 40, height: 30 }, ...RGB });
});

test('applies the orientation to the size', async () => {
  const rotated = await plain(40, 30).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  expect(await readHeader(rotated, limits)).toMatchObject({ size: { width: 30, height: 40 } });
  // HEIC has its own box for the orientation; EXIF is ignored.
  const phone = await readHeader(fixture('heic/phone.heic'), limits);
  expect(phone).toMatchObject({ type: 'heic', size: { width: 700, height: 1000 } });
  const exif = await readHeader(fixture('heic/exif-6.heic'), limits);
  expect(exif.size).toEqual({ width: 64, height: 96 });
});

/** Eight bits of sRGB. */
const RGB = { pixels: { model: 'rgb', bits: 8 }, color: {} };

describe('rejects', () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  test.each<[string, ImageFailureCode, () => Buffer | Promise<Buffer>]>([
    ['an empty file', 'empty-file', () => Buffer.alloc(0)],
    ['text', 'not-an-image', () => Buffer.from('a text about a JPEG')],
    ['an SVG', 'unsupported-format', () => svg],
    ['a PDF', 'unsupported-format', () => Buffer.from('%PDF-1.4\n%%EOF')],
    ['a TIFF', 'unsupported-format', () => plain(20, 20).tiff().toBuffer()],
    [
      'the first bytes of a JPEG',
      'damaged-image',
      () => fixture('photos/seeding.jpg').subarray(0, 10),
    ],
    [
      'an SVG after the signature of a JPEG',
      'not-an-image',
      () => Buffer.concat([Buffer.from('ffd8ff', 'hex'), svg]),
    ],
  ])('%s as %s', async (_name, code, make) => expect(await codeOf(await make())).toBe(code));

  test('SVG in sharp itself, whose SVG loader is blocked', async () => {
    await expect(sharp(svg).metadata()).rejects.toThrow();
  });

  test('HEIC when it is disabled, and names the parameter that enables it', async () => {
    const error: unknown = await readHeader(fixture('heic/phone.heic'), {
      ...limits,
      heic: false,
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'heic-off' });
    expect((error as ImageFailure).publicMessage).toContain('set the parameter HEIC to "true"');
  });

  test.each<[string, () => Buffer | Promise<Buffer>]>([
    ['text', () => Buffer.from('a text about a JPEG')],
    ['a PDF', () => Buffer.from('%PDF-1.4\n%%EOF')],
    ['a TIFF', () => plain(20, 20).tiff().toBuffer()],
    [
      'a JPEG of 12 bits',
      async () => {
        const jpeg = await plain(20, 20).jpeg().toBuffer();
        jpeg[jpeg.indexOf('ffc0', 0, 'hex') + 4] = 12;
        return jpeg;
      },
    ],
    [
      'HEIF without an image',
      () => Buffer.from('\0\0\0\x10ftyp' + 'heic\0\0\0\0\0\0\0\x08moov', 'latin1'),
    ],
  ])('%s with a message that names the accepted formats', async (_name, make) => {
    const error: unknown = await readHeader(await make(), { ...limits, heic: false }).catch(
      (reason: unknown) => reason,
    );
    expect((error as ImageFailure).publicMessage).toContain(
      'Upload a JPEG, PNG, WebP, GIF or AVIF.',
    );
  });

  test('TIFF only while the parameter TIFF is false', async () => {
    const tiff = await plain(20, 10).tiff().toBuffer();
    const header = await headerOf(tiff, { tiff: true });
    expect(header).toEqual({ type: 'tiff', size: { width: 20, height: 10 }, ...RGB });
  });

  test.each([
    ['integers of 32 bits', { bits: 32, photometric: 2, samplesAt: () => [0.5, 0.2, 0.1] }],
    ['gray in floating point', { bits: 32, format: 3, photometric: 1, samplesAt: () => [0.5] }],
  ] as const)('TIFF with %s, which libvips does not scale to 8 bits', async (_name, options) => {
    const tiff = encodeTiff({ width: 20, height: 10 }, options);
    expect(await codeOf(tiff, { tiff: true })).toBe('unsupported-format');
  });

  test('no TIFF with RGB in floating point', async () => {
    const options = {
      bits: 32,
      format: 3,
      photometric: 2,
      samplesAt: () => [0.5, 0.2, 0.1],
    } as const;
    const tiff = encodeTiff({ width: 20, height: 10 }, options);
    const size = { width: 20, height: 10 };
    expect(await headerOf(tiff, { tiff: true })).toEqual({ type: 'tiff', size, color: {} });
  });
});

describe('limits', () => {
  test('the number of bytes', () => {
    expect(() => checkBytes(101, { maxBytes: 100 })).toThrow(ImageFailure);
    expect(() => checkBytes(100, { maxBytes: 100 })).not.toThrow();
  });

  test('the length of the file', async () => {
    const bytes = await plain(40, 30).png().toBuffer();
    expect(await codeOf(bytes, { maxBytes: bytes.length - 1 })).toBe('too-many-bytes');
  });

  test('the number of pixels, before they are decoded', async () => {
    const png = await plain(1000, 501).png().toBuffer();
    expect(await codeOf(png, { maxPixels: 500_000 })).toBe('too-many-pixels');
    await expect(readHeader(png, { ...limits, maxPixels: 501_000 })).resolves.toBeDefined();
    expect(await codeOf(fixture('heic/phone.heic'), { maxPixels: 600_000 })).toBe(
      'too-many-pixels',
    );
  });

  test('the length of an edge', async () => {
    expect(await codeOf(await plain(65_536, 1).png().toBuffer())).toBe('too-many-pixels');
    const longest = await readHeader(await plain(1, 65_535).png().toBuffer(), limits);
    expect(longest.size).toEqual({ width: 1, height: 65_535 });
  });

  test('the pixels of AVIF further, because its decoder holds the whole image', async () => {
    expect(await codeOf(fixture('avif/4000x4001.avif'))).toBe('too-many-pixels');
    const largest = await readHeader(fixture('avif/4000x4000.avif'), limits);
    expect(largest.size).toEqual({ width: 4000, height: 4000 });
  });
});

describe('animations', () => {
  test('have frames, delays and loops', async () => {
    const gif = await createAnimation(20, 10, 3)
      .gif({ delay: [50, 60, 70], loop: 4 })
      .toBuffer();
    const webp = await createAnimation(20, 10, 3)
      .webp({ delay: [50, 60, 70], loop: 4 })
      .toBuffer();
    for (const bytes of [gif, webp]) {
      expect(await readHeader(bytes, limits)).toMatchObject({
        size: { width: 20, height: 10 },
        animation: { frames: 3, delay: [50, 60, 70], loop: 4 },
      });
    }
  });

  test('show a frame with a delay up to 10 ms for 100 ms, as browsers do', async () => {
    const gif = await createAnimation(20, 10, 3)
      .gif({ delay: [0, 10, 20] })
      .toBuffer();
    expect(await readHeader(gif, limits)).toMatchObject({ animation: { delay: [100, 100, 20] } });
  });

  test('become still images when ANIMATED is false', async () => {
    const gif = await createAnimation(20, 10, 3).gif().toBuffer();
    const header = await headerOf(gif, { animated: false });
    expect(header).toEqual({ type: 'gif', size: { width: 20, height: 10 }, ...RGB });
  });

  test('become still images with too many frames, or too many pixels in total', async () => {
    const frames = await createAnimation(2, 2, MAX_FRAMES + 1)
      .gif()
      .toBuffer();
    const header = await readHeader(frames, limits);
    expect([header.size, header.animation]).toEqual([{ width: 2, height: 2 }, undefined]);
    const side = 1000;
    const maxFrames = MAX_ANIMATION_PIXELS / side ** 2;
    const twoFrames = await createAnimation(side, side, 2).gif({ effort: 1 }).toBuffer();
    const isAnimated = async (count: number) => {
      const { animation } = await readHeader(repeatLastFrame(twoFrames, count - 1), limits);
      return animation?.frames === count;
    };
    expect([await isAnimated(maxFrames), await isAnimated(maxFrames + 1)]).toEqual([true, false]);
  });
});
