import type { Format } from '../../../functions/src/domain/format.js';
import type { ImageRecord } from '../../../functions/src/domain/records.js';

/**
 * What a page needs to know of a format, best first, the most widely understood last. Kept here and
 * not imported, so that the compiled helper needs nothing of functions/; a test holds the two equal.
 */
export const RENDITION_FORMATS = {
  avif: { contentType: 'image/avif', extension: 'avif' },
  webp: { contentType: 'image/webp', extension: 'webp' },
  jpeg: { contentType: 'image/jpeg', extension: 'jpg' },
} as const satisfies Record<Format, { contentType: string; extension: string }>;

export interface VariantUrl {
  name: string;
  format: Format;
  /** Pixels. */
  width: number;
  height: number;
  bytes: number;
  url: string;
}

/**
 * The public address of a variant: `https://photos.example/i/spv_…/w800.webp`.
 *
 * @param baseUrl what stands before the token, PUBLIC_BASE_URL or a path such as `/i`
 * @param format without it the address has no extension and the Accept header decides
 */
export function variantUrl(
  baseUrl: string,
  token: string,
  variant: string,
  format?: Format,
): string {
  const extension = format ? `.${RENDITION_FORMATS[format].extension}` : '';
  const base = baseUrl.replace(/\/+$/, '');
  return `${base}/${encodeURIComponent(token)}/${encodeURIComponent(variant)}${extension}`;
}

/**
 * Every rendition of an image with its public address, small to large. None before it is ready for
 * the first time; while a new upload over it is processed, or has failed, those of the one before.
 */
export function listVariantUrls(
  baseUrl: string,
  record: Pick<ImageRecord, 'token' | 'variants'>,
): VariantUrl[] {
  return Object.entries(record.variants ?? {})
    .sort(([a, { width: aw }], [b, { width: bw }]) => aw - bw || (a < b ? -1 : 1))
    .flatMap(([name, { width, height, formats }]) =>
      (Object.keys(RENDITION_FORMATS) as Format[]).flatMap((format) => {
        const bytes = formats[format]?.bytes;
        if (bytes === undefined) return [];
        const url = variantUrl(baseUrl, record.token, name, format);
        return [{ name, format, width, height, bytes, url }];
      }),
    );
}

/**
 * The address at which Storage itself would hand out an object; for an original it must not.
 *
 * @param origin `https://firebasestorage.googleapis.com`, or where the storage emulator is
 */
export function objectUrl(origin: string, bucket: string, name: string): string {
  return `${origin}/v0/b/${bucket}/o/${encodeURIComponent(name)}?alt=media`;
}
