/** Files of other formats, and files that are no images. */
import type { ImageFailureCode } from '../../../functions/src/errors.js';
import type { Case } from '../case.js';
import { le16, le32, text, u32 } from '../../processing/fields.js';
import { box } from '../../processing/boxes.js';

/** A BMP of 2 x 2 pixels, 24 bits. */
const bmp = Buffer.concat([
  ...[text('BM'), le32(70, 0, 54, 40, 2, 2), le16(1, 24), le32(0, 16, 2835, 2835, 0, 0)],
  Buffer.alloc(16, 200),
]);
const riff = (type: string) =>
  Buffer.concat([text('RIFF'), le32(36), text(type), Buffer.alloc(32)]);
const ftyp = (brand: string) =>
  Buffer.concat([box('ftyp', text(brand), u32(0), text(brand)), box('mdat', Buffer.alloc(64))]);

const UNSUPPORTED: Readonly<Record<string, Buffer>> = {
  'SVG: picture.svg': text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
  'SVG: xml.svg': text(
    '<?xml version="1.0"?>\n<!-- x -->\n<svg xmlns="http://www.w3.org/2000/svg"/>',
  ),
  'BMP: picture.bmp': bmp,
  'ICO: picture.ico': Buffer.concat([text('\0\0\x01\0\x01\0'), Buffer.alloc(60)]),
  'JPEG XL: codestream.jxl': Buffer.concat([text('\xff\x0a'), Buffer.alloc(60)]),
  'JPEG XL: container.jxl': Buffer.concat([u32(12), text('JXL \r\n\x87\n'), Buffer.alloc(60)]),
  'JPEG 2000: picture.jp2': Buffer.concat([u32(12), text('jP  \r\n\x87\n'), Buffer.alloc(60)]),
  'PDF: document.pdf': text('%PDF-1.7\n1 0 obj\n<<>>\nendobj\n'),
  'PSD: picture.psd': Buffer.concat([text('8BPS\0\x01'), Buffer.alloc(60)]),
  'Camera RAW: canon.cr3': ftyp('crx '),
  'Camera RAW: canon.cr2': Buffer.concat([text('II*\0\x10\0\0\0CR\x02\0'), Buffer.alloc(60)]),
  'Camera RAW: fuji.raf': Buffer.concat([text('FUJIFILMCCD-RAW 0201'), Buffer.alloc(60)]),
  'Video: video.mp4': ftyp('isom'),
  'Video: video.mov': ftyp('qt  '),
  'Video: video.webm': Buffer.concat([text('\x1a\x45\xdf\xa3'), Buffer.alloc(60)]),
  'Video: video.avi': riff('AVI '),
};

const NO_IMAGES: Readonly<Record<string, Buffer>> = {
  'Text: text.jpg': text('plain text'),
  'HTML: page.png': text('<!doctype html><p>hello'),
  'ZIP: archive.zip': Buffer.concat([text('PK\x03\x04'), Buffer.alloc(60)]),
  'Sound: sound.wav': riff('WAVE'),
};

function refused(files: Readonly<Record<string, Buffer>>, code: ImageFailureCode): Case[] {
  return Object.entries(files).map(([key, bytes]) => {
    const [row = '', name = ''] = key.split(': ');
    return {
      format: 'Other',
      row,
      name: `other-${name}`,
      create: () => bytes,
      expected: { refused: code },
    };
  });
}

export function otherCases(): Case[] {
  return [
    ...refused(UNSUPPORTED, 'unsupported-format'),
    ...refused(NO_IMAGES, 'not-an-image'),
    ...refused({ 'Empty file: empty.jpg': Buffer.alloc(0) }, 'empty-file'),
  ];
}
