/**
 * The fields of an image record that clients use. A copy of the types in
 * `functions/src/domain/records.ts`, so that this package does not depend on the functions;
 * records.test.ts compares the two.
 */

/** `held`: someone reviews the image first; until then its URLs answer 404. */
export type ImageState = 'processing' | 'ready' | 'failed' | 'held';

/** A format of renditions. */
export type Format = 'avif' | 'webp' | 'jpeg' | 'png';

/** Data to display before the image has loaded. */
export interface Placeholder {
  /** ThumbHash of the whole image, base64. See https://evanw.github.io/thumbhash/ */
  thumbhash: string;
  /** Dominant color of the whole image, `#rrggbb`. */
  color: string;
}

/** One encoded file: a variant in one format. */
export interface RenditionInfo {
  /** Object name in the bucket; clients cannot read the object. */
  object: string;
  bytes: number;
  /** Strong entity tag, including the quotes (RFC 9110 section 8.8.3). */
  etag: string;
}

export interface VariantInfo {
  /** Pixels. */
  width: number;
  height: number;
  /** Present when the variant shows only a part of the image. */
  cropped?: true;
  /** Present when the variant shows more or less than the image: its effects, such as `blur=20`. */
  altered?: string;
  formats: Partial<Record<Format, RenditionInfo>>;
}

/** A point of an image: 0 is the left or the top edge, 1 the right or the bottom one. */
export interface Point {
  x: number;
  y: number;
}

export interface OriginalInfo {
  bucket: string;
  name: string;
  /** Cloud Storage generation, a decimal string; too large for a JavaScript number. */
  generation: string;
  contentType: string;
  bytes: number;
  /** Pixels, with EXIF orientation applied; absent until the file has been decoded. */
  width?: number;
  height?: number;
  /** The focal point, which variants with `:focal` are cropped around. */
  focus?: Point;
  /** Present when the functions have deleted the object: its owner has too many images. */
  deleted?: true;
}

/** The document `users/{uid}/images/{imageId}`; only its owner may read it. `Time` is the SDK's timestamp type. */
export interface ImageRecord<Time = unknown> {
  state: ImageState;
  original: OriginalInfo;
  /** The default public token; empty while `error.code` is `too-many-images`. */
  token: string;
  variants?: Record<string, VariantInfo>;
  placeholder?: Placeholder;
  /** Present when `state` is `failed`; `message` can be displayed to the user. */
  error?: { code: string; message: string };
  /** Present after the default token was replaced: the URLs of the previous one end within the bound. */
  previousToken?: { revokedAt: Time; revocationSeconds: number };
  createdAt: Time;
  updatedAt: Time;
}

/**
 * The document `users/{uid}/imageShares/{shareId}`: a share token; only its owner may read it.
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
  /** When Firestore deletes this record: 30 days after the share has ended. */
  deleteAt?: Time;
  createdAt: Time;
  updatedAt: Time;
}
