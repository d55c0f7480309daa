/** JPEG: color model × sampling × progression × restarts × profile × orientation × structure. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Case } from '../case.js';
import { exifEntry, exifOrientation } from '../exif.js';
import { grayProfile, PROFILES } from '../icc.js';
import { encodeJpeg, exifSegment, iccSegment, type JpegOptions } from '../jpeg.js';
import { grays, stripes, toSharp } from '../picture.js';
import { encodePng } from '../png.js';
import { text, u16, u32 } from '../../processing/fields.js';
import { segment } from '../../processing/file-structure.js';

const picture = stripes();

function jpeg(row: string, name: string, options: JpegOptions = {}, own = picture): Case {
  return { format: 'JPEG', row, name: `jpeg-${name}.jpg`, create: () => encodeJpeg(own, options) };
}

const luma = (h: number, v: number) =>
  [
    [h, v],
    [1, 1],
    [1, 1],
  ] as const;

function sampling(): Case[] {
  const row = 'Chroma subsampling 4:4:4, 4:2:2, 4:4:0, 4:2:0, 4:1:1, 4:1:0';
  const factors = [
    [1, 1],
    [2, 1],
    [1, 2],
    [2, 2],
    [4, 1],
    [1, 4],
    [4, 2],
  ] as const;
  return [
    ...factors.map(([h, v]) => jpeg(row, `sampling-${h}x${v}`, { sampling: luma(h, v) })),
    jpeg(row, 'sampling-2x2-odd-size', { sampling: luma(2, 2) }, stripes(93, 61)),
    jpeg(row, 'sampling-equal-2x1', {
      sampling: [
        [2, 1],
        [2, 1],
        [2, 1],
      ],
    }),
    jpeg(row, 'sampling-chroma-larger', {
      sampling: [
        [1, 1],
        [2, 1],
        [1, 1],
      ],
    }),
  ];
}

function models(): Case[] {
  const gray = 'Gray';
  const rgb = 'RGB (Adobe transform 0)';
  const cmyk = 'CMYK and YCCK';
  return [
    jpeg(gray, 'gray', { model: 'gray' }, grays()),
    jpeg(gray, 'gray-sampling-2x2', { model: 'gray', sampling: [[2, 2]] }, grays()),
    jpeg(gray, 'gray-icc', { model: 'gray', segments: [iccSegment(grayProfile(1.8))] }, grays()),
    jpeg(
      gray,
      'gray-icc-linear',
      { model: 'gray', segments: [iccSegment(grayProfile(1))] },
      grays(),
    ),
    jpeg(rgb, 'rgb-adobe', { model: 'rgb', adobe: 0 }),
    jpeg(rgb, 'rgb-ids', { model: 'rgb', jfif: false, ids: [0x52, 0x47, 0x42] }),
    jpeg(rgb, 'rgb-adobe-icc', {
      model: 'rgb',
      adobe: 0,
      segments: [iccSegment(PROFILES.p3)],
    }),
    jpeg('YCbCr with an Adobe marker, or without any', 'ycc-adobe', { adobe: 1 }),
    jpeg('YCbCr with an Adobe marker, or without any', 'ycc-bare', { jfif: false }),
    jpeg('YCbCr with an Adobe marker, or without any', 'ycc-ids-0-1-2', { ids: [0, 1, 2] }),
    jpeg(cmyk, 'cmyk-adobe', { model: 'cmyk', adobe: 0 }),
    jpeg(cmyk, 'ycck-adobe', { model: 'ycck', adobe: 2 }),
    jpeg(cmyk, 'ycck-adobe-420', {
      model: 'ycck',
      adobe: 2,
      sampling: [
        [2, 2],
        [1, 1],
        [1, 1],
        [2, 2],
      ],
    }),
    jpeg(cmyk, 'cmyk-without-adobe', { model: 'cmyk', jfif: false }),
    {
      ...{ format: 'JPEG', row: 'CMYK with a profile', name: 'jpeg-cmyk-icc.jpg' },
      create: () =>
        toSharp(picture)
          .toColourspace('cmyk')
          .withIccProfile('cmyk')
          .jpeg({ quality: 95 })
          .toBuffer(),
    },
  ];
}

function orders(): Case[] {
  const row = 'Progressive, restart markers, fill bytes, comments, odd sizes';
  const sharpJpeg = (name: string, options: object): Case => ({
    ...{ format: 'JPEG', row, name: `jpeg-${name}.jpg` },
    create: () =>
      toSharp(picture)
        .jpeg({ quality: 95, ...options })
        .toBuffer(),
  });
  const edited = (name: string, edit: (file: Buffer) => Buffer): Case => ({
    ...{ format: 'JPEG', row, name: `jpeg-${name}.jpg` },
    create: () => edit(encodeJpeg(picture)),
  });
  return [
    sharpJpeg('progressive-420', { progressive: true }),
    sharpJpeg('progressive-444', { progressive: true, chromaSubsampling: '4:4:4' }),
    sharpJpeg('mozjpeg', { mozjpeg: true }),
    jpeg(row, 'restart-1', { restart: 1 }),
    jpeg(row, 'restart-5-420', { restart: 5, sampling: luma(2, 2) }),
    jpeg(row, 'comment', { segments: [segment(0xfe, text('x'.repeat(60_000)))] }),
    edited('fill-bytes', (file) =>
      Buffer.concat([file.subarray(0, 2), Buffer.of(0xff, 0xff), file.subarray(2)]),
    ),
    edited('trailing-data', (file) => Buffer.concat([file, text('a video, as phones append it')])),
    ...[
      [1, 1],
      [8, 8],
      [17, 9],
      [333, 5],
    ].map(([width = 1, height = 1]) =>
      jpeg(row, `size-${width}x${height}`, { sampling: luma(2, 2) }, stripes(width, height)),
    ),
    jpeg('Larger than the widest variant', 'size-2000x120', {}, stripes(2000, 120)),
  ];
}

function profiles(): Case[] {
  const row = 'RGB profile: sRGB, Display P3, Adobe RGB, ProPhoto, Rec. 2020, linear';
  const { p3 } = PROFILES;
  const split = [p3.subarray(0, 300), p3.subarray(300)].map((part, i) =>
    segment(0xe2, text('ICC_PROFILE\0'), Buffer.of(i + 1, 2), part),
  );
  return [
    ...Object.entries(PROFILES).map(([name, profile]) =>
      jpeg(row, `icc-${name}`, { segments: [iccSegment(profile)] }),
    ),
    jpeg(row, 'icc-in-two-parts', { segments: split }),
    jpeg('Damaged profile, which is ignored', 'icc-missing-part', { segments: split.slice(0, 1) }),
    jpeg('Damaged profile, which is ignored', 'icc-damaged', {
      segments: [iccSegment(Buffer.alloc(200, 7))],
    }),
    jpeg('Damaged profile, which is ignored', 'icc-gray-in-rgb', {
      segments: [iccSegment(grayProfile(1))],
    }),
  ];
}

function orientations(): Case[] {
  const row = 'EXIF orientation 1 to 8';
  const odd = 'EXIF orientation that is not 1 to 8, or damaged EXIF';
  const exif = (bytes: Buffer) => ({ segments: [exifSegment(bytes)] });
  return [
    ...[1, 2, 3, 4, 5, 6, 7, 8].flatMap((orientation) =>
      (['MM', 'II'] as const).map((order) =>
        jpeg(row, `exif-${orientation}-${order}`, exif(exifOrientation(orientation, order))),
      ),
    ),
    jpeg(row, 'exif-6-sampling-2x2', { ...exif(exifOrientation(6)), sampling: luma(2, 2) }),
    jpeg(row, 'exif-6-cmyk', { ...exif(exifOrientation(6)), model: 'cmyk', adobe: 0 }),
    jpeg(odd, 'exif-0', exif(exifOrientation(0))),
    jpeg(odd, 'exif-9', exif(exifOrientation(9))),
    jpeg(odd, 'exif-as-long', exif(exifEntry(4, 1, u32(6)))),
    jpeg(odd, 'exif-as-byte', exif(exifEntry(1, 1, Buffer.of(6, 0, 0, 0)))),
    jpeg(odd, 'exif-count-2', exif(exifEntry(3, 2, u16(6, 6)))),
    jpeg(odd, 'exif-cut', exif(exifOrientation(6).subarray(0, 14))),
    jpeg(odd, 'exif-twice', {
      segments: [exifSegment(exifOrientation(6)), exifSegment(exifOrientation(3))],
    }),
    jpeg(odd, 'exif-after-icc', {
      segments: [iccSegment(PROFILES.p3), exifSegment(exifOrientation(8))],
    }),
  ];
}

function incomplete(): Case[] {
  const edited = (
    row: string,
    name: string,
    edit: (file: Buffer) => Buffer,
    code?: 'damaged-image',
  ): Case => ({
    ...{ format: 'JPEG', row, name: `jpeg-${name}.jpg` },
    create: () => edit(encodeJpeg(picture)),
    ...(code && { expected: { refused: code } }),
  });
  // Without the marker, Chromium leaves out the last rows of blocks.
  const whole = () => encodeJpeg(picture);
  const end = 'Without the end marker, with all rows';
  const unsupported = { expected: { refused: 'unsupported-format' } } as const;
  return [
    { ...edited(end, 'no-eoi', (file) => file.subarray(0, -2)), reference: whole },
    { ...edited(end, 'half-eoi', (file) => file.subarray(0, -1)), reference: whole },
    edited(
      'Cut short',
      'cut-in-half',
      (file) => file.subarray(0, file.length / 2),
      'damaged-image',
    ),
    edited(
      'Cut short',
      'cut-90-percent',
      (file) => file.subarray(0, file.length * 0.9),
      'damaged-image',
    ),
    {
      ...jpeg('12 bits, lossless', '12-bit', { precision: 12, frameMarker: 0xc1 }),
      ...unsupported,
    },
    { ...jpeg('12 bits, lossless', 'lossless', { frameMarker: 0xc3 }), ...unsupported },
    jpeg('Extended sequential, 8 bits', 'sof1', { frameMarker: 0xc1 }),
  ];
}

/** Chromium has no decoder for arithmetic coding: the picture that was encoded is the reference. */
function arithmetic(root: string): Case[] {
  return ['arithmetic', 'arithmetic-progressive'].map((name) => ({
    ...{ format: 'JPEG', row: 'Arithmetic coding', name: `jpeg-${name}.jpg` },
    create: () => readFileSync(join(root, 'tests', 'fixtures', 'conformance', `${name}.jpg`)),
    reference: () => encodePng(picture),
    tolerance: 'encoder',
  }));
}

/** @param root the repository */
export function jpegCases(root: string): Case[] {
  return [
    ...arithmetic(root),
    ...sampling(),
    ...models(),
    ...orders(),
    ...profiles(),
    ...orientations(),
    ...incomplete(),
  ];
}
