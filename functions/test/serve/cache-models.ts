/** Models of browser caches and shared caches (RFC 9111), with a clock that tests control. */

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
  /** Seconds: `Age` of the response when it was received (RFC 9111 section 4.2.3). */
  receivedAge: number;
}

export interface CacheOptions {
  /** A shared cache prefers `s-maxage` (RFC 9111 section 5.2.2.10). */
  isShared: boolean;
  /** Whether responses have `Age`; without it the next cache takes them as new. */
  sendsAge: boolean;
  /** Milliseconds. */
  now: () => number;
}

/** Opens a cache in front of `upstream`; fresh responses are sent without a request to it. */
export function openCache(upstream: Upstream, { isShared, sendsAge, now }: CacheOptions): Upstream {
  const stored = new Map<string, Stored>();

  const ageOf = ({ storedAt, receivedAge }: Stored) => receivedAge + (now() - storedAt) / 1000;

  function isFresh(entry: Stored): boolean {
    const control = entry.response.headers['cache-control'] ?? '';
    if (/no-cache/.test(control)) return false;
    const sharedMaxAge = isShared ? /s-maxage=(\d+)/.exec(control) : null;
    const seconds = sharedMaxAge ?? /max-age=(\d+)/.exec(control);
    return ageOf(entry) < Number(seconds?.[1] ?? 0);
  }

  function respond(entry: Stored, { ifNoneMatch }: CacheRequest): CacheResponse {
    const { response } = entry;
    const headers = { ...response.headers };
    // Whole seconds, rounded down.
    if (sendsAge) headers['age'] = String(Math.floor(ageOf(entry)));
    else delete headers['age'];
    if (ifNoneMatch !== undefined && ifNoneMatch === headers['etag'])
      return { status: 304, headers };
    return { ...response, headers };
  }

  return async (request) => {
    // Responses with `Vary: Accept` are stored per Accept value; others have one entry.
    const keys = [`${request.url} ${request.accept}`, request.url];
    const key = keys.find((candidate) => stored.has(candidate));
    const entry = key === undefined ? undefined : stored.get(key);
    if (entry && isFresh(entry)) return respond(entry, request);
    const ifNoneMatch = entry?.response.headers['etag'] ?? request.ifNoneMatch;
    const response = await upstream({ ...request, ifNoneMatch });
    const receivedAge = Number(response.headers['age'] ?? 0);
    if (response.status === 304 && entry && response.headers['etag'] === ifNoneMatch) {
      entry.response = {
        ...entry.response,
        headers: { ...entry.response.headers, ...response.headers },
      };
      Object.assign(entry, { storedAt: now(), receivedAge });
      return respond(entry, request);
    }
    if (response.status === 304) return response;
    if (key !== undefined) stored.delete(key);
    if (response.status !== 200 || /no-store/.test(response.headers['cache-control'] ?? '')) {
      return response;
    }
    const fresh = { response, storedAt: now(), receivedAge };
    stored.set(response.headers['vary'] ? (keys[0] as string) : request.url, fresh);
    return respond(fresh, request);
  };
}
