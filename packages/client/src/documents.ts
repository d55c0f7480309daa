/** Image records and share records as the app sees them: with their ids, and with `Date` for times. */
import type { ImageRecord, ShareRecord } from './records.js';

/** An image record with its id. */
export interface Image extends ImageRecord<Date> {
  id: string;
}

/** A share record with its id. */
export interface Share extends ShareRecord<Date> {
  id: string;
  /** When its URLs stop working everywhere, or have stopped; absent: never. */
  deadBy?: Date;
}

/** `data` is a document of `users/{uid}/images`. */
export function toImage(id: string, data: unknown): Image {
  return { ...(withDates(data) as ImageRecord<Date>), id };
}

/** `data` is a document of `users/{uid}/imageShares`. */
export function toShare(id: string, data: unknown): Share {
  const record = withDates(data) as ShareRecord<Date>;
  const { expiresAt, revokedAt, revocationSeconds = 0 } = record;
  const end = Math.min(
    Number(revokedAt ?? Infinity) + revocationSeconds * 1000,
    Number(expiresAt ?? Infinity),
  );
  return { ...record, id, ...(end < Infinity && { deadBy: new Date(end) }) };
}

/** Replaces the timestamps of any Firestore SDK, which have `toDate`. */
function withDates(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  if ('toDate' in value) return (value as { toDate(): Date }).toDate();
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, withDates(field)]));
}
