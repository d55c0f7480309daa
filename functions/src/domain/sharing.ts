/**
 * Transitions of shares and of the default token, as pure functions of what a transaction has read. The store
 * of the shares writes their result in the same transaction.
 */
import { SharingFailure } from '../errors.js';
import type { ImageRecord, ShareRecord, TokenRecord } from './records.js';
import { servedGeneration } from './transitions.js';
import type { Owner } from './path.js';

/** Milliseconds since 1970, or the time of the commit. */
export type Moment = number | 'now';

/** The most shares of one image that have not expired. */
export const MAX_SHARES_PER_IMAGE = 20;
/** How long the record of an ended share is kept, milliseconds. */
const KEPT_AFTER_END_MS = 30 * 24 * 60 * 60 * 1000;

/** What the owner asks for. */
export interface ShareRequest {
  imageId: string;
  /** Chosen by the client, so that a repeated call finds the share. */
  shareId: string;
  /** Seconds; null: never. */
  expiresIn: number | null;
  label?: string;
  /** Names of variants; absent: all. */
  variants?: string[];
  /** Whether the share record is to be without the token. */
  showOnce?: boolean;
}

/** A field that is absent stays; `variants: null` allows all variants, an empty label removes it. */
export interface ShareChanges {
  expiresIn?: number | null;
  label?: string;
  variants?: string[] | null;
}

/** A token record as far as sharing needs it. */
export type TokenSummary = Pick<TokenRecord<number>, 'kind' | 'shareId' | 'expiresAt'>;

/** What a transaction has read about an image. */
export interface SharedImage {
  owner: Owner;
  /** Document path of the image record. */
  path: string;
  image: ImageRecord<number> | undefined;
  /** The image's token records by hash. */
  tokens: ReadonlyMap<string, TokenSummary>;
  /** `image` of the default token's record. */
  shown: TokenRecord['image'] | undefined;
}

export interface SharingContext {
  /** Milliseconds since 1970. */
  clock: number;
  revocationSeconds: number;
  /** The bucket of the renditions; absent: that of the original. */
  variantsBucket?: string | undefined;
}

/** What a transaction writes. */
export interface SharingWrites {
  share?: { id: string; record: ShareRecord<Moment> };
  /** A new token record. */
  token?: { hash: string; record: TokenRecord<Moment> };
  /** Fields of an existing token record; undefined removes one. */
  changedToken?: {
    hash: string;
    fields: {
      label?: string | undefined;
      variants?: string[] | undefined;
      expiresAt?: number | undefined;
    };
  };
  deletedTokens?: string[];
  /** Fields of the image record. */
  image?: {
    token: string;
    previousToken: { revokedAt: Moment; revocationSeconds: number };
    updatedAt: Moment;
  };
}

/** When the URLs of an ended share stop working everywhere, milliseconds since 1970. */
export function deadBy({
  revokedAt = 0,
  revocationSeconds = 0,
  expiresAt = Infinity,
}: Pick<ShareRecord<number>, 'revokedAt' | 'revocationSeconds' | 'expiresAt'>): number {
  return Math.min(revokedAt + revocationSeconds * 1000, expiresAt);
}

/**
 * Creates a share, or finds the one that an earlier call has created.
 * @param token a new token, and its hash
 * @throws SharingFailure `other-image`, `no-image`, `image-failed` or `too-many-shares`
 */
export function createShare(
  request: ShareRequest,
  stored: ShareRecord<number> | undefined,
  read: SharedImage,
  token: { text: string; hash: string },
  context: SharingContext,
): { share: ShareRecord<Moment>; writes: SharingWrites } {
  const { imageId, shareId, expiresIn, label, variants, showOnce = false } = request;
  if (stored !== undefined) {
    if (stored.imageId !== imageId) throw new SharingFailure('other-image');
    return { share: stored, writes: {} };
  }
  const { clock, variantsBucket } = context;
  const image = shareableImage(read.image);
  const expired = [...read.tokens].filter(([, summary]) => hasExpired(summary, clock));
  checkCount(read.tokens, clock);
  const expiresAt = expiryOf(expiresIn, clock);
  const common = {
    ...(label !== undefined && label !== '' && { label }),
    ...(variants && { variants }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  const share: ShareRecord<Moment> = {
    imageId,
    state: 'active',
    ...(!showOnce && { token: token.text }),
    tokenHash: token.hash,
    ...common,
    ...(expiresAt !== undefined && { deleteAt: expiresAt + KEPT_AFTER_END_MS }),
    createdAt: 'now',
    updatedAt: 'now',
  };
  const shown = shownImage(image, read.shown, variantsBucket);
  const record: TokenRecord<Moment> = {
    ...read.owner,
    imagePath: read.path,
    kind: 'share',
    shareId,
    ...common,
    createdAt: 'now',
    ...(shown && { image: shown }),
  };
  return {
    share,
    writes: {
      share: { id: shareId, record: share },
      token: { hash: token.hash, record },
      deletedTokens: expired.map(([hash]) => hash),
    },
  };
}

/**
 * Changes the expiry, the label or the variants of a share; its URL stays the same.
 * @returns the new record, and when what it no longer allows is dead everywhere, milliseconds since 1970; the time
 *   is absent when the share allows at least what it did
 * @throws SharingFailure `no-share` when it does not exist, was revoked, or expired so long ago that its token
 *   record was deleted; `too-many-shares`
 */
export function updateShare(
  id: string,
  changes: ShareChanges,
  stored: ShareRecord<number> | undefined,
  tokens: SharedImage['tokens'],
  { clock, revocationSeconds }: SharingContext,
): { share: ShareRecord<Moment>; writes: SharingWrites; deadBy?: number } {
  const summary = stored && tokens.get(stored.tokenHash);
  if (stored?.state !== 'active' || summary === undefined) throw new SharingFailure('no-share');
  const { label = stored.label, variants = stored.variants } = changes;
  const { expiresIn } = changes;
  const expiresAt = expiresIn === undefined ? stored.expiresAt : expiryOf(expiresIn, clock);
  if (hasExpired(stored, clock) && expiresIn !== undefined) checkCount(tokens, clock);
  const fields = {
    label: label === '' ? undefined : label,
    variants: variants ?? undefined,
    expiresAt,
  };
  const { imageId, state, token, tokenHash, createdAt } = stored;
  const share: ShareRecord<Moment> = {
    imageId,
    state,
    ...(token !== undefined && { token }),
    tokenHash,
    ...defined(fields),
    ...(expiresAt !== undefined && { deleteAt: expiresAt + KEPT_AFTER_END_MS }),
    createdAt,
    updatedAt: 'now',
  };
  const writes = { share: { id, record: share }, changedToken: { hash: tokenHash, fields } };
  const before = lastExpiry(stored, revocationSeconds);
  // Responses in caches were made with the previous expiry.
  const cachedUntil = Math.min(clock + revocationSeconds * 1000, before);
  const ends = [
    ...(isNarrower(fields.variants, stored.variants) ? [cachedUntil] : []),
    ...(expiresIn !== undefined && expiresAt !== undefined && expiresAt < before
      ? [Math.max(expiresAt, cachedUntil)]
      : []),
  ];
  return { share, writes, ...(ends.length > 0 && { deadBy: Math.max(...ends) }) };
}

/**
 * Revokes a share.
 * @returns `writes` is empty when it was revoked before
 * @throws SharingFailure `no-share`
 */
export function revokeShare(
  id: string,
  stored: ShareRecord<number> | undefined,
  { clock, revocationSeconds }: SharingContext,
): { share: ShareRecord<Moment>; writes: SharingWrites } {
  if (stored === undefined) throw new SharingFailure('no-share');
  if (stored.state === 'revoked') return { share: stored, writes: {} };
  const { expiresAt } = stored;
  const share: ShareRecord<Moment> = {
    ...stored,
    state: 'revoked',
    revokedAt: 'now',
    revocationSeconds,
    deleteAt: clock + KEPT_AFTER_END_MS,
    updatedAt: 'now',
  };
  delete share.token;
  // Without an expiry, the end is that of the bound.
  if (expiresAt !== lastExpiry(stored, revocationSeconds)) delete share.expiresAt;
  return {
    share,
    writes: { share: { id, record: share }, deletedTokens: [stored.tokenHash] },
  };
}

/**
 * Replaces the default token.
 * @param seen the token that is to be replaced; if it no longer is the default token, nothing is written
 * @param previous its hash
 * @param token a new token, and its hash
 * @throws SharingFailure `no-image`, or `image-failed` when the image has no token
 */
export function rotateToken(
  seen: string,
  previous: string,
  read: SharedImage,
  token: { text: string; hash: string },
  { revocationSeconds, variantsBucket }: SharingContext,
): SharingWrites {
  const { image } = read;
  if (image === undefined) throw new SharingFailure('no-image');
  if (image.token === '') throw new SharingFailure('image-failed');
  if (image.token !== seen) return {};
  const shown = shownImage(image, read.shown, variantsBucket);
  const record: TokenRecord<Moment> = {
    ...read.owner,
    imagePath: read.path,
    kind: 'default',
    createdAt: 'now',
    ...(shown && { image: shown }),
  };
  return {
    token: { hash: token.hash, record },
    deletedTokens: [previous],
    image: {
      token: token.text,
      previousToken: { revokedAt: 'now', revocationSeconds },
      updatedAt: 'now',
    },
  };
}

/** Share records and share tokens of an image that do not agree, by their ids. */
export interface ShareFaults {
  /** Active shares that have not expired and whose token record was deleted. */
  sharesWithoutToken: string[];
  /** Token records of `sharing` that no active share names: their owner can't revoke them. */
  tokensWithoutShare: string[];
}

/**
 * Compares the share records and the token records of an image.
 * @param shares the active ones
 * @param clock milliseconds since 1970
 */
export function findShareFaults(
  shares: ReadonlyMap<string, ShareRecord<number>>,
  tokens: SharedImage['tokens'],
  clock: number,
): ShareFaults {
  const sharesWithoutToken = [...shares]
    .filter(([, share]) => !tokens.has(share.tokenHash) && !hasExpired(share, clock))
    .map(([id]) => id);
  const named = new Set([...shares.values()].map(({ tokenHash }) => tokenHash));
  const tokensWithoutShare = [...tokens]
    .filter(([hash, { shareId }]) => shareId !== undefined && !named.has(hash))
    .map(([hash]) => hash);
  return { sharesWithoutToken, tokensWithoutShare };
}

/**
 * Makes the records agree. Never creates a token record: a token whose record was deleted stays revoked.
 * @param shares the active ones
 */
export function repairShares(
  shares: ReadonlyMap<string, ShareRecord<number>>,
  tokens: SharedImage['tokens'],
  context: SharingContext,
): SharingWrites[] {
  const faults = findShareFaults(shares, tokens, context.clock);
  return [
    ...faults.sharesWithoutToken.map((id) => revokeShare(id, shares.get(id), context).writes),
    ...faults.tokensWithoutShare.map((hash) => ({ deletedTokens: [hash] })),
  ];
}

/** @throws SharingFailure unless the image has renditions, or is being processed */
function shareableImage(image: ImageRecord<number> | undefined): ImageRecord<number> {
  if (image === undefined) throw new SharingFailure('no-image');
  if (image.state === 'failed' && image.variants === undefined) {
    throw new SharingFailure('image-failed');
  }
  return image;
}

function checkCount(tokens: SharedImage['tokens'], clock: number): void {
  const shares = [...tokens.values()].filter(({ kind }) => kind === 'share');
  const unexpired = shares.filter((share) => !hasExpired(share, clock));
  if (unexpired.length >= MAX_SHARES_PER_IMAGE) {
    throw new SharingFailure('too-many-shares', { limit: MAX_SHARES_PER_IMAGE });
  }
}

function hasExpired({ expiresAt = Infinity }: { expiresAt?: number }, clock: number): boolean {
  return expiresAt <= clock;
}

function expiryOf(expiresIn: number | null, clock: number): number | undefined {
  return expiresIn === null ? undefined : clock + expiresIn * 1000;
}

/**
 * When the last of the responses expires that were made with a share, milliseconds since 1970: some may have been made
 * before its last change, with a later expiry, and be cached until the bound after it.
 */
function lastExpiry(
  { expiresAt = Infinity, createdAt, updatedAt }: ShareRecord<number>,
  revocationSeconds: number,
): number {
  const wasChanged = updatedAt > createdAt;
  return wasChanged ? Math.max(expiresAt, updatedAt + revocationSeconds * 1000) : expiresAt;
}

/** Whether `after` lacks a variant that `before` allowed; undefined allows all. */
function isNarrower(after: string[] | undefined, before: string[] | undefined): boolean {
  if (after === undefined) return false;
  return before === undefined || before.some((name) => !after.includes(name));
}

/**
 * What a new token serves: the renditions of the default token. If that token's record was deleted by hand, those
 * that the image record names; an attempt that is finishing replaces them in its last transaction.
 */
function shownImage(
  image: ImageRecord<number>,
  shown: TokenRecord['image'] | undefined,
  bucket = image.original.bucket,
): TokenRecord['image'] | undefined {
  if (image.state === 'held') return undefined;
  if (shown !== undefined) return shown;
  const { variants, placeholder } = image;
  const generation = servedGeneration(image);
  if (variants === undefined || placeholder === undefined || generation === undefined) {
    return undefined;
  }
  const renditions = toRenditions(variants);
  return { attempt: 'copied', bucket, generation, placeholder, renditions };
}

/** Variants of an image record, as token records have them. */
export function toRenditions(
  variants: NonNullable<ImageRecord['variants']>,
): NonNullable<TokenRecord['image']>['renditions'] {
  return Object.fromEntries(
    Object.entries(variants).map(([name, { formats, ...size }]) => [name, { ...size, ...formats }]),
  );
}

/** The fields that are not undefined. */
function defined<T extends object>(fields: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Name in keyof T]?: NonNullable<T[Name]>;
  };
}
