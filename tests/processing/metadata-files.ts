/** Builds files whose metadata is expensive to parse, of at most 64 KiB, one for each kind of metadata block. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import {
  box,
  prof,
  readHeifItems,
  writeHeif,
  type HeifItem,
} from '../../functions/test/processing/heif-file.js';
import { le16, le32, repeat, text, u16, u32 } from '../../bench/processing/fields.js';
import { chunk, riff, segment, subBlocks } from '../../bench/processing/file-structure.js';
import { gif, zeros } from '../../bench/processing/malformed-files.js';

/** Pixels; small, so that nearly all time goes into metadata. */
const FRAME = { width: 64, height: 48 };
const MAX_BLOCK = 58_000;

const image = () => sharp({ create: { ...FRAME, channels: 3, background: '#c03020' } });

/** A JPEG with segments before its first table. */
export async function jpegWith(...segments: Buffer[]): Promise<Buffer> {
  const jpeg = await image().jpeg().toBuffer();
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}

/** A PNG with chunks after IHDR, and others before IEND. */
export async function pngWith(chunks: Buffer[], later: Buffer[] = []): Promise<Buffer> {
  const png = await image().png().toBuffer();
  const parts = [png.subarray(0, 33), ...chunks, png.subarray(33, -12), ...later];
  return Buffer.concat([...parts, png.subarray(-12)]);
}

/** A WebP in the extended format, with chunks before and after its pixels. @param flags of VP8X */
export async function webpWith(flags: number, before: Buffer[], after: Buffer[] = []) {
  const pixels = (await image().webp().toBuffer()).subarray(12);
  const size = Buffer.from([FRAME.width - 1, 0, 0, FRAME.height - 1, 0, 0]);
  const header = riff('VP8X', Buffer.from([flags, 0, 0, 0]), size);
  return riff('RIFF', text('WEBP'), header, ...before, pixels, ...after);
}

const WEBP_PROFILE = 0x20;
const WEBP_EXIF = 0x08;
const WEBP_XMP = 0x04;

/** An AVIF with items that describe the image, and further properties of the image. */
export async function avifWith(metadata: HeifItem[], properties: Buffer[] = []): Promise<Buffer> {
  const [item] = readHeifItems(await image().avif({ effort: 0 }).toBuffer());
  const { type, data, properties: own } = item as HeifItem;
  const items = [{ type, data, properties: [...own, ...properties] }, ...metadata];
  return writeHeif(
    items,
    metadata.map((_, i) => ['cdsc', i + 2, 1] as const),
    { brand: 'avif' },
  );
}

const metadataItem = (type: string, ...data: Buffer[]): HeifItem => ({
  type,
  data: Buffer.concat(data),
  properties: [],
  hidden: true,
});

type Entry = readonly [tag: number, type: number, count: number, value: number];

/** A TIFF structure of one directory. @param next offset of the next directory */
export function directory(entries: readonly Entry[], next = 0): Buffer {
  const fields = entries.map(([tag, type, count, value]) =>
    Buffer.concat([le16(tag, type), le32(count, value)]),
  );
  return Buffer.concat([text('II*\0'), le32(8), le16(entries.length), ...fields, le32(next)]);
}

/** Types, TIFF 6.0 section 2. */
const ASCII = 2;
const LONG = 4;
const UNDEFINED = 7;
const MAKE: Entry = [0x10f, ASCII, 4, 0];

const MAX_ENTRIES = 4800;

/** Directories that contain themselves, follow themselves, and claim more than they have; `at` is their offset. */
const DIRECTORIES: Record<string, CreateDirectory> = {
  'EXIF directory that contains itself': (at) => ({ entry: [0x8769, LONG, 1, at] }),
  'GPS directory that contains itself': (at) => ({ entry: [0x8825, LONG, 1, at] }),
  'interoperability directory that contains itself': (at) => ({ entry: [0xa005, LONG, 1, at] }),
  'sub-directory that contains itself': (at) => ({ entry: [0x14a, LONG, 1, at] }),
  'directory that follows itself': (at) => ({ entry: MAKE, next: at }),
  'values of 4 GiB': (at) => ({ entry: [0x927c, UNDEFINED, 0xffff_fff0, at] }),
  'values that overlap': (at) => ({ entry: [0x9286, UNDEFINED, MAX_BLOCK - 1000, at] }),
  'XMP, IPTC and Photoshop data that overlap': (at) => ({
    entry: [0x2bc, UNDEFINED, MAX_BLOCK - 1000, at],
  }),
  'manufacturer note that contains itself': (at) => ({
    entry: [0x927c, UNDEFINED, MAX_BLOCK - 1000, at - 8],
  }),
};

const XMP = text(
  `<x:xmpmeta xmlns:x="adobe:ns:meta/">${'<a>'.repeat(9000)}${'</a>'.repeat(7000)}</x:xmpmeta>`,
);

/** An ICC profile (ICC.1:2022, section 7) of one large multi-process element in `D2B0` and `B2D0`. */
function slowProfile(): Buffer {
  const elements = 1000;
  const matrix = Buffer.concat([text('matf'), u32(0), u16(3, 3), ...identity()]);
  const positions = Array.from({ length: elements }, () => u32(16 + 8 * elements, matrix.length));
  const table = Buffer.concat([
    text('mpet'),
    u32(0),
    u16(3, 3),
    u32(elements),
    ...positions,
    matrix,
  ]);
  const header = Buffer.alloc(128);
  header.writeUInt32BE(0x0440_0000, 8);
  header.write('mntrRGB XYZ ', 12);
  header.write('acsp', 36);
  const tags = ['D2B0', 'B2D0', 'A2B0'].map((name) =>
    Buffer.concat([text(name), u32(128 + 4 + 36, table.length)]),
  );
  const profile = Buffer.concat([header, u32(tags.length), ...tags, table]);
  profile.writeUInt32BE(profile.length);
  return profile;
}

function identity(): Buffer[] {
  const one = u32(0x3f80_0000);
  const cells = Array.from({ length: 9 }, (_, i) => (i % 4 === 0 ? one : u32(0)));
  return [...cells, u32(0, 0, 0)];
}

/** A profile of tags that all state the same large text. */
function profileOfTexts(): Buffer {
  const count = 4000;
  const tags = Array.from({ length: count }, (_, i) =>
    Buffer.concat([u32(0x6161_6161 + i), u32(132 + 12 * count, 8000)]),
  );
  const body = Buffer.concat([text('mluc'), u32(0, 600, 12), Buffer.alloc(8000 - 16)]);
  const header = Buffer.alloc(128);
  header.write('mntrRGB XYZ ', 12);
  header.write('acsp', 36);
  const profile = Buffer.concat([header, u32(count), ...tags, body]);
  profile.writeUInt32BE(profile.length);
  return profile;
}

const PROFILES: Record<string, Buffer> = {
  'profile of 1,000 matrices': slowProfile(),
  'profile of 4,000 tags': profileOfTexts(),
  'profile of zeros': Buffer.alloc(MAX_BLOCK),
};

const exifSegment = (exif: Buffer) => segment(0xe1, text('Exif\0\0'), exif);
const iccSegment = (icc: Buffer) => segment(0xe2, text('ICC_PROFILE\0'), Buffer.from([1, 1]), icc);
const iptc = repeat(text('8BIM\x04\x04\0\0\0\0\0\x05\x1c\x02\x78\0\0\0'), 3000);

/** Many small segments or chunks, as many as fit into 64 KiB. */
const many = (block: Buffer) => [repeat(block, Math.floor(MAX_BLOCK / block.length))];

export interface MetadataFile {
  name: string;
  make: () => Promise<Buffer> | Buffer;
  /** Whether the renditions must be those of the image without metadata. */
  isReady?: boolean;
}

type CreateDirectory = (at: number) => { entry: Entry; next?: number };

function exifOf(make: CreateDirectory): Buffer {
  const { entry, next } = make(8);
  return directory(Array<Entry>(MAX_ENTRIES).fill(entry), next);
}

/** A TIFF image whose directory has further entries. */
async function tiffWith(make: CreateDirectory): Promise<Buffer> {
  const tiff = await image().tiff({ compression: 'deflate' }).toBuffer();
  const at = tiff.readUInt32LE(4);
  const count = tiff.readUInt16LE(at);
  const own = tiff.subarray(at + 2, at + 2 + 12 * count);
  const { entry, next = 0 } = make(tiff.length);
  const further = directory(Array<Entry>(MAX_ENTRIES - 200).fill(entry)).subarray(10, -4);
  const header = Buffer.from(tiff);
  header.writeUInt32LE(tiff.length, 4);
  return Buffer.concat([header, le16(count + MAX_ENTRIES - 200), own, further, le32(next)]);
}

const exifFiles = Object.entries(DIRECTORIES).flatMap(([name, make]): MetadataFile[] => [
  {
    name: `JPEG: ${name}`,
    make: () => jpegWith(exifSegment(exifOf(make))),
    isReady: true,
  },
  { name: `PNG: ${name}`, make: () => pngWith([chunk('eXIf', exifOf(make))]), isReady: true },
  {
    name: `WebP: ${name}`,
    make: () => webpWith(WEBP_EXIF, [], [riff('EXIF', exifOf(make))]),
    isReady: true,
  },
  { name: `TIFF: ${name}`, make: () => tiffWith(make) },
  {
    name: `AVIF: ${name}`,
    make: () => avifWith([metadataItem('Exif', u32(0), exifOf(make))]),
    isReady: true,
  },
]);

const profileFiles = Object.entries(PROFILES).flatMap(([name, icc]): MetadataFile[] => [
  { name: `JPEG: ${name}`, make: () => jpegWith(iccSegment(icc)) },
  {
    name: `PNG: ${name}`,
    make: () => pngWith([chunk('iCCP', text('icc\0\0'), deflateSync(icc))]),
  },
  { name: `WebP: ${name}`, make: () => webpWith(WEBP_PROFILE, [riff('ICCP', icc)]) },
  { name: `AVIF: ${name}`, make: () => avifWith([], [prof(icc)]) },
]);

/** Other blocks; every image without them is valid. */
const OTHERS: Record<string, () => Promise<Buffer> | Buffer> = {
  'JPEG: XMP of deep elements': () =>
    jpegWith(segment(0xe1, text('http://ns.adobe.com/xap/1.0/\0'), XMP)),
  'JPEG: IPTC of empty records': () => jpegWith(segment(0xed, text('Photoshop 3.0\0'), iptc)),
  'JPEG: many EXIF segments': () => jpegWith(...many(exifSegment(directory([MAKE])))),
  'JPEG: many segments of a profile': () =>
    jpegWith(...many(segment(0xe2, text('ICC_PROFILE\0'), Buffer.from([1, 255, 0])))),
  'JPEG: many comments': () => jpegWith(...many(segment(0xfe, text('a')))),
  'JPEG: an index of many images': () =>
    jpegWith(
      segment(
        0xe2,
        text('MPF\0'),
        exifOf(() => ({ entry: [0xb002, UNDEFINED, 0xffff_fff0, 8] })),
      ),
    ),
  'PNG: text of 50 MiB': () => pngWith([chunk('zTXt', text('Comment\0\0'), zeros(50 * 2 ** 20))]),
  'PNG: international text of 50 MiB': () =>
    pngWith([chunk('iTXt', text('XML:com.adobe.xmp\0\x01\0\0\0'), zeros(50 * 2 ** 20))]),
  'PNG: a profile of 50 MiB': () => pngWith([chunk('iCCP', text('icc\0\0'), zeros(50 * 2 ** 20))]),
  'PNG: EXIF as text': () =>
    pngWith([
      chunk('tEXt', text('Raw profile type exif\0\nexif\n58000\n'), Buffer.alloc(MAX_BLOCK, 'a')),
    ]),
  'PNG: many texts': () => pngWith(many(chunk('tEXt', text('Comment\0a')))),
  'PNG: many texts after the pixels': () => pngWith([], many(chunk('tEXt', text('Comment\0a')))),
  'PNG: many palettes of suggestions': () => pngWith(many(chunk('sPLT', text('a\0\x08')))),
  'PNG: many unknown chunks': () => pngWith(many(chunk('quUx'))),
  'WebP: XMP of deep elements': () => webpWith(WEBP_XMP, [], [riff('XMP ', XMP)]),
  'WebP: many unknown chunks': () => webpWith(0, many(riff('ABCD'))),
  'WebP: many profiles': () => webpWith(WEBP_PROFILE, many(riff('ICCP', text('a')))),
  'AVIF: XMP of deep elements': () => avifWith([metadataItem('mime', XMP)]),
  'AVIF: boxes in boxes after the image': async () =>
    Buffer.concat([await avifWith([]), deepBoxes()]),
  'AVIF: many boxes after the image': async () =>
    Buffer.concat([await avifWith([]), ...many(box('free'))]),
  'AVIF: boxes in boxes as a property': () => avifWith([], [deepBoxes()]),
  'GIF: many application blocks': () =>
    gifWith(
      many(
        Buffer.concat([Buffer.from([0x21, 0xff, 11]), text('UNKNOWN 1.0'), subBlocks(text('a'))]),
      ),
    ),
  'GIF: many comments': () =>
    gifWith(many(Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(text('a'))]))),
  'GIF: many loop counts': () =>
    gifWith(
      many(
        Buffer.concat([
          Buffer.from([0x21, 0xff, 11]),
          text('NETSCAPE2.0'),
          subBlocks(Buffer.from([1, 1, 0])),
        ]),
      ),
    ),
};

/** Boxes in boxes, as deep as fit into 64 KiB. */
function deepBoxes(): Buffer {
  const count = Math.floor(MAX_BLOCK / 8);
  const headers = Array.from({ length: count }, (_, i) =>
    Buffer.concat([u32(8 * (count - i)), text('meta')]),
  );
  return Buffer.concat(headers);
}

export const gifWith = (extensions: Buffer[]) =>
  gif({ screen: FRAME, frame: FRAME, frames: 1, extensions });

export const METADATA_FILES: readonly MetadataFile[] = [
  ...exifFiles,
  ...profileFiles,
  ...Object.entries(OTHERS).map(([name, make]) => ({ name, make, isReady: true })),
  { name: 'TIFF: 4,000 directories', make: manyDirectories },
];

/** A chain of empty directories. */
function manyDirectories(): Buffer {
  const size = 2 + 4;
  const count = Math.floor(MAX_BLOCK / size);
  const directories = Array.from({ length: count }, (_, i) =>
    Buffer.concat([le16(0), le32(i + 1 < count ? 8 + size * (i + 1) : 0)]),
  );
  return Buffer.concat([text('II*\0'), le32(8), ...directories]);
}
