import sharp from 'sharp';
import { measureCpu } from '../../test/processing/cpu-time.js';
import { detectForeignFormat } from './foreign-format.js';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const ftyp = (brand: string) => latin1(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1`);

/** A TIFF structure; each entry is a tag, a type and a value. */
function tiff(entries: [tag: number, type: number, value: number][], order = 'II*\0'): Buffer {
  const bytes = Buffer.alloc(8 + 2 + 12 * entries.length + 20);
  const isLittle = order.startsWith('I');
  const u16 = (value: number, at: number) =>
    isLittle ? bytes.writeUInt16LE(value, at) : bytes.writeUInt16BE(value, at);
  const u32 = (value: number, at: number) =>
    isLittle ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at);
  bytes.write(order, 'latin1');
  u32(8, 4);
  u16(entries.length, 8);
  entries.forEach(([tag, type, value], i) => {
    const at = 10 + 12 * i;
    u16(tag, at);
    u16(type, at + 2);
    u32(1, at + 4);
    u32(value, at + 8);
  });
  bytes.write('NIKON CORPORATION', bytes.length - 20, 'latin1');
  return bytes;
}

/** A reduced image with a sub-directory, by a camera. */
const raw = (order?: string) =>
  tiff(
    [
      [254, 4, 1],
      [271, 2, 46],
      [330, 4, 0],
    ],
    order,
  );

test.each([
  ['SVG', latin1('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['SVG', Buffer.from('\uFEFF \n<?xml version="1.0"?>\n<!-- a > comment --><svg\nwidth="1">')],
  ['SVG', latin1('<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "svg11.dtd"><svg:svg>')],
  ['SVG', latin1('<!DOCTYPE svg [<!ENTITY a "b">\n]><svg>&a;</svg>')],
  ['SVG', latin1(`<!DOCTYPE svg [${'<!ENTITY a "b">'.repeat(100)}]><svg/>`)],
  ['BMP', latin1('BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0')],
  ['JPEG XL', latin1('\xff\x0a\xfa\x7f')],
  ['JPEG XL', latin1('\0\0\0\x0cJXL \r\n\x87\n')],
  ['JPEG 2000', latin1('\0\0\0\x0cjP  \r\n\x87\n')],
  ['JPEG 2000', latin1('\xff\x4f\xff\x51\0\x2f')],
  ['PDF', latin1('%PDF-1.7')],
  ['PSD', latin1('8BPS\0\x01')],
  ['ICO', latin1('\0\0\x01\0\x01\0\x10\x10')],
  ['CR2 (camera RAW)', latin1('II*\0\x10\0\0\0CR\x02\0')],
  ['CR3 (camera RAW)', ftyp('crx ')],
  ['NEF (camera RAW)', raw()],
  ['NEF (camera RAW)', raw('MM\0*')],
  [
    'DNG (camera RAW)',
    tiff([
      [254, 4, 1],
      [50_706, 1, 0x0401],
    ]),
  ],
  ['RAF (camera RAW)', latin1('FUJIFILMCCD-RAW 0201')],
  ['RW2 (camera RAW)', latin1('IIU\0\x18\0\0\0')],
  ['ORF (camera RAW)', latin1('IIRO\x08\0\0\0')],
  ['MP4 video', ftyp('isom')],
  ['MP4 video', ftyp('mp42')],
  ['QuickTime video', ftyp('qt  ')],
  ['QuickTime video', latin1('\0\0\0\x08wide\0\0')],
  ['WebM or Matroska video', latin1('\x1a\x45\xdf\xa3\x9f')],
  ['AVI video', latin1('RIFF\0\0\0\0AVI LIST')],
])('names %s', (format, bytes) => expect(detectForeignFormat(bytes)).toBe(format));

test.each<[string, Buffer]>([
  ['an empty file', Buffer.alloc(0)],
  ['text', latin1('BMW and %PDF')],
  ['HTML that contains SVG', latin1('<!doctype html><body><svg/>')],
  ['XML', latin1('<?xml version="1.0"?><svgx/>')],
  ['an SVG after 1 KB of comments', latin1(`<!--${' '.repeat(1100)}--><svg/>`)],
  ['a comment without an end', latin1('<!-- <svg/>')],
  ['the beginning of a TIFF', latin1('II*\0')],
  ['a TIFF whose directory is outside of it', latin1('II*\0\xff\xff\xff\xff')],
  [
    'a photo saved as TIFF by the software of a camera',
    tiff([
      [254, 4, 0],
      [271, 2, 46],
    ]),
  ],
  ['the brand of a picture', ftyp('heic')],
])('names nothing for %s', (_name, bytes) => expect(detectForeignFormat(bytes)).toBeUndefined());

test('names nothing for TIFF files of sharp', async () => {
  const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#84a' } });
  for (const pyramid of [false, true]) {
    const bytes = await image.tiff({ pyramid, tile: pyramid }).toBuffer();
    expect(detectForeignFormat(bytes)).toBeUndefined();
  }
});

test('takes little time for a megabyte of brackets and comments', async () => {
  const { seconds } = await measureCpu(() => {
    for (const part of ['<', '<!--', '<!DOCTYPE [', '<?', '<!-->', ' ']) {
      detectForeignFormat(Buffer.from(part.repeat(1_000_000 / part.length)));
    }
  });
  expect(seconds).toBeLessThan(1);
});
