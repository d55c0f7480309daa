/**
 * The two kinds of record in Firestore, as plain types. `Time` is whatever the reader's SDK gives for
 * a timestamp: a Timestamp from the Admin SDK, a Timestamp from the web SDK.
 */
import type { Format } from './format.js';

export type ImageState = 'processing' | 'ready' | 'failed';

/** What a page can show before any pixel has arrived. */
export interface Placeholder {
  /** ThumbHash of the whole picture, base64. See https://evanw.github.io/thumbhash/ */
  thumbhash: string;
  /** Dominant colour of the whole picture, `#rrggbb`. */
  color: string;
}

export interface OriginalInfo {
  bucket: string;
  name: string;
  /** Decimal, as Cloud Storage counts generations; it does not fit a JavaScript number. */
  generation: string;
  contentType: string;
  bytes: number;
  /** Pixels, after EXIF orientation; absent until the file has been decoded. */
  width?: number;
  height?: number;
}

export interface RenditionInfo {
  /** Name of the object in the bucket. */
  object: string;
  bytes: number;
  /** Strong entity tag of the bytes, quotes included (RFC 9110 section 8.8.3). */
  etag: string;
}

export interface VariantInfo {
  /** Pixels. */
  width: number;
  height: number;
  /** Whether it shows a part of the picture only; absent: the whole. */
  cropped?: true;
  formats: Partial<Record<Format, RenditionInfo>>;
}

/** `users/{uid}/images/{imageId}`: the owner may read it, nobody may write it. */
export interface ImageRecord<Time = unknown> {
  state: ImageState;
  original: OriginalInfo;
  /** The default public token. */
  token: string;
  variants?: Record<string, VariantInfo>;
  placeholder?: Placeholder;
  /** Only when `state` is `failed`; `message` is a sentence for a person. */
  error?: { code: string; message: string };
  /** The parameters that `variants`, or the failure, came of: see settings.ts. */
  settings?: string;
  /** Only while something is being made: whoever is at it. Nobody else may say how it ended. */
  attempt?: string;
  createdAt: Time;
  updatedAt: Time;
}

export type TokenVariant = {
  /** Pixels. */
  width: number;
  height: number;
  /** Whether it shows a part of the picture only; absent: the whole. */
  cropped?: true;
} & Partial<Record<Format, RenditionInfo>>;

/** `imageTokens/{hash}`: nobody may read it; it holds all that a view needs. */
export interface TokenRecord<Time = unknown> {
  uid: string;
  imageId: string;
  /** Path of the image record: by this one field all tokens of an image are found. */
  imagePath: string;
  kind: 'default' | 'share';
  label?: string;
  /** The names this token may show; absent means all. */
  variants?: string[];
  expiresAt?: Time;
  createdAt: Time;
  /** Absent until the first rendition is there: the token shows nothing yet. */
  image?: {
    /** The attempt that made it. */
    attempt: string;
    bucket: string;
    generation: string;
    placeholder: Placeholder;
    renditions: Record<string, TokenVariant>;
  };
}
