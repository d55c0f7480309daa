/** Keeps the HDR gain map of a JPEG in its JPEG renditions. */
import { ImageFailure } from '../../errors.js';
import { isCropped, scaled, type Size } from '../../domain/variant.js';
import { keepsColors } from '../color.js';
import { findColorSpace } from '../color-space.js';
import { decode } from '../decode.js';
import { readHeader, type Header } from '../header.js';
import { readJpeg, readOrientationOf } from '../jpeg.js';
import type { UploadLimits } from '../limits.js';
import { toMemoryFailure } from '../open-image.js';
import { toSharp, type RawImage } from '../raw-image.js';
import { addGainMap, findGainMap } from './container.js';
import type { GainMapMetadata } from './metadata.js';

export interface GainMap {
  metadata: GainMapMetadata;
  /** Upright, and at most as large as it has to be for the largest rendition. */
  pixels: RawImage;
  /** Whether it has one channel. */
  isGray: boolean;
  /** Pixels of the map per pixel of the original. */
  scale: number;
}

/** Pixels of a stored map: cameras have a quarter of those of the picture at most. */
const MAX_STORED_PIXELS = 25_000_000;
/** Pixels of a map in memory. */
const MAX_PIXELS = 4_000_000;

/** A map is smooth: at a higher quality only its bytes grow. */
const JPEG = { quality: 85, chromaSubsampling: '4:4:4', optimiseCoding: true };

/**
 * Finds and decodes the gain map of an original.
 * @param bytes the whole uploaded file
 * @param picture its decoded pixels, at the size of the largest rendition
 * @returns undefined when there is none, it is damaged or does not fit the picture: the renditions then have none
 */
export async function openGainMap(
  bytes: Buffer,
  { type, size: original, pixels: format, color }: Header,
  picture: RawImage,
  limits: UploadLimits,
): Promise<GainMap | undefined> {
  const stored = type === 'jpeg' ? findGainMap(bytes) : undefined;
  if (!stored) return undefined;
  const { metadata } = stored;
  try {
    // The map lies as the stored picture does, whatever its own metadata says, and has no color space.
    const orientation = readOrientationOf(bytes);
    const file = readJpeg(stored.bytes, { orientation, keepsProfile: false });
    if (file.lacksEnd) return undefined;
    const header = await readHeader(file.bytes, { ...limits, maxPixels: MAX_STORED_PIXELS });
    const { size } = header;
    const isFitting = size.width <= original.width && !isCropped(size, original);
    if (!isFitting || header.pixels?.model === 'cmyk') return undefined;
    const isGray = header.pixels?.model === 'gray';
    // Three gains belong to the red, green and blue of the original.
    const space = findColorSpace(color, format?.model ?? 'rgb');
    const hasOneGain = isGray && metadata.channels.length === 1;
    if (!hasOneGain && !keepsColors(space, picture)) return undefined;
    const largest = scaled(size, picture.width / original.width);
    const limit = Math.min(1, Math.sqrt(MAX_PIXELS / (largest.width * largest.height)));
    const pixels = await decode(header, scaled(largest, limit), { maxPixels: MAX_STORED_PIXELS });
    return { metadata, pixels, isGray, scale: size.width / original.width };
  } catch (error) {
    if (error instanceof ImageFailure) return undefined;
    throw error;
  }
}

/**
 * @param jpeg a rendition that shows the whole original, unchanged
 * @throws ImageFailure when it takes too long or memory runs out
 */
export async function attachGainMap(
  jpeg: Buffer,
  { width, height }: Size,
  { metadata, pixels, isGray, scale }: GainMap,
): Promise<Buffer> {
  const size = scaled({ width, height }, Math.min(scale, pixels.width / width));
  const image = toSharp(pixels).resize({ ...size, fit: 'fill' });
  if (isGray) image.toColourspace('b-w');
  return addGainMap(jpeg, await toMemoryFailure(image.jpeg(JPEG).toBuffer()), metadata);
}
