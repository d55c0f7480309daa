/** The images that pipelines are compared on, all created from one CC0 photo. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { BenchPaths } from './paths.js';

interface Photo {
  /** The photo cropped to 4:3 and resized; upright, sRGB, without a profile. */
  resizedTo(megapixels: number): Promise<Sharp>;
}

/** JPEG quality of typical cameras. */
const QUALITY = 90;
const MEGAPIXELS = [1, 2, 4, 12, 24, 48];
/** Megapixels of a typical phone photo. */
const PHONE_MEGAPIXELS = 12;

const ANIMATION = { width: 480, height: 270, frames: 24, delay: 80 };

type Entry = [name: string, make: (photo: Photo) => Promise<Sharp>];

const entries: Entry[] = [
  ...MEGAPIXELS.flatMap((mp): Entry[] => [
    [`baseline-${mp}mp.jpg`, async (p) => (await p.resizedTo(mp)).jpeg({ quality: QUALITY })],
    [
      `progressive-${mp}mp.jpg`,
      async (p) => (await p.resizedTo(mp)).jpeg({ quality: QUALITY, progressive: true }),
    ],
  ]),
  ...Array.from({ length: 8 }, (_, index): Entry => {
    const orientation = index + 1;
    return [
      `orientation-${orientation}-12mp.jpg`,
      async (p) =>
        (await p.resizedTo(PHONE_MEGAPIXELS))
          .withMetadata({ orientation })
          .jpeg({ quality: QUALITY }),
    ];
  }),
  [
    'display-p3-12mp.jpg',
    async (p) =>
      (await p.resizedTo(PHONE_MEGAPIXELS)).withIccProfile('p3').jpeg({ quality: QUALITY }),
  ],
  [
    'cmyk-12mp.jpg',
    async (p) =>
      (await p.resizedTo(PHONE_MEGAPIXELS))
        .toColourspace('cmyk')
        .withIccProfile('cmyk')
        .jpeg({ quality: QUALITY }),
  ],
  [
    '16-bit-4mp.png',
    async (p) => (await p.resizedTo(4)).toColourspace('rgb16').png({ compressionLevel: 6 }),
  ],
  ['palette-4mp.png', async (p) => (await p.resizedTo(4)).png({ palette: true, effort: 1 })],
  ['alpha-4mp.png', async (p) => addAlphaGradient(await p.resizedTo(4))],
  ['webp-12mp.webp', async (p) => (await p.resizedTo(PHONE_MEGAPIXELS)).webp({ quality: QUALITY })],
  ['avif-4mp.avif', async (p) => (await p.resizedTo(4)).avif({ quality: 70, effort: 2 })],
  [
    'animated.gif',
    async (p) => (await createAnimation(p)).gif({ effort: 1, delay: delays(), loop: 0 }),
  ],
  [
    'animated.webp',
    async (p) => (await createAnimation(p)).webp({ effort: 1, delay: delays(), loop: 0 }),
  ],
];

/** Creates the missing images. @returns the folder */
export async function createCorpus({ root, out }: BenchPaths): Promise<string> {
  const folder = join(out, 'corpus');
  mkdirSync(folder, { recursive: true });
  const original = readFileSync(join(root, 'tests', 'fixtures', 'photos', 'seeding.jpg'));
  const photo: Photo = {
    async resizedTo(megapixels) {
      const height = Math.round(Math.sqrt(megapixels * 1e6 * 0.75));
      const width = Math.round((height * 4) / 3);
      return decodePixels(sharp(original).resize(width, height, { fit: 'cover' }));
    },
  };
  for (const [name, make] of entries) {
    const file = join(folder, name);
    if (existsSync(file)) continue;
    process.stderr.write(`- creating ${name}\n`);
    writeFileSync(file, await (await make(photo)).toBuffer());
  }
  return folder;
}

/**
 * Returns the sorted names of the images in a folder; reports other files and skips them.
 * @throws Error when there are no images
 */
export async function listImages(folder: string): Promise<string[]> {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const images: string[] = [];
  for (const name of names) {
    const isImage = await sharp(join(folder, name))
      .metadata()
      .then(
        () => true,
        () => false,
      );
    if (isImage) images.push(name);
    else process.stderr.write(`- skipping ${name}: sharp cannot read it\n`);
  }
  if (images.length === 0) {
    throw new Error(`expected images in ${folder}, found ${names.length} other files`);
  }
  return images;
}

/** Runs a pipeline and opens its pixels, without any metadata. */
async function decodePixels(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: info });
}

/** Transparent at the left edge, opaque at the right. */
async function addAlphaGradient(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i += 4) {
    data[i + 3] = Math.round((255 * ((i / 4) % info.width)) / info.width);
  }
  return sharp(data, { raw: info }).png({ compressionLevel: 6 });
}

/** A window that moves across the photo. */
async function createAnimation(photo: Photo): Promise<Sharp> {
  const { width, height, frames } = ANIMATION;
  const source = await (await photo.resizedTo(1)).raw().toBuffer({ resolveWithObject: true });
  const windows = await Promise.all(
    Array.from({ length: frames }, (_, index) =>
      sharp(source.data, { raw: source.info })
        .extract({ left: index * 8, top: index * 4, width, height })
        .raw()
        .toBuffer(),
    ),
  );
  return sharp(Buffer.concat(windows), {
    raw: { width, height: height * frames, channels: 3, pageHeight: height },
  });
}

const delays = () => Array.from({ length: ANIMATION.frames }, () => ANIMATION.delay);
