import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { parseConfig } from '../config/config.js';
import { ImageFailure, type ImageFailureCode } from '../errors.js';
import { readHeader } from './header.js';
import { checkBytes, MAX_ANIMATION_PIXELS, MAX_FRAMES, type Bounds } from './limits.js';

const fixture = (path: string) => readFileSync(join(__dirname, '../../../tests/fixtures', path));
const bounds: Bounds = parseConfig({ BUCKET: 'bucket' });
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#84a' } });

async function codeOf(bytes: Buffer, changes: Partial<Bounds> = {}): Promise<ImageFailureCode> {
  const error: unknown = await readHeader(bytes, { ...bounds, ...changes }).catch(
    (reason: unknown) => reason,
  );
  if (error instanceof ImageFailure) return error.code;
  throw new Error(`expected an ImageFailure, found ${JSON.stringify(error)}`);
}

/** Frames that differ, as an encoder drops those that don't. */
function moving(width: number, height: number, frames: number) {
  const data = Buffer.alloc(width * height * frames * 3);
  const size = width * height * 3;
  for (let frame = 0; frame < frames; frame += 2) data.fill(255, frame * size, (frame + 1) * size);
  return sharp(data, {
    raw: { width, height: height * frames, channels: 3, pageHeight: height },
  });
}

test.each([
  ['jpeg', () => plain(40, 30).jpeg()],
  ['png', () => plain(40, 30).png()],
  ['webp', () => plain(40, 30).webp()],
  ['gif', () => plain(40, 30).gif()],
  ['avif', () => plain(40, 30).avif({ effort: 0 })],
])('%s is known and its size told', async (kind, make) => {
  const header = await readHeader(await make().toBuffer(), bounds);
  expect(header).toEqual({ kind, size: { width: 40, height: 30 } });
});

test('the size is the one that a viewer shows', async () => {
  const turned = await plain(40, 30).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  expect(await readHeader(turned, bounds)).toMatchObject({ size: { width: 30, height: 40 } });
  // HEIC says it by a box of its own, and its EXIF has no say.
  const phone = await readHeader(fixture('heic/phone.heic'), bounds);
  expect(phone).toMatchObject({ kind: 'heic', size: { width: 700, height: 1000 } });
  const exif = await readHeader(fixture('heic/exif-6.heic'), bounds);
  expect(exif.size).toEqual({ width: 64, height: 96 });
});

describe('what is not taken', () => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
  test.each<[string, ImageFailureCode, () => Buffer | Promise<Buffer>]>([
    ['an empty file', 'empty-file', () => Buffer.alloc(0)],
    ['text', 'not-an-image', () => Buffer.from('hello, I am a JPEG')],
    ['an SVG', 'not-an-image', () => svg],
    ['a PDF', 'not-an-image', () => Buffer.from('%PDF-1.4\n%%EOF')],
    ['a TIFF', 'unsupported-format', () => plain(20, 20).tiff().toBuffer()],
    [
      'the first bytes of a JPEG',
      'not-an-image',
      () => fixture('photos/seeding.jpg').subarray(0, 10),
    ],
    [
      'an SVG after a JPEG’s first bytes',
      'not-an-image',
      () => Buffer.concat([Buffer.from('ffd8ff', 'hex'), svg]),
    ],
  ])('%s: %s', async (_what, code, make) => expect(await codeOf(await make())).toBe(code));

  test('no parser of SVG is there, even by sharp’s own guess', async () => {
    await expect(sharp(svg).metadata()).rejects.toThrow();
  });

  test('HEIC when it is off, with a way to turn it on', async () => {
    const error: unknown = await readHeader(fixture('heic/phone.heic'), {
      ...bounds,
      heic: false,
    }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'heic-off' });
    expect((error as ImageFailure).publicMessage).toContain('set the parameter HEIC to "true"');
  });

  test('TIFF is taken when it is allowed', async () => {
    const tiff = await plain(20, 10).tiff().toBuffer();
    const header = await readHeader(tiff, { ...bounds, tiff: true });
    expect(header).toEqual({ kind: 'tiff', size: { width: 20, height: 10 } });
  });
});

describe('how much is taken', () => {
  test('bytes', () => {
    expect(() => checkBytes(101, { maxBytes: 100 })).toThrow(ImageFailure);
    expect(() => checkBytes(100, { maxBytes: 100 })).not.toThrow();
  });

  test('bytes, of what was read', async () => {
    const bytes = await plain(40, 30).png().toBuffer();
    expect(await codeOf(bytes, { maxBytes: bytes.length - 1 })).toBe('too-many-bytes');
  });

  test('pixels, by their number and before they are decoded', async () => {
    const png = await plain(1000, 501).png().toBuffer();
    expect(await codeOf(png, { maxPixels: 500_000 })).toBe('too-many-pixels');
    await expect(readHeader(png, { ...bounds, maxPixels: 501_000 })).resolves.toBeDefined();
    expect(await codeOf(fixture('heic/phone.heic'), { maxPixels: 600_000 })).toBe(
      'too-many-pixels',
    );
  });

  test('edges', async () => {
    expect(await codeOf(await plain(65_536, 1).png().toBuffer())).toBe('too-many-pixels');
    const longest = await readHeader(await plain(1, 65_535).png().toBuffer(), bounds);
    expect(longest.size).toEqual({ width: 1, height: 65_535 });
  });

  test('fewer pixels of AVIF, because its decoder holds the whole picture', async () => {
    const avif = (width: number) => plain(width, 4001).avif({ effort: 0 }).toBuffer();
    expect(await codeOf(await avif(4000))).toBe('too-many-pixels');
    expect((await readHeader(await avif(3900), bounds)).size.width).toBe(3900);
  });
});

describe('what moves', () => {
  test('frames, delays and loops are told', async () => {
    const gif = await moving(20, 10, 3)
      .gif({ delay: [50, 60, 70], loop: 4 })
      .toBuffer();
    const webp = await moving(20, 10, 3)
      .webp({ delay: [50, 60, 70], loop: 4 })
      .toBuffer();
    for (const bytes of [gif, webp]) {
      expect(await readHeader(bytes, bounds)).toMatchObject({
        size: { width: 20, height: 10 },
        animation: { frames: 3, delay: [50, 60, 70], loop: 4 },
      });
    }
  });

  test('it stands still when ANIMATED is off', async () => {
    const gif = await moving(20, 10, 3).gif().toBuffer();
    const header = await readHeader(gif, { ...bounds, animated: false });
    expect(header).toEqual({ kind: 'gif', size: { width: 20, height: 10 } });
  });

  test('it stands still with too many frames, or too many pixels in all', async () => {
    const frames = await moving(2, 2, MAX_FRAMES + 1)
      .gif()
      .toBuffer();
    const header = await readHeader(frames, bounds);
    expect([header.size, header.animation]).toEqual([{ width: 2, height: 2 }, undefined]);
    const side = 1000;
    const most = MAX_ANIMATION_PIXELS / side ** 2;
    const isMoving = async (count: number) =>
      (await readHeader(await moving(side, side, count).gif({ effort: 1 }).toBuffer(), bounds))
        .animation !== undefined;
    expect([await isMoving(most), await isMoving(most + 1)]).toEqual([true, false]);
  }, 60_000);
});
