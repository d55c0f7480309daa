/** Times in the store: microseconds since 1970, exact in a JavaScript number until the year 2255. */
import type * as v1 from '../v1.js';

/** Converts microseconds since 1970 to a Timestamp. */
export function toTimestamp(microseconds: number): v1.Timestamp {
  const seconds = Math.floor(microseconds / 1_000_000);
  return { seconds, nanos: (microseconds - seconds * 1_000_000) * 1000 };
}

/** Converts a Timestamp to microseconds since 1970; nanoseconds are cut off. */
export function toMicroseconds({ seconds, nanos }: v1.Timestamp): number {
  return Number(seconds ?? 0) * 1_000_000 + Math.floor((nanos ?? 0) / 1000);
}

/** Compares two Timestamps: negative when the left one is earlier. */
export function compareTimestamps(left: v1.Timestamp, right: v1.Timestamp): number {
  return (
    Number(left.seconds ?? 0) - Number(right.seconds ?? 0) || (left.nanos ?? 0) - (right.nanos ?? 0)
  );
}
