import { doc, getDoc, type Firestore, type Timestamp } from 'firebase/firestore/lite';
import type { ImageRecord } from './records.js';
import { assertSegment, fillPath } from './paths.js';

const FIRST_INTERVAL_MS = 150;
const LONGEST_INTERVAL_MS = 1000;
const INTERVAL_GROWTH = 1.4;
/** Firestore's codes for trouble that passes. */
const PASSING = new Set(['unavailable', 'deadline-exceeded', 'aborted']);

/** The image record as the web SDK reads it. */
export type ClientImageRecord = ImageRecord<Timestamp>;

export interface WaitOptions {
  uid: string;
  imageId: string;
  /** The deployed IMAGES_COLLECTION; `users/{uid}/images` by default. */
  collection?: string;
  /**
   * Decimal string from `uploadOriginal`: waits for the record of that upload, or of one that came
   * after it. Without it the record of an earlier upload to the same id counts.
   */
  generation?: string;
  /** Milliseconds; 60 000 by default. */
  timeoutMs?: number;
  /** Called with each record that differs from the one before, the last included. */
  onUpdate?: (record: ClientImageRecord) => void;
  signal?: AbortSignal;
}

/**
 * Waits until an image record is `ready` or `failed`. No record means: not there yet.
 *
 * It asks again, 150 ms to 1 s apart, because firestore/lite cannot listen. In a production app that
 * loads the full Firestore SDK anyway, `onSnapshot` on the same document is the natural way.
 *
 * @throws DOMException `TimeoutError` that says what was seen last; the signal's reason when aborted
 * @throws FirestoreError, `permission-denied` for one, when asking again would not help
 */
export async function waitForImage(
  firestore: Firestore,
  options: WaitOptions,
): Promise<ClientImageRecord> {
  const { uid, imageId, generation, timeoutMs = 60_000, onUpdate, signal } = options;
  assertSegment('uid', uid);
  assertSegment('image id', imageId);
  const wanted = generation === undefined ? 0n : generationNumber(generation);
  const collection = fillPath(options.collection ?? 'users/{uid}/images', { uid });
  const reference = doc(firestore, collection, imageId);

  let seen = 'it has no record yet';
  const stop = stopper(timeoutMs, signal, () => {
    return `Image ${imageId} was not ready after ${timeoutMs / 1000} s: ${seen}.`;
  });
  try {
    let last = '';
    for (let interval = FIRST_INTERVAL_MS; ; interval *= INTERVAL_GROWTH) {
      try {
        const snapshot = await stop.race(getDoc(reference));
        const record = snapshot.data() as ClientImageRecord | undefined;
        if (record && generationNumber(record.original.generation) < wanted) {
          seen = 'its record is still that of an earlier upload';
        } else if (record) {
          seen = `its record says "${record.state}"`;
          const text = JSON.stringify(record);
          if (text !== last) onUpdate?.(record);
          last = text;
          if (record.state !== 'processing') return record;
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        seen = `Firestore could not be reached (${error.code})`;
      }
      await stop.race(sleep(Math.min(interval, LONGEST_INTERVAL_MS)));
    }
  } finally {
    stop.release();
  }
}

/** Generations have up to 19 digits: too many for a number, and text compares wrongly. */
function generationNumber(generation: string): bigint {
  if (!/^\d+$/.test(generation)) {
    throw new Error(`A generation is a decimal string, not ${JSON.stringify(generation)}`);
  }
  return BigInt(generation);
}

function isPassing(error: unknown): error is { code: string } {
  return error instanceof Error && 'code' in error && PASSING.has(String(error.code));
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One promise that loses to a timeout and to the caller's signal, for as many races as needed. */
function stopper(timeoutMs: number, signal: AbortSignal | undefined, message: () => string) {
  let abort = () => {};
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopped = new Promise<never>((_, reject) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's reason, as fetch does
    abort = () => reject(signal?.reason);
    timer = setTimeout(() => reject(new DOMException(message(), 'TimeoutError')), timeoutMs);
  });
  // It may be rejected while nobody races it.
  stopped.catch(() => {});
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort);
  return {
    race: <T>(work: Promise<T>): Promise<T> => Promise.race([stopped, work]),
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}
