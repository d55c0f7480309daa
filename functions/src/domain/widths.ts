/** Sizes on demand: the widths that `?w=` is rounded up to, and which of them can be made of what an image has. */
import { FORMATS, type Format } from './format.js';
import type {
  ImageRecord,
  RenditionInfo,
  TokenRecord,
  TokenVariant,
  VariantInfo,
} from './records.js';
import { MAX_EDGE, MAX_QUALITY, type Size } from './variant.js';

/** The most entries of WIDTHS: with the formats they bound the renditions of an image. */
export const MAX_WIDTHS = 12;
/** Pixels. */
export const MIN_WIDTH = 16;
export const MAX_WIDTH = MAX_EDGE;

/** Reduced by less, a rendition would lose more than two points beside one that is made of the original (`bench -- ondemand`). */
const MIN_REDUCTION = 1.6;

const FORMAT_NAMES = Object.keys(FORMATS) as Format[];

/** Whether a variant shows the whole image, without effects: only of such variants other widths are made. */
export function isWhole({ cropped, altered }: Pick<TokenVariant, 'cropped' | 'altered'>): boolean {
  return !cropped && altered === undefined;
}

/**
 * The variant that a width is made of: the narrowest one that is at least 1.6 times as wide.
 * @param variants whole ones, narrowest first
 * @returns undefined when there is none: then an existing variant is sent instead
 */
export function sourceOfWidth<V extends TokenVariant>(
  variants: readonly V[],
  width: number,
): V | undefined {
  return variants.find((variant) => variant.width >= MIN_REDUCTION * width);
}

/** The rendition of a variant that others are made of: the one with the most bytes has lost least. */
export function sourceRendition(variant: TokenVariant): RenditionInfo | undefined {
  const renditions = FORMAT_NAMES.flatMap((format) => variant[format] ?? []);
  return renditions.sort((a, b) => b.bytes - a.bytes)[0];
}

/** Points by which the target of a rendition that is made of another one is higher, to make up for the losses of that one. */
const ADDED_QUALITY = 6;

/** @param quality the target of renditions that are made of the original, SSIMULACRA2 points */
export function onDemandQuality(quality: number): number {
  return Math.min(MAX_QUALITY, quality + ADDED_QUALITY);
}

/** A rendition that was made on demand. */
export interface MadeWidth extends Size {
  format: Format;
  rendition: RenditionInfo;
  /** Object name of the rendition that it was made of. */
  source: string;
}

/** What of two records changes when a rendition has been made. */
export interface AddedWidth {
  image: VariantInfo;
  token: TokenVariant;
}

/**
 * Adds a rendition to the image record and to the token record of the view that asked for it. If the image record
 * has one already, that is the one which the token record gets.
 * @returns undefined when one of the records does not refer to the source any more: the image was processed again,
 *   replaced or deleted
 */
export function addWidth(
  image: ImageRecord | undefined,
  token: TokenRecord | undefined,
  { format, width, height, rendition, source }: MadeWidth,
): AddedWidth | undefined {
  const isCurrent =
    Object.values(image?.variants ?? {}).some(({ formats }) =>
      Object.values(formats).some(({ object }) => object === source),
    ) &&
    Object.values(token?.image?.renditions ?? {}).some((variant) =>
      FORMAT_NAMES.some((name) => variant[name]?.object === source),
    );
  if (!isCurrent) return undefined;
  const key = String(width);
  const before = image?.widths?.[key];
  const size = before ? { width: before.width, height: before.height } : { width, height };
  const formats = { [format]: rendition, ...before?.formats };
  return {
    image: { ...size, formats },
    token: { ...size, ...token?.image?.widths?.[key], [format]: formats[format] },
  };
}
