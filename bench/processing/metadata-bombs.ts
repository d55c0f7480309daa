/** Files of up to 30 MiB that are nearly all metadata, one for each kind of metadata block. */
import sharp from 'sharp';
import type { Bomb } from './bomb.js';
import { box } from './boxes.js';
import { le16, le32, repeat, text, u16, u32 } from './fields.js';
import { chunk, riff, segment, subBlocks } from './file-structure.js';
import { gif, png, webp, zeros } from './malformed-files.js';

const FRAME = { width: 64, height: 48 };
const MEBIBYTE = 2 ** 20;
/** Bytes of the metadata of one file. */
const SIZE = 20 * MEBIBYTE;
/** The most that a segment of a JPEG holds, less the name of its content. */
const SEGMENT = 65_000;

/** An EXIF directory (TIFF 6.0, section 2) whose entries all point at the directory itself. */
function circularExif(bytes: number): Buffer {
  const entries = Math.min(65_535, Math.floor((bytes - 14) / 12));
  const entry = Buffer.concat([le16(0x8769, 4), le32(1, 8)]);
  const directory = Buffer.concat([le16(entries), repeat(entry, entries), le32(8)]);
  const length = Math.max(0, bytes - 8 - directory.length);
  // Further directories, none of which ends the chain.
  return Buffer.concat([text('II*\0'), le32(8), directory, Buffer.alloc(length, directory)]);
}

const XMP = 'http://ns.adobe.com/xap/1.0/\0';
const elements = (bytes: number) => Buffer.alloc(bytes, '<x:a xmlns:x="a" b="c">');
/** Image resource blocks of Photoshop, each with an empty IPTC record. */
const resources = (bytes: number) =>
  Buffer.alloc(bytes, '8BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x78\0\0\0', 'latin1');

const image = () => sharp({ create: { ...FRAME, channels: 3, background: '#c03020' } });

/** A JPEG with `SIZE` bytes of segments. */
async function jpegOf(marker: number, name: string, content: (bytes: number) => Buffer) {
  const jpeg = await image().jpeg().toBuffer();
  const one = segment(marker, text(name), content(SEGMENT));
  const segments = repeat(one, Math.floor(SIZE / one.length));
  return Buffer.concat([jpeg.subarray(0, 2), segments, jpeg.subarray(2)]);
}

/** A JPEG with a color profile in 255 segments, each of zeros. */
async function jpegOfProfile(): Promise<Buffer> {
  const jpeg = await image().jpeg().toBuffer();
  const parts = Array.from({ length: 255 }, (_, i) =>
    segment(0xe2, text('ICC_PROFILE\0'), Buffer.from([i + 1, 255]), Buffer.alloc(SEGMENT)),
  );
  return Buffer.concat([jpeg.subarray(0, 2), ...parts, jpeg.subarray(2)]);
}

const pngOf = (...chunks: Buffer[]) => png({ ...FRAME, depth: 8, color: 'rgb', chunks });

function webpOf(flags: number, ...chunks: Buffer[]): Buffer {
  const size = Buffer.from([FRAME.width - 1, 0, 0, FRAME.height - 1, 0, 0]);
  const header = riff('VP8X', Buffer.from([flags, 0, 0, 0]), size);
  return riff('RIFF', text('WEBP'), header, webp(FRAME).subarray(12), ...chunks);
}

const gifOf = (extension: Buffer) =>
  gif({
    screen: FRAME,
    frame: FRAME,
    frames: 1,
    extensions: [repeat(extension, Math.floor(SIZE / extension.length))],
  });

const application = (name: string, data: Buffer) =>
  Buffer.concat([Buffer.from([0x21, 0xff, 11]), text(name), subBlocks(data)]);

/** A TIFF whose directory has as many entries as it can, which point at itself, and follows itself. */
async function tiffOf(tag: number): Promise<Buffer> {
  const tiff = await image().tiff({ compression: 'deflate' }).toBuffer();
  const start = tiff.readUInt32LE(4);
  const count = tiff.readUInt16LE(start);
  const own = tiff.subarray(start + 2, start + 2 + 12 * count);
  const entry = Buffer.concat([le16(tag, 4), le32(1, tiff.length)]);
  tiff.writeUInt32LE(tiff.length, 4);
  const others = repeat(entry, 65_535 - count);
  return Buffer.concat([tiff, le16(65_535), own, others, le32(tiff.length)]);
}

const AVIF_BOXES = 2 ** 17;

/** A HEIF file with boxes after those of the image. */
const heifOf = async (...boxes: Buffer[]) =>
  Buffer.concat([await image().avif({ effort: 0 }).toBuffer(), ...boxes]);

/** An AVIF whose `meta` begins with other boxes; the offsets of its items are not corrected. */
async function heifInMeta(...boxes: Buffer[]): Promise<Buffer> {
  const avif = await image().avif({ effort: 0 }).toBuffer();
  const start = avif.indexOf('meta') - 4;
  const end = start + avif.readUInt32BE(start);
  const meta = box(
    'meta',
    avif.subarray(start + 8, start + 12),
    ...boxes,
    avif.subarray(start + 12, end),
  );
  return Buffer.concat([avif.subarray(0, start), meta, avif.subarray(end)]);
}

/** Boxes in boxes. */
const nested = (depth: number) =>
  Buffer.concat(
    Array.from({ length: depth }, (_, i) => Buffer.concat([u32(8 * (depth - i)), text('meta')])),
  );

/** `iinf` that states more items than it has, each without a name. */
const items = (count: number) =>
  box(
    'iinf',
    u32(0),
    u16(65_535),
    repeat(box('infe', u32(0x0200_0000), u16(1, 0), text('Exif\0')), count),
  );

const ready = { expected: ['ready'] } as const;

const files: Bomb[] = [
  {
    name: 'jpeg-exif-that-contains-itself',
    make: () => jpegOf(0xe1, 'Exif\0\0', circularExif),
    ...ready,
  },
  { name: 'jpeg-xmp', make: () => jpegOf(0xe1, XMP, elements), ...ready },
  { name: 'jpeg-iptc', make: () => jpegOf(0xed, 'Photoshop 3.0\0', resources), ...ready },
  { name: 'jpeg-profile', make: jpegOfProfile, ...ready },
  {
    name: 'png-exif-that-contains-itself',
    make: () => pngOf(chunk('eXIf', circularExif(SIZE))),
    ...ready,
  },
  {
    name: 'png-international-text-of-1-gib',
    make: () => pngOf(chunk('iTXt', text('XML:com.adobe.xmp\0\x01\0\0\0'), zeros(2 ** 30))),
    ...ready,
  },
  {
    name: 'png-xmp',
    make: () => pngOf(chunk('iTXt', text('XML:com.adobe.xmp\0\0\0\0\0'), elements(SIZE))),
    ...ready,
  },
  {
    name: 'webp-exif-that-contains-itself',
    make: () => webpOf(0x08, riff('EXIF', circularExif(SIZE))),
    ...ready,
  },
  { name: 'webp-xmp', make: () => webpOf(0x04, riff('XMP ', elements(SIZE))), ...ready },
  { name: 'webp-profile', make: () => webpOf(0x20, riff('ICCP', Buffer.alloc(SIZE))), ...ready },
  {
    name: 'webp-million-unknown-chunks',
    make: () => webpOf(0, repeat(riff('ABCD', text('ab')), 1_000_000)),
    ...ready,
  },
  {
    name: 'gif-application-data',
    make: () => gifOf(application('XMP DataXMP', elements(SEGMENT))),
    ...ready,
  },
  {
    name: 'gif-loop-counts',
    make: () => gifOf(application('NETSCAPE2.0', Buffer.from([1, 1, 0]))),
    ...ready,
  },
  {
    name: 'tiff-exif-that-contains-itself',
    make: () => tiffOf(0x8769),
    expected: ['ready', 'damaged-image'],
    limits: { tiff: true },
  },
  {
    name: 'tiff-sub-directories-that-contain-themselves',
    make: () => tiffOf(0x14a),
    expected: ['ready', 'damaged-image'],
    limits: { tiff: true },
  },
  {
    name: 'avif-boxes-in-boxes',
    make: () => heifInMeta(nested(AVIF_BOXES)),
    expected: ['ready', 'damaged-image'],
  },
  {
    name: 'avif-many-boxes',
    make: () => heifInMeta(repeat(box('free'), AVIF_BOXES)),
    expected: ['too-slow'],
  },
  {
    name: 'avif-many-items',
    make: () => heifInMeta(items(AVIF_BOXES)),
    expected: ['too-slow', 'damaged-image'],
  },
  { name: 'avif-boxes-after-the-image', make: () => heifOf(nested(AVIF_BOXES)), ...ready },
];

/** Each takes about 0.2 s on an idle machine. */
const MAX_SECONDS = 15;

export const METADATA_BOMBS: readonly Bomb[] = files.map((bomb) => ({
  ...bomb,
  maxSeconds: MAX_SECONDS,
}));
