import { thumbHashToDataURL } from 'thumbhash';
import { RENDITION_FORMATS } from './formats.js';
import type { Format, ImageRecord, Placeholder } from './records.js';
import { listVariantUrls, type VariantUrl } from './urls.js';

export interface PictureOptions {
  /** The `alt` text; `''` for a decorative image. */
  alt: string;
  /** The `sizes` attribute; `100vw` by default. */
  sizes?: string;
  /** Names of the variants to offer; by default all that are not cropped. */
  variants?: readonly string[];
  /** The `loading` attribute; `lazy` by default. Use `eager` for images that are visible at first. */
  loading?: 'lazy' | 'eager';
}

type PictureRecord = Pick<ImageRecord, 'token' | 'variants' | 'placeholder' | 'original'>;

/**
 * Returns the HTML of a `<picture>` element: one `<source>` per format, a `srcset` by width, `width`
 * and `height` against layout shifts, and the image's color as the background until it has loaded.
 * All values are escaped.
 *
 * @param baseUrl the URL up to the token: PUBLIC_BASE_URL, or a path such as `/i`
 * @throws Error when the record has none of the variants, for example before it is ready
 */
export function pictureElement(
  baseUrl: string,
  record: PictureRecord,
  options: PictureOptions,
): string {
  const { alt, sizes = '100vw', loading = 'lazy' } = options;
  const all = listVariantUrls(baseUrl, record);
  const selected = options.variants
    ? all.filter(({ name }) => options.variants?.includes(name))
    : uncropped(all, record);
  const largest = selected.at(-1);
  if (!largest) throw new Error('The image record has no variants for a <picture>');

  const groups = (Object.keys(RENDITION_FORMATS) as Format[])
    .map((format) => selected.filter((rendition) => rendition.format === format))
    .filter((group) => group.length > 0);
  const fallback = groups.at(-1) ?? [];
  const sources = groups.slice(0, -1).map((group) => {
    const type = group[0] && RENDITION_FORMATS[group[0].format].contentType;
    return `  <source${attributes({ type, srcset: srcset(group), sizes })}>`;
  });
  const color = record.placeholder?.color;
  const img = attributes({
    src: fallback.at(-1)?.url,
    srcset: srcset(fallback),
    sizes,
    width: String(largest.width),
    height: String(largest.height),
    alt,
    loading,
    decoding: 'async',
    style: color && /^#[0-9a-f]{6}$/i.test(color) ? `background-color:${color}` : undefined,
  });
  return ['<picture>', ...sources, `  <img${img}>`, '</picture>'].join('\n');
}

/**
 * Returns the placeholder as a PNG data URL of at most 32 × 32 pixels; scale it to the size of the image.
 *
 * @throws Error when `thumbhash` is not a base64 ThumbHash
 */
export function placeholderDataUrl(placeholder: Pick<Placeholder, 'thumbhash'>): string {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(placeholder.thumbhash), (char) => char.charCodeAt(0));
  } catch {
    bytes = new Uint8Array();
  }
  // A ThumbHash has at least five bytes. thumbHashToDataURL returns noise for shorter input.
  if (bytes.length < 5) throw new Error('The placeholder is not a base64 ThumbHash');
  return thumbHashToDataURL(bytes);
}

/** Returns the renditions with the aspect ratio of the original: one srcset must not mix ratios. */
function uncropped(all: VariantUrl[], { original }: PictureRecord): VariantUrl[] {
  const widest = all.at(-1);
  // While a newer upload is processed, its size is unknown and the variants are the previous ones.
  const { width, height } = original.width && original.height ? original : (widest ?? {});
  if (!width || !height) return [];
  // Sides are rounded to whole pixels, so the height may differ by one pixel.
  const matching = all.filter(
    (rendition) => Math.abs((rendition.width * height) / width - rendition.height) <= 1,
  );
  return matching.length > 0 ? matching : all.filter(({ name }) => name === widest?.name);
}

function srcset(group: VariantUrl[]): string {
  // Originals are never enlarged, so several variants of a small one have the same width.
  const byWidth = new Map(group.map(({ width, url }) => [width, url]));
  return [...byWidth].map(([width, url]) => `${url} ${width}w`).join(', ');
}

function attributes(values: Record<string, string | undefined>): string {
  return Object.entries(values)
    .map(([name, value]) => (value === undefined ? '' : ` ${name}="${escapeHtml(value)}"`))
    .join('');
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return text.replace(/[&<>"]/g, (char) => entities[char] ?? char);
}
