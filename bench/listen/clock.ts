/** A clock that all processes of a machine share. */

/** @returns microseconds of the monotonic clock */
export function nowMicros(): number {
  return Number(process.hrtime.bigint() / 1000n);
}
