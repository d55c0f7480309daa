/** Browsers and shared caches as RFC 9111 has them, on a clock that tests move. */

export interface CacheRequest {
  url: string;
  accept: string;
  ifNoneMatch?: string | undefined;
}

export interface CacheResponse {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body?: string;
}

export type Upstream = (request: CacheRequest) => Promise<CacheResponse>;

interface Stored {
  response: CacheResponse;
  storedAt: number;
  /** Seconds that it had when it came, as far as the one before told (section 4.2.3). */
  ageBefore: number;
}

export interface CacheOptions {
  /** A shared cache goes by `s-maxage` first (section 5.2.2.10). */
  isShared: boolean;
  /** Whether it tells how old an answer is: without `Age`, the next cache takes it as new. */
  tellsAge: boolean;
  /** Milliseconds. */
  now: () => number;
}

/** A cache in front of `upstream`; it asks for nothing that it has fresh. */
export function openCache(upstream: Upstream, { isShared, tellsAge, now }: CacheOptions): Upstream {
  const stored = new Map<string, Stored>();

  const ageOf = ({ storedAt, ageBefore }: Stored) => ageBefore + (now() - storedAt) / 1000;

  function isFresh(entry: Stored): boolean {
    const control = entry.response.headers['cache-control'] ?? '';
    if (/no-cache/.test(control)) return false;
    const own = isShared ? /s-maxage=(\d+)/.exec(control) : null;
    const seconds = own ?? /max-age=(\d+)/.exec(control);
    return ageOf(entry) < Number(seconds?.[1] ?? 0);
  }

  function answer(entry: Stored, { ifNoneMatch }: CacheRequest): CacheResponse {
    const { response } = entry;
    const headers = { ...response.headers };
    // Whole seconds, rounded down as caches do.
    if (tellsAge) headers['age'] = String(Math.floor(ageOf(entry)));
    else delete headers['age'];
    if (ifNoneMatch !== undefined && ifNoneMatch === headers['etag'])
      return { status: 304, headers };
    return { ...response, headers };
  }

  return async (request) => {
    // Answers that vary by Accept are kept apart; others are the same for any.
    const keys = [`${request.url} ${request.accept}`, request.url];
    const key = keys.find((candidate) => stored.has(candidate));
    const entry = key === undefined ? undefined : stored.get(key);
    if (entry && isFresh(entry)) return answer(entry, request);
    const ifNoneMatch = entry?.response.headers['etag'] ?? request.ifNoneMatch;
    const response = await upstream({ ...request, ifNoneMatch });
    const ageBefore = Number(response.headers['age'] ?? 0);
    if (response.status === 304 && entry && response.headers['etag'] === ifNoneMatch) {
      entry.response = {
        ...entry.response,
        headers: { ...entry.response.headers, ...response.headers },
      };
      Object.assign(entry, { storedAt: now(), ageBefore });
      return answer(entry, request);
    }
    if (response.status === 304) return response;
    if (key !== undefined) stored.delete(key);
    if (response.status !== 200 || /no-store/.test(response.headers['cache-control'] ?? '')) {
      return response;
    }
    const fresh = { response, storedAt: now(), ageBefore };
    stored.set(response.headers['vary'] ? (keys[0] as string) : request.url, fresh);
    return answer(fresh, request);
  };
}
