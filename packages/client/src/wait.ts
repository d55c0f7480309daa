import { doc, getDoc, type Firestore, type Timestamp } from 'firebase/firestore/lite';
import type { ImageRecord } from './records.js';
import { assertSegment, fillPath } from './paths.js';

const MIN_INTERVAL_MS = 150;
const MAX_INTERVAL_MS = 1000;
const INTERVAL_GROWTH = 1.4;
/** Firestore error codes after which a retry can succeed. */
const TRANSIENT_CODES = new Set(['unavailable', 'deadline-exceeded', 'aborted']);

/** The image record as the web SDK reads it. */
export type ClientImageRecord = ImageRecord<Timestamp>;

export interface WaitOptions {
  uid: string;
  imageId: string;
  /** The deployed IMAGES_COLLECTION; `users/{uid}/images` by default. */
  collection?: string;
  /**
   * The generation that `uploadOriginal` returned: waits for the record of that upload or of a later
   * one. Without it, the record of an earlier upload with the same id is accepted.
   */
  generation?: string;
  /** Milliseconds; 60 000 by default. */
  timeoutMs?: number;
  /** Called each time the record changes, including the final change. */
  onUpdate?: (record: ClientImageRecord) => void;
  /** Stops waiting; the promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Waits until an image record is `ready` or `failed`. The record may not exist yet when this is called.
 *
 * Reads the document every 150 ms to 1 s, because firestore/lite has no listeners. If your app loads
 * the full Firestore SDK, use `onSnapshot` on the same document instead.
 *
 * @returns the final record; `failed` is a result, not an error
 * @throws DOMException `TimeoutError`, with the last observed state in its message
 * @throws FirestoreError that a retry cannot fix, such as `permission-denied`
 * @throws the signal's reason when `signal` is aborted
 */
export async function waitForImage(
  firestore: Firestore,
  options: WaitOptions,
): Promise<ClientImageRecord> {
  const { uid, imageId, generation, timeoutMs = 60_000, onUpdate, signal } = options;
  assertSegment('uid', uid);
  assertSegment('image id', imageId);
  const minGeneration = generation === undefined ? 0n : parseGeneration(generation);
  const collection = fillPath(options.collection ?? 'users/{uid}/images', { uid });
  const reference = doc(firestore, collection, imageId);

  let status = 'it has no record yet';
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    const message = `Image ${imageId} was not ready after ${timeoutMs / 1000} s: ${status}.`;
    timeout.abort(new DOMException(message, 'TimeoutError'));
  }, timeoutMs);
  const aborted = rejectWhenAborted(
    signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
  );
  // It may reject before it is awaited.
  aborted.catch(() => {});
  try {
    let previous = '';
    for (let interval = MIN_INTERVAL_MS; ; interval *= INTERVAL_GROWTH) {
      try {
        const snapshot = await Promise.race([aborted, getDoc(reference)]);
        const record = snapshot.data() as ClientImageRecord | undefined;
        if (record && parseGeneration(record.original.generation) < minGeneration) {
          status = 'its record is still that of an earlier upload';
        } else if (record) {
          status = `its record says "${record.state}"`;
          const json = JSON.stringify(record);
          if (json !== previous) onUpdate?.(record);
          previous = json;
          if (record.state !== 'processing') return record;
        }
      } catch (error) {
        if (!isTransient(error)) throw error;
        status = `Firestore could not be reached (${error.code})`;
      }
      await Promise.race([aborted, sleep(Math.min(interval, MAX_INTERVAL_MS))]);
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Generations have up to 19 digits: too many for a number, and strings compare in the wrong order.
 *
 * @throws Error when it is not a decimal string
 */
function parseGeneration(generation: string): bigint {
  if (!/^\d+$/.test(generation)) {
    throw new Error(`A generation is a decimal string, not ${JSON.stringify(generation)}`);
  }
  return BigInt(generation);
}

function isTransient(error: unknown): error is { code: string } {
  return error instanceof Error && 'code' in error && TRANSIENT_CODES.has(String(error.code));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Rejects with the signal's reason when the signal is aborted; never resolves. */
async function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  }
  throw signal.reason;
}
