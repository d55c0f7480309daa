import { parseConfig } from '../config/config.js';
import { settingsHashes } from './settings.js';

const of = (parameters: Record<string, string>) =>
  settingsHashes(parseConfig({ BUCKET: 'bucket', ...parameters }));
const before = of({});

test.each([
  ['a new variant', { VARIANTS: 'thumb:200x200:cover,w400:400,w800:800,w1600:1600,w99:99' }],
  ['another width', { VARIANTS: 'thumb:200x200:cover,w400:401,w800:800,w1600:1600' }],
  ['another crop', { VARIANTS: 'thumb:200x200:cover:attention,w400:400,w800:800,w1600:1600' }],
  ['another format', { FORMATS: 'webp,avif' }],
  ['no animations', { ANIMATED: 'false' }],
])('%s makes another picture', (_what, parameters) => {
  expect(of(parameters).renditions).not.toBe(before.renditions);
  expect(of(parameters).all).not.toBe(before.all);
});

test.each<Record<string, string>>([
  { MAX_BYTES: '1000' },
  { MAX_MEGAPIXELS: '10' },
  { HEIC: 'false' },
  { TIFF: 'true' },
])('%j makes the same picture, of other uploads', (parameters) => {
  expect(of(parameters).renditions).toBe(before.renditions);
  expect(of(parameters).all).not.toBe(before.all);
});

test('the order of variants and formats, and what only views are asked by, change nothing', () => {
  const VARIANTS = 'w1600:1600,w800:800,thumb:200x200:cover:centre,w400:400';
  expect(of({ VARIANTS, FORMATS: 'jpeg,webp', NOINDEX: 'false' })).toEqual(before);
});
