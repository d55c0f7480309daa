/** For `next/image`. */
import { loaderUrl } from './loader-url.js';

/**
 * Returns a loader for the prop `loader` of a client component, or for the file that `images.loaderFile` names.
 * Next.js takes its widths from `images.deviceSizes` and `images.imageSizes`: give it those of your variants,
 * `[800, 1600]` and `[400]` by default, because a wider rendition is what the browser then gets for others; with
 * `WIDTHS`, those of ON_DEMAND_WIDTHS.
 *
 * Do not use the optimizer of Next.js for public URLs: it keeps images for hours after they were revoked.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @returns a function of `src`: `{token}`, or `{token}/{variant}` for one variant whatever the width
 */
export function nextLoader(
  baseUrl: string,
): (request: { src: string; width: number; quality?: number }) => string {
  return ({ src, width }) => loaderUrl(baseUrl, src, width);
}
