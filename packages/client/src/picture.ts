import { FORMATS } from './formats.js';
import type { Format } from './records.js';
import { variantUrl } from './urls.js';

export interface PictureOptions {
  /** The `alt` text; `''` for a decorative image. */
  alt: string;
  /** The `sizes` attribute; `100vw` by default. */
  sizes?: string | undefined;
  /**
   * Names of the variants to offer. By default all that show the whole image as it is; if there are blurred or
   * watermarked ones, these. State them if `PUBLIC_VARIANTS` is set.
   */
  variants?: readonly string[] | undefined;
  /** The `loading` attribute; `lazy` by default. Use `eager` for images that are visible at first. */
  loading?: 'lazy' | 'eager' | undefined;
}

/** The attributes of a `<picture>`'s elements. */
export interface Picture {
  sources: { type: string; srcset: string; sizes: string }[];
  img: {
    src: string;
    srcset: string;
    sizes: string;
    /** Pixels; with `height` against layout shifts. */
    width: number;
    height: number;
    alt: string;
    loading: 'lazy' | 'eager';
    decoding: 'async';
  };
  /** For the background until the image has loaded: `#rrggbb`. */
  color?: string;
}

/** What a `<picture>` needs of an image record or a manifest. */
export interface PictureRecord {
  token: string;
  variants?:
    | Record<
        string,
        {
          /** Pixels. */
          width: number;
          height: number;
          cropped?: boolean | undefined;
          altered?: string | undefined;
          formats: Partial<Record<Format, unknown>>;
        }
      >
    | undefined;
  placeholder?: { thumbhash: string; color: string } | undefined;
}

/**
 * Returns the attributes of a `<picture>`: one `<source>` per format, a `srcset` by width.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @param record an image record, or its token, variants and placeholder
 * @param options its text and sizes
 * @returns undefined when the record has none of the variants, for example before it is ready
 */
export function picture(
  baseUrl: string,
  record: PictureRecord,
  { alt, sizes = '100vw', variants, loading = 'lazy' }: PictureOptions,
): Picture | undefined {
  const all = Object.entries(record.variants ?? {}).sort(([, a], [, b]) => a.width - b.width);
  const selected = variants ? all.filter(([name]) => variants.includes(name)) : alike(all);
  const groups = FORMATS.flatMap((format) => {
    // Originals are never enlarged, so several variants of a small one have the same width.
    const urls = new Map<number, string>();
    for (const [name, { width, formats }] of selected) {
      if (formats[format]) urls.set(width, variantUrl(baseUrl, record.token, name, format));
    }
    const srcset = Array.from(urls, ([width, url]) => `${url} ${width}w`).join(', ');
    const source = { type: `image/${format}`, srcset, sizes };
    return [...urls.values()].slice(-1).map((src) => ({ src, source }));
  });
  const largest = selected.at(-1)?.[1];
  const fallback = groups.pop();
  if (!largest || !fallback) return undefined;
  const { width, height } = largest;
  const { src, source } = fallback;
  const color = record.placeholder?.color;
  return {
    sources: groups.map((group) => group.source),
    img: { src, srcset: source.srcset, sizes, width, height, alt, loading, decoding: 'async' },
    // It becomes part of a style.
    ...(color && /^#[0-9a-f]{6}$/i.test(color) && { color }),
  };
}

type Shown = [name: string, variant: { cropped?: unknown; altered?: string | undefined }];

/** What one `srcset` may have: variants that look alike, and that the default token gives access to. */
function alike<T extends Shown>(all: T[]): T[] {
  const keep = (test: (variant: T[1]) => boolean) => {
    const found = all.filter(([, variant]) => test(variant));
    if (found[0]) all = found;
  };
  keep(({ altered }) => /blur|water/.test(`${altered}`));
  keep(({ altered }) => !altered);
  const look = all.at(-1)?.[1].altered;
  keep(({ altered }) => altered === look);
  keep(({ cropped }) => !cropped);
  return all[0]?.[1].cropped ? all.slice(-1) : all;
}

/**
 * Returns the HTML of a `<picture>` element, with the image's color as the background until it has loaded. All
 * values are escaped.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @returns undefined when the record has none of the variants, for example before it is ready
 */
export function pictureHtml(
  baseUrl: string,
  record: PictureRecord,
  options: PictureOptions,
): string | undefined {
  const found = picture(baseUrl, record, options);
  if (!found) return undefined;
  const { sources, img, color } = found;
  return [
    '<picture>',
    ...sources.map((source) => `  <source${attributes(source)}>`),
    `  <img${attributes({ ...img, ...(color && { style: `background-color:${color}` }) })}>`,
    '</picture>',
  ].join('\n');
}

function attributes(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escapeHtml(String(value))}"`)
    .join('');
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}
