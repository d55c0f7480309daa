/** What a token shows: its variants, and the JSON that lists them. */
import { extensionOf, FORMATS, type Format } from '../domain/format.js';
import type { Placeholder, TokenRecord, TokenVariant } from '../domain/records.js';

/**
 * What `GET /{token}` answers: everything a page needs to show the image. Its JSON Schema is
 * `manifest.v1.schema.json` in this package; what changes its meaning changes `version`.
 */
export interface Manifest {
  version: 1;
  placeholder: Placeholder;
  /** From narrow to wide. */
  variants: {
    name: string;
    /** Pixels. */
    width: number;
    height: number;
    /** Whether it shows a part of the picture only. */
    cropped: boolean;
    /** `url` is relative to the manifest's own address unless PUBLIC_BASE_URL is set. */
    formats: Partial<Record<Format, { url: string; contentType: string; bytes: number }>>;
  }[];
}

/** A token's record that has something to show. */
export type ServableToken<Time = unknown> = TokenRecord<Time> &
  Required<Pick<TokenRecord<Time>, 'image'>>;

export function isServable<Time>(
  record: TokenRecord<Time> | undefined,
): record is ServableToken<Time> {
  return record?.image !== undefined;
}

const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/** A variant that a token may show; undefined for any other name. */
export function visibleVariant(record: ServableToken, name: string): TokenVariant | undefined {
  if (record.variants && !record.variants.includes(name)) return undefined;
  const { renditions } = record.image;
  return Object.hasOwn(renditions, name) ? renditions[name] : undefined;
}

/** The variants that a token may show, from narrow to wide. */
export function visibleVariants(record: ServableToken): (TokenVariant & { name: string })[] {
  return Object.keys(record.image.renditions)
    .flatMap((name) => {
      const variant = visibleVariant(record, name);
      return variant ? [{ name, ...variant }] : [];
    })
    .sort((a, b) => a.width - b.width || a.name.localeCompare(b.name));
}

/** The formats that a variant has, in FORMATS' order. */
export function formatsOf(variant: TokenVariant): Format[] {
  return FORMAT_NAMES.filter((format) => variant[format]);
}

/**
 * The narrowest variant that is at least so wide, else the widest: of those that show the whole
 * picture, because one `srcset` must not mix shapes; of all when a token shows only crops.
 * @param width device pixels
 * @returns its name; undefined when a token shows nothing
 */
export function variantOfWidth(record: ServableToken, width: number): string | undefined {
  const all = visibleVariants(record);
  const whole = all.filter(({ cropped }) => !cropped);
  const candidates = whole.length > 0 ? whole : all;
  return (candidates.find((variant) => variant.width >= width) ?? candidates.at(-1))?.name;
}

/**
 * @param baseUrl PUBLIC_BASE_URL; without it no header of the request is trusted to say where this is
 */
export function manifestOf(token: string, record: ServableToken, baseUrl?: string): Manifest {
  const base = baseUrl === undefined ? '' : `${baseUrl}/`;
  const variants = visibleVariants(record).map((variant) => {
    const { name, width, height, cropped = false } = variant;
    const formats: Manifest['variants'][number]['formats'] = {};
    for (const format of formatsOf(variant)) {
      formats[format] = {
        url: `${base}${token}/${name}.${extensionOf(format)}`,
        contentType: FORMATS[format].contentType,
        bytes: variant[format]?.bytes ?? 0,
      };
    }
    return { name, width, height, cropped, formats };
  });
  return { version: 1, placeholder: record.image.placeholder, variants };
}
