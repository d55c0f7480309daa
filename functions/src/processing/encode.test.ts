import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import sharp from 'sharp';
import { parseConfig } from '../config/config.js';
import type { Format } from '../domain/format.js';
import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { processImage } from './process-image.js';
import { encode, encodeWithin } from './encode.js';
import type { RawImage } from './raw-image.js';

const FORMATS: Format[] = ['webp', 'jpeg', 'avif'];

function plain(color: number[], frames = 1): RawImage {
  const pixels = Array.from({ length: frames }, (_, frame) =>
    Array.from({ length: 40 * 30 }, () => color.map((level) => (level + frame * 60) % 256)),
  );
  const channels = color.length as 3 | 4;
  return { data: Buffer.from(pixels.flat(2)), width: 40, height: 30, channels, frames };
}

async function readCenterPixel(data: Buffer, page = 0): Promise<number[]> {
  const { data: raw, info } = await sharp(data, { page })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const start = (15 * info.width + 20) * info.channels;
  return [...raw.subarray(start, start + info.channels)];
}

describe('alpha', () => {
  test.each(['webp', 'avif'] as const)('is kept in %s', async (format) => {
    expect(
      (await readCenterPixel(await encode(plain([200, 40, 40, 128]), format, undefined)))[3],
    ).toBe(128);
  });

  test('is replaced by a white background in JPEG', async () => {
    expect(await readCenterPixel(await encode(plain([255, 0, 0, 0]), 'jpeg', undefined))).toEqual([
      255, 255, 255,
    ]);
    const half = await readCenterPixel(await encode(plain([0, 0, 0, 128]), 'jpeg', undefined));
    expect(half.every((level) => Math.abs(level - 127) < 3)).toBe(true);
  });
});

describe('animations', () => {
  const animation = { frames: 3, delay: [40, 50, 60], loop: 2 };
  const animated = plain([10, 20, 30], 3);

  test('keep frames, delays and loops in WebP', async () => {
    const webp = await encode(animated, 'webp', animation);
    expect(await sharp(webp, { pages: -1 }).metadata()).toMatchObject({
      pages: 3,
      pageHeight: 30,
      width: 40,
      delay: [40, 50, 60],
      loop: 2,
    });
    for (const page of [0, 1, 2]) {
      const [red = 0] = await readCenterPixel(webp, page);
      expect(Math.abs(red - (10 + 60 * page))).toBeLessThan(6);
    }
  });

  test.each(['jpeg', 'avif'] as const)('become their first frame in %s', async (format) => {
    const data = await encode(animated, format, animation);
    const { width, height, pages = 1 } = await sharp(data).metadata();
    expect([width, height, pages]).toEqual([40, 30, 1]);
    expect(Math.abs((await readCenterPixel(data))[0] ?? 0)).toBeLessThan(16);
  });

  test('keep the quality of the encoder', async () => {
    const actual = await encode(animated, 'webp', animation);
    const encoders = {
      webp: (image: sharp.Sharp) => image.webp({ quality: 5, effort: 0 }),
      jpeg: (image: sharp.Sharp) => image,
      avif: (image: sharp.Sharp) => image,
    };
    expect((await encode(animated, 'webp', animation, encoders)).equals(actual)).toBe(false);
  });
});

describe('a byte limit', () => {
  const [width, height] = [1200, 630];

  /** What JPEG compresses worst: random squares of black and white, in each channel or in all. */
  async function squares(edge: number, isGray: boolean): Promise<RawImage> {
    const random = xoroshiro128plus(edge);
    const channels = isGray ? 1 : 3;
    const raw = {
      width: Math.ceil(width / edge),
      height: Math.ceil(height / edge),
      channels,
    } as const;
    const levels = Array.from({ length: raw.width * raw.height * channels }, () =>
      random.next() < 0 ? 255 : 0,
    );
    const data = await sharp(Buffer.from(levels), { raw })
      .resize({ width, height, fit: 'fill', kernel: 'nearest' })
      .toColorspace('srgb')
      .raw()
      .toBuffer();
    return { data, width, height, channels: 3, frames: 1 };
  }

  // 95 kB is the least that the grammar of variants allows for this size.
  test.each([300_000, 95_000])('of %d bytes is kept by every image', async (maxBytes) => {
    for (const edge of [1, 2, 3, 4, 8, 16]) {
      for (const isGray of [false, true]) {
        const data = await encodeWithin(await squares(edge, isGray), maxBytes);
        expect([edge, isGray, data.length <= maxBytes]).toEqual([edge, isGray, true]);
        const { format, width: w, height: h } = await sharp(data).metadata();
        expect([format, w, h]).toEqual(['jpeg', width, height]);
      }
    }
  });

  test('does not change an image that is small enough', async () => {
    const image = plain([200, 40, 40]);
    const jpeg = await encode(image, 'jpeg', undefined);
    expect((await encodeWithin(image, jpeg.length)).equals(jpeg)).toBe(true);
    expect((await encodeWithin(image, jpeg.length - 1)).equals(jpeg)).toBe(false);
  });

  test('takes the highest quality that fits', async () => {
    const image = await squares(1, false);
    const sizes = [];
    for (const maxBytes of [1_000_000, 560_000, 450_000, 380_000, 300_000]) {
      sizes.push((await encodeWithin(image, maxBytes)).length);
    }
    // Each limit lies between the sizes at two of the qualities.
    expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => b - a));
    expect(sizes.at(-1)).toBeGreaterThan(200_000);
  });

  test('gives the first frame of an animation, and a white background to alpha', async () => {
    const data = await encodeWithin(plain([0, 0, 0, 0], 3), 10_000);
    const { height: rows, pages = 1 } = await sharp(data).metadata();
    expect([rows, pages]).toEqual([30, 1]);
    expect(await readCenterPixel(data)).toEqual([255, 255, 255]);
  });
});

/** Lists the parts of a file in order, by the names that the format gives them. */
const PARTS: Record<Format, (data: Buffer) => string[]> = {
  // Markers up to the first scan, ITU-T T.81 section B.1.1.
  jpeg: (data) => {
    const parts = [];
    for (
      let offset = 2;
      offset < data.length && data[offset + 1] !== 0xda;
      offset += 2 + data.readUInt16BE(offset + 2)
    ) {
      parts.push((data[offset + 1] as number).toString(16));
    }
    return parts;
  },
  // Chunks, RFC 9649 section 2.3.
  webp: (data) => {
    const parts = [];
    for (
      let offset = 12;
      offset < data.length;
      offset += 8 + data.readUInt32LE(offset + 4) + (data.readUInt32LE(offset + 4) % 2)
    ) {
      parts.push(data.toString('latin1', offset, offset + 4));
    }
    return parts;
  },
  // Item types in the box iinf, ISO/IEC 14496-12 section 8.11.6.
  avif: (data) => {
    const start = data.indexOf('iinf');
    const end = start + data.readUInt32BE(start - 4);
    return data.toString('latin1', start + 4, end).match(/av01|Exif|mime|uri |grid|hvc1/g) ?? [];
  },
  // Chunks, PNG third edition section 5.3.
  png: (data) => {
    const parts = [];
    for (let offset = 8; offset < data.length; offset += 12 + data.readUInt32BE(offset)) {
      parts.push(data.toString('latin1', offset + 4, offset + 8));
    }
    return parts;
  },
};

/** The parts that a rendition may have. JPEG: JFIF header, tables, frame; no comment, no APP1 to APP15. */
const ALLOWED: Record<Format, RegExp> = {
  jpeg: /^(e0|db|c0|c2|c4)$/,
  webp: /^(VP8 |VP8L|VP8X|ALPH|ANIM|ANMF)$/,
  avif: /^av01$/,
  // The resolution is not that of the original.
  png: /^(IHDR|PLTE|tRNS|pHYs|IDAT|IEND)$/,
};

describe('a rendition has no metadata', () => {
  /** A JPEG with every type of metadata that cameras and editors write. */
  async function createJpegWithMetadata(): Promise<Buffer> {
    const image = sharp({ create: { width: 300, height: 200, channels: 3, background: '#a50' } });
    const jpeg = await image
      .jpeg()
      .withExif({
        IFD0: { Copyright: 'SECRET-OWNER', Make: 'SECRET-CAMERA' },
        IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '51/1 30/1 0/1' },
      })
      .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/">SECRET-XMP</x:xmpmeta>')
      .withIccProfile('p3')
      .toBuffer();
    const segment = (marker: number, text: string) => {
      const body = Buffer.from(text, 'latin1');
      const head = Buffer.from([0xff, marker, 0, 0]);
      head.writeUInt16BE(body.length + 2, 2);
      return Buffer.concat([head, body]);
    };
    return Buffer.concat([
      jpeg.subarray(0, 2),
      segment(0xfe, 'SECRET-COMMENT'),
      segment(0xed, 'Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x12\x1c\x02\x78\0\x0bSECRET-IPTC\0'),
      // A JFIF thumbnail of one pixel.
      segment(0xe0, 'JFXX\0\x13\x01\x01SEC'),
      jpeg.subarray(2),
      Buffer.from('SECRET-AFTER-THE-END'),
    ]);
  }

  test.each(FORMATS)('%s', async (format) => {
    const bytes = await createJpegWithMetadata();
    expect(bytes.toString('latin1').match(/SECRET-[A-Z]+/g)).toHaveLength(6);
    const settings = {
      ...parseConfig({ BUCKET: 'bucket' }),
      variants: [parseVariant('w100:100') as Variant],
      formats: [format],
    };
    const { renditions } = await processImage(bytes, settings);
    const data = renditions[0]?.data as Buffer;
    expect(data.toString('latin1')).not.toMatch(/SEC|Exif|EXIF|GPS|xmp|8BIM|ICC|http|Lavc|libvips/);
    const parts = PARTS[format](data);
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) expect(part).toMatch(ALLOWED[format]);
    const { exif, xmp, iptc, icc, comments, orientation } = await sharp(data).metadata();
    expect([exif, xmp, iptc, icc, comments, orientation]).toEqual(Array(6).fill(undefined));
  });

  test('animated WebP and WebP with alpha', async () => {
    const animated = await encode(plain([9, 9, 9], 2), 'webp', {
      frames: 2,
      delay: [9, 9],
      loop: 0,
    });
    const alpha = await encode(plain([9, 9, 9, 9]), 'webp', undefined);
    for (const part of [...PARTS.webp(animated), ...PARTS.webp(alpha)]) {
      expect(part).toMatch(ALLOWED.webp);
    }
  });
});
