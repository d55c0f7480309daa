/** For the components of `@unpic/react/base`, `@unpic/vue/base` and others. */
import { FALLBACK_WIDTH, loaderUrl } from './loader-url.js';

/**
 * Returns the `transformer` of an unpic component. Also pass `breakpoints={WIDTHS}`, or with the
 * parameter `WIDTHS` `breakpoints={ON_DEMAND_WIDTHS}`: unpic's own go to 6016 pixels.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @param options the width for images without one, pixels
 * @returns a function of `src`: `{token}`, or `{token}/{variant}` for one variant whatever the width
 */
export function publicVariants(
  baseUrl: string,
  { fallbackWidth = FALLBACK_WIDTH }: { fallbackWidth?: number } = {},
): (src: string | URL, operations: { width?: number | string }) => string {
  return (src, { width }) => loaderUrl(baseUrl, String(src), Number(width) || fallbackWidth);
}
