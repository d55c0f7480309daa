/** Originals with colors beyond sRGB, with COLOR_SPACE=p3. */
import sharp from 'sharp';
import { COLOR_CASES, CENTERS, HEIGHT, WIDTH } from '../../test/processing/color-cases.js';
import { STRIPES } from '../../../bench/conformance/picture.js';
import { parseConfig } from '../config/config.js';
import type { Format } from '../domain/format.js';
import type { Variant } from '../domain/variant.js';
import { parseVariant } from '../domain/variant-grammar.js';
import { readHeader } from './header.js';
import { decode } from './decode.js';
import { readIccProfile } from './icc-profile.js';
import { P3_PROFILE } from './p3-profile.js';
import { processImage, type ProcessSettings } from './process-image.js';
import { addWebpProfile } from './webp.js';

const settings = (
  texts: string[],
  formats: Format[],
  changes: Partial<ProcessSettings> = { colorSpace: 'p3' },
): ProcessSettings => ({
  ...parseConfig({ BUCKET: 'bucket' }),
  variants: texts.map((text) => parseVariant(text) as Variant),
  formats,
  quality: 90,
  ...changes,
});

const original = (name: string) => (COLOR_CASES[name] as () => Promise<Buffer>)();

async function renditionsOf(bytes: Buffer, ...options: Parameters<typeof settings>) {
  const { renditions } = await processImage(bytes, settings(...options));
  return Object.fromEntries(
    renditions.map(({ variants, format, data }) => [`${variants.join()}.${format}`, data]),
  );
}

/** Levels of the stripes. @param colorSpace what the file is converted to */
async function stripesOf(bytes: Buffer, colorSpace: 'srgb' | 'p3'): Promise<number[]> {
  const limits = parseConfig({ BUCKET: 'bucket' });
  const header = await readHeader(bytes, limits);
  const {
    data,
    channels,
    isP3 = false,
  } = await decode(header, header.size, { ...limits, colorSpace });
  expect(isP3).toBe(colorSpace === 'p3');
  return CENTERS.flatMap((x) => {
    const at = ((HEIGHT / 2) * WIDTH + x) * channels;
    return [...data.subarray(at, at + 3)];
  });
}

const distance = (a: number[], b: number[]) =>
  Math.max(...a.map((level, i) => Math.abs(level - (b[i] ?? NaN))));

const FORMATS: Format[] = ['jpeg', 'webp', 'avif'];
/** Levels of 255; AVIF and WebP of this quality change colors by some. */
const TOLERANCE = 12;

test.each(FORMATS)(
  '%s: the colors of the file are those of the original, as numbers of Display P3',
  async (format) => {
    const renditions = await renditionsOf(
      await original('JPEG with Display P3'),
      ['w64:64'],
      [format],
    );
    const data = renditions[`w64.${format}`] as Buffer;
    expect(distance(await stripesOf(data, 'p3'), STRIPES.flat())).toBeLessThan(TOLERANCE);
    // Converted to sRGB, it shows what the rendition in sRGB does.
    const inSrgb = await renditionsOf(
      await original('JPEG with Display P3'),
      ['w64:64'],
      [format],
      {},
    );
    expect(
      distance(
        await stripesOf(data, 'srgb'),
        await stripesOf(inSrgb[`w64.${format}`] as Buffer, 'srgb'),
      ),
    ).toBeLessThan(TOLERANCE);
  },
);

test('PNG: all levels are exactly those of the original', async () => {
  const { 'w64.png': data } = await renditionsOf(
    await original('PNG with Display P3'),
    ['w64:64:png'],
    [],
  );
  expect(await stripesOf(data as Buffer, 'p3')).toEqual(STRIPES.flat());
});

test.each(['WebP with Adobe RGB and alpha', 'PNG with Display P3 and alpha'])(
  '%s: alpha stays, in a file that other decoders read',
  async (name) => {
    const renditions = await renditionsOf(
      await original(name),
      ['w64:64', 'icon:32:png'],
      ['webp'],
    );
    for (const data of Object.values(renditions)) {
      const { hasAlpha, icc, hasProfile } = await sharp(data).metadata();
      expect({ hasAlpha, hasProfile, icc }).toEqual({
        hasAlpha: true,
        hasProfile: true,
        icc: P3_PROFILE,
      });
    }
  },
);

test('an animation stays one', async () => {
  const frame = await original('PNG with Display P3');
  const other = await sharp(frame).negate().keepIccProfile().png().toBuffer();
  const animation = await sharp([frame, other], { join: { animated: true } })
    .webp({ lossless: true, delay: [100, 200], loop: 3 })
    .toBuffer();
  const profile = await sharp(frame).metadata();
  const tagged = addWebpProfile(animation, profile.icc ?? Buffer.alloc(0));
  const { 'w32.webp': data } = await renditionsOf(tagged, ['w32:32'], ['webp']);
  const { pages, delay, loop, icc } = await sharp(data, { animated: true }).metadata();
  expect({ pages, delay, loop }).toEqual({ pages: 2, delay: [100, 200], loop: 3 });
  expect(icc?.equals(P3_PROFILE)).toBe(true);
});

test('other color spaces are converted to Display P3 if they have colors that sRGB has not', async () => {
  const isTagged = async (name: string) => {
    const { 'w64.jpeg': data } = await renditionsOf(await original(name), ['w64:64'], ['jpeg']);
    return (await sharp(data).metadata()).hasProfile;
  };
  const wide = [
    'JPEG with Adobe RGB',
    '16-bit PNG with Display P3',
    'PNG with cICP of primaries 9',
    '16-bit PNG with cICP of PQ',
    'CMYK JPEG with a profile',
  ];
  const narrow = [
    'JPEG with sRGB',
    'JPEG with a linear curve',
    'PNG with cICP of primaries 6',
    'gray JPEG with a profile for gray',
    'CMYK JPEG',
    '16-bit PNG',
    'PNG with gAMA',
    'JPEG with noise',
  ];
  const found = await Promise.all(
    [...wide, ...narrow].map(async (name) => [name, await isTagged(name)] as const),
  );
  expect(found.filter(([, isWide]) => isWide).map(([name]) => name)).toEqual(wide);
});

test('of an original in sRGB, renditions are what they are without the parameter', async () => {
  const bytes = await original('JPEG with sRGB');
  const options = [['w64:64', 'w32:32:png'], FORMATS] as const;
  expect(await renditionsOf(bytes, [...options[0]], [...options[1]])).toEqual(
    await renditionsOf(bytes, [...options[0]], [...options[1]], {}),
  );
});

test('variants with effects or a byte limit, and the placeholder, are in sRGB', async () => {
  const bytes = await original('JPEG with Display P3');
  const texts = ['a:64:gray', 'b:64:blur=2', 'c:64x64:contain', 'd:64x64:cover:jpeg:9kB', 'e:48'];
  const wide = await processImage(bytes, settings(texts, ['jpeg']));
  const plain = await processImage(bytes, settings(texts, ['jpeg'], {}));
  expect(wide.placeholder.color).toBe(plain.placeholder.color);
  const tagged: string[] = [];
  for (const { variants, data } of wide.renditions) {
    if ((await sharp(data).metadata()).hasProfile) tagged.push(variants.join());
  }
  expect(tagged).toEqual(['e']);
});

test('the profile costs the same bytes in every file', async () => {
  const bytes = await original('PNG with Display P3');
  const sizes = async (changes: Partial<ProcessSettings>) =>
    Object.entries(await renditionsOf(bytes, ['w64:64', 'i64:64:png'], FORMATS, changes)).map(
      ([name, { length }]) => [name, length] as const,
    );
  const wide = await sizes({ colorSpace: 'p3' });
  expect(P3_PROFILE.length).toBeLessThan(500);
  expect(readIccProfile(P3_PROFILE)?.space).toBe('RGB');
  expect(wide).toHaveLength(4);
});
