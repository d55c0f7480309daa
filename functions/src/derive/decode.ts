/** Bytes -> what they are, then pixels. The type is what the bytes say, never what the upload claims. */
import sharp, { type Sharp } from 'sharp';
import { ImageFailure } from '../errors.js';
import type { Size } from '../images/variant.js';
import { MAX_AVIF_PIXELS, MAX_BYTES, MAX_PIXELS, MAX_SECONDS } from './limits.js';

/** The formats that uploads may have, by sharp's names; `heif` is AVIF where its compression is AV1. */
const ACCEPTED = new Set(['jpeg', 'png', 'webp', 'gif', 'heif']);

// Every loader but these is switched off in libvips itself, so that no SVG, PDF or TIFF parser is
// ever handed a stranger's bytes. https://sharp.pixelplumbing.com/api-utility#block
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});
// Each upload is another image: libvips' cache of operations would only hold memory.
sharp.cache(false);

/** Raw pixels in sRGB, 8 bits a channel. */
export interface Raw extends Size {
  data: Buffer;
  /** 3, or 4 with alpha. */
  channels: 3 | 4;
}

function open(bytes: Buffer): Sharp {
  return sharp(bytes, {
    // A picture that ends early is refused; one with harmless warnings is not.
    failOn: 'truncated',
    limitInputPixels: MAX_PIXELS,
    sequentialRead: true,
  });
}

/**
 * Looks at the header only.
 * @param bytes the uploaded file
 * @returns its size in pixels as a viewer shows it, orientation applied
 * @throws ImageFailure when it is empty, too large, no image, or of a kind that is not supported
 */
export async function inspect(bytes: Buffer): Promise<Size> {
  if (bytes.length === 0) throw new ImageFailure('empty-file', 'expected an image, found 0 bytes');
  checkBytes(bytes.length);
  const metadata = await open(bytes)
    .metadata()
    .catch((error: unknown) => {
      throw asImageFailure(error, 'not-an-image');
    });
  const { format, compression, autoOrient } = metadata;
  if (!ACCEPTED.has(format) || (format === 'heif' && compression !== 'av1')) {
    throw new ImageFailure('unsupported-format', `found ${format} ${compression ?? ''}`.trim());
  }
  const most = format === 'heif' ? MAX_AVIF_PIXELS : MAX_PIXELS;
  if (metadata.width * metadata.height > most) {
    throw new ImageFailure(
      'too-many-pixels',
      `expected at most ${most}, found ${metadata.width} x ${metadata.height}`,
    );
  }
  return { width: autoOrient.width, height: autoOrient.height };
}

/** @throws ImageFailure when a file of so many bytes is not read */
export function checkBytes(bytes: number): void {
  if (bytes > MAX_BYTES) {
    throw new ImageFailure('too-many-bytes', `expected at most ${MAX_BYTES}, found ${bytes}`);
  }
}

/**
 * Decodes once, straight to a size (JPEG and WebP shrink while they load), upright and in sRGB.
 * @param size exact size to give, pixels
 * @throws ImageFailure when the pixels are damaged or too many
 */
export async function decode(bytes: Buffer, size: Size): Promise<Raw> {
  try {
    const { data, info } = await open(bytes)
      .autoOrient()
      .resize({ ...size, fit: 'fill' })
      .toColourspace('srgb')
      .timeout({ seconds: MAX_SECONDS })
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return { data, width: info.width, height: info.height, channels: info.channels === 4 ? 4 : 3 };
  } catch (error) {
    throw asImageFailure(error, 'damaged-image');
  }
}

/** sharp tells its reasons in words only; what is not about the pixels' number is about the bytes. */
export function asImageFailure(
  error: unknown,
  otherwise: 'not-an-image' | 'damaged-image',
): ImageFailure {
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes('timeout')) return new ImageFailure('too-slow', message, { cause: error });
  const code = message.includes('exceeds pixel limit') ? 'too-many-pixels' : otherwise;
  return new ImageFailure(code, message, { cause: error });
}
