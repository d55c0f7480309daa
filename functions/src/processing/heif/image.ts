/**
 * Finds the image that a HEIF file shows, and writes a file of only this image: no thumbnails, depth or
 * gain maps, metadata, further images or transformations. A decoder thus parses only boxes that this code
 * wrote, and reads no brand or property that it does not know.
 */
import type { Size } from '../../domain/variant.js';
import { ImageFailure } from '../../errors.js';
import type { ColorDescription } from '../color-description.js';
import { findBox, readBoxes } from './boxes.js';
import type { Box } from './boxes.js';
import { Collector, type Resolved } from './collector.js';
import { readMeta } from './meta.js';
import type { PixelFormat } from './properties.js';
import { transformedSize, type Transform } from './transform.js';
import { readFirstFrames } from './track.js';

export interface HeifImage extends PixelFormat {
  type: 'avif' | 'heic';
  /** A HEIF file of this image only, before its transformations. */
  file: Buffer;
  /** Pixels, before the transformations. */
  codedSize: Size;
  /** Pixels, as a viewer shows the image. */
  size: Size;
  transform: Transform;
  /** The boxes `colr`. A file with both kinds has the matrix in `cicp`, and everything else in `icc`. */
  color: ColorDescription;
  hasAlpha: boolean;
  /** Whether the colors are multiplied by alpha. */
  isPremultiplied: boolean;
  /** Items of `file`. */
  items: number;
}

/**
 * @param bytes the whole file
 * @param maxPixels limit for each coded image and for the whole
 * @throws ImageFailure when the file is damaged, has too many pixels or parts, or shows an image of
 *   another kind
 */
export function readHeif(bytes: Buffer, maxPixels: number): HeifImage {
  const boxes = readBoxes(bytes, { start: 0, end: bytes.length }, { isFile: true });
  const collector = new Collector(bytes, maxPixels);
  const { color, alpha, isPremultiplied } =
    collectFromTracks(bytes, boxes, collector) ?? collectFromItems(bytes, boxes, collector);
  const type = color.codec === 'av01' ? 'avif' : 'heic';
  return {
    type,
    file: collector.write(type, color, alpha),
    codedSize: color.size,
    size: transformedSize(color.transform),
    transform: color.transform,
    ...color.format,
    color: color.color,
    hasAlpha: alpha !== undefined,
    isPremultiplied,
    items: collector.itemCount,
  };
}

interface Collected {
  color: Resolved;
  alpha: Resolved | undefined;
  isPremultiplied: boolean;
}

function collectFromItems(bytes: Buffer, boxes: readonly Box[], collector: Collector): Collected {
  const box = findBox(boxes, 'meta');
  const meta = box && readMeta(bytes, box);
  if (!meta) {
    // A video may have a brand of images.
    const code = findBox(boxes, 'moov') ? 'not-an-image' : 'damaged-image';
    throw new ImageFailure(code, 'expected a primary image, found none');
  }
  const color = collector.addItem(meta, meta.primary);
  const alpha = collector.addAlpha(meta, color);
  return { color, alpha: alpha?.image, isPremultiplied: alpha?.isPremultiplied ?? false };
}

/**
 * An AVIF with tracks shows its first frame, unless its major brand says that it is a still image
 * (libavif, AVIF_DECODER_SOURCE_AUTO, which browsers use). A HEIC with tracks shows its primary image.
 */
function collectFromTracks(
  bytes: Buffer,
  boxes: readonly Box[],
  collector: Collector,
): Collected | undefined {
  const moov = findBox(boxes, 'moov');
  if (!moov) return undefined;
  const isStill = bytes.toString('latin1', 8, 12) === 'avif';
  const meta = findBox(boxes, 'meta');
  const hasPrimary = meta !== undefined && readMeta(bytes, meta) !== undefined;
  if (hasPrimary && isStill) return undefined;
  const frames = readFirstFrames(bytes, moov);
  const frame = frames.find(({ isAuxiliary }) => !isAuxiliary);
  if (!frame || (hasPrimary && frame.type !== 'av01')) return undefined;
  const color = collector.addFrame(frame);
  const alpha = frames.find(
    (one) => one.isAlpha && one.type === frame.type && one.auxiliaryTo.includes(frame.trackId),
  );
  return {
    color,
    alpha: alpha && collector.addAlphaFrame(alpha, color),
    isPremultiplied: alpha !== undefined && frame.premultipliedBy.includes(alpha.trackId),
  };
}
