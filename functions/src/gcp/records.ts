/** Records in Firestore: an image's own, and those of its tokens. */
import { randomBytes } from 'node:crypto';
import {
  FieldPath,
  FieldValue,
  type CollectionReference,
  type DocumentReference,
  type Firestore,
  type Query,
  type QueryDocumentSnapshot,
  type Timestamp,
  type Transaction,
} from 'firebase-admin/firestore';
import type { Config } from '../config/config.js';
import { fillTemplate, isDocumentId, type Owner } from '../domain/path.js';
import type { ImageRecord, TokenRecord } from '../domain/records.js';
import type { SettingsHashes } from '../domain/settings.js';
import { hashToken, mintToken } from '../domain/token.js';
import { DELETES_PER_COMMIT, updatesPerCommit } from './commit-limits.js';
import {
  beginAttempt,
  compareGenerations,
  failAttempt,
  finishAttempt,
  recognizedRecord,
  type ProcessingFailure,
  type AttemptPlan,
  type ProcessingResult,
} from '../domain/transitions.js';

/**
 * - an attempt: what follows is to be told its id. `triedAt`: when this upload was tried before, if it was,
 *   and has not ended, milliseconds since 1970
 * - `done`: this upload has ended before (the event came twice)
 * - `stale`: a newer upload has been seen
 */
export type AttemptStart =
  { attempt: string; hasStaleRenditions: boolean; triedAt?: number } | 'done' | 'stale';

/** All that is recorded of an image. Times are milliseconds since 1970. */
export interface ImageRecords {
  image?: ImageRecord<number>;
  /** By hash. */
  tokens: Map<string, TokenRecord<number>>;
}

/** Which token record, and of which image. */
export interface ListedToken extends Owner {
  hash: string;
  /** Whether it names an image record that is none by the parameters: no image's tokens are found by it. */
  isElsewhere: boolean;
}

/** Some of many, and where to go on; without `next` they were the last. */
export interface Page<T> {
  items: T[];
  next?: string;
}

export interface Records {
  /**
   * Costs one read when there is nothing to do. Mints and records the token of a new image, and
   * deletes the one before it of an image whose record was deleted by hand.
   */
  begin(owner: Owner, plan: AttemptPlan): Promise<AttemptStart>;
  /**
   * Writes the image record and all its tokens' records at once; those of an image with more tokens
   * than one commit takes follow one another, the image record comes last.
   * @returns false when a newer upload or attempt has taken over, or the image was deleted
   */
  finish(
    owner: Owner,
    attempt: string,
    result: ProcessingResult,
    settings: SettingsHashes,
  ): Promise<boolean>;
  /** Tells the owner why there is nothing to see; false as for `finish`. */
  fail(
    owner: Owner,
    attempt: string,
    failure: ProcessingFailure,
    settings: SettingsHashes,
  ): Promise<boolean>;
  /** Ends an attempt whose process must have died; what can be seen stays. */
  abandon(owner: Owner, attempt: string): Promise<void>;
  /** The image record alone: one read. */
  findImage(owner: Owner): Promise<ImageRecord<number> | undefined>;
  find(owner: Owner): Promise<ImageRecords>;
  /**
   * Deletes the image record and all its tokens' records.
   * @param newest the newest generation that is known to be gone; absent: whatever is there
   * @returns false when a newer upload has been seen: nothing was deleted
   */
  remove(owner: Owner, newest: string | undefined): Promise<boolean>;
  /** Owners of image records; of one user, or all. A page may have none, and another behind it. */
  listImages(limit: number, after?: string, uid?: string): Promise<Page<Owner>>;
  /** Token records; of one user, or all. In no order that means anything. */
  listTokens(limit: number, after?: string, uid?: string): Promise<Page<ListedToken>>;
  deleteToken(hash: string): Promise<void>;
}

type Stored<T> = DocumentReference<T>;

export function openRecords(
  firestore: Firestore,
  config: Pick<Config, 'imagesCollection' | 'tokensCollection'>,
): Records {
  const tokens = firestore.collection(config.tokensCollection) as CollectionReference<
    TokenRecord<Timestamp>
  >;
  const imagesOf = (uid: string) =>
    firestore.collection(fillTemplate(config.imagesCollection, { uid })) as CollectionReference<
      ImageRecord<Timestamp>
    >;
  const imageOf = ({ uid, imageId }: Owner) => imagesOf(uid).doc(imageId);
  const tokensOf = (image: Stored<unknown>) => tokens.where('imagePath', '==', image.path);
  // Becomes a Timestamp as it is written.
  const now = FieldValue.serverTimestamp() as unknown as Timestamp;

  async function readImage(transaction: Transaction, image: Stored<ImageRecord<Timestamp>>) {
    return (await transaction.get(image)).data();
  }

  /**
   * The tokens that are named in an image's record, not by its owner. Before that record is written
   * there are some only if it was deleted by hand: nobody would know them any more, nor could revoke them.
   */
  async function ownTokens(transaction: Transaction, image: Stored<unknown>) {
    const { docs } = await transaction.get(tokensOf(image).select('kind'));
    return docs.filter((token) => token.get('kind') === 'default');
  }

  return {
    begin: (owner, plan) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const ids = { attempt: randomBytes(9).toString('base64url'), token: mintToken() };
        const begun = beginAttempt(await readImage(transaction, image), plan, ids, now);
        if (typeof begun === 'string') return begun;
        const strays = begun.isNew ? await ownTokens(transaction, image) : [];
        for (const stray of strays) transaction.delete(stray.ref);
        transaction.set(image, begun.record);
        // Minted and recorded at once, and never recorded again: a token whose record was deleted
        // stays dead, whatever is uploaded later.
        if (begun.isNew) {
          transaction.set(tokens.doc(hashToken(ids.token)), {
            ...owner,
            imagePath: image.path,
            kind: 'default',
            createdAt: now,
          });
        }
        const hasStaleRenditions = begun.hasStaleRenditions || strays.length > 0;
        const triedAt = begun.triedAt?.toMillis();
        return {
          attempt: ids.attempt,
          hasStaleRenditions,
          ...(triedAt !== undefined && { triedAt }),
        };
      }),

    async finish(owner, attempt, result, settings) {
      const image = imageOf(owner);
      const { bucket, generation } = result.original;
      const { placeholder, renditions } = result;
      const shown = { attempt, bucket, generation, placeholder, renditions };
      // Of an image with many tokens: those that are still to be written before the last transaction.
      let rest: DocumentReference[] = [];
      for (;;) {
        let next = rest;
        const isDone = await firestore.runTransaction(async (transaction) => {
          const before = await readImage(transaction, image);
          const record = finishAttempt(before, attempt, result, settings, now);
          if (record === undefined) return false;
          const most = updatesPerCommit(shown, before?.variants);
          const some = rest.slice(0, most);
          const found =
            some.length > 0
              ? await transaction.getAll(...some, { fieldMask: ['image.attempt'] })
              : (await transaction.get(tokensOf(image).select('image.attempt'))).docs;
          const behind = found.filter(
            (token) => token.exists && token.get('image.attempt') !== attempt,
          );
          for (const { ref } of behind.slice(0, most)) transaction.update(ref, { image: shown });
          if (some.length > 0) next = rest.slice(most);
          else if (behind.length > most) next = behind.slice(most).map(({ ref }) => ref);
          else {
            transaction.set(image, record);
            return true;
          }
          return undefined;
        });
        if (isDone !== undefined) return isDone;
        rest = next;
      }
    },

    fail: (owner, attempt, failure, settings) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        const before = await readImage(transaction, image);
        const record = failAttempt(before, attempt, failure, settings, now);
        if (record) transaction.set(image, record);
        return record !== undefined;
      }),

    abandon: (owner, attempt) =>
      firestore.runTransaction(async (transaction) => {
        const image = imageOf(owner);
        if ((await readImage(transaction, image))?.attempt !== attempt) return;
        transaction.update(image, { attempt: FieldValue.delete() });
      }),

    async findImage(owner) {
      const image = (await imageOf(owner).get()).data();
      return image && inMilliseconds(image);
    },

    async find(owner) {
      const image = imageOf(owner);
      const [found, existing] = await Promise.all([image.get(), tokensOf(image).get()]);
      const record = found.data();
      return {
        ...(record && { image: inMilliseconds(record) }),
        tokens: new Map(existing.docs.map((token) => [token.id, inMilliseconds(token.data())])),
      };
    },

    async remove(owner, newest) {
      const image = imageOf(owner);
      for (;;) {
        const isDone = await firestore.runTransaction(async (transaction) => {
          const before = recognizedRecord(await readImage(transaction, image));
          if (before !== undefined && newest !== undefined) {
            if (compareGenerations(before.original, { generation: newest }) > 0) return false;
          }
          const some = tokensOf(image)
            .select('kind')
            .limit(DELETES_PER_COMMIT + 1);
          const { docs } = await transaction.get(some);
          const all = docs.length <= DELETES_PER_COMMIT;
          // The image's own token goes with the image's record: an upload that comes in between finds
          // either both or none.
          const first = all ? docs : docs.filter((token) => token.get('kind') !== 'default');
          for (const { ref } of first.slice(0, DELETES_PER_COMMIT)) transaction.delete(ref);
          if (!all) return undefined;
          // A document that was not written here stays.
          if (before !== undefined) transaction.delete(image);
          return true;
        });
        if (isDone !== undefined) return isDone;
      }
    },

    async listImages(limit, after, uid) {
      const { segments } = config.imagesCollection;
      const collection =
        uid === undefined ? firestore.collectionGroup(segments.at(-1) as string) : imagesOf(uid);
      const named = collection.select('original.generation');
      const page = await pageOf(firestore, named, limit, after);
      const owners = page.items.flatMap((found) => {
        const { ref } = found;
        if (!recognizedRecord(found.data() as ImageRecord)) return [];
        const path = ref.path.split('/');
        const isOurs =
          path.length === segments.length + 1 &&
          segments.every((segment, index) => segment === '{uid}' || segment === path[index]);
        const at = segments.indexOf('{uid}');
        return isOurs ? [{ uid: path[at] as string, imageId: ref.id }] : [];
      });
      return { ...page, items: owners };
    },

    async listTokens(limit, after, uid) {
      const all = uid === undefined ? tokens : tokens.where('uid', '==', uid);
      const named = all.select('uid', 'imageId', 'imagePath');
      const page = await pageOf(firestore, named, limit, after);
      const items = page.items.map((token) => {
        const owner = { uid: String(token.get('uid')), imageId: String(token.get('imageId')) };
        const isId = isDocumentId(owner.uid) && isDocumentId(owner.imageId);
        const isElsewhere = !isId || token.get('imagePath') !== imageOf(owner).path;
        return { ...owner, hash: token.id, isElsewhere };
      });
      return { ...page, items };
    },

    async deleteToken(hash) {
      await tokens.doc(hash).delete();
    },
  };
}

/** Documents in the order of their paths. */
async function pageOf(
  firestore: Firestore,
  query: Query,
  limit: number,
  after: string | undefined,
): Promise<Page<QueryDocumentSnapshot>> {
  let ordered = query.orderBy(FieldPath.documentId()).limit(limit);
  if (after !== undefined) ordered = ordered.startAfter(firestore.doc(after));
  const { docs } = await ordered.get();
  const last = docs.at(-1);
  return { items: docs, ...(last && docs.length === limit && { next: last.ref.path }) };
}

/** Timestamps at the top of a record as milliseconds since 1970. */
function inMilliseconds<R extends object>(record: R): Numbered<R> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]: [string, unknown]) => [
      name,
      isTimestamp(value) ? value.toMillis() : value,
    ]),
  ) as unknown as Numbered<R>;
}
type Numbered<R> =
  R extends ImageRecord<Timestamp>
    ? ImageRecord<number>
    : R extends TokenRecord<Timestamp>
      ? TokenRecord<number>
      : never;

function isTimestamp(value: unknown): value is Timestamp {
  return typeof (value as { toMillis?: unknown } | null)?.toMillis === 'function';
}
