/**
 * A provider for `@nuxt/image`, in `nuxt.config.ts`:
 * `image: { providers: { publicVariants: { provider: 'storage-public-variants-client/nuxt', options: { baseURL } } } }`.
 * Not to be used with `ipx` in front: it keeps images after they were revoked.
 */
import { FALLBACK_WIDTH, loaderUrl } from './loader-url.js';

export interface NuxtOptions {
  /** The URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`. */
  baseURL?: string;
  /** Pixels, for images without a width; the widest variant by default. */
  fallbackWidth?: number;
  modifiers?: {
    width?: number | string;
    /** Name of a variant. */
    variant?: string;
    [modifier: string]: unknown;
  };
}

/** `src` is a token. */
export default function publicVariants(): {
  getImage(src: string, options: NuxtOptions): { url: string };
} {
  return {
    getImage(src, { modifiers = {}, baseURL = '/i', fallbackWidth = FALLBACK_WIDTH }) {
      const { variant, width } = modifiers;
      return { url: loaderUrl(baseURL, src, Number(width) || fallbackWidth, variant) };
    },
  };
}
