/**
 * What an original holds besides its pixels: metadata, other images, data after its end. A file with and one without
 * it give the same bytes.
 */
import sharp from 'sharp';
import { text, u32 } from '../../bench/processing/fields.js';
import { chunk, riff, segment, subBlocks } from '../../bench/processing/file-structure.js';
import { processImage } from '../../functions/src/processing/process-image.js';
import { expectEqual, SETTINGS } from './hidden-fixture.js';
import { gifWith, jpegWith, pngWith, webpWith } from './metadata-files.js';

const MARK = 'HIDDEN-CONTENT';
/** Another image within a file: a thumbnail, a gain map, a depth map. */
const innerImage = () =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: '#00ff00' } })
    .jpeg()
    .toBuffer();

describe('hidden content', () => {
  const files: [string, () => Promise<Buffer> | Buffer, () => Promise<Buffer> | Buffer][] = [
    [
      'EXIF with a thumbnail in a JPEG',
      async () => jpegWith(segment(0xe1, text(`Exif\0\0II*\0${MARK}`), await innerImage())),
      () => jpegWith(),
    ],
    [
      'XMP, IPTC, comments and other application data in a JPEG',
      () =>
        jpegWith(
          segment(0xe1, text(`http://ns.adobe.com/xap/1.0/\0<x>${MARK}</x>`)),
          segment(0xed, text(`Photoshop 3.0\0${MARK}`)),
          segment(0xfe, text(MARK)),
          ...Array.from({ length: 16 }, (_, i) => segment(0xe0 + i, text(`other\0${MARK}`))),
        ),
      () => jpegWith(),
    ],
    [
      'a gain map and a depth map after a JPEG',
      async () => {
        const index = segment(0xe2, text(`MPF\0II*\0${MARK}`));
        const hdr = segment(0xe1, text('http://ns.adobe.com/xap/1.0/\0<x hdrgm:Version="1.0"/>'));
        const image = await jpegWith(hdr, index);
        return Buffer.concat([image, await innerImage(), text(MARK), await innerImage()]);
      },
      () => jpegWith(),
    ],
    [
      'text, EXIF, time and unknown chunks in a PNG',
      () => {
        const chunks = ['tEXt', 'zTXt', 'iTXt', 'eXIf', 'tIME', 'sPLT', 'hIST', 'quUx'].map(
          (type) => chunk(type, text(MARK)),
        );
        return pngWith(chunks, chunks);
      },
      () => pngWith([]),
    ],
    [
      'animation frames and data after a PNG',
      async () => {
        const control = chunk('fcTL', u32(0, 64, 48, 0, 0), Buffer.alloc(6));
        const frame = chunk('fdAT', u32(2), text(MARK));
        const png = await pngWith([chunk('acTL', u32(2, 0)), control], [frame]);
        return Buffer.concat([png, text(MARK), await innerImage()]);
      },
      () => pngWith([]),
    ],
    [
      'EXIF, XMP and unknown chunks in a WebP, and data after it',
      async () => {
        const before = [riff('ABCD', text(MARK))];
        const after = ['EXIF', 'XMP ', 'TEXT'].map((type) => riff(type, text(MARK)));
        return Buffer.concat([await webpWith(0x0c, before, after), text(MARK)]);
      },
      () => webpWith(0, []),
    ],
    [
      'comments and application data in a GIF, and data after it',
      () => {
        const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), subBlocks(text(MARK))]);
        const application = Buffer.concat([
          Buffer.from([0x21, 0xff, 11]),
          text('XMP DataXMP'),
          subBlocks(text(MARK)),
        ]);
        return Buffer.concat([gifWith([comment, application]), text(MARK)]);
      },
      () => gifWith([]),
    ],
  ];
  test.each(files)('%s', async (_name, make, makeClean) => {
    const bytes = await make();
    expect(bytes.toString('latin1')).toContain(MARK);
    const result = await processImage(bytes, SETTINGS);
    expectEqual(result, await processImage(await makeClean(), SETTINGS));
    for (const { data } of result.renditions) {
      expect(data.toString('latin1')).not.toMatch(/HIDDEN|Exif|EXIF|XMP|ICC|MPF|hdrgm/);
    }
  });

  test('the text of a color profile is in no rendition', async () => {
    const image = sharp(await pngWith([])).withIccProfile('p3');
    const profile = (await sharp(await image.png().toBuffer()).metadata()).icc as Buffer;
    for (const file of [await image.jpeg().toBuffer(), await image.webp().toBuffer()]) {
      expect(file.includes(profile.subarray(128, 160))).toBe(true);
      const { renditions } = await processImage(file, SETTINGS);
      for (const { data } of renditions) {
        expect(data.includes(profile.subarray(128, 160))).toBe(false);
      }
    }
  });
});
