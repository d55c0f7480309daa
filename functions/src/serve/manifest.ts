/** The manifest: JSON that lists every variant a token may access. */
import { extensionOf, FORMATS, type Format } from '../domain/format.js';
import type { Placeholder } from '../domain/records.js';
import type { ServableToken } from './resolve.js';
import { accessibleVariants, formatsOf } from './select-rendition.js';

/**
 * The response to `GET /{token}`: everything a page needs to show the image. Its JSON Schema is
 * `manifest.v1.schema.json` in this package; an incompatible change increments `version`.
 */
export interface Manifest {
  version: 1;
  placeholder: Placeholder;
  /** Narrowest first. */
  variants: {
    name: string;
    /** Pixels. */
    width: number;
    height: number;
    /** Whether the variant shows only a part of the image. */
    cropped: boolean;
    /** Its effects, such as `blur=20`; absent: it shows the image as it is. */
    altered?: string;
    /** `etag` is the entity tag of the image; `url` is relative to the manifest's own URL unless PUBLIC_BASE_URL is set. */
    formats: Partial<
      Record<Format, { url: string; contentType: string; bytes: number; etag: string }>
    >;
  }[];
}

/**
 * Builds a token's manifest.
 * @param baseUrl PUBLIC_BASE_URL; without it URLs are relative, because request headers such as
 *   `Host` are not trusted
 */
export function buildManifest(token: string, record: ServableToken, baseUrl?: string): Manifest {
  const base = baseUrl === undefined ? '' : `${baseUrl}/`;
  const variants = accessibleVariants(record).map((variant) => {
    const { name, width, height, cropped = false, altered } = variant;
    const formats: Manifest['variants'][number]['formats'] = {};
    for (const format of formatsOf(variant)) {
      const { bytes = 0, etag = '' } = variant[format] ?? {};
      formats[format] = {
        url: `${base}${token}/${name}.${extensionOf(format)}`,
        contentType: FORMATS[format].contentType,
        bytes,
        etag,
      };
    }
    const size = { name, width, height, cropped };
    return { ...size, ...(altered !== undefined && { altered }), formats };
  });
  return { version: 1, placeholder: record.image.placeholder, variants };
}
