/**
 * Malicious files, which are expensive to decode or pretend to be another type, and valid images at the
 * limits, as users may upload them. `npm run bench -- bombs` measures their cost,
 * tests/processing/bombs.test.ts checks the expected outcomes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Bomb } from './bomb.js';
import { withClaimedSize, withTiles } from './boxes.js';
import { DISGUISES } from './disguised-files.js';
import { repeat, text, u32 } from './fields.js';
import { chunk, segment, subBlocks } from './file-structure.js';
import {
  animatedWebp,
  gif,
  png,
  progressiveJpeg,
  webp,
  zeros,
  type Frame,
} from './malformed-files.js';
import { METADATA_BOMBS } from './metadata-bombs.js';

const GIB = 2 ** 30;
const size = (width: number, height: number): Frame => ({ width, height });
/** 49.999 megapixels; the default limit is 50. */
const LARGE = size(7071, 7071);
const LIMIT = { isHonest: true, expected: ['ready'] } as const;
const REFUSED = ['too-many-pixels'] as const;

const encodeAvif = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#c03020' } })
    .avif({ quality: 50, effort: 0 })
    .toBuffer();
/** An AVIF of one color. */
const avif = (root: string, name: string) =>
  readFileSync(join(root, 'tests', 'fixtures', 'avif', `${name}.avif`));
const heic = (root: string, name = 'twelve-megapixels') =>
  readFileSync(join(root, 'tests', 'fixtures', 'heic', `${name}.heic`));
/** A JPEG with additional segments at its start. */
function withSegments(count: number, marker: number, contents: string): Buffer {
  const image = progressiveJpeg({ ...size(64, 48), components: 3 });
  const segments = repeat(segment(marker, text(contents)), count);
  return Buffer.concat([image.subarray(0, 2), segments, image.subarray(2)]);
}

/** A PNG with additional chunks before its pixels. */
const withChunks = (...chunks: Buffer[]) =>
  png({ ...size(64, 48), depth: 8, color: 'rgb', chunks });

/** An animated PNG of the largest size, with a still image that is not a frame. */
function withFrame({ width, height }: Frame): Buffer {
  const still = png({ ...LARGE, depth: 16, color: 'rgba', chunks: [chunk('acTL', u32(1, 0))] });
  const control = chunk('fcTL', u32(0, width, height, 0, 0), Buffer.alloc(6));
  const data = chunk('fdAT', u32(1), zeros(height * (1 + 8 * width)));
  return Buffer.concat([still.subarray(0, -12), control, data, still.subarray(-12)]);
}

const jpegs: Bomb[] = [
  {
    name: 'jpeg-256mp-progressive',
    make: () => progressiveJpeg({ ...size(16_000, 16_000), components: 3 }),
    expected: REFUSED,
  },
  {
    name: 'jpeg-65500x65500-progressive',
    make: () => progressiveJpeg({ ...size(65_500, 65_500), components: 1 }),
    expected: REFUSED,
  },
  {
    name: 'jpeg-50mp-progressive-420',
    make: () => progressiveJpeg({ ...LARGE, components: 3, subsampled: true }),
    ...LIMIT,
  },
  {
    name: 'jpeg-50mp-progressive-444',
    make: () => progressiveJpeg({ ...LARGE, components: 3 }),
    ...LIMIT,
  },
  {
    name: 'jpeg-50mp-progressive-cmyk',
    make: () => progressiveJpeg({ ...LARGE, components: 4 }),
    ...LIMIT,
  },
  {
    name: 'jpeg-50mp-190-scans',
    make: () => progressiveJpeg({ ...LARGE, components: 1, repeats: 190 }),
    expected: ['ready'],
  },
  {
    // libvips and libjpeg do not limit the number of scans: decoding would take two minutes.
    name: 'jpeg-50mp-40000-scans',
    make: () => progressiveJpeg({ ...LARGE, components: 1, repeats: 40_000 }),
    expected: ['too-slow'],
  },
  {
    name: 'jpeg-strip-65500x700',
    make: () => progressiveJpeg({ ...size(65_500, 700), components: 3 }),
    ...LIMIT,
  },
  {
    name: 'jpeg-strip-700x65500',
    make: () => progressiveJpeg({ ...size(700, 65_500), components: 3 }),
    ...LIMIT,
  },
  {
    name: 'jpeg-million-segments',
    make: () => withSegments(1_000_000, 0xed, 'Photoshop 3.0\0'),
    expected: ['ready'],
  },
  {
    name: 'jpeg-million-broken-segments',
    make: () => withSegments(1_000_000, 0xe1, 'Exif\0\0'),
    expected: ['ready'],
  },
];

const pngs: Bomb[] = [
  {
    name: 'png-30000x30000-1-bit',
    make: () => png({ ...size(30_000, 30_000), depth: 1, color: 'gray' }),
    expected: REFUSED,
  },
  {
    name: 'png-50mp-16-bit-rgba',
    make: () => png({ ...LARGE, depth: 16, color: 'rgba' }),
    ...LIMIT,
  },
  {
    name: 'png-50mp-rgb-interlaced',
    make: () => png({ ...LARGE, depth: 8, color: 'rgb', interlaced: true }),
    ...LIMIT,
  },
  {
    name: 'png-50mp-16-bit-rgba-interlaced',
    make: () => png({ ...LARGE, depth: 16, color: 'rgba', interlaced: true }),
    ...LIMIT,
  },
  {
    name: 'png-50mp-1-bit',
    make: () => png({ ...LARGE, depth: 1, color: 'gray' }),
    ...LIMIT,
  },
  {
    name: 'png-50mp-16-bit-rgba-animated',
    make: () => withFrame({ ...LARGE, height: LARGE.height - 1 }),
    ...LIMIT,
  },
  {
    name: 'png-1600x16383-rgba',
    make: () => png({ ...size(1600, 16_383), depth: 8, color: 'rgba' }),
    ...LIMIT,
  },
  {
    name: 'png-1600x16383-rgb',
    make: () => png({ ...size(1600, 16_383), depth: 8, color: 'rgb' }),
    ...LIMIT,
  },
  {
    name: 'png-strip-65535x700',
    make: () => png({ ...size(65_535, 700), depth: 8, color: 'rgb' }),
    ...LIMIT,
  },
  {
    // Decoding row by row would take half a minute.
    name: 'png-strip-1x50000000',
    make: () => png({ ...size(1, 50_000_000), depth: 1, color: 'gray' }),
    expected: REFUSED,
  },
  {
    name: 'png-strip-50000000x1',
    make: () => png({ ...size(50_000_000, 1), depth: 1, color: 'gray' }),
    expected: REFUSED,
  },
  {
    name: 'png-profile-of-1-gib',
    make: () => withChunks(chunk('iCCP', text('profile\0\0'), zeros(GIB))),
    expected: ['ready'],
  },
  {
    name: 'png-text-of-1-gib',
    make: () => withChunks(chunk('zTXt', text('Comment\0\0'), zeros(GIB))),
    expected: ['ready'],
  },
  {
    name: 'png-million-texts',
    make: () => withChunks(repeat(chunk('tEXt', text('Comment\0a')), 1_000_000)),
    expected: ['ready'],
  },
  {
    name: 'png-more-pixels-than-its-header-says',
    make: () => png({ ...size(64, 48), depth: 8, color: 'rgb', pixels: zeros(GIB) }),
    expected: ['ready'],
  },
];

const gifs: Bomb[] = [
  {
    name: 'gif-10000-frames',
    make: () => gif({ screen: size(200, 200), frame: size(200, 200), frames: 10_000 }),
    expected: ['ready'],
  },
  {
    name: 'gif-million-frames',
    make: () => gif({ screen: size(64, 48), frame: size(1, 1), frames: 1_000_000 }),
    expected: ['ready'],
  },
  {
    name: 'gif-25mp-of-500-frames',
    make: () => gif({ screen: size(250, 200), frame: size(250, 200), frames: 500 }),
    ...LIMIT,
  },
  {
    name: 'gif-50mp-still',
    make: () => gif({ screen: LARGE, frame: LARGE, frames: 1 }),
    ...LIMIT,
  },
  {
    name: 'gif-frame-beyond-its-screen',
    make: () => gif({ screen: size(64, 48), frame: size(65_535, 65_535), frames: 1 }),
    expected: REFUSED,
  },
  {
    name: 'gif-second-frame-beyond-its-screen',
    make: () => {
      const [first, second] = [size(64, 48), size(65_535, 65_535)].map((frame) =>
        gif({ screen: size(64, 48), frame, frames: 1 }),
      ) as [Buffer, Buffer];
      return Buffer.concat([first.subarray(0, -1), second.subarray(19)]);
    },
    expected: ['ready'],
  },
  {
    name: 'gif-65535x65535-of-few-bytes',
    make: () => gif({ screen: size(65_535, 65_535), frame: size(1, 1), frames: 1 }),
    expected: ['ready', 'too-many-pixels'],
  },
  {
    name: 'gif-comments-of-20-mib',
    make: () => {
      const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(text('a'))]);
      const comments = repeat(comment, Math.floor((20 * 2 ** 20) / comment.length));
      return gif({ screen: size(64, 48), frame: size(64, 48), frames: 1, extensions: [comments] });
    },
    expected: ['ready'],
  },
];

const webps: Bomb[] = [
  {
    // The loader allocates memory for all pixels before it reports their number.
    name: 'webp-16383x16383',
    make: () => webp(size(16_383, 16_383)),
    expected: REFUSED,
  },
  { name: 'webp-16383x3000', make: () => webp(size(16_383, 3000)), ...LIMIT },
  {
    name: 'webp-10000-frames',
    make: () => animatedWebp({ screen: size(200, 200), frame: size(200, 200), frames: 10_000 }),
    expected: ['ready'],
  },
  {
    // The loader searches for each frame from the first one on, for half a minute in total.
    name: 'webp-100000-frames',
    make: () => animatedWebp({ screen: size(200, 200), frame: size(200, 200), frames: 100_000 }),
    expected: ['too-slow'],
  },
  {
    name: 'webp-25mp-of-500-frames',
    make: () => animatedWebp({ screen: size(250, 200), frame: size(250, 200), frames: 500 }),
    ...LIMIT,
  },
  {
    name: 'webp-50mp-of-2-frames',
    make: () => animatedWebp({ screen: LARGE, frame: LARGE, frames: 2 }),
    ...LIMIT,
  },
  {
    name: 'webp-frame-beyond-its-screen',
    make: () => animatedWebp({ screen: size(64, 48), frame: size(16_383, 16_383), frames: 1 }),
    expected: ['damaged-image'],
  },
  {
    name: 'webp-screen-of-16777216x16777216',
    make: () => animatedWebp({ screen: size(2 ** 24, 2 ** 24), frame: size(64, 48), frames: 1 }),
    expected: REFUSED,
  },
];

const heifs: Bomb[] = [
  { name: 'avif-17mp', make: (root) => avif(root, '4123x4123'), expected: REFUSED },
  { name: 'avif-16mp-alpha', make: (root) => avif(root, '4000x4000-alpha'), ...LIMIT },
  {
    name: 'avif-claims-less-than-it-holds',
    make: (root) => withClaimedSize(avif(root, '6000x6000'), 64, 48),
    expected: ['damaged-image'],
  },
  {
    name: 'avif-claims-more-than-it-holds',
    make: async () => withClaimedSize(await encodeAvif(64, 48), 4000, 4000),
    expected: ['damaged-image'],
  },
  {
    name: 'avif-claims-60000x60000',
    make: async () => withClaimedSize(await encodeAvif(64, 48), 60_000, 60_000),
    expected: REFUSED,
  },
  {
    name: 'avif-grid-of-65025-tiles',
    make: async () =>
      withTiles(await encodeAvif(64, 64), { columns: 255, rows: 255, ...size(3999, 3999) }),
    expected: ['too-slow'],
  },
  {
    name: 'avif-grid-of-tiles-beyond-it',
    make: (root) =>
      withTiles(avif(root, '4000x4000'), { columns: 16, rows: 16, ...size(4000, 4000) }),
    expected: ['damaged-image', 'not-an-image', 'too-slow'],
  },
  {
    name: 'avif-grid-16mp',
    make: async () =>
      withTiles(await encodeAvif(1000, 1000), { columns: 4, rows: 4, ...size(4000, 4000) }),
    ...LIMIT,
  },
  { name: 'heic-12mp', make: (root) => heic(root), ...LIMIT },
  {
    name: 'heic-that-is-off',
    make: (root) => heic(root),
    expected: ['heic-off'],
    limits: { heic: false },
  },
  {
    name: 'heic-48mp-grid',
    make: (root) => withTiles(heic(root), { columns: 2, rows: 2, ...size(8000, 6000) }),
    ...LIMIT,
  },
  {
    name: 'heic-claims-60000x60000',
    make: (root) => withClaimedSize(heic(root), 60_000, 60_000),
    expected: REFUSED,
  },
  {
    name: 'heic-claims-less-than-it-holds',
    make: (root) => withClaimedSize(heic(root), 64, 48),
    expected: REFUSED,
  },
  {
    name: 'heic-grid-beyond-the-limit',
    make: (root) => withTiles(heic(root), { columns: 3, rows: 3, ...size(12_000, 9000) }),
    expected: REFUSED,
  },
];

export const BOMBS: readonly Bomb[] = [
  ...jpegs,
  ...pngs,
  ...gifs,
  ...webps,
  ...heifs,
  ...METADATA_BOMBS,
  ...DISGUISES,
];
