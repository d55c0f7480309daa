/** A file's header: what it is and how large, before a pixel is decoded. */
import type { Metadata } from 'sharp';
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import { kindOf, type Kind } from './file-type.js';
import {
  checkBytes,
  checkPixels,
  MAX_ANIMATION_PIXELS,
  MAX_AVIF_PIXELS,
  MAX_FRAMES,
  type Bounds,
} from './limits.js';
import { checkStructure } from './structure.js';
import { openImage, toImageFailure, unblockTiff } from './vips.js';

export interface Header {
  kind: Exclude<Kind, 'heif'> | 'avif' | 'heic';
  /** As a viewer shows it, orientation applied. */
  size: Size;
  /** What moves: each frame is `size`. Absent for one that stands still or shall. */
  animation?: Animation;
  /** The ICC profile of 8-bit RGB colours; other colours' profiles are applied while decoding. */
  profile?: Buffer;
}

export interface Animation {
  frames: number;
  /** Milliseconds, one a frame. */
  delay: number[];
  /** How often it is shown; 0: for ever. */
  loop: number;
}

/**
 * @param bytes the uploaded file, whole
 * @throws ImageFailure when it is empty, too large, no image, or of a kind that is not taken
 */
export async function readHeader(bytes: Buffer, bounds: Bounds): Promise<Header> {
  if (bytes.length === 0) throw new ImageFailure('empty-file', 'expected an image, found 0 bytes');
  checkBytes(bytes.length, bounds);
  const kind = kindOf(bytes);
  if (kind === undefined) {
    throw new ImageFailure('not-an-image', 'expected the first bytes of an image, found others');
  }
  if (kind === 'tiff') {
    if (!bounds.tiff) throw new ImageFailure('unsupported-format', 'found tiff, which is off');
    unblockTiff();
  }
  checkStructure(bytes, kind, bounds);
  // Nothing is decoded here, so that too many pixels are refused below, by their number.
  const metadata = await toImageFailure(openImage(bytes, 0).metadata(), 'not-an-image');
  if (metadata.format !== kind) {
    throw new ImageFailure('not-an-image', `expected ${kind}, found ${metadata.format}`);
  }
  const exact = kind === 'heif' ? codecOf(metadata, bounds) : kind;
  checkPixels(
    metadata,
    exact === 'avif' ? Math.min(MAX_AVIF_PIXELS, bounds.maxPixels) : bounds.maxPixels,
  );
  const animation = animationOf(metadata, bounds);
  const isRgb = metadata.space === 'srgb' && metadata.depth === 'uchar';
  return {
    kind: exact,
    size: { width: metadata.autoOrient.width, height: metadata.autoOrient.height },
    ...(animation && { animation }),
    ...(isRgb && metadata.icc && { profile: metadata.icc }),
  };
}

function codecOf({ compression }: Metadata, { heic }: Bounds): 'avif' | 'heic' {
  if (compression === 'av1') return 'avif';
  if (compression !== 'hevc') {
    throw new ImageFailure('unsupported-format', `found heif with ${compression ?? 'no codec'}`);
  }
  if (!heic) throw new ImageFailure('heic-off', 'found HEIC, and the parameter HEIC is false');
  return 'heic';
}

/** GIF and WebP that move, unless that would be too much: then their first frame stands for them. */
function animationOf(metadata: Metadata, { animated }: Bounds): Animation | undefined {
  const { format, pages = 1, width, height, delay = [], loop = 0, orientation = 1 } = metadata;
  if (!animated || pages < 2 || !['gif', 'webp'].includes(format)) return undefined;
  // No encoder of animations writes an orientation; one that is there makes it a still.
  if (pages > MAX_FRAMES || width * height * pages > MAX_ANIMATION_PIXELS || orientation > 1) {
    return undefined;
  }
  return { frames: pages, delay: Array.from({ length: pages }, (_, i) => delay[i] ?? 100), loop };
}
