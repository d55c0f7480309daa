/**
 * The two kinds of Firestore records, as plain types. `Time` is the timestamp type of the reader's SDK: the
 * Admin SDK's `Timestamp`, the web SDK's `Timestamp`, or milliseconds.
 */
import type { Format } from './format.js';
import type { Point } from './variant.js';

/** `held`: the content filter wants somebody to look at it first; no token shows anything. */
export type ImageState = 'processing' | 'ready' | 'failed' | 'held';

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
  /** The focal point that the client stated, and that the variants with `:focal` were cropped around. */
  focus?: Point;
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
  /** Present when the variant shows more or less than the original: its effects, such as `blur=20`. */
  altered?: string;
  formats: Partial<Record<Format, RenditionInfo>>;
}

/** `users/{uid}/images/{imageId}`: the owner may read it, no client may write it. */
export interface ImageRecord<Time = unknown> {
  state: ImageState;
  original: OriginalInfo;
  /** The default public token; empty while `error.code` is `too-many-images`. */
  token: string;
  variants?: Record<string, VariantInfo>;
  /** Renditions that were made on demand (WIDTHS), by width in pixels. */
  widths?: Record<string, VariantInfo>;
  placeholder?: Placeholder;
  /** Present when `state` is `failed`; `message` is written for the user. */
  error?: { code: string; message: string };
  /** Hash of the parameters that `variants`, or the failure, resulted from: see settings.ts. */
  settings?: string;
  /** Id of the current attempt, while one is running. Only that attempt may write its result. */
  attempt?: string;
  /** Present after the default token was replaced: the URLs of the previous one end within the bound. */
  previousToken?: { revokedAt: Time; revocationSeconds: number };
  createdAt: Time;
  updatedAt: Time;
}

export type TokenVariant = {
  /** Pixels. */
  width: number;
  height: number;
  /** Present when the variant shows only a part of the original. */
  cropped?: true;
  /** Present when the variant shows more or less than the original: its effects, such as `blur=20`. */
  altered?: string;
} & Partial<Record<Format, RenditionInfo>>;

/** `imageTokens/{hash}`: no client may read it; it holds everything that serving a request needs. */
export interface TokenRecord<Time = unknown> {
  uid: string;
  imageId: string;
  /** Path of the image record; the query for all tokens of an image filters by this field. */
  imagePath: string;
  kind: 'default' | 'share';
  /** Document id of the share record; only of a share token that `sharing` created. */
  shareId?: string;
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
    /** Renditions that were made on demand (WIDTHS), by width in pixels; those that a view of this token asked for. */
    widths?: Record<string, TokenVariant>;
  };
}

/**
 * `users/{uid}/imageShares/{shareId}`: a share token as its owner sees it. The owner may read it, no client may
 * write it.
 */
export interface ShareRecord<Time = unknown> {
  imageId: string;
  /** Stays `active` at expiry: compare `expiresAt` with the time. */
  state: 'active' | 'revoked';
  /** The share token; absent once it is revoked, and if it was to be shown only once. */
  token?: string;
  /** Document id of the token record. */
  tokenHash: string;
  label?: string;
  /** Names of the variants that the share gives access to; absent: all. */
  variants?: string[];
  expiresAt?: Time;
  /** When the token record was deleted, and the bound at that time, seconds. */
  revokedAt?: Time;
  revocationSeconds?: number;
  /** When Firestore deletes this record (time to live): 30 days after the share has ended. */
  deleteAt?: Time;
  createdAt: Time;
  updatedAt: Time;
}
