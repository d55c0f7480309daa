/** Variants, the named size rules: their grammar, and the size and formats that each gives an original. */
import type { Format } from './format.js';

/** The largest edge in pixels that every format can encode (WebP: 14 bits, RFC 9649 section 2.6). */
export const MAX_EDGE = 16383;

/** The maximum number of variants; bounds the work that one upload causes. */
export const MAX_VARIANTS = 20;

export interface Variant {
  name: string;
  /** Pixels. */
  width: number;
  /** Pixels; absent: computed from the original's aspect ratio. */
  height?: number;
  /** `inside`: fit the whole image within the box. `cover`: fill the box and crop the rest. */
  fit: 'inside' | 'cover';
  /** Crop position of `cover`, as in sharp. Absent: `centre`. */
  crop?: 'centre' | 'attention';
  /** Bytes. Present: the variant has only a JPEG rendition, of at most that many bytes. */
  maxBytes?: number;
}

export interface Size {
  /** Pixels. */
  width: number;
  height: number;
}

/** A part of an image; offsets in pixels from the top left corner. */
export interface Rectangle extends Size {
  left: number;
  top: number;
}

/** The least bits per pixel that a byte limit may leave: noise that is blurred by the last encoder setting has 0.7. */
const MIN_BITS_PER_PIXEL = 1;

export const VARIANT_GRAMMAR =
  'name:WIDTH, name:WIDTHxHEIGHT, name:WIDTHxHEIGHT:cover or name:WIDTHxHEIGHT:cover:attention, and after ' +
  'a box maybe :jpeg:SIZEkB (name of 1 to 40 letters, digits, "-" or "_"; pixels from 1 to ' +
  `${MAX_EDGE}; kB, 1000 bytes, from 1 to 99999 and at least WIDTH x HEIGHT / 8000)`;

const VARIANT =
  /^([A-Za-z0-9_-]{1,40}):(\d{1,5})(?:x(\d{1,5})(?::(inside|cover|cover:centre|cover:attention))?(?::jpeg:(\d{1,5})kB)?)?$/;

/**
 * Parses one size rule, `thumb:200x200:cover`.
 * @returns undefined when the text does not follow VARIANT_GRAMMAR
 */
export function parseVariant(text: string): Variant | undefined {
  const [, name, w, h, rule = 'inside', kilobytes] = VARIANT.exec(text) ?? [];
  if (name === undefined || isReserved(name)) return undefined;
  const width = Number(w);
  const height = h === undefined ? undefined : Number(h);
  const inRange = (edge: number) => edge >= 1 && edge <= MAX_EDGE;
  if (!inRange(width) || (height !== undefined && !inRange(height))) return undefined;
  const maxBytes = kilobytes === undefined ? undefined : Number(kilobytes) * 1000;
  const minBytes = Math.max(1, (width * (height ?? 0) * MIN_BITS_PER_PIXEL) / 8);
  if (maxBytes !== undefined && maxBytes < minBytes) return undefined;
  return {
    name,
    width,
    ...(height !== undefined && { height }),
    fit: rule === 'inside' ? 'inside' : 'cover',
    ...(rule === 'cover:attention' && { crop: 'attention' }),
    ...(maxBytes !== undefined && { maxBytes }),
  };
}

/** The formats that a variant has renditions in. @param formats those of all other variants (FORMATS) */
export function formatsOfVariant(
  { maxBytes }: Pick<Variant, 'maxBytes'>,
  formats: readonly Format[],
): readonly Format[] {
  return maxBytes === undefined ? formats : ['jpeg'];
}

/** Whether a name can't be a field of a Firestore document or a key of a plain object. */
function isReserved(name: string): boolean {
  return name in Object.prototype || /^__.*__$/.test(name);
}

/**
 * The size of a variant of an original, in pixels. Never larger than the original: a `cover` box that does
 * not fit is scaled down and keeps its aspect ratio.
 * @param original size with EXIF orientation applied, pixels
 */
export function variantSize(variant: Variant, original: Size): Size {
  if (variant.fit === 'cover') {
    const box = { width: variant.width, height: variant.height ?? variant.width };
    return scaled(box, Math.min(1, original.width / box.width, original.height / box.height));
  }
  return scaled(original, coverScale(variant, original));
}

/**
 * The scale, 0 to 1, to which an original is resized for a variant: the resized original contains every pixel
 * that the variant shows.
 */
export function coverScale(variant: Variant, original: Size): number {
  const height = variant.height ?? (variant.fit === 'cover' ? variant.width : MAX_EDGE);
  const x = variant.width / original.width;
  const y = height / original.height;
  return Math.min(1, variant.fit === 'cover' ? Math.max(x, y) : Math.min(x, y));
}

/** `size` times `scale`, rounded to whole pixels, at least 1. */
export function scaled(size: Size, scale: number): Size {
  return {
    width: Math.max(1, Math.round(size.width * scale)),
    height: Math.max(1, Math.round(size.height * scale)),
  };
}

/** Whether a rendition of that size shows only a part of the original: an edge differs by over one pixel. */
export function isCropped(size: Size, original: Size): boolean {
  return Math.abs((size.width * original.height) / original.width - size.height) > 1;
}
