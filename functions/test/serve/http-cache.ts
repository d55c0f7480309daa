/**
 * Browser caches and shared caches with a clock that tests control. What may be stored, how long it is fresh and
 * how it is revalidated is decided by http-cache-semantics, an implementation of RFC 9111 that others wrote.
 */
import CachePolicy from 'http-cache-semantics';

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
  policy: CachePolicy;
  body: string | undefined;
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

  class Policy extends CachePolicy {
    /** The clock of http-cache-semantics. */
    now(): number {
      return now();
    }
  }

  function respond({ policy, body }: Stored, { ifNoneMatch }: CacheRequest): CacheResponse {
    const headers = { ...policy.responseHeaders() } as Record<string, string>;
    if (!sendsAge) delete headers['age'];
    if (ifNoneMatch !== undefined && ifNoneMatch === headers['etag'])
      return { status: 304, headers };
    return { status: 200, headers, ...(body !== undefined && { body }) };
  }

  return async (request) => {
    // Responses with `Vary: Accept` are stored per Accept value; others have one entry.
    const keys = [`${request.url} ${request.accept}`, request.url];
    const key = keys.find((candidate) => stored.has(candidate));
    const entry = key === undefined ? undefined : stored.get(key);
    // Not satisfiesWithoutRevalidation(): it revalidates fresh responses, too, if they have must-revalidate.
    if (entry && !entry.policy.stale()) return respond(entry, request);

    const { url, accept, ifNoneMatch } = request;
    const message = {
      url,
      method: 'GET',
      headers: { host: 'example.com', accept, 'if-none-match': ifNoneMatch },
    };
    const sent = entry?.policy.revalidationHeaders(message)['if-none-match'] ?? ifNoneMatch;
    const response = await upstream({ url, accept, ifNoneMatch: sent as string | undefined });
    if (response.status === 304 && entry) {
      const { policy, matches } = entry.policy.revalidatedPolicy(message, response);
      if (matches) {
        entry.policy = policy;
        return respond(entry, request);
      }
    }
    if (response.status === 304) return response;
    if (key !== undefined) stored.delete(key);
    const policy = new Policy(message, response, { shared: isShared });
    if (response.status !== 200 || !policy.storable()) return response;
    const fresh: Stored = { policy, body: response.body };
    stored.set(response.headers['vary'] ? (keys[0] as string) : url, fresh);
    return respond(fresh, request);
  };
}
