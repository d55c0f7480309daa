/** What `GET /{token}` answers: everything a page needs to show the image. */
import { extensionOf, FORMATS, type Format } from '../images/format.js';
import type { Placeholder, TokenRecord } from '../images/records.js';

export interface Manifest {
  version: 1;
  placeholder: Placeholder;
  variants: {
    name: string;
    /** Pixels. */
    width: number;
    height: number;
    /** `url` is relative to the manifest's own address unless PUBLIC_BASE_URL is set. */
    formats: Partial<Record<Format, { url: string; contentType: string; bytes: number }>>;
  }[];
}

/** A token's record that has something to show. */
export type ShownRecord = TokenRecord & Required<Pick<TokenRecord, 'image'>>;

export function isShown<R extends TokenRecord>(record: R | undefined): record is R & ShownRecord {
  return record?.image !== undefined;
}

/** The names a token may show, in the record's order. */
export function visibleVariants(record: ShownRecord): string[] {
  const names = Object.keys(record.image.renditions);
  return record.variants ? names.filter((name) => record.variants?.includes(name)) : names;
}

/** The formats that a variant of a record has, in FORMATS' order. */
export function formatsOf(record: ShownRecord, variant: string): Format[] {
  const renditions = record.image.renditions[variant];
  return (Object.keys(FORMATS) as Format[]).filter((format) => renditions?.[format]);
}

/**
 * @param baseUrl PUBLIC_BASE_URL; without it no header of the request is trusted to say where this is
 */
export function manifestOf(token: string, record: ShownRecord, baseUrl?: string): Manifest {
  const base = baseUrl === undefined ? '' : `${baseUrl}/`;
  const variants = visibleVariants(record).map((name) => {
    const { width, height, ...renditions } = record.image.renditions[name] ?? {
      width: 0,
      height: 0,
    };
    const formats: Manifest['variants'][number]['formats'] = {};
    for (const format of formatsOf(record, name)) {
      formats[format] = {
        url: `${base}${token}/${name}.${extensionOf(format)}`,
        contentType: FORMATS[format].contentType,
        bytes: renditions[format]?.bytes ?? 0,
      };
    }
    return { name, width, height, formats };
  });
  variants.sort((a, b) => a.width - b.width || a.name.localeCompare(b.name));
  return { version: 1, placeholder: record.image.placeholder, variants };
}
