/** For `NgOptimizedImage`. */
import { IMAGE_CONFIG, IMAGE_LOADER, type ImageLoaderConfig } from '@angular/common';
import type { Provider } from '@angular/core';
import { loaderUrl } from './loader-url.js';
import { WIDTHS } from './urls.js';

/**
 * Provides a loader: `<img [ngSrc]="token" …>`, or with `[loaderParams]="{ variant: 'thumb' }" disableOptimizedSrcset`
 * for one variant. `ngSrc` takes no `blob:` and `data:` URLs: show previews in a plain `<img>`.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @param options the widths of your variants, or ON_DEMAND_WIDTHS
 */
export function providePublicVariantsLoader(
  baseUrl: string,
  {
    widths = WIDTHS,
    fallbackWidth = Math.max(...widths),
  }: {
    /** Those of the uncropped variants, pixels; by default those of the parameter `VARIANTS`. */
    widths?: readonly number[];
    /** Angular asks without a width for the attribute `src`. Pixels; the widest by default. */
    fallbackWidth?: number;
  } = {},
): Provider[] {
  const load = ({ src, width, loaderParams }: ImageLoaderConfig) => {
    const variant: unknown = loaderParams?.['variant'];
    const name = typeof variant === 'string' ? variant : undefined;
    return loaderUrl(baseUrl, src, width ?? fallbackWidth, name);
  };
  return [
    { provide: IMAGE_LOADER, useValue: load },
    { provide: IMAGE_CONFIG, useValue: { breakpoints: [...widths] } },
  ];
}
