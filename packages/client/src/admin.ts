/**
 * For servers with the Admin SDK: what owners do with the function `sharing`, for any user, and what only a server can
 * do. The transactions are those of the functions, bundled into this entry.
 */
import type { Firestore } from 'firebase-admin/firestore';
import {
  assertId,
  isSealed,
  isToken,
  openAdminSharing,
  openSealed,
  seal as sealGrant,
  SHARING_FAILURES,
  SharingFailure,
} from '../../../functions/src/sharing/admin-sharing.js';
import { toImage, toShare, type Image, type Share } from './documents.js';
import { openErrors } from './errors.js';
import { fillPath, newImageId } from './paths.js';
import { toGrant, type SealOptions } from './seal-options.js';
import {
  fromCallError,
  openShareCalls,
  type CreatedShare,
  type NewShare,
  type ShareChanges,
} from './share-calls.js';
import { variantUrl, widthUrl } from './urls.js';

export type { Image, Share } from './documents.js';
export { ImagesError, type ImagesErrorCode } from './errors.js';
export type { SealOptions, SealPublicKeys } from './seal-options.js';
export type { CreatedShare, NewShare, ShareChanges } from './share-calls.js';

/** The parameters of the functions; all but `firestore` and `baseUrl` have the functions' defaults. */
export interface AdminImagesOptions {
  /** `getFirestore()` of `firebase-admin/firestore`, of the database that the functions use. */
  firestore: Firestore;
  /** The URL up to the token: PUBLIC_BASE_URL. */
  baseUrl: string;
  /** The deployed REVOCATION_SECONDS, for `deadBy`; 60 by default. */
  revocationSeconds?: number | undefined;
  /** The deployed IMAGES_COLLECTION; `users/{uid}/images` by default. */
  imagesCollection?: string | undefined;
  /** The deployed SHARES_COLLECTION; `users/{uid}/imageShares` by default. */
  sharesCollection?: string | undefined;
  /** The deployed TOKENS_COLLECTION; `imageTokens` by default. */
  tokensCollection?: string | undefined;
  /** The deployed VARIANTS_BUCKET; the bucket of the originals by default. */
  variantsBucket?: string | undefined;
  /** The deployed SEALING_KEYS, and with it `bucket`: then `find` and `revoke` take sealed links, too. */
  sealingKeys?: string | undefined;
  /** The deployed BUCKET; only for `sealingKeys`. */
  bucket?: string | undefined;
}

/** What a public URL belongs to. */
export interface FoundToken {
  uid: string;
  imageId: string;
  /** `default`: the token that every image has. */
  kind: 'default' | 'share';
  /** Of a share that `createShare` or the function `sharing` has made. */
  shareId?: string;
  label?: string;
  /** Names of the variants that it gives access to; absent: all. */
  variants?: string[];
  /** Absent: it never ends. */
  expiresAt?: Date;
  createdAt: Date;
}

/**
 * All of these reject with an ImagesError, whose `cause` is the error of Firestore if that failed. `deadBy` is when URLs
 * have stopped working everywhere. Nothing checks who asks: that is for the caller.
 */
export interface AdminImages {
  get(uid: string, imageId: string): Promise<Image | undefined>;
  /** The images of a user, newest first: 100 by default. `after`: the id of the last image of the previous page. */
  list(uid: string, options?: { limit?: number; after?: string }): Promise<Image[]>;
  /** The shares of a user, newest first: 100 by default; or all of one image. */
  listShares(uid: string, options?: { imageId?: string; limit?: number }): Promise<Share[]>;
  /**
   * Finds the owner and the image of a public URL or token, for example of one that was reported. Of a sealed link, the
   * option `sealingKeys` is needed; `variants` and `expiresAt` are those of its token.
   * @returns undefined when the token is not known: it was revoked, or never existed
   */
  find(url: string): Promise<FoundToken | undefined>;
  /** SHARE_MAX_DAYS does not apply. */
  createShare(uid: string, share: NewShare): Promise<CreatedShare>;
  /** The URL stays the same. `deadBy`: when what the link no longer allows has stopped working. */
  updateShare(
    uid: string,
    shareId: string,
    changes: ShareChanges,
  ): Promise<{ expiresAt?: Date; deadBy?: Date }>;
  /** Empty when the share no longer exists. */
  revokeShare(uid: string, shareId: string): Promise<{ revokedAt?: Date; deadBy?: Date }>;
  /** Replaces the default token of an image. */
  rotateToken(uid: string, imageId: string): Promise<{ token: string; deadBy: Date }>;
  /**
   * Ends one public URL, and with it all URLs with its token: revokes the share, or replaces the default token.
   * @returns undefined when the token is not known
   */
  revoke(url: string): Promise<(FoundToken & { deadBy: Date }) | undefined>;
  /**
   * Revokes the shares of all images of a user, or of one, and replaces the default tokens: after an account was
   * disabled, or a phone was lost. May be repeated after an error.
   */
  revokeAll(uid: string, imageId?: string): Promise<{ images: number; deadBy: Date }>;
  /**
   * Publishes an image that the content filter (FILTER_URL) holds. To refuse it, delete its original: the functions delete
   * the rest. May be repeated after an error.
   * @param generation of the upload that was looked at, as the event `onHeld` and the image record have it: an upload
   *   over it stays held. Absent: whatever upload is held now
   * @returns false when that upload is not held, or an upload over it is being processed
   */
  release(uid: string, imageId: string, generation?: string): Promise<boolean>;
  /** Returns the public URL of a variant, or of the narrowest one with that many pixels of width. */
  url(image: { token: string }, variant: string | number): string;
}

const MAX_LISTED = 100;

/**
 * Makes a sealed token, which takes the place of the token in every URL: see the entry `/seal`, which does the same in
 * browsers.
 *
 * @param options the token, the public keys and the limits
 * @returns `sps_…`
 * @throws TypeError when an option is not valid
 */
export function seal(options: SealOptions): Promise<string> {
  return new Promise((resolve) => resolve(sealGrant(toGrant(options), options.publicKeys)));
}

/**
 * Opens the records of the functions for a server.
 *
 * @param options the deployed parameters
 * @throws TypeError when a collection has no `{uid}`
 */
export function createAdminImages({
  firestore,
  baseUrl,
  revocationSeconds = 60,
  imagesCollection = 'users/{uid}/images',
  sharesCollection = 'users/{uid}/imageShares',
  tokensCollection = 'imageTokens',
  variantsBucket,
  sealingKeys = '',
  bucket = '',
}: AdminImagesOptions): AdminImages {
  const errors = openErrors();
  const sharing = openAdminSharing(firestore, {
    imagesCollection,
    sharesCollection,
    tokensCollection,
    revocationSeconds,
    variantsBucket,
  });

  /** Rejects with an ImagesError. */
  async function attempt<Result>(action: () => Promise<Result>): Promise<Result> {
    try {
      return await action();
    } catch (error) {
      throw fromCallError(errors, asCallError(error));
    }
  }
  const callsOf = (uid: string) =>
    openShareCalls(
      {
        uid: () => uid,
        call: async (data) => {
          try {
            return await sharing.run(uid, data);
          } catch (error) {
            throw asCallError(error);
          }
        },
      },
      errors,
      newImageId,
    );
  function collectionOf(path: string, uid: string) {
    assertId('uid', uid);
    return firestore.collection(fillPath(path, uid));
  }
  function imageOf(uid: string, imageId: string) {
    assertId('imageId', imageId);
    return collectionOf(imagesCollection, uid).doc(imageId);
  }
  const get = (uid: string, imageId: string) =>
    attempt(async () => {
      const snapshot = await imageOf(uid, imageId).get();
      return snapshot.exists ? toImage(imageId, snapshot.data()) : undefined;
    });

  /** The token in a URL, and what it belongs to. */
  async function findToken(url: string): Promise<{ token: string; found: FoundToken } | undefined> {
    const part = url.split(/[/?#]/).find((text) => isToken(text) || isSealed(text));
    const token = part && isSealed(part) ? openSealed(part, sealingKeys, bucket) : part;
    const record = token === undefined ? undefined : await sharing.findToken(token);
    if (token === undefined || record === undefined) return undefined;
    const { uid, imageId, kind, shareId, label, variants, expiresAt, createdAt } = record;
    const found: FoundToken = {
      uid,
      imageId,
      kind,
      ...(shareId !== undefined && { shareId }),
      ...(label !== undefined && { label }),
      ...(variants && { variants }),
      ...(expiresAt && { expiresAt: expiresAt.toDate() }),
      createdAt: createdAt.toDate(),
    };
    return { token, found };
  }

  /** @returns when its URLs are dead everywhere */
  async function revokeToken(token: string, { uid, imageId, kind, shareId }: FoundToken) {
    if (kind === 'default') {
      return (await callsOf(uid).rotateToken({ id: imageId, token })).deadBy;
    }
    const revoked = shareId === undefined ? {} : await callsOf(uid).revoke(shareId);
    // Made by hand, or its share record was deleted by hand.
    return revoked.deadBy ?? new Date(await sharing.deleteToken(token));
  }

  return {
    get,
    list: (uid, { limit = MAX_LISTED, after } = {}) =>
      attempt(async () => {
        const images = collectionOf(imagesCollection, uid);
        let query = images.orderBy('createdAt', 'desc').limit(limit);
        if (after !== undefined) query = query.startAfter(await imageOf(uid, after).get());
        return (await query.get()).docs.map((image) => toImage(image.id, image.data()));
      }),
    listShares: (uid, { imageId, limit = MAX_LISTED } = {}) =>
      attempt(async () => {
        const shares = collectionOf(sharesCollection, uid);
        const query =
          imageId === undefined
            ? shares.orderBy('createdAt', 'desc').limit(limit)
            : // An order beside a filter would need a composite index.
              shares.where('imageId', '==', imageId);
        const { docs } = await query.get();
        return docs
          .map((share) => toShare(share.id, share.data()))
          .sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
      }),
    find: (url) => attempt(async () => (await findToken(url))?.found),
    createShare: (uid, share) => callsOf(uid).create(share),
    updateShare: (uid, shareId, changes) => callsOf(uid).update(shareId, changes),
    revokeShare: (uid, shareId) => callsOf(uid).revoke(shareId),
    async rotateToken(uid, imageId) {
      const image = await get(uid, imageId);
      if (!image) throw fromCallError(errors, asCallError(new SharingFailure('no-image')));
      return callsOf(uid).rotateToken(image);
    },
    revoke: (url) =>
      attempt(async () => {
        const known = await findToken(url);
        return known && { ...known.found, deadBy: await revokeToken(known.token, known.found) };
      }),
    revokeAll: (uid, imageId) =>
      attempt(async () => {
        if (imageId === undefined) {
          const { images, deadBy } = await sharing.revokeUser(uid);
          return { images, deadBy: new Date(deadBy) };
        }
        const { deadBy = new Date() } = await callsOf(uid).revokeAll(imageId);
        return { images: 1, deadBy };
      }),
    release: (uid, imageId, generation) => attempt(() => sharing.release(uid, imageId, generation)),
    url: ({ token }, variant) =>
      typeof variant === 'number'
        ? widthUrl(baseUrl, token, variant)
        : variantUrl(baseUrl, token, variant),
  };
}

/** Converts a failure of the transactions to the error that a call of the function has. */
function asCallError(error: unknown): unknown {
  if (!(error instanceof SharingFailure)) return error;
  const { reason, details } = error;
  const issues = details.issues?.map(({ path, message }) => `${path}: ${message}`);
  const message = issues?.join('; ') ?? SHARING_FAILURES[reason].publicMessage;
  return Object.assign(new Error(message, { cause: error }), { details: { reason, ...details } });
}
