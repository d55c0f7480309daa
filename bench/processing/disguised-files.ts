/** Files that are not an image, not an accepted image, or an image and another type as well (polyglots). */
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { Bomb } from './bomb.js';
import { box } from './boxes.js';
import { text, u32 } from './fields.js';
import { chunk, segment, subBlocks } from './file-structure.js';
import { gif, png, tiff, type Frame } from './malformed-files.js';

/** The code that another program would run from a polyglot: no rendition may contain it. */
export const FOREIGN = 'alert("foreign")';

const FRAME: Frame = { width: 64, height: 48 };
const SCRIPT = `<script>${FOREIGN}</script>`;
const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ' +
  `width="64" height="48">${SCRIPT}<image xlink:href="file:///etc/passwd"/></svg>`;
/** An XML bomb: each entity expands to ten of the previous one. */
const LAUGHS = `<!DOCTYPE svg [<!ENTITY a "${'a'.repeat(100)}">${Array.from(
  { length: 9 },
  (_, i) => `<!ENTITY ${entityName(i + 1)} "${`&${entityName(i)};`.repeat(10)}">`,
).join('')}]><svg xmlns="http://www.w3.org/2000/svg"><text>&${entityName(9)};</text></svg>`;

function entityName(index: number): string {
  return 'abcdefghij'.charAt(index);
}

const PDF = `%PDF-1.4\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(${FOREIGN})>>>>endobj\n`;
/** An archive of one stored file, PKWARE APPNOTE section 4.3. */
const ZIP = Buffer.concat([text('PK\x03\x04'), Buffer.alloc(26), text(`${FOREIGN}PK\x05\x06`)]);

const jpeg = () =>
  sharp({ create: { ...FRAME, channels: 3, background: '#c03020' } })
    .jpeg()
    .toBuffer();
const still = (...extensions: Buffer[]) =>
  gif({ screen: FRAME, frame: FRAME, frames: 1, extensions });

const wrongTypes: Bomb[] = [
  { name: 'svg', make: () => text(SVG), expected: ['unsupported-format'] },
  { name: 'svg-of-a-billion-laughs', make: () => text(LAUGHS), expected: ['unsupported-format'] },
  {
    name: 'svg-after-the-first-bytes-of-a-jpeg',
    make: () => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), text(SVG)]),
    expected: ['not-an-image'],
  },
  { name: 'svg-in-gzip', make: () => gzipSync(SVG), expected: ['not-an-image'] },
  { name: 'pdf', make: () => text(PDF), expected: ['unsupported-format'] },
  {
    name: 'pdf-after-the-first-bytes-of-a-png',
    make: () => Buffer.concat([text('\x89PNG\r\n\x1a\n'), text(PDF)]),
    expected: ['not-an-image'],
  },
  {
    name: 'mp4',
    make: () =>
      Buffer.concat([
        box('ftyp', text('isom'), u32(512), text('isomiso2avc1mp41')),
        box('mdat', Buffer.alloc(1000)),
      ]),
    expected: ['unsupported-format'],
  },
  {
    name: 'mp4-with-the-brand-of-an-avif',
    make: () =>
      Buffer.concat([
        box('ftyp', text('avif'), u32(0), text('isomavif')),
        box('moov', box('mvhd', Buffer.alloc(100))),
        box('mdat', Buffer.alloc(1000)),
      ]),
    expected: ['not-an-image'],
  },
  {
    name: 'gzip-of-100-mib',
    make: () => gzipSync(Buffer.alloc(100 * 2 ** 20), { level: 1 }),
    expected: ['not-an-image'],
  },
  { name: 'zip', make: () => ZIP, expected: ['not-an-image'] },
  {
    name: 'tiff',
    make: () => tiff({ ...FRAME, depth: 8 }),
    expected: ['unsupported-format'],
  },
  {
    name: 'tiff-allowed',
    make: () => tiff({ ...FRAME, depth: 8 }),
    expected: ['ready'],
    limits: { tiff: true },
  },
  {
    name: 'tiff-allowed-30000x30000',
    make: () => tiff({ width: 30_000, height: 30_000, depth: 8 }),
    expected: ['too-many-pixels'],
    limits: { tiff: true },
  },
  {
    name: 'tiff-allowed-50mp-16-bit-in-one-strip',
    make: () => tiff({ width: 7071, height: 7071, depth: 16 }),
    expected: ['ready'],
    limits: { tiff: true },
  },
  { name: 'empty-file', make: () => Buffer.alloc(0), expected: ['empty-file'] },
  { name: '60-mib-of-zeros', make: () => Buffer.alloc(60 * 2 ** 20), expected: ['too-many-bytes'] },
];

const polyglots: Bomb[] = [
  {
    name: 'gif-and-javascript',
    make: () => Buffer.concat([still(comment(`*/=1;${FOREIGN};/*`)), text(`*/=1;${FOREIGN}`)]),
    expected: ['ready'],
  },
  {
    name: 'jpeg-and-zip',
    make: async () => {
      const image = await jpeg();
      const note = segment(0xfe, text(SCRIPT));
      return Buffer.concat([image.subarray(0, 2), note, image.subarray(2), ZIP]);
    },
    expected: ['ready'],
  },
  {
    name: 'jpeg-with-a-script-as-exif-and-xmp',
    make: async () =>
      sharp(await jpeg())
        .withExif({ IFD0: { ImageDescription: SCRIPT } })
        .withXmp(`<x:xmpmeta xmlns:x="adobe:ns:meta/">${FOREIGN}</x:xmpmeta>`)
        .toBuffer(),
    expected: ['ready'],
  },
  {
    name: 'png-and-html',
    make: () => {
      const chunks = [chunk('tEXt', text(`Comment\0${SCRIPT}`))];
      return Buffer.concat([png({ ...FRAME, depth: 8, color: 'rgb', chunks }), text(SCRIPT)]);
    },
    expected: ['ready'],
  },
  {
    name: 'png-and-pdf',
    make: () => Buffer.concat([png({ ...FRAME, depth: 8, color: 'rgb' }), text(PDF)]),
    expected: ['ready'],
  },
];

function comment(content: string): Buffer {
  return Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(text(content))]);
}

export const DISGUISES: readonly Bomb[] = [...wrongTypes, ...polyglots];
