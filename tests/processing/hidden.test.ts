/**
 * What a viewer of the original cannot see is in no rendition: an original with and one without hidden
 * content give the same bytes.
 */
import sharp, { type Sharp } from 'sharp';
import { text } from '../../bench/processing/fields.js';
import { chunk, riff, segment, subBlocks } from '../../bench/processing/file-structure.js';
import { parseConfig } from '../../functions/src/config/config.js';
import { processImage } from '../../functions/src/processing/process-image.js';
import { expectEqual } from './equal-renditions.js';
import { gifWith, jpegWith, pngWith, webpWith } from './metadata-files.js';

/** Variants at, below and far below the size of the files, and cropped. */
const settings = parseConfig({
  BUCKET: 'bucket',
  VARIANTS: 'whole:300,half:60,small:20,square:30x30:cover',
  FORMATS: 'webp,jpeg,avif',
  TIFF: 'true',
});

/** A disc on transparent pixels, whose color is noise of a seed; 0: black. */
function disc(hiddenSeed: number, isSoft = true): Sharp {
  const [width, height] = [120, 80];
  const data = Buffer.alloc(width * height * 4);
  let noise = hiddenSeed;
  for (let i = 0; i < width * height; i++) {
    const distance = Math.hypot((i % width) - 60, Math.floor(i / width) - 40);
    const edge = Math.max(0, Math.min(1, (30 - distance) / 6));
    const alpha = isSoft ? Math.round(255 * edge) : distance < 30 ? 255 : 0;
    noise = (Math.imul(noise, 1_103_515_245) + (hiddenSeed && 12_345)) >>> 0;
    const hidden = [noise & 255, (noise >>> 8) & 255, (noise >>> 16) & 255];
    data.set([...(alpha === 0 ? hidden : [200, 60, i % 256]), alpha], 4 * i);
  }
  return sharp(data, { raw: { width, height, channels: 4 } });
}

test.each<[string, (image: Sharp) => Sharp]>([
  ['PNG', (image) => image.png()],
  ['interlaced PNG', (image) => image.png({ progressive: true })],
  ['PNG of 16 bits', (image) => image.toColourspace('rgb16').png()],
  ['TIFF', (image) => image.tiff({ compression: 'deflate' })],
])('colors of transparent pixels: %s', async (_name, make) => {
  const [clean, first, second] = await Promise.all(
    [0, 7, 99].map((seed) => make(disc(seed)).toBuffer()),
  );
  expect((first as Buffer).equals(clean as Buffer)).toBe(false);
  const expected = await processImage(clean as Buffer, settings);
  for (const bytes of [first, second]) {
    expectEqual(await processImage(bytes as Buffer, settings), expected);
  }
});

test('colors of transparent pixels: PNG with a palette', async () => {
  const png = await disc(0, false).png({ palette: true, colors: 16 }).toBuffer();
  const transparency = png.indexOf('tRNS');
  const entry = png.subarray(transparency + 4).indexOf(0);
  const palette = png.indexOf('PLTE');
  const length = png.readUInt32BE(palette - 4);
  const colors = Buffer.from(png.subarray(palette + 4, palette + 4 + length));
  colors.set([1, 250, 3], 3 * entry);
  const changed = Buffer.concat([
    png.subarray(0, palette - 4),
    chunk('PLTE', colors),
    png.subarray(palette + 4 + length + 4),
  ]);
  expect(changed.equals(png)).toBe(false);
  expectEqual(await processImage(changed, settings), await processImage(png, settings));
});

test('no transparent pixel of a rendition without loss has a color', async () => {
  const bytes = await disc(7).png().toBuffer();
  const encoders = {
    webp: (image: Sharp) => image.webp({ lossless: true, exact: true }),
    jpeg: (image: Sharp) => image.jpeg(),
    avif: (image: Sharp) => image.avif(),
  };
  const { renditions } = await processImage(bytes, { ...settings, formats: ['webp'] }, encoders);
  for (const { data, variants } of renditions) {
    const pixels = await sharp(data).raw().toBuffer();
    const colors = new Set<string>();
    for (let i = 0; i < pixels.length; i += 4) {
      if (pixels[i + 3] === 0) colors.add(pixels.subarray(i, i + 3).join());
    }
    expect([variants.join(), ...colors]).toEqual([variants.join(), '0,0,0']);
  }
});

const MARK = 'HIDDEN-CONTENT';
/** Another image within a file: a thumbnail, a gain map, a depth map. */
const innerImage = () =>
  sharp({ create: { width: 40, height: 30, channels: 3, background: '#00ff00' } })
    .jpeg()
    .toBuffer();
const profileOf = async (name: 'p3' | 'srgb') =>
  (await sharp(await disc(0).withIccProfile(name).png().toBuffer()).metadata()).icc as Buffer;

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
        const frame = chunk('fdAT', Buffer.alloc(4), text(MARK));
        const png = await pngWith([chunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))], [frame]);
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
    const result = await processImage(bytes, settings);
    expectEqual(result, await processImage(await makeClean(), settings));
    for (const { data } of result.renditions) {
      expect(data.toString('latin1')).not.toMatch(/HIDDEN|Exif|EXIF|XMP|ICC|MPF|hdrgm/);
    }
  });

  test('the text of a color profile is in no rendition', async () => {
    const profile = await profileOf('p3');
    const bytes = await pngWith([]);
    const image = sharp(bytes).withIccProfile('p3');
    for (const file of [await image.jpeg().toBuffer(), await image.webp().toBuffer()]) {
      expect(file.includes(profile.subarray(128, 160))).toBe(true);
      const { renditions } = await processImage(file, settings);
      for (const { data } of renditions) {
        expect(data.includes(profile.subarray(128, 160))).toBe(false);
      }
    }
  });

  test('later frames of an animation are in no still rendition', async () => {
    const frames = (second: number) =>
      sharp(Buffer.concat([Buffer.alloc(40 * 30 * 3, 90), Buffer.alloc(40 * 30 * 3, second)]), {
        raw: { width: 40, height: 60, channels: 3, pageHeight: 30 },
      })
        .webp({ lossless: true })
        .toBuffer();
    const still = { ...settings, animated: false };
    expectEqual(
      await processImage(await frames(250), still),
      await processImage(await frames(10), still),
    );
  });
});
