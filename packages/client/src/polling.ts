/** Reads again and again, for Firestore without listeners; as seldom as possible, because each read is billed. */
import type { Next, Unsubscribe } from './backend.js';

const FIRST_MS = 300;
const GROWTH = 1.5;
const LONGEST_MS = 10_000;
/** While the page is not visible. */
const HIDDEN_MS = 60_000;
/** Firestore error codes after which a retry can succeed. */
const TRANSIENT_CODES: readonly unknown[] = ['unavailable', 'deadline-exceeded', 'aborted'];

export interface Polling {
  /** Calls `next` at each change, until it returns false; then reads again when the page gets the focus. */
  watch<Data>(
    read: () => Promise<Data>,
    next: Next<Data>,
    error: (error: unknown) => void,
  ): Unsubscribe;
  /** A change is near: all read again. */
  wake: () => void;
}

export function openPolling(): Polling {
  const watches = new Set<() => void>();
  const wake = () => watches.forEach((start) => start());
  const page = globalThis.document as Document | undefined;

  return {
    wake,
    watch(read, next, error) {
      let timer: ReturnType<typeof setTimeout> | undefined;
      let interval = FIRST_MS;
      let previous: string | undefined;
      /** What `next` returned: whether more is expected. */
      let expectsMore = true;
      /** Whether `wake` has announced a change that was not seen yet. */
      let isAwake = false;
      let isReading = false;

      const poll = async () => {
        isReading = true;
        try {
          const data = await read();
          if (!watches.has(start)) return;
          const json = JSON.stringify(data) ?? '';
          if (json !== previous) {
            previous = json;
            interval = FIRST_MS;
            isAwake = false;
            expectsMore = next(data);
          }
        } catch (reason) {
          if (!TRANSIENT_CODES.includes((reason as { code?: unknown }).code)) {
            stop();
            error(reason);
          }
        } finally {
          isReading = false;
        }
        if (interval >= LONGEST_MS) isAwake = false;
        // `next` may have unsubscribed.
        if (!watches.has(start) || !(expectsMore || isAwake)) return;
        const isHidden = page?.visibilityState === 'hidden';
        timer = setTimeout(() => void poll(), isHidden ? HIDDEN_MS : interval);
        interval = Math.min(interval * GROWTH, LONGEST_MS);
      };
      const start = () => {
        clearTimeout(timer);
        interval = FIRST_MS;
        isAwake = previous !== undefined;
        if (!isReading) void poll();
      };
      const startIfVisible = () => page?.visibilityState === 'visible' && start();
      const stop = () => {
        clearTimeout(timer);
        watches.delete(start);
        page?.removeEventListener('visibilitychange', startIfVisible);
      };
      page?.addEventListener('visibilitychange', startIfVisible);
      watches.add(start);
      start();
      return stop;
    },
  };
}
