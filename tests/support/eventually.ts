/** Waits for a condition instead of a fixed time. */
import { setTimeout as delay } from 'node:timers/promises';

const INTERVAL_MS = 50;

/**
 * Reads a value until it passes the check, every 50 ms.
 *
 * @param check throws while the value is not the expected one
 * @param timeoutMs milliseconds
 * @returns the value that passed
 * @throws the error of the last check when none passed within `timeoutMs`; any error of `read`
 */
export async function eventually<T>(
  read: () => Promise<T>,
  check: (value: T) => void,
  timeoutMs = 15_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await read();
    try {
      check(value);
      return value;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await delay(INTERVAL_MS);
  }
}
