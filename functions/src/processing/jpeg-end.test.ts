import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { checkComplete } from './jpeg-end.js';
import { readJpeg } from './jpeg.js';

const photo = readFileSync(join(__dirname, '../../../tests/fixtures/photos/seeding.jpg'));
/** Heights of one row more than whole blocks are the hardest: libvips reads the last row by itself. */
const picture = (height = 97) => sharp(photo).resize(150, height, { fit: 'fill' });
const MAX_PIXELS = 50_000_000;

const isComplete = (bytes: Buffer) =>
  checkComplete(readJpeg(bytes), MAX_PIXELS).then(
    () => true,
    (error: unknown) => {
      expect(error).toMatchObject({ code: 'damaged-image' });
      return false;
    },
  );

const KINDS: Record<string, (image: Sharp) => Sharp> = {
  'baseline 4:2:0': (image) => image.jpeg(),
  'baseline 4:4:4': (image) => image.jpeg({ chromaSubsampling: '4:4:4' }),
  progressive: (image) => image.jpeg({ progressive: true }),
  'progressive 4:4:4': (image) => image.jpeg({ progressive: true, chromaSubsampling: '4:4:4' }),
  gray: (image) => image.greyscale().jpeg(),
  CMYK: (image) => image.toColourspace('cmyk').jpeg(),
};

describe.each(Object.entries(KINDS))('%s', (_name, make) => {
  test.each([97, 96, 100])('of %i rows is complete without an end, not with less', async (rows) => {
    const bytes = await make(picture(rows)).toBuffer();
    expect(bytes.subarray(-2)).toEqual(Buffer.from([0xff, 0xd9]));
    expect(readJpeg(bytes).lacksEnd).toBe(false);
    expect(await isComplete(bytes.subarray(0, -1))).toBe(true);
    expect(await isComplete(bytes.subarray(0, -2))).toBe(true);
    // The last byte may be padding.
    for (const missing of [5, 6, 7, 8, 16, 40, 100, 300]) {
      expect([missing, await isComplete(bytes.subarray(0, -2 - missing))]).toEqual([
        missing,
        false,
      ]);
    }
  });
});

test('no cut within the last 200 bytes of a file without an end changes a pixel', async () => {
  const bytes = (await KINDS['baseline 4:4:4']?.(picture()).toBuffer()) as Buffer;
  const pixels = await sharp(bytes).raw().toBuffer();
  for (let missing = 0; missing < 200; missing++) {
    const cut = bytes.subarray(0, bytes.length - 2 - missing);
    if (!(await isComplete(cut))) continue;
    const decoded = await sharp(readJpeg(cut).bytes, { failOn: 'none' }).raw().toBuffer();
    expect([missing, decoded.equals(pixels)]).toEqual([missing, true]);
  }
});

test('a progressive JPEG that ends between two scans is incomplete', async () => {
  const bytes = await picture().jpeg({ progressive: true }).toBuffer();
  const { scans } = readJpeg(bytes);
  expect(scans.length).toBeGreaterThan(3);
  for (const scan of scans) expect(await isComplete(bytes.subarray(0, scan))).toBe(false);
});

test('a JPEG that ends within its header is incomplete', async () => {
  const bytes = await picture().jpeg().toBuffer();
  const { frame = 0, scans } = readJpeg(bytes);
  for (const length of [2, 4, 20, frame, frame + 5, scans[0], (scans[0] ?? 0) + 4]) {
    expect(await isComplete(bytes.subarray(0, length))).toBe(false);
  }
});
