/** Records in Firestore: image records and token records. */
import { randomBytes } from 'node:crypto';
import {
  FieldValue,
  type CollectionReference,
  type DocumentReference,
  type Firestore,
  type Timestamp,
  type Transaction,
} from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { attemptId, runningRange } from '../domain/attempt-id.js';
import { fillTemplate, isDocumentId, type Owner } from '../domain/path.js';
import type { ImageRecord, TokenRecord } from '../domain/records.js';
import type { SettingsHashes } from '../domain/settings.js';
import { hashToken, mintToken } from '../domain/token.js';
import { DELETES_PER_COMMIT, SHARE_DELETES_PER_COMMIT, updatesPerCommit } from './commit-limits.js';
import { pageOf, SERVER_TIME, toMilliseconds, type Page } from './documents.js';
import { openImageCounter } from './image-counter.js';
import { sharesCollection } from './shares.js';
import {
  beginAttempt,
  failAttempt,
  finishAttempt,
  isRemoved,
  recognizedRecord,
  refusalOf,
  refuseUpload,
  releaseAttempt,
  type EndState,
  type ProcessingFailure,
  type AttemptPlan,
  type ProcessingResult,
  type Refusal,
  type Removal,
} from '../domain/transitions.js';

/**
 * - an attempt: its id; `current`, the generation of the renditions that are served; `isAllowed`, whether the upload is
 *   `ready`, so that the content filter need not be asked; `triedAt`, when the previous
 *   attempt for this upload began, if one began and did not end, milliseconds since 1970
 * - `done`: this upload is already `ready` or `failed` (the event was delivered twice)
 * - `stale`: a newer upload has been recorded
 * - `busy`: an attempt for an older upload of this image may still be running
 * - a refusal: its owner has too many images; the failure is recorded
 */
export type AttemptStart =
  | {
      attempt: string;
      hasStaleRenditions: boolean;
      current?: string;
      isAllowed?: true;
      triedAt?: number;
    }
  | 'done'
  | 'stale'
  | 'busy'
  | Refusal;

/** All records of an image. Times are milliseconds since 1970. */
export interface ImageRecords {
  image?: ImageRecord<number>;
  /** By token hash. */
  tokens: Map<string, TokenRecord<number>>;
}

/** A token record's id, and the image it belongs to. */
export interface ListedToken extends Owner {
  hash: string;
  /** Whether its `imagePath` does not match IMAGES_COLLECTION, so that no query by image finds it. */
  isElsewhere: boolean;
  /** Whether `sharing` created it, with a share record. */
  hasShare: boolean;
}

export interface Records {
  /**
   * Begins an attempt, with one read when there is nothing to do. For a new image it creates the default token;
   * if the image record was deleted by hand, it deletes the previous default token. With a quota, an upload that
   * would exceed it is recorded as failed instead, in the same transaction.
   */
  begin(owner: Owner, plan: AttemptPlan): Promise<AttemptStart>;
  /**
   * Writes the image record and all its token records in one transaction. If the image has more tokens than
   * fit in one commit, uses several transactions; the last one writes the image record.
   * @param state `held`: the token records show nothing
   * @returns false when a newer upload or attempt has begun, or the image was deleted
   */
  finish(
    owner: Owner,
    attempt: string,
    result: ProcessingResult,
    settings: Pick<SettingsHashes, 'renditions'>,
    state?: 'ready' | 'held',
  ): Promise<boolean>;
  /**
   * Records a failure in the image record.
   * @returns the state of the record, or undefined where `finish` returns false
   */
  fail(
    owner: Owner,
    attempt: string,
    failure: ProcessingFailure,
    settings: SettingsHashes,
  ): Promise<EndState | undefined>;
  /**
   * Ends an attempt that has no result; does nothing when a newer upload or attempt has begun.
   * @param mayHaveWritten whether it, or one before it, may have written renditions
   */
  release(owner: Owner, attempt: string, mayHaveWritten: boolean): Promise<void>;
  /** Attempts of a user that may be running, the earliest first: at most `limit`, one query. */
  runningAttempts(uid: string, limit: number): Promise<string[]>;
  /** Ends an attempt whose process has died; the renditions of earlier attempts stay. */
  abandon(owner: Owner, attempt: string): Promise<void>;
  /** Gets the image record: one read. */
  findImage(owner: Owner): Promise<ImageRecord<number> | undefined>;
  /** Gets the image record and all its token records. */
  find(owner: Owner): Promise<ImageRecords>;
  /**
   * Deletes the image record, all its token records and its share records.
   * @returns false when a newer upload has been recorded, or the refusal of this one; then nothing was deleted
   */
  remove(owner: Owner, removal: Removal): Promise<boolean>;
  /** Deletes what is stored about a user besides the records of images and shares. */
  forgetUser(uid: string): Promise<void>;
  /** Owners of image records, of one user or of all. A page may be empty although another follows. */
  listImages(limit: number, after?: string, uid?: string): Promise<Page<Owner>>;
  /** Token records, of one user or of all, ordered by hash. */
  listTokens(limit: number, after?: string, uid?: string): Promise<Page<ListedToken>>;
  deleteToken(hash: string): Promise<void>;
}

/** @param clock milliseconds since 1970; dates the ids of attempts */
export function openRecords(
  firestore: Firestore,
  config: Pick<
    Config,
    'imagesCollection' | 'tokensCollection' | 'sharesCollection' | 'jobsCollection'
  >,
  clock: () => number = Date.now,
): Records {
  const tokens = firestore.collection(config.tokensCollection) as CollectionReference<
    TokenRecord<Timestamp>
  >;
  const imagesOf = (uid: string) =>
    firestore.collection(fillTemplate(config.imagesCollection, { uid })) as CollectionReference<
      ImageRecord<Timestamp>
    >;
  const imageOf = ({ uid, imageId }: Owner) => imagesOf(uid).doc(imageId);
  const counter = openImageCounter(firestore, config.jobsCollection);
  const tokensOf = (image: DocumentReference) => tokens.where('imagePath', '==', image.path);
  const sharesOf = ({ uid, imageId }: Owner) =>
    sharesCollection(firestore, config, uid).where('imageId', '==', imageId);
  const now = SERVER_TIME;

  async function readImage(
    transaction: Transaction,
    image: DocumentReference<ImageRecord<Timestamp>>,
  ) {
    return (await transaction.get(image)).data();
  }

  /**
   * Finds default tokens without an image record. They exist only if the image record was deleted by hand;
   * nobody could find or revoke them anymore.
   */
  async function findOrphanedTokens(transaction: Transaction, image: DocumentReference) {
    const { docs } = await transaction.get(tokensOf(image).select('kind'));
    return docs.filter((token) => token.get('kind') === 'default');
  }

  return {
    begin: (owner, plan) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const stored = await readImage(transaction, image);
        const start = clock();
        const attempt = attemptId(start, randomBytes(6).toString('base64url'));
        const ids = { attempt, token: mintToken() };
        const transition = beginAttempt(stored, plan, ids, now, start);
        if (typeof transition === 'string') return transition;
        const quota = transition.isNew ? plan.quota : undefined;
        if (quota !== undefined) {
          const images = imagesOf(owner.uid);
          if (!(await counter.hasFewer(transaction, owner.uid, images, quota.maxImages))) {
            const record = refuseUpload(stored, plan, quota, now);
            transaction.set(image, record);
            return refusalOf(record);
          }
        }
        const orphanedTokens = transition.isNew ? await findOrphanedTokens(transaction, image) : [];
        for (const token of orphanedTokens) transaction.delete(token.ref);
        if (quota !== undefined) counter.markAdded(transaction, owner.uid);
        transaction.set(image, transition.record);
        // A token record is only created together with its token: a token whose record was deleted stays
        // revoked, whatever is uploaded later.
        if (transition.isNew) {
          transaction.set(tokens.doc(hashToken(ids.token)), {
            ...owner,
            imagePath: image.path,
            kind: 'default',
            createdAt: now,
          });
        }
        const { current, isAllowed } = transition;
        const hasStaleRenditions = transition.hasStaleRenditions || orphanedTokens.length > 0;
        const triedAt = transition.triedAt?.toMillis();
        return {
          attempt: ids.attempt,
          hasStaleRenditions,
          ...(current !== undefined && { current }),
          ...(isAllowed && { isAllowed }),
          ...(triedAt !== undefined && { triedAt }),
        };
      }),

    async finish(owner, attempt, result, settings, state = 'ready') {
      const image = imageOf(owner);
      const { generation } = result.original;
      const { variantsBucket: bucket, placeholder, renditions } = result;
      const tokenImage = { attempt, bucket, generation, placeholder, renditions };
      // Tokens that did not fit in the previous transactions.
      let remaining: DocumentReference[] = [];
      for (;;) {
        let next = remaining;
        const isDone = await firestore.runTransaction(async (transaction) => {
          const stored = await readImage(transaction, image);
          const record = finishAttempt(stored, attempt, result, settings, now, state);
          if (record === undefined) return false;
          const limit = updatesPerCommit(tokenImage, stored);
          const batch = remaining.slice(0, limit);
          const snapshots =
            batch.length > 0
              ? await transaction.getAll(...batch, { fieldMask: ['image.attempt'] })
              : (await transaction.get(tokensOf(image).select('image.attempt'))).docs;
          const outdated = snapshots.filter(
            (token) =>
              token.exists &&
              token.get('image.attempt') !== (state === 'held' ? undefined : attempt),
          );
          for (const { ref } of outdated.slice(0, limit)) {
            transaction.update(ref, { image: state === 'held' ? FieldValue.delete() : tokenImage });
          }
          // After the last batch the query runs again: it finds tokens that were created meanwhile.
          if (batch.length > 0) next = remaining.slice(limit);
          else if (outdated.length > limit) next = outdated.slice(limit).map(({ ref }) => ref);
          else {
            transaction.set(image, record);
            return true;
          }
          return undefined;
        });
        if (isDone !== undefined) return isDone;
        remaining = next;
      }
    },

    fail: (owner, attempt, failure, settings) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const stored = await readImage(transaction, image);
        const record = failAttempt(stored, attempt, failure, settings, now);
        if (record) transaction.set(image, record);
        return record?.state;
      }),

    release: (owner, attempt, mayHaveWritten) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const stored = await readImage(transaction, image);
        const record = releaseAttempt(stored, attempt, mayHaveWritten);
        if (record) transaction.set(image, record);
      }),

    async runningAttempts(uid, limit) {
      const { from, to } = runningRange(clock());
      const { docs } = await imagesOf(uid)
        .where('attempt', '>=', from)
        .where('attempt', '<', to)
        .orderBy('attempt')
        .limit(limit)
        .select('attempt')
        .get();
      return docs.map((image) => image.get('attempt') as string);
    },

    abandon: (owner, attempt) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        if ((await readImage(transaction, image))?.attempt !== attempt) return;
        transaction.update(image, { attempt: FieldValue.delete() });
      }),

    async findImage(owner) {
      const image = (await imageOf(owner).get()).data();
      return image && toMilliseconds(image);
    },

    async find(owner) {
      const image = imageOf(owner);
      const [snapshot, existing] = await Promise.all([image.get(), tokensOf(image).get()]);
      const record = snapshot.data();
      return {
        ...(record && { image: toMilliseconds(record) }),
        tokens: new Map(existing.docs.map((token) => [token.id, toMilliseconds(token.data())])),
      };
    },

    async remove(owner, removal) {
      const image = imageOf(owner);
      for (;;) {
        const isDone = await firestore.runTransaction(async (transaction) => {
          const stored = recognizedRecord(await readImage(transaction, image));
          if (!isRemoved(stored, removal)) return false;
          const query = tokensOf(image)
            .select('kind')
            .limit(DELETES_PER_COMMIT + 1);
          const { docs } = await transaction.get(query);
          const sharesQuery = sharesOf(owner)
            .select()
            .limit(SHARE_DELETES_PER_COMMIT + 1);
          const { docs: shares } = await transaction.get(sharesQuery);
          const isLastBatch =
            docs.length <= DELETES_PER_COMMIT && shares.length <= SHARE_DELETES_PER_COMMIT;
          // The default token and the image record are deleted together: an upload in between finds either
          // both or neither.
          const batch = isLastBatch
            ? docs
            : docs.filter((token) => token.get('kind') !== 'default');
          const deleted = [
            ...batch.slice(0, DELETES_PER_COMMIT),
            ...shares.slice(0, SHARE_DELETES_PER_COMMIT),
          ];
          for (const { ref } of deleted) transaction.delete(ref);
          if (!isLastBatch) return undefined;
          // A document that something else wrote is kept.
          if (stored !== undefined) transaction.delete(image);
          return true;
        });
        if (isDone !== undefined) return isDone;
      }
    },

    forgetUser: (uid) => counter.forget(uid),

    async listImages(limit, after, uid) {
      const { segments } = config.imagesCollection;
      const collection =
        uid === undefined ? firestore.collectionGroup(segments.at(-1) as string) : imagesOf(uid);
      const query = collection.select('original.generation');
      const page = await pageOf(firestore, query, limit, after);
      const owners = page.items.flatMap((snapshot) => {
        const { ref } = snapshot;
        if (!recognizedRecord(snapshot.data() as ImageRecord)) return [];
        const path = ref.path.split('/');
        const matchesTemplate =
          path.length === segments.length + 1 &&
          segments.every((segment, index) => segment === '{uid}' || segment === path[index]);
        const uidIndex = segments.indexOf('{uid}');
        return matchesTemplate ? [{ uid: path[uidIndex] as string, imageId: ref.id }] : [];
      });
      return { ...page, items: owners };
    },

    async listTokens(limit, after, uid) {
      const selected = uid === undefined ? tokens : tokens.where('uid', '==', uid);
      const query = selected.select('uid', 'imageId', 'imagePath', 'shareId');
      const page = await pageOf(firestore, query, limit, after);
      const items = page.items.map((token) => {
        const owner = { uid: String(token.get('uid')), imageId: String(token.get('imageId')) };
        const isValid = isDocumentId(owner.uid) && isDocumentId(owner.imageId);
        const isElsewhere = !isValid || token.get('imagePath') !== imageOf(owner).path;
        const hasShare = token.get('shareId') !== undefined;
        return { ...owner, hash: token.id, isElsewhere, hasShare };
      });
      return { ...page, items };
    },

    async deleteToken(hash) {
      await tokens.doc(hash).delete();
    },
  };
}
