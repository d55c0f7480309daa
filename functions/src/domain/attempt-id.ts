/** Ids of attempts: they begin with the start time, so that a query can find the attempts that may be running. */

/** An attempt that started earlier than this has died or failed: no function runs as long, milliseconds. */
export const MAX_ATTEMPT_MS = 5 * 60_000;

/** Hexadecimal digits of a time; enough for ten thousand years. */
const TIME_DIGITS = 12;
/** Clocks of two instances differ by less, milliseconds. */
const MAX_CLOCK_SKEW_MS = 60_000;

/**
 * @param start milliseconds since 1970
 * @param random distinguishes attempts that start in the same millisecond
 */
export function attemptId(start: number, random: string): string {
  return `${timePrefix(start)}-${random}`;
}

const RELEASE = 'release-';

/** The id of an attempt that publishes a held image: it writes no renditions, and a repeated release replaces it. */
export function releaseAttemptId(start: number, random: string): string {
  return attemptId(start, `${RELEASE}${random}`);
}

export function isReleaseAttempt(attempt: string): boolean {
  return attempt.slice(TIME_DIGITS + 1).startsWith(RELEASE);
}

/**
 * Replaces the id of an attempt that has ended without a result. It still marks that the attempt may have
 * written renditions, but no longer counts as running.
 */
export const ENDED_ATTEMPT = attemptId(0, 'ended');

/**
 * Whether an attempt may still be running.
 * @param now milliseconds since 1970
 */
export function mayBeRunning(attempt: string, now: number): boolean {
  const { from, to } = runningRange(now);
  return attempt >= from && attempt < to;
}

/**
 * The ids of all attempts that may be running: `from` inclusive, `to` exclusive.
 * @param now milliseconds since 1970
 */
export function runningRange(now: number): { from: string; to: string } {
  return { from: timePrefix(now - MAX_ATTEMPT_MS), to: timePrefix(now + MAX_CLOCK_SKEW_MS) };
}

function timePrefix(time: number): string {
  return Math.max(0, Math.floor(time)).toString(16).padStart(TIME_DIGITS, '0');
}
