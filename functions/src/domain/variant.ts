/** Variants, the named size rules: the size and formats that each gives an original. */
import type { Format } from './format.js';

/** The largest edge in pixels that every format can encode (WebP: 14 bits, RFC 9649 section 2.6). */
export const MAX_EDGE = 16383;

/** The range of QUALITY, and of the quality of one variant, SSIMULACRA2 points. */
export const MIN_QUALITY = 60;
export const MAX_QUALITY = 90;

/** The maximum number of variants; bounds the work that one upload causes. */
export const MAX_VARIANTS = 20;

export interface Variant extends Effects {
  name: string;
  /** Pixels. */
  width: number;
  /** Pixels; absent: computed from the original's aspect ratio. */
  height?: number;
  /** As in CSS `object-fit`, but `inside` has no bars. `cover` fills the box and crops the rest. */
  fit: 'inside' | 'cover' | 'contain';
  /** What `cover` keeps, as in sharp, or the focal point of the upload. Absent: `centre`. */
  crop?: Crop;
  /** Bytes. Present: the variant has only a JPEG rendition, of at most that many bytes. */
  maxBytes?: number;
  /** Present: the variant has only renditions of this format. */
  format?: 'png';
  /** Its own QUALITY, SSIMULACRA2 points. */
  quality?: number;
}

export type Crop = 'centre' | 'attention' | 'focal';

/** What a variant changes besides the size, in this order. */
export interface Effects {
  grayscale?: true;
  /** Standard deviation of a Gaussian blur, pixels of the rendition. */
  blur?: number;
  /** `contain`: the color of the bars, six or eight hexadecimal digits (RGB, RGBA). Absent: white. */
  background?: string;
  /** Whether WATERMARK is drawn over it. */
  watermark?: true;
}

export interface Size {
  /** Pixels. */
  width: number;
  height: number;
}

/** A point of an image: 0 is the left or the top edge, 1 the right or the bottom one. */
export interface Point {
  x: number;
  y: number;
}

/** A part of an image; offsets in pixels from the top left corner. */
export interface Rectangle extends Size {
  left: number;
  top: number;
}

/** Whether a variant shows less than the original at its size does: only tokens that name it may show sharper ones. */
export function isProtected({ blur, watermark }: Effects): boolean {
  return blur !== undefined || watermark === true;
}

/**
 * The effects of a variant as text, `blur=20,gray`: equal for variants that may replace each other.
 * @returns undefined when there are none
 */
export function effectsOf(variant: Pick<Variant, 'fit'> & Effects): string | undefined {
  const { fit, background = 'ffffff', blur, grayscale, watermark } = variant;
  const effects = [
    ...(fit === 'contain' ? [`background=${background}`] : []),
    ...(blur === undefined ? [] : [`blur=${blur}`]),
    ...(grayscale ? ['gray'] : []),
    ...(watermark ? ['watermark'] : []),
  ];
  return effects.length > 0 ? effects.join() : undefined;
}

/** The formats that a variant has renditions in. @param formats those of all other variants (FORMATS) */
export function formatsOfVariant(
  { maxBytes, format }: Pick<Variant, 'maxBytes' | 'format'>,
  formats: readonly Format[],
): readonly Format[] {
  if (format !== undefined) return [format];
  return maxBytes === undefined ? formats : ['jpeg'];
}

/**
 * The size of a variant of an original, in pixels. The original is never enlarged: a `cover` or `contain` box that
 * would need it is scaled down and keeps its aspect ratio.
 * @param original size with EXIF orientation applied, pixels
 */
export function variantSize(variant: Variant, original: Size): Size {
  if (variant.fit !== 'inside') {
    const box = { width: variant.width, height: variant.height ?? variant.width };
    const [x, y] = [original.width / box.width, original.height / box.height];
    return scaled(box, Math.min(1, variant.fit === 'cover' ? Math.min(x, y) : Math.max(x, y)));
  }
  return scaled(original, coverScale(variant, original));
}

/**
 * The scale, 0 to 1, to which an original is resized for a variant: the resized original contains every pixel
 * that the variant shows.
 */
export function coverScale(variant: Variant, original: Size): number {
  const height = variant.height ?? (variant.fit === 'inside' ? MAX_EDGE : variant.width);
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
