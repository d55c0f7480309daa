import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { imageType } from './image-type.js';

const FIXTURES = join(__dirname, '../../../tests/fixtures');
const file = (path: string) =>
  new Blob([readFileSync(join(FIXTURES, path))], { type: 'text/plain' });
const heic = readdirSync(join(FIXTURES, 'heic')).filter((name) => /[.]hei[cf]$/.test(name));
const avif = readdirSync(join(FIXTURES, 'avif')).filter((name) => name.endsWith('.avif'));

test.each(heic)('%s is HEIC', async (name) => {
  expect(await imageType(file(`heic/${name}`))).toBe('image/heic');
});

test.each(avif)('%s is AVIF', async (name) => {
  expect(await imageType(file(`avif/${name}`))).toBe('image/avif');
});

test('the sample photo is a JPEG', async () => {
  expect(await imageType(file('photos/seeding.jpg'))).toBe('image/jpeg');
});

const box = (brand: string, ...more: string[]) =>
  `\0\0\0${String.fromCharCode(16 + 4 * more.length)}ftyp${brand}\0\0\0\0${more.join('')}`;

test.each([
  ['\x89PNG\r\n\x1a\n', 'image/png'],
  ['GIF87a', 'image/gif'],
  ['GIF89a', 'image/gif'],
  ['RIFF\0\0\0\0WEBPVP8 ', 'image/webp'],
  ['II*\0', 'image/tiff'],
  ['MM\0*', 'image/tiff'],
  [box('heic'), 'image/heic'],
  [box('mif1', 'heic', 'avif'), 'image/avif'],
  [box('isom', 'heix'), 'image/heic'],
  [box('isom', 'mp41'), undefined],
  // A brand after the end of the box.
  [`${box('isom')}heic`, undefined],
  ['', undefined],
  ['\xff\xd8', undefined],
  ['<svg>', undefined],
  ['RIFF\0\0\0\0WAVE', undefined],
  ['BM', undefined],
])('%j', async (text, type) => {
  expect(await imageType(new Blob([Buffer.from(text, 'latin1')]))).toBe(type);
});

test('a file that cannot be read has no type', async () => {
  // What a dropped folder is in browsers.
  const folder = new Blob([Buffer.from('\xff\xd8\xff', 'latin1')]);
  folder.slice = () => {
    const unreadable = new Blob();
    unreadable.arrayBuffer = () => Promise.reject(new DOMException('', 'NotReadableError'));
    return unreadable;
  };
  expect(await imageType(folder)).toBeUndefined();
});
