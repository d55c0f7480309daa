/** The pictures that pipelines are compared on, all made from one CC0 photo. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import type { Places } from './paths.js';

interface Photo {
  /** The photo cut and resized to so many megapixels of 4:3; upright, sRGB, without a profile. */
  of(megapixels: number): Promise<Sharp>;
}

/** What cameras write. */
const QUALITY = 90;
const MEGAPIXELS = [1, 2, 4, 12, 24, 48];
/** What most phones take. */
const PHONE = 12;

const ANIMATION = { width: 480, height: 270, frames: 24, delay: 80 };

type Entry = [name: string, make: (photo: Photo) => Promise<Sharp>];

const entries: Entry[] = [
  ...MEGAPIXELS.flatMap((mp): Entry[] => [
    [`baseline-${mp}mp.jpg`, async (p) => (await p.of(mp)).jpeg({ quality: QUALITY })],
    [
      `progressive-${mp}mp.jpg`,
      async (p) => (await p.of(mp)).jpeg({ quality: QUALITY, progressive: true }),
    ],
  ]),
  ...Array.from({ length: 8 }, (_, index): Entry => {
    const orientation = index + 1;
    return [
      `orientation-${orientation}-12mp.jpg`,
      async (p) => (await p.of(PHONE)).withMetadata({ orientation }).jpeg({ quality: QUALITY }),
    ];
  }),
  [
    'display-p3-12mp.jpg',
    async (p) => (await p.of(PHONE)).withIccProfile('p3').jpeg({ quality: QUALITY }),
  ],
  [
    'cmyk-12mp.jpg',
    async (p) =>
      (await p.of(PHONE)).toColourspace('cmyk').withIccProfile('cmyk').jpeg({ quality: QUALITY }),
  ],
  [
    '16-bit-4mp.png',
    async (p) => (await p.of(4)).toColourspace('rgb16').png({ compressionLevel: 6 }),
  ],
  ['palette-4mp.png', async (p) => (await p.of(4)).png({ palette: true, effort: 1 })],
  ['alpha-4mp.png', async (p) => fade(await p.of(4))],
  ['webp-12mp.webp', async (p) => (await p.of(PHONE)).webp({ quality: QUALITY })],
  ['avif-4mp.avif', async (p) => (await p.of(4)).avif({ quality: 70, effort: 2 })],
  ['animated.gif', async (p) => (await moving(p)).gif({ effort: 1, delay: delays(), loop: 0 })],
  ['animated.webp', async (p) => (await moving(p)).webp({ effort: 1, delay: delays(), loop: 0 })],
];

/** Makes what is missing. @returns the folder */
export async function makeCorpus({ root, out }: Places): Promise<string> {
  const folder = join(out, 'corpus');
  mkdirSync(folder, { recursive: true });
  const original = readFileSync(join(root, 'tests', 'fixtures', 'photos', 'seeding.jpg'));
  const photo: Photo = {
    async of(megapixels) {
      const height = Math.round(Math.sqrt(megapixels * 1e6 * 0.75));
      const width = Math.round((height * 4) / 3);
      return pixels(sharp(original).resize(width, height, { fit: 'cover' }));
    },
  };
  for (const [name, make] of entries) {
    const file = join(folder, name);
    if (existsSync(file)) continue;
    process.stderr.write(`- making ${name}\n`);
    writeFileSync(file, await (await make(photo)).toBuffer());
  }
  return folder;
}

/**
 * The names of the pictures in a folder, sorted; other files are said and left out.
 * @throws Error when there is none
 */
export async function picturesIn(folder: string): Promise<string[]> {
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const found: string[] = [];
  for (const name of names) {
    const isPicture = await sharp(join(folder, name))
      .metadata()
      .then(
        () => true,
        () => false,
      );
    if (isPicture) found.push(name);
    else process.stderr.write(`- ${name} is left out: it is no picture that sharp reads\n`);
  }
  if (found.length === 0) {
    throw new Error(`expected a folder with pictures at ${folder}, found ${names.length} others`);
  }
  return found;
}

/** Ends a pipeline, so that what follows is told of nothing but its pixels. */
async function pixels(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: info });
}

/** Clear at its left edge, opaque at its right. */
async function fade(image: Sharp): Promise<Sharp> {
  const { data, info } = await image.ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  for (let i = 0; i < data.length; i += 4) {
    data[i + 3] = Math.round((255 * ((i / 4) % info.width)) / info.width);
  }
  return sharp(data, { raw: info }).png({ compressionLevel: 6 });
}

/** A window that moves over the photo. */
async function moving(photo: Photo): Promise<Sharp> {
  const { width, height, frames } = ANIMATION;
  const wide = await (await photo.of(1)).raw().toBuffer({ resolveWithObject: true });
  const views = await Promise.all(
    Array.from({ length: frames }, (_, index) =>
      sharp(wide.data, { raw: wide.info })
        .extract({ left: index * 8, top: index * 4, width, height })
        .raw()
        .toBuffer(),
    ),
  );
  return sharp(Buffer.concat(views), {
    raw: { width, height: height * frames, channels: 3, pageHeight: height },
  });
}

const delays = () => Array.from({ length: ANIMATION.frames }, () => ANIMATION.delay);
