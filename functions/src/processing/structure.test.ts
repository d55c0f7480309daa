import sharp from 'sharp';
import { parseConfig } from '../config/config.js';
import { ImageFailure } from '../errors.js';
import { detectFileType } from './file-type.js';
import { MAX_FILE_FRAMES, MAX_SCANS } from './limits.js';
import { checkStructure } from './structure.js';

const limits = parseConfig({ BUCKET: 'bucket' });
const plain = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#84a' } });

function check(bytes: Buffer, maxPixels = limits.maxPixels): string {
  try {
    checkStructure(bytes, detectFileType(bytes) ?? 'gif', maxPixels);
    return 'accepted';
  } catch (error) {
    if (error instanceof ImageFailure) return error.message;
    throw error;
  }
}

function chunk(name: string, data: Buffer): Buffer {
  const head = Buffer.from(`${name}\0\0\0\0`, 'latin1');
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

function webp(...chunks: Buffer[]): Buffer {
  const file = Buffer.concat([Buffer.from('RIFF\0\0\0\0WEBP', 'latin1'), ...chunks]);
  file.writeUInt32LE(file.length - 8, 4);
  return file;
}

describe('reads the size of each kind of WebP', () => {
  test.each<[string, (image: sharp.Sharp) => sharp.Sharp]>([
    ['VP8', (image) => image.webp()],
    ['VP8L', (image) => image.webp({ lossless: true })],
    ['VP8X', (image) => image.ensureAlpha(0.5).webp()],
  ])('%s', async (name, make) => {
    const bytes = await make(plain(301, 203)).toBuffer();
    expect(bytes.toString('latin1', 12, 16).trim()).toBe(name);
    expect(check(bytes, 301 * 203)).toBe('accepted');
    expect(check(bytes, 301 * 203 - 1)).toMatch(/^too-many-pixels: .* found 301 x 203$/);
  });

  test('counts frames after a chunk of odd length', () => {
    const canvas = Buffer.alloc(10);
    const frames = Array.from({ length: MAX_FILE_FRAMES + 1 }, () =>
      chunk('ANMF', Buffer.alloc(17)),
    );
    expect(check(webp(chunk('VP8X', canvas), ...frames.slice(1)))).toBe('accepted');
    expect(check(webp(chunk('VP8X', canvas), ...frames))).toBe(
      `too-slow: expected at most ${MAX_FILE_FRAMES} frames, found ${MAX_FILE_FRAMES + 1}`,
    );
  });
});

describe('counts the scans of a JPEG', () => {
  const scans = (count: number) =>
    Array<Buffer>(count).fill(Buffer.from('ffda0008010100003f0012ff0034ffd0', 'hex'));
  const rejection = `too-slow: expected at most ${MAX_SCANS} scans, found ${MAX_SCANS + 1}`;
  const start = Buffer.from('ffd8ffe00002', 'hex');

  test('one by one', async () => {
    expect(check(await plain(64, 64).jpeg({ progressive: true }).toBuffer())).toBe('accepted');
    expect(check(Buffer.concat([start, ...scans(MAX_SCANS)]))).toBe('accepted');
    expect(check(Buffer.concat([start, ...scans(MAX_SCANS + 1)]))).toBe(rejection);
  });

  test('after fill bytes', () => {
    const fill = Buffer.from('ffffff', 'hex');
    const filled = scans(MAX_SCANS + 1).flatMap((scan) => [fill, scan]);
    expect(check(Buffer.concat([start, ...filled]))).toBe(rejection);
  });

  test('outside other segments and before the end of the image', () => {
    const many = Buffer.concat(scans(MAX_SCANS + 1));
    const segment = Buffer.from('ffe10000', 'hex');
    segment.writeUInt16BE(2 + many.length, 2);
    const end = Buffer.from('ffd9', 'hex');
    expect(check(Buffer.concat([start, segment, many, ...scans(1), end, many]))).toBe('accepted');
  });
});

test.each<[string, number, number, string]>([
  ['baseline, 8 bits', 0xc0, 8, 'accepted'],
  ['extended, 8 bits', 0xc1, 8, 'accepted'],
  ['extended, 12 bits', 0xc1, 12, 'unsupported-format: found JPEG with 12 bits'],
  ['progressive, 12 bits', 0xc2, 12, 'unsupported-format: found JPEG with 12 bits'],
  ['lossless', 0xc3, 16, 'unsupported-format: found lossless or hierarchical JPEG'],
  ['progressive with arithmetic coding', 0xca, 8, 'accepted'],
])('accepts the kinds of JPEG that browsers decode: %s', async (_, marker, precision, result) => {
  const bytes = await plain(16, 16).jpeg().toBuffer();
  const frame = bytes.indexOf('ffc0', 0, 'hex');
  bytes[frame + 1] = marker;
  bytes[frame + 4] = precision;
  expect(check(bytes)).toBe(result);
});

test('accepts truncated files, which the decoder rejects', async () => {
  const file = await plain(64, 64).ensureAlpha(0.5).webp().toBuffer();
  for (let length = 0; length < 64; length++) {
    expect(check(Buffer.concat([file.subarray(0, length)]))).toBe('accepted');
  }
  expect(check(webp(chunk('VP8X', Buffer.alloc(0))))).toBe('accepted');
  expect(check(webp(Buffer.from('ANMF\xff\xff\xff\xff', 'latin1')))).toBe('accepted');
});
