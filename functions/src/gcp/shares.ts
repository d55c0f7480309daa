/** Shares and the default token in Firestore: each operation of the owner is one transaction. */
import {
  FieldValue,
  type CollectionReference,
  type DocumentReference,
  type Firestore,
  type QuerySnapshot,
  type Timestamp,
  type Transaction,
} from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { fillTemplate, isDocumentId, type Owner } from '../domain/path.js';
import type { ImageRecord, ShareRecord, TokenRecord } from '../domain/records.js';
import {
  createShare,
  deadBy,
  repairShares,
  revokeShare,
  rotateToken,
  updateShare,
  type Moment,
  type SharedImage,
  type ShareChanges,
  type ShareRequest,
  type SharingContext,
  type SharingWrites,
  type TokenSummary,
} from '../domain/sharing.js';
import { hashToken, mintToken } from '../domain/token.js';
import { recognizedRecord } from '../domain/transitions.js';
import { SharingFailure } from '../errors.js';
import { pageOf, SERVER_TIME, toMilliseconds, toTimestamps, type Page } from './documents.js';

/** Times are milliseconds since 1970; `deadBy` is when the URLs have stopped working everywhere. */
export interface Shares {
  /**
   * Creates a share, or finds the one that an earlier call has created.
   * @throws SharingFailure `no-image`, `image-failed`, `other-image`, `too-many-shares`
   */
  create(uid: string, request: ShareRequest): Promise<{ token?: string; expiresAt?: number }>;
  /** @throws SharingFailure `no-share`, `too-many-shares` */
  update(
    uid: string,
    shareId: string,
    changes: ShareChanges,
  ): Promise<{ expiresAt?: number; deadBy?: number }>;
  /** @throws SharingFailure `no-share` */
  revoke(
    uid: string,
    shareId: string,
  ): Promise<{ imageId: string; revokedAt: number; deadBy: number }>;
  /**
   * Replaces the default token.
   * @param seen the token to replace; if another call has replaced it, that call's token is returned
   * @throws SharingFailure `no-image`, `image-failed`
   */
  rotate(owner: Owner, seen: string): Promise<{ token: string; deadBy: number }>;
  /**
   * Revokes the shares of an image and replaces its default token, if they were created before a time.
   * @returns the number of shares
   * @throws SharingFailure `no-image`
   */
  revokeAll(owner: Owner, before: number): Promise<{ shares: number; deadBy: number }>;
  /** Active shares of an image by id; expired ones too. */
  ofImage(owner: Owner): Promise<Map<string, ShareRecord<number>>>;
  /**
   * Revokes the shares of an image whose token record was deleted, and deletes share tokens without a share: see
   * `repairShares`.
   */
  repair(owner: Owner): Promise<void>;
  /** Share records, of one user or of all, ordered by path. */
  list(limit: number, after?: string, uid?: string): Promise<Page<ListedShare>>;
}

export interface ListedShare {
  uid: string;
  shareId: string;
  share: ShareRecord<number>;
}

/** Shares that are revoked in one transaction: two writes each. */
const SHARES_PER_COMMIT = 200;

export type SharesConfig = Pick<
  Config,
  'imagesCollection' | 'tokensCollection' | 'sharesCollection' | 'revocationSeconds'
> & {
  /** Absent: that of the original. */
  variantsBucket?: string | undefined;
};

/** @param clock milliseconds since 1970 */
export function openShares(
  firestore: Firestore,
  config: SharesConfig,
  clock: () => number = Date.now,
): Shares {
  const { revocationSeconds, variantsBucket } = config;
  const tokens = firestore.collection(config.tokensCollection) as CollectionReference<
    TokenRecord<Timestamp>
  >;
  const sharesOf = (uid: string) => sharesCollection(firestore, config, uid);
  const imageOf = ({ uid, imageId }: Owner) =>
    firestore.collection(fillTemplate(config.imagesCollection, { uid })).doc(imageId);
  const activeShares = ({ uid, imageId }: Owner) =>
    sharesOf(uid).where('imageId', '==', imageId).where('state', '==', 'active');
  const contextOf = (): SharingContext => ({ clock: clock(), revocationSeconds, variantsBucket });

  async function readShare(
    transaction: Transaction,
    reference: DocumentReference<ShareRecord<Timestamp>>,
  ): Promise<ShareRecord<number> | undefined> {
    const share = (await transaction.get(reference)).data();
    return share && toMilliseconds(share);
  }

  async function readTokens(
    transaction: Transaction,
    path: string,
  ): Promise<SharedImage['tokens']> {
    const query = tokens.where('imagePath', '==', path).select('kind', 'shareId', 'expiresAt');
    const { docs } = await transaction.get(query);
    return new Map(docs.map((token) => [token.id, toMilliseconds(token.data()) as TokenSummary]));
  }

  /** Reads the image record, the default token's record and, if they are needed, the other token records. */
  async function readImage(
    transaction: Transaction,
    owner: Owner,
    needsTokens: boolean,
  ): Promise<SharedImage> {
    const reference = imageOf(owner);
    const { path } = reference;
    const stored = (await transaction.get(reference)).data() as ImageRecord<Timestamp> | undefined;
    const image = recognizedRecord(stored && toMilliseconds(stored));
    if (image === undefined) return { owner, path, image, tokens: new Map(), shown: undefined };
    const defaultToken = image.token === '' ? undefined : tokens.doc(hashToken(image.token));
    const shown = defaultToken && (await transaction.get(defaultToken)).data()?.image;
    const read = needsTokens ? await readTokens(transaction, path) : new Map<string, never>();
    return { owner, path, image, tokens: read, shown };
  }

  function apply(
    transaction: Transaction,
    { owner, path }: Pick<SharedImage, 'path'> & { owner: { uid: string } },
    { share, token, changedToken, deletedTokens = [], image }: SharingWrites,
  ): void {
    if (share) transaction.set(sharesOf(owner.uid).doc(share.id), toTimestamps(share.record));
    if (token) transaction.create(tokens.doc(token.hash), toTimestamps(token.record));
    if (changedToken) {
      const { label, variants, expiresAt } = changedToken.fields;
      const removed = FieldValue.delete();
      transaction.update(tokens.doc(changedToken.hash), {
        label: label ?? removed,
        variants: variants ?? removed,
        expiresAt: removed,
        ...(expiresAt !== undefined && toTimestamps({ expiresAt })),
      });
    }
    for (const hash of deletedTokens) transaction.delete(tokens.doc(hash));
    if (image) {
      const { revocationSeconds: seconds } = image.previousToken;
      const previousToken = { revokedAt: SERVER_TIME, revocationSeconds: seconds };
      transaction.update(firestore.doc(path), {
        token: image.token,
        previousToken,
        updatedAt: SERVER_TIME,
      });
    }
  }

  /** The time after the commit: never earlier than the commit itself. */
  const timeOf = (moment: Moment | undefined) => (moment === 'now' ? clock() : moment);

  return {
    async create(uid, request) {
      const text = mintToken();
      const token = { text, hash: hashToken(text) };
      const share = await firestore.runTransaction(async (transaction) => {
        const owner = { uid, imageId: request.imageId };
        const stored = await readShare(transaction, sharesOf(uid).doc(request.shareId));
        const read = await readImage(transaction, owner, true);
        const created = createShare(request, stored, read, token, contextOf());
        apply(transaction, read, created.writes);
        const isNew = created.writes.share !== undefined;
        return { ...created.share, ...(isNew && { token: text }) };
      });
      const expiresAt = timeOf(share.expiresAt);
      return {
        ...(share.token !== undefined && { token: share.token }),
        ...(expiresAt !== undefined && { expiresAt }),
      };
    },

    async update(uid, shareId, changes) {
      const { share, deadBy: end } = await firestore.runTransaction(async (transaction) => {
        const stored = await readShare(transaction, sharesOf(uid).doc(shareId));
        const { path } = imageOf({ uid, imageId: stored?.imageId ?? '-' });
        const read =
          stored === undefined ? new Map<string, never>() : await readTokens(transaction, path);
        const updated = updateShare(shareId, changes, stored, read, contextOf());
        apply(transaction, { owner: { uid }, path }, updated.writes);
        return updated;
      });
      const expiresAt = timeOf(share.expiresAt);
      return {
        ...(expiresAt !== undefined && { expiresAt }),
        ...(end !== undefined && { deadBy: end }),
      };
    },

    async revoke(uid, shareId) {
      const share = await firestore.runTransaction(async (transaction) => {
        const stored = await readShare(transaction, sharesOf(uid).doc(shareId));
        const revoked = revokeShare(shareId, stored, contextOf());
        apply(transaction, { owner: { uid }, path: '' }, revoked.writes);
        return revoked.share;
      });
      const revokedAt = timeOf(share.revokedAt) ?? clock();
      const expiresAt = timeOf(share.expiresAt);
      const { revocationSeconds: seconds = revocationSeconds } = share;
      const ended = {
        revokedAt,
        revocationSeconds: seconds,
        ...(expiresAt !== undefined && { expiresAt }),
      };
      return { imageId: share.imageId, revokedAt, deadBy: deadBy(ended) };
    },

    async rotate(owner, seen) {
      const text = mintToken();
      const token = { text, hash: hashToken(text) };
      const { current, previous } = await firestore.runTransaction(async (transaction) => {
        const read = await readImage(transaction, owner, false);
        const writes = rotateToken(seen, hashToken(seen), read, token, contextOf());
        apply(transaction, read, writes);
        const isRotated = writes.image !== undefined;
        return isRotated
          ? { current: text, previous: undefined }
          : { current: read.image?.token ?? '', previous: read.image?.previousToken };
      });
      const ended = previous ?? { revokedAt: clock(), revocationSeconds };
      return { token: current, deadBy: deadBy(ended) };
    },

    async revokeAll(owner, before) {
      let shares = 0;
      let after: string | undefined;
      do {
        const batch = await firestore.runTransaction(async (transaction) => {
          const read = await readImage(transaction, owner, false);
          if (read.image === undefined) throw new SharingFailure('no-image');
          let query = activeShares(owner).orderBy('__name__').limit(SHARES_PER_COMMIT);
          if (after !== undefined) query = query.startAfter(after);
          const { docs } = await transaction.get(query);
          const last = docs.length === SHARES_PER_COMMIT ? docs.at(-1)?.id : undefined;
          const { token: seen } = read.image;
          const defaultToken =
            seen === '' ? undefined : await transaction.get(tokens.doc(hashToken(seen)));
          const isOld = (defaultToken?.data()?.createdAt.toMillis() ?? 0) < before;
          const active = docs.map((share) => [share.id, toMilliseconds(share.data())] as const);
          const revoked = active.filter(([, { createdAt }]) => createdAt < before);
          for (const [id, share] of revoked) {
            apply(transaction, read, revokeShare(id, share, contextOf()).writes);
          }
          if (last === undefined && defaultToken && isOld) {
            const text = mintToken();
            const token = { text, hash: hashToken(text) };
            apply(transaction, read, rotateToken(seen, hashToken(seen), read, token, contextOf()));
          }
          return { count: revoked.length, last };
        });
        shares += batch.count;
        after = batch.last;
      } while (after !== undefined);
      return { shares, deadBy: deadBy({ revokedAt: clock(), revocationSeconds }) };
    },

    ofImage: async (owner) => byId(await activeShares(owner).get()),

    repair: (owner) =>
      firestore.runTransaction(async (transaction) => {
        const { path } = imageOf(owner);
        const shares = byId(await transaction.get(activeShares(owner)));
        const writes = repairShares(shares, await readTokens(transaction, path), contextOf());
        // What does not fit is found, and repaired, the next time.
        for (const one of writes.slice(0, SHARES_PER_COMMIT)) {
          apply(transaction, { owner, path }, one);
        }
      }),

    async list(limit, after, uid) {
      const { segments } = config.sharesCollection;
      const query =
        uid === undefined ? firestore.collectionGroup(segments.at(-1) as string) : sharesOf(uid);
      const page = await pageOf(firestore, query, limit, after);
      const uidIndex = segments.indexOf('{uid}');
      const items = page.items.flatMap((snapshot) => {
        const path = snapshot.ref.path.split('/');
        const isShare =
          path.length === segments.length + 1 &&
          segments.every((segment, index) => segment === '{uid}' || segment === path[index]) &&
          isDocumentId(String(snapshot.get('imageId')));
        const share = toMilliseconds(snapshot.data() as ShareRecord<Timestamp>);
        return isShare ? [{ uid: path[uidIndex] as string, shareId: snapshot.id, share }] : [];
      });
      return { ...page, items };
    },
  };
}

function byId({ docs }: QuerySnapshot<ShareRecord<Timestamp>>): Map<string, ShareRecord<number>> {
  return new Map(docs.map((share) => [share.id, toMilliseconds(share.data())]));
}

/** The share records of a user. */
export function sharesCollection(
  firestore: Firestore,
  config: Pick<Config, 'sharesCollection'>,
  uid: string,
): CollectionReference<ShareRecord<Timestamp>> {
  const path = fillTemplate(config.sharesCollection, { uid });
  return firestore.collection(path) as CollectionReference<ShareRecord<Timestamp>>;
}
