/** The loaders of Next.js, Nuxt, Angular and unpic: what each framework asks for, and the URL that it gets. */
// Before the imports: the transform of this package does not move it.
jest.mock('@angular/common', () => ({ IMAGE_CONFIG: 'config', IMAGE_LOADER: 'loader' }), {
  virtual: true,
});

import { IMAGE_CONFIG, IMAGE_LOADER, type ImageLoader } from '@angular/common';
import { providePublicVariantsLoader } from './angular.js';
import { loaderUrl } from './loader-url.js';
import { nextLoader } from './next.js';
import publicVariantsProvider, { type NuxtOptions } from './nuxt.js';
import { publicVariants } from './unpic.js';

test.each([
  ['spv_x', '/i/spv_x?w=640'],
  // Nuxt adds a slash.
  ['/spv_x', '/i/spv_x?w=640'],
  ['spv_x/thumb', '/i/spv_x/thumb'],
  ['', '/i/?w=640'],
])('src %j', (src, url) => {
  expect(loaderUrl('/i/', src, 640)).toBe(url);
});

test('next', () => {
  const loader = nextLoader('https://a.example/i');
  expect(loader({ src: 'spv_x', width: 800, quality: 75 })).toBe('https://a.example/i/spv_x?w=800');
  expect(loader({ src: 'spv_x/thumb', width: 800 })).toBe('https://a.example/i/spv_x/thumb');
});

test('nuxt', () => {
  const provider = publicVariantsProvider();
  const urlOf = (modifiers?: NuxtOptions['modifiers'], more = {}) =>
    provider.getImage('/spv_x', { ...(modifiers && { modifiers }), ...more }).url;
  expect(urlOf({ width: 800 })).toBe('/i/spv_x?w=800');
  expect(urlOf({ width: '800' }, { baseURL: 'https://a.example/i' })).toBe(
    'https://a.example/i/spv_x?w=800',
  );
  expect(urlOf({ variant: 'thumb', width: 800 })).toBe('/i/spv_x/thumb');
  // {base}/{token} alone is the manifest.
  expect(urlOf()).toBe('/i/spv_x?w=1600');
  expect(urlOf({}, { fallbackWidth: 400 })).toBe('/i/spv_x?w=400');
});

describe('angular', () => {
  const provide = (...[options]: [Parameters<typeof providePublicVariantsLoader>[1]?]) => {
    const providers = providePublicVariantsLoader('/i', options) as {
      provide: unknown;
      useValue: unknown;
    }[];
    const valueOf = (token: unknown) => providers.find(({ provide: it }) => it === token)?.useValue;
    return { loader: valueOf(IMAGE_LOADER) as ImageLoader, config: valueOf(IMAGE_CONFIG) };
  };

  test('the widths are those of the variants', () => {
    expect(provide().config).toEqual({ breakpoints: [400, 800, 1600] });
    expect(provide({ widths: [300] }).config).toEqual({ breakpoints: [300] });
  });

  test('the loader', () => {
    const { loader } = provide();
    expect(loader({ src: 'spv_x', width: 800 })).toBe('/i/spv_x?w=800');
    expect(loader({ src: 'spv_x' })).toBe('/i/spv_x?w=1600');
    expect(loader({ src: 'spv_x', loaderParams: { variant: 'thumb' } })).toBe('/i/spv_x/thumb');
    expect(provide({ widths: [300] }).loader({ src: 'spv_x' })).toBe('/i/spv_x?w=300');
  });
});

test('unpic', () => {
  const transform = publicVariants('/i');
  expect(transform('spv_x', { width: 800 })).toBe('/i/spv_x?w=800');
  expect(transform('spv_x', {})).toBe('/i/spv_x?w=1600');
  expect(publicVariants('/i', { fallbackWidth: 400 })('spv_x', {})).toBe('/i/spv_x?w=400');
});
