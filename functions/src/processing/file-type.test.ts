import { detectFileType } from './file-type.js';

const ftyp = (...brands: string[]) => {
  const [major = '', ...compatible] = brands;
  const body = Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`, 'latin1');
  const size = Buffer.alloc(4);
  size.writeUInt32BE(4 + body.length);
  return Buffer.concat([size, body]);
};

test.each([
  ['jpeg', Buffer.from('ffd8ffe000104a464946', 'hex')],
  ['png', Buffer.from('89504e470d0a1a0a0000000d', 'hex')],
  ['png', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
  ['jpeg', Buffer.from('ffd8ff', 'hex')],
  ['gif', Buffer.from('GIF87a')],
  ['gif', Buffer.from('GIF89a;alert(1)')],
  ['webp', Buffer.from('RIFF\0\0\0\0WEBPVP8 ')],
  ['heif', ftyp('avif', 'mif1')],
  ['heif', ftyp('heic', 'mif1')],
  ['heif', ftyp('mif1', 'MiPr', 'heic')],
  ['tiff', Buffer.from('II*\0\b\0\0\0', 'latin1')],
  ['tiff', Buffer.from('MM\0*\0\0\0\b', 'latin1')],
])('detects %s', (type, bytes) => expect(detectFileType(bytes)).toBe(type));

test.each([
  ['an empty file', Buffer.alloc(0)],
  ['one byte', Buffer.from('ff', 'hex')],
  ['a video', ftyp('isom', 'mp42')],
  ['a brand beyond the end of its box', Buffer.concat([ftyp('isom'), Buffer.from('heic')])],
  ['a signature that does not start at the first byte', Buffer.from('\nGIF89a')],
  ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
  ['PDF', Buffer.from('%PDF-1.7')],
  ['SVG after the first bytes of a JPEG', Buffer.from('\xff\xd8\xff<svg/>', 'latin1')],
  ['PDF after the signature of a PNG', Buffer.from('\x89PNG\r\n\x1a\n%PDF-1.4\n', 'latin1')],
  ['HTML that contains "image/jpeg"', Buffer.from('<!doctype html>image/jpeg')],
  ['RIFF audio', Buffer.from('RIFF\0\0\0\0WAVEfmt ')],
])('returns undefined for %s', (_name, bytes) => expect(detectFileType(bytes)).toBeUndefined());
