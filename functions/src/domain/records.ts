/**
 * The two kinds of Firestore records, as plain types. `Time` is the timestamp type of the reader's SDK: the
 * Admin SDK's `Timestamp`, the web SDK's `Timestamp`, or milliseconds.
 */
import type { Format } from './format.js';

export type ImageState = 'processing' | 'ready' | 'failed';

/** What a page can show before the image has loaded. */
export interface Placeholder {
  /** ThumbHash of the whole image, base64. See https://evanw.github.io/thumbhash/ */
  thumbhash: string;
  /** Dominant color of the whole image, `#rrggbb`. */
  color: string;
}

export interface OriginalInfo {
  bucket: string;
  name: string;
  /** Cloud Storage generation, decimal. A string, because it may exceed a JavaScript number. */
  generation: string;
  contentType: string;
  bytes: number;
  /** Pixels, EXIF orientation applied; absent until the file has been decoded. */
  width?: number;
  height?: number;
  /** Present when the functions have deleted the object, or are about to: its owner has too many images. */
  deleted?: true;
}

export interface RenditionInfo {
  /** Object name in the bucket. */
  object: string;
  bytes: number;
  /** Strong entity tag of the bytes, quotes included (RFC 9110 section 8.8.3). */
  etag: string;
}

export interface VariantInfo {
  /** Pixels. */
  width: number;
  height: number;
  /** Present when the variant shows only a part of the original. */
  cropped?: true;
  formats: Partial<Record<Format, RenditionInfo>>;
}

/** `users/{uid}/images/{imageId}`: the owner may read it, no client may write it. */
export interface ImageRecord<Time = unknown> {
  state: ImageState;
  original: OriginalInfo;
  /** The default public token; empty while `error.code` is `too-many-images`. */
  token: string;
  variants?: Record<string, VariantInfo>;
  placeholder?: Placeholder;
  /** Present when `state` is `failed`; `message` is written for the user. */
  error?: { code: string; message: string };
  /** Hash of the parameters that `variants`, or the failure, resulted from: see settings.ts. */
  settings?: string;
  /** Id of the current attempt, while one is running. Only that attempt may write its result. */
  attempt?: string;
  createdAt: Time;
  updatedAt: Time;
}

export type TokenVariant = {
  /** Pixels. */
  width: number;
  height: number;
  /** Present when the variant shows only a part of the original. */
  cropped?: true;
} & Partial<Record<Format, RenditionInfo>>;

/** `imageTokens/{hash}`: no client may read it; it holds everything that serving a request needs. */
export interface TokenRecord<Time = unknown> {
  uid: string;
  imageId: string;
  /** Path of the image record; the query for all tokens of an image filters by this field. */
  imagePath: string;
  kind: 'default' | 'share';
  label?: string;
  /** Names of the variants this token gives access to; absent: all. */
  variants?: string[];
  expiresAt?: Time;
  createdAt: Time;
  /** Absent until the first renditions are written; the token serves nothing until then. */
  image?: {
    /** Id of the attempt that wrote the renditions. */
    attempt: string;
    bucket: string;
    generation: string;
    placeholder: Placeholder;
    renditions: Record<string, TokenVariant>;
  };
}
