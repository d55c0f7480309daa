/** A Cache API in memory that respects `max-age`, as Cloudflare's does. */
import type { EdgeCaches } from '../src/platform.js';

export interface Entry {
  body: ArrayBuffer;
  headers: Headers;
  /** Milliseconds since 1970. */
  until: number;
}

/** @returns the caches, and their entries by name and key */
export function memoryCaches(): EdgeCaches & { entries: Map<string, Entry> } {
  const entries = new Map<string, Entry>();
  return {
    entries,
    open: (name) =>
      Promise.resolve({
        match(key) {
          const entry = entries.get(`${name} ${key}`);
          const isFresh = entry !== undefined && Date.now() < entry.until;
          return Promise.resolve(isFresh ? new Response(entry.body, entry) : undefined);
        },
        async put(key, response) {
          const maxAge = /max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1];
          const { headers } = response;
          const until = Date.now() + Number(maxAge) * 1000;
          entries.set(`${name} ${key}`, { body: await response.arrayBuffer(), headers, until });
        },
      }),
  };
}
