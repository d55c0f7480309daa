import { thumbHashToDataURL } from 'thumbhash';
import { RENDITION_FORMATS } from './formats.js';
import type { Format, ImageRecord, Placeholder } from './records.js';
import { listVariantUrls, type VariantUrl } from './urls.js';

export interface PictureOptions {
  /** What the picture shows, for those who do not see it; `''` for decoration. */
  alt: string;
  /** The HTML attribute `sizes`; `100vw` by default. */
  sizes?: string;
  /** Names of the variants to choose from; by default all that show the whole picture, uncropped. */
  variants?: readonly string[];
  /** `lazy` by default; `eager` for what is seen first. */
  loading?: 'lazy' | 'eager';
}

type Pictured = Pick<ImageRecord, 'token' | 'variants' | 'placeholder' | 'original'>;

/**
 * HTML of a `<picture>`: a source a format, a srcset by width, the size that keeps the layout still
 * and the image's colour until it has arrived. Everything in it is escaped.
 *
 * @param baseUrl what stands before the token, PUBLIC_BASE_URL or a path such as `/i`
 * @throws Error when the record has none of the variants, as before it is ready
 */
export function pictureElement(baseUrl: string, record: Pictured, options: PictureOptions): string {
  const { alt, sizes = '100vw', loading = 'lazy' } = options;
  const all = listVariantUrls(baseUrl, record);
  const chosen = options.variants
    ? all.filter(({ name }) => options.variants?.includes(name))
    : uncropped(all, record);
  const largest = chosen.at(-1);
  if (!largest) throw new Error('The image record has no variants to make a <picture> of');

  const groups = (Object.keys(RENDITION_FORMATS) as Format[])
    .map((format) => chosen.filter((rendition) => rendition.format === format))
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
 * The placeholder as a PNG data URL of at most 32 pixels a side, to be stretched over the image's box.
 *
 * @throws Error when the thumbhash is not base64 of a ThumbHash
 */
export function placeholderDataUrl(placeholder: Pick<Placeholder, 'thumbhash'>): string {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(placeholder.thumbhash), (char) => char.charCodeAt(0));
  } catch {
    bytes = new Uint8Array();
  }
  // A header of five bytes at least; shorter ones decode to noise instead of failing.
  if (bytes.length < 5) throw new Error('The placeholder is not a base64 ThumbHash');
  return thumbHashToDataURL(bytes);
}

/** One srcset must not mix shapes: a crop would show another picture at another window width. */
function uncropped(all: VariantUrl[], { original }: Pictured): VariantUrl[] {
  const widest = all.at(-1);
  // While a new upload is processed its size is unknown, and the variants are those before it.
  const { width, height } = original.width && original.height ? original : (widest ?? {});
  if (!width || !height) return [];
  // A side was rounded to whole pixels, so the shape is right within one pixel.
  const whole = all.filter((one) => Math.abs((one.width * height) / width - one.height) <= 1);
  return whole.length > 0 ? whole : all.filter(({ name }) => name === widest?.name);
}

function srcset(group: VariantUrl[]): string {
  // Small originals are never enlarged, so several variants may have the same width.
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
