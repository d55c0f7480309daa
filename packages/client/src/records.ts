/**
 * The part of an image record that a client needs, as `functions/src/domain/records.ts` writes it. It
 * is repeated here so that the package needs nothing else; records.test.ts compares the two types.
 */
import type { RENDITION_FORMATS } from './formats.js';

/** A format that a rendition can have. */
export type Format = keyof typeof RENDITION_FORMATS;

/** What a page can show before the image has loaded. */
export interface Placeholder {
  /** ThumbHash of the whole image, base64. See https://evanw.github.io/thumbhash/ */
  thumbhash: string;
  /** Dominant color of the whole image, `#rrggbb`. */
  color: string;
}

/** One rendition as the owner sees it. */
export interface RenditionInfo {
  /** Name of the object in the bucket; not readable by clients. */
  object: string;
  bytes: number;
  /** Strong entity tag, quotes included (RFC 9110 section 8.8.3). */
  etag: string;
}

export interface VariantInfo {
  /** Pixels. */
  width: number;
  height: number;
  /** Set when the variant shows only a part of the image. */
  cropped?: true;
  formats: Partial<Record<Format, RenditionInfo>>;
}

export interface OriginalInfo {
  bucket: string;
  name: string;
  /** Cloud Storage generation, decimal; too large for a JavaScript number. */
  generation: string;
  contentType: string;
  bytes: number;
  /** Pixels, after EXIF orientation; absent until the file has been decoded. */
  width?: number;
  height?: number;
}

/** `users/{uid}/images/{imageId}`: only its owner may read it. `Time` is the SDK's timestamp type. */
export interface ImageRecord<Time = unknown> {
  state: 'processing' | 'ready' | 'failed';
  original: OriginalInfo;
  /** The default public token. */
  token: string;
  variants?: Record<string, VariantInfo>;
  placeholder?: Placeholder;
  /** Only when `state` is `failed`; `message` is a sentence for a person. */
  error?: { code: string; message: string };
  createdAt: Time;
  updatedAt: Time;
}
