/** Reads a file's type, size and animation before any pixel is decoded. */
import type { Metadata } from 'sharp';
import { ImageFailure } from '../errors.js';
import type { Size } from '../domain/variant.js';
import type { ColorDescription } from './color-description.js';
import type { PixelFormat } from './color.js';
import { heifDescription, type ColorModel } from './color-space.js';
import { detectFileType, type FileType } from './file-type.js';
import { detectForeignFormat } from './foreign-format.js';
import {
  acceptedFormats,
  checkBytes,
  checkPixels,
  MAX_ANIMATION_PIXELS,
  MAX_FRAMES,
  type UploadLimits,
} from './limits.js';
import { decodedBits } from './heif/decode.js';
import { readHeif, type HeifImage } from './heif/image.js';
import { readPngColor } from './png-color.js';
import { checkStructure, type CleanFile } from './structure.js';
import { enableTiff, openImage, toImageFailure } from './open-image.js';

/** `bytes` is the file to decode. */
export interface Header extends CleanFile {
  type: Exclude<FileType, 'heif'> | 'avif' | 'heic';
  /** Pixels, after the orientation is applied. */
  size: Size;
  /** Present when the renditions are animated; every frame has `size`. */
  animation?: Animation;
  /** Absent for rare kinds of TIFF, which libvips converts to sRGB: Lab, CMYK with alpha, RGB in floats. */
  pixels?: PixelFormat;
  color: ColorDescription;
  /** Present for AVIF and HEIC. */
  heif?: HeifImage;
}

export interface Animation {
  frames: number;
  /** Milliseconds, one per frame, as browsers show it. */
  delay: number[];
  /** How often the animation plays; 0: infinitely. */
  loop: number;
}

/**
 * @param bytes the whole uploaded file
 * @throws ImageFailure when the file is empty, too large, not an image, or of a type that is not accepted
 */
export async function readHeader(bytes: Buffer, limits: UploadLimits): Promise<Header> {
  try {
    return await readAnyHeader(bytes, limits);
  } catch (error) {
    if (!(error instanceof ImageFailure)) throw error;
    const { code, detail, values } = error;
    const accepted = acceptedFormats(limits);
    throw new ImageFailure(code, detail, { ...values, accepted, cause: error });
  }
}

async function readAnyHeader(bytes: Buffer, limits: UploadLimits): Promise<Header> {
  if (bytes.length === 0) throw new ImageFailure('empty-file', 'the file is empty');
  checkBytes(bytes.length, limits);
  const fileType = detectFileType(bytes);
  const foreign = !fileType || fileType === 'tiff' ? detectForeignFormat(bytes) : undefined;
  if (foreign !== undefined) {
    throw new ImageFailure('unsupported-format', `found ${foreign}`, { format: foreign });
  }
  if (fileType === undefined) {
    throw new ImageFailure('not-an-image', 'expected the signature of an image, found none');
  }
  if (fileType === 'tiff') {
    if (!limits.tiff) {
      const detail = 'found TIFF, the parameter TIFF is false';
      throw new ImageFailure('unsupported-format', detail, { format: 'TIFF' });
    }
    enableTiff();
  }
  if (fileType === 'heif') return readHeifHeader(bytes, limits);
  const file = checkStructure(bytes, fileType, limits.maxPixels);
  // No pixel limit here: checkPixels below reports the exact number.
  const metadata = await toImageFailure(openImage(file.bytes, 0).metadata(), 'damaged-image');
  if (metadata.format !== fileType) {
    throw new ImageFailure('not-an-image', `expected ${fileType}, found ${metadata.format}`);
  }
  checkPixels(metadata, limits.maxPixels);
  const animation = readAnimation(metadata, limits);
  const pixels = readPixelFormat(metadata);
  return {
    type: fileType,
    ...file,
    size: { width: metadata.autoOrient.width, height: metadata.autoOrient.height },
    ...(animation && { animation }),
    ...(pixels && { pixels }),
    color:
      fileType === 'png'
        ? readPngColor(file.bytes)
        : { ...(metadata.icc && { icc: metadata.icc }) },
  };
}

/** Everything is read from the boxes: libheif sees only the file that readHeif writes. */
function readHeifHeader(bytes: Buffer, limits: UploadLimits): Header {
  const heif = readHeif(bytes, limits.maxPixels);
  if (heif.type === 'heic' && !limits.heic) {
    throw new ImageFailure('heic-off', 'found HEIC, the parameter HEIC is false');
  }
  return {
    type: heif.type,
    bytes: heif.file,
    size: heif.size,
    pixels: {
      model: heif.isGray ? 'gray' : 'rgb',
      bits: decodedBits(heif),
      ...(heif.isLimitedGray && { isLimited: true }),
    },
    color: heifDescription(heif.color),
    heif,
  };
}

/**
 * The formats that libvips names by `space` and `depth`.
 * @throws ImageFailure for spaces of 8 and 16 bits with other depths: libvips does not scale them to 8 bits
 */
function readPixelFormat({ space, depth, channels }: Metadata): PixelFormat | undefined {
  const model = MODELS[space];
  const bits = depth === 'uchar' ? 8 : depth === 'ushort' ? 16 : undefined;
  if (model && !bits) {
    const detail = `found TIFF with samples of type ${depth}`;
    const kind = 'TIFF with samples other than 8 and 16 bits';
    throw new ImageFailure('unsupported-format', detail, { format: kind });
  }
  const isPlain = model !== 'cmyk' || (bits === 8 && channels === 4);
  return model && bits && isPlain ? { model, bits } : undefined;
}

/** https://www.libvips.org/API/current/enum.Interpretation.html */
const MODELS: Partial<Record<string, ColorModel>> = {
  srgb: 'rgb',
  rgb16: 'rgb',
  'b-w': 'gray',
  grey16: 'gray',
  cmyk: 'cmyk',
};

/** @returns undefined for still images, and for animations that are reduced to their first frame */
function readAnimation(metadata: Metadata, { animated }: UploadLimits): Animation | undefined {
  const { format, pages = 1, width, height, delay = [], loop = 0, orientation = 1 } = metadata;
  if (!animated || pages < 2 || !['gif', 'webp'].includes(format)) return undefined;
  // Encoders write no orientation into animations, so the pipeline does not rotate frames.
  if (pages > MAX_FRAMES || width * height * pages > MAX_ANIMATION_PIXELS || orientation > 1) {
    return undefined;
  }
  return {
    frames: pages,
    delay: Array.from({ length: pages }, (_, i) => {
      const milliseconds = delay[i] ?? 0;
      return milliseconds > MAX_REPLACED_DELAY ? milliseconds : DEFAULT_DELAY;
    }),
    loop: loop > MAX_LOOP ? 0 : loop,
  };
}

/** The most that WebP holds. GIF holds 65,535 repeats, which are one more. */
const MAX_LOOP = 65_535;

/** Browsers and libvips show a frame with a delay up to this, milliseconds, for DEFAULT_DELAY. */
const MAX_REPLACED_DELAY = 10;
const DEFAULT_DELAY = 100;
