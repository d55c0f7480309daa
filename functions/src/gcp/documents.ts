/** What the stores of records have in common: pages of documents, and times as milliseconds since 1970. */
import {
  FieldPath,
  FieldValue,
  Timestamp,
  type Firestore,
  type Query,
  type QueryDocumentSnapshot,
} from 'firebase-admin/firestore';
import type { ImageRecord, ShareRecord, TokenRecord } from '../domain/records.js';
import type { Moment } from '../domain/sharing.js';

/** One page of a list. `next` is the `after` of the following page; absent on the last page. */
export interface Page<T> {
  items: T[];
  next?: string;
}

/** Firestore replaces it with the time of the commit. */
export const SERVER_TIME = FieldValue.serverTimestamp() as unknown as Timestamp;

/** Gets one page of documents, ordered by path. */
export async function pageOf(
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

/** Converts the timestamps of a record, at any depth, to milliseconds since 1970. */
export function toMilliseconds<R extends object>(record: R): WithMilliseconds<R> {
  return mapFields(record, (value) =>
    isTimestamp(value) ? value.toMillis() : isMap(value) ? toMilliseconds(value) : value,
  ) as WithMilliseconds<R>;
}

type WithMilliseconds<R> =
  R extends ImageRecord<Timestamp>
    ? ImageRecord<number>
    : R extends TokenRecord<Timestamp>
      ? TokenRecord<number>
      : R extends ShareRecord<Timestamp>
        ? ShareRecord<number>
        : unknown;

/** The fields of records that are times. */
const TIMES: ReadonlySet<string> = new Set<keyof ShareRecord | keyof TokenRecord>([
  'createdAt',
  'updatedAt',
  'expiresAt',
  'revokedAt',
  'deleteAt',
]);

/** Converts the top-level times of a record to Firestore's: numbers are milliseconds since 1970. */
export function toTimestamps(record: object): object {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]: [string, unknown]) => [
      name,
      TIMES.has(name) ? toTimestamp(value as Moment) : value,
    ]),
  );
}

function toTimestamp(time: Moment): Timestamp {
  return time === 'now' ? SERVER_TIME : Timestamp.fromMillis(time);
}

function mapFields(record: object, map: (value: unknown) => unknown): object {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]: [string, unknown]) => [name, map(value)]),
  );
}

function isTimestamp(value: unknown): value is Timestamp {
  return typeof (value as { toMillis?: unknown } | null)?.toMillis === 'function';
}

/** Whether a value is a map of fields; arrays hold no times. */
function isMap(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
