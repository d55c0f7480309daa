import { extensionOf, FORMATS } from './formats.js';
import type { Format, ImageRecord } from './records.js';

/** Widths of the uncropped variants that `VARIANTS` has by default, pixels; ascending. */
export const WIDTHS: readonly number[] = [400, 800, 1600];

/**
 * Widths that `?w=` answers exactly, pixels, ascending, if `WIDTHS` and `VARIANTS` have the values of new installations: those of
 * the variants, and those that are made of them on demand. For `srcset` and the breakpoints of frameworks; where `WIDTHS`
 * is empty, use `WIDTHS` of this package instead, or several URLs lead to the same file.
 */
export const ON_DEMAND_WIDTHS: readonly number[] = [160, 240, 320, 400, 480, 640, 800, 960, 1600];

/** One rendition with its public URL. */
export interface VariantUrl {
  /** Name of the variant. */
  name: string;
  format: Format;
  /** Pixels. */
  width: number;
  height: number;
  bytes: number;
  url: string;
}

/** Returns the URL of a token's manifest. `baseUrl` is the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`. */
export function tokenUrl(baseUrl: string, token: string): string {
  let base = baseUrl;
  while (base.endsWith('/')) base = base.slice(0, -1);
  return `${base}/${encodeURIComponent(token)}`;
}

/**
 * Returns the public URL of a variant: `https://photos.example/i/spv_…/w800.webp`.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @param format if omitted, the URL has no file extension and the Accept header selects the format
 */
export function variantUrl(
  baseUrl: string,
  token: string,
  variant: string,
  format?: Format,
): string {
  const extension = format ? `.${extensionOf(format)}` : '';
  return `${tokenUrl(baseUrl, token)}/${encodeURIComponent(variant)}${extension}`;
}

/**
 * Returns the public URL of the narrowest uncropped variant that is at least as wide, or of the widest.
 *
 * @param width pixels
 */
export function widthUrl(baseUrl: string, token: string, width: number): string {
  return `${tokenUrl(baseUrl, token)}?w=${Math.max(1, Math.ceil(width))}`;
}

/**
 * Lists every rendition of an image with its public URL, by ascending width. Empty until the image is
 * `ready` for the first time. While a newer upload of the same image is processed, or after it failed,
 * lists the renditions of the previous upload.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 */
export function listVariantUrls(
  baseUrl: string,
  record: Pick<ImageRecord, 'token' | 'variants'>,
): VariantUrl[] {
  return Object.entries(record.variants ?? {})
    .sort(([a, { width: aw }], [b, { width: bw }]) => aw - bw || (a < b ? -1 : 1))
    .flatMap(([name, { width, height, formats }]) =>
      FORMATS.flatMap((format) => {
        const bytes = formats[format]?.bytes;
        if (bytes === undefined) return [];
        const url = variantUrl(baseUrl, record.token, name, format);
        return [{ name, format, width, height, bytes, url }];
      }),
    );
}

/**
 * Returns the Cloud Storage for Firebase download URL of an object, without a download token. For an
 * original it must respond with 403.
 *
 * @param origin `https://firebasestorage.googleapis.com`, or the origin of the Storage emulator
 */
export function objectUrl(origin: string, bucket: string, name: string): string {
  return `${origin}/v0/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`;
}
