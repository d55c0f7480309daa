import { RENDITION_FORMATS } from './formats.js';
import type { Format, ImageRecord } from './records.js';

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
