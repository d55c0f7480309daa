/** What the loaders of all frameworks have in common. */
import { variantUrl, WIDTHS, widthUrl } from './urls.js';

/** The width for requests that name none: {base}/{token} alone is the manifest, not an image. Pixels. */
export const FALLBACK_WIDTH = Math.max(...WIDTHS);

/**
 * Returns the URL of what an app names in `src`.
 *
 * @param src `{token}` for the width, or `{token}/{variant}` for that variant; frameworks may add a slash before it
 * @param width pixels
 * @param name of a variant, if the framework names it elsewhere
 */
export function loaderUrl(baseUrl: string, src: string, width: number, name?: string): string {
  const [token = '', variant = name] = src.split('/').filter(Boolean);
  return variant === undefined
    ? widthUrl(baseUrl, token, width)
    : variantUrl(baseUrl, token, variant);
}
