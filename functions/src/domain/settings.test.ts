import { parseConfig } from '../config/config.js';
import { backfillSettingsHash, settingsHashes } from './settings.js';

const hashesOf = (parameters: Record<string, string>) =>
  settingsHashes(parseConfig({ BUCKET: 'bucket', ...parameters }));
const defaults = hashesOf({});
const OG = 'og:1200x630:cover:jpeg:300kB';

test.each([
  ['a new variant', { VARIANTS: `thumb:200x200:cover,w400:400,w800:800,w1600:1600,w99:99,${OG}` }],
  ['another width', { VARIANTS: `thumb:200x200:cover,w400:401,w800:800,w1600:1600,${OG}` }],
  [
    'another crop',
    { VARIANTS: `thumb:200x200:cover:attention,w400:400,w800:800,w1600:1600,${OG}` },
  ],
  [
    'another byte limit',
    { VARIANTS: 'thumb:200x200:cover,w400:400,w800:800,w1600:1600,og:1200x630:cover:jpeg:299kB' },
  ],
  ...['gray', 'blur=2', 'png'].map((option): [string, Record<string, string>] => [
    option,
    { VARIANTS: `thumb:200x200:cover,w400:400:${option},w800:800,w1600:1600,${OG}` },
  ]),
  ['another format', { FORMATS: 'webp,avif' }],
  ['no animations', { ANIMATED: 'false' }],
  ['a target of quality', { QUALITY: '70' }],
  ['one format for each image', { FORMATS: 'auto' }],
  ['Display P3', { COLOR_SPACE: 'p3' }],
  ['gain maps', { KEEP_GAIN_MAP: 'true' }],
])('%s changes both hashes', (_what, parameters) => {
  expect(hashesOf(parameters).renditions).not.toBe(defaults.renditions);
  expect(hashesOf(parameters).all).not.toBe(defaults.all);
});

test.each<Record<string, string>>([
  { MAX_BYTES: '1000' },
  { MAX_MEGAPIXELS: '10' },
  { HEIC: 'false' },
  { TIFF: 'true' },
])('%j changes only the hash of failed attempts', (parameters) => {
  expect(hashesOf(parameters).renditions).toBe(defaults.renditions);
  expect(hashesOf(parameters).all).not.toBe(defaults.all);
});

test('the limit of images changes only the hash of refused uploads, and whether a backfill starts', () => {
  const limited = { ...defaults, quota: expect.any(String) as string };
  const hashes = hashesOf({ MAX_IMAGES_PER_USER: '10' });
  expect(hashes).toEqual(limited);
  expect(hashes.quota).not.toBe(defaults.quota);
  expect(hashes.quota).not.toBe(hashesOf({ MAX_IMAGES_PER_USER: '11' }).quota);
  const backfillHash = (MAX_IMAGES_PER_USER: string) =>
    backfillSettingsHash(parseConfig({ BUCKET: 'bucket', MAX_IMAGES_PER_USER }));
  expect(new Set(['0', '10', '11'].map(backfillHash)).size).toBe(3);
});

test('the order of variants and formats, and parameters of serve, do not change the hashes', () => {
  const VARIANTS = `w1600:1600,${OG},w800:800,thumb:200x200:cover:centre,w400:400`;
  expect(hashesOf({ VARIANTS, FORMATS: 'jpeg,webp', NOINDEX: 'false' })).toEqual(defaults);
});

test('sRGB and no gain maps, which are the defaults, change nothing when they are set', () => {
  expect(hashesOf({ COLOR_SPACE: 'srgb', KEEP_GAIN_MAP: 'false' })).toEqual(defaults);
});

test('the hash of an instance that sets neither QUALITY nor FORMATS is what it was before QUALITY existed', () => {
  expect(defaults.renditions).toBe('7d4338400e92171d');
  expect(hashesOf({ QUALITY: '70' })).not.toEqual(hashesOf({ QUALITY: '71' }));
});

test('the hash of variants without a byte limit is what it was before byte limits existed', () => {
  const { renditions } = hashesOf({ VARIANTS: 'thumb:200x200:cover,w400:400,w800:800,w1600:1600' });
  expect(renditions).toBe('f157e1b13bb46940');
});

test('another watermark makes renditions with a watermark outdated, and no others', () => {
  const hash = (VARIANTS: string, WATERMARK: string) =>
    hashesOf({ VARIANTS, WATERMARK }).renditions;
  expect(hash('a:9:watermark', 'b.png')).not.toBe(hash('a:9:watermark', 'c.png'));
  expect(hash('a:9', 'b.png')).toBe(hash('a:9', 'c.png'));
});
