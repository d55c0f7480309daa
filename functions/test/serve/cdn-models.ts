/**
 * Small models of CDNs: what of their documented rules decides whether a response of `serve` is stored, for how long,
 * and for which requests. Settings are those of docs/guides/cdn.md; tests also leave them out, to show what they do.
 */
import type { CacheRequest, CacheResponse, Upstream } from './http-cache.js';

/** The rules of a CDN with certain settings. */
export interface CdnRules {
  /** Seconds for which a response is stored; 0: not. */
  ttl: (request: CacheRequest, response: CacheResponse) => number;
  /** Seconds after that for which it is sent nevertheless. */
  stale: number;
  /** Whether requests with another `Accept` get a response with `Vary: Accept`. */
  heedsVary: boolean;
  /** Seconds that browsers are made to keep what is stored, at least. */
  browserSeconds?: number;
}

function directives({ headers }: CacheResponse): Map<string, number> {
  const parts = (headers['cache-control'] ?? '').split(/, */).filter(Boolean);
  return new Map(
    parts.map((part) => {
      const [name = '', value = '0'] = part.split('=');
      return [name, Number(value)];
    }),
  );
}

const FORBIDDEN = ['no-store', 'no-cache', 'private'];

/** `s-maxage`, or `max-age`; undefined without both. */
function lifetime(cacheControl: Map<string, number>): number | undefined {
  return cacheControl.get('s-maxage') ?? cacheControl.get('max-age');
}

function isForbidden(cacheControl: Map<string, number>): boolean {
  return FORBIDDEN.some((name) => cacheControl.has(name));
}

const NEVER = 0;

/** https://firebase.google.com/docs/hosting/manage-cache */
export const HOSTING: CdnRules = {
  ttl(_request, response) {
    const cacheControl = directives(response);
    if (isForbidden(cacheControl)) return NEVER;
    // A 404 without caching headers is stored for ten minutes.
    return lifetime(cacheControl) ?? (response.status === 404 ? 600 : NEVER);
  },
  stale: 0,
  heedsVary: true,
};

/** https://developers.cloudflare.com/cache/concepts/default-cache-behavior */
const CLOUDFLARE_EXTENSIONS = /[.](avif|gif|jpeg|jpg|png|webp)([?]|$)/;
/** Without Cache-Control: https://developers.cloudflare.com/cache/how-to/configure-cache-status-code */
const CLOUDFLARE_DEFAULTS: Readonly<Record<number, number>> = { 200: 7200, 206: 7200, 404: 180 };

/**
 * @param options cachesEverything: a cache rule makes all paths eligible; else URLs with an extension of an image are.
 *   browserSeconds: "Browser Cache TTL", of which 0 is "Respect Existing Headers"; four hours unless it is set:
 *   https://developers.cloudflare.com/api/resources/zones/subresources/settings
 */
export function cloudflare({ cachesEverything = false, browserSeconds = 14_400 } = {}): CdnRules {
  return {
    ttl({ url }, response) {
      if (!cachesEverything && !CLOUDFLARE_EXTENSIONS.test(url)) return NEVER;
      const cacheControl = directives(response);
      if (isForbidden(cacheControl)) return NEVER;
      return lifetime(cacheControl) ?? CLOUDFLARE_DEFAULTS[response.status] ?? NEVER;
    },
    stale: 0,
    // Vary for images needs the Pro plan; otherwise a cache rule with the setting "Vary".
    heedsVary: false,
    browserSeconds,
  };
}

/** https://cloud.google.com/cdn/docs/caching */
const CLOUD_CDN_STATUSES = [200, 203, 206, 300, 301, 302, 307, 308, 410];
const CLOUD_CDN_VARY = ['accept', 'accept-encoding', 'origin'];

/** @param serveWhileStale seconds; a day unless it is set: https://cloud.google.com/cdn/docs/serving-stale-content */
export function cloudCdn(serveWhileStale = 86_400): CdnRules {
  return {
    ttl(_request, response) {
      const cacheControl = directives(response);
      const { vary = '' } = response.headers;
      const isKnown = vary
        .toLowerCase()
        .split(/, */)
        .every((name) => name === '' || CLOUD_CDN_VARY.includes(name));
      const isCacheable =
        CLOUD_CDN_STATUSES.includes(response.status) && cacheControl.has('public');
      if (!isCacheable || !isKnown || isForbidden(cacheControl)) return NEVER;
      return lifetime(cacheControl) ?? NEVER;
    },
    stale: serveWhileStale,
    heedsVary: true,
  };
}

/** https://www.fastly.com/documentation/guides/concepts/edge-state/cache/cache-freshness */
const FASTLY_STATUSES = [200, 203, 300, 301, 302, 404, 410];
/** Of a response that states none. */
const FASTLY_DEFAULT_TTL = 3600;

/** @param passes the snippet of the guide: what must not be stored is passed. The default VCL does so for `private` only. */
export function fastly(passes: boolean): CdnRules {
  return {
    ttl(_request, response) {
      const cacheControl = directives(response);
      if (!FASTLY_STATUSES.includes(response.status) || cacheControl.has('private')) return NEVER;
      if (passes && isForbidden(cacheControl)) return NEVER;
      return lifetime(cacheControl) ?? FASTLY_DEFAULT_TTL;
    },
    stale: 0,
    heedsVary: true,
  };
}

/** Raises `max-age`. */
function keepInBrowser(response: CacheResponse, seconds = 0): CacheResponse {
  const control = response.headers['cache-control'] ?? '';
  const raised = control.replace(
    /max-age=(\d+)/,
    (_text, age: string) => `max-age=${Math.max(Number(age), seconds)}`,
  );
  return { ...response, headers: { ...response.headers, 'cache-control': raised } };
}

interface Stored {
  response: CacheResponse;
  at: number;
  ttl: number;
  /** Present: only for requests with this `Accept`. */
  accept?: string;
}

/**
 * Opens one data center of a CDN in front of `serve`.
 * @param now milliseconds
 */
export function openCdn(rules: CdnRules, upstream: Upstream, now: () => number): Upstream {
  const stored = new Map<string, Stored[]>();
  return async (request) => {
    const entries = stored.get(request.url) ?? [];
    const entry = entries.find(({ accept }) => accept === undefined || accept === request.accept);
    const age = entry === undefined ? Infinity : (now() - entry.at) / 1000;
    if (entry !== undefined && age < entry.ttl + rules.stale) {
      const headers = { ...entry.response.headers, age: String(Math.floor(age)) };
      return { ...entry.response, headers };
    }
    const received = await upstream({ url: request.url, accept: request.accept });
    const ttl = rules.ttl(request, received);
    const response = ttl > 0 ? keepInBrowser(received, rules.browserSeconds) : received;
    const varies = rules.heedsVary && /accept/i.test(response.headers['vary'] ?? '');
    const others = entries.filter((other) => other !== entry);
    const fresh = { response, at: now(), ttl, ...(varies && { accept: request.accept }) };
    stored.set(request.url, ttl > 0 ? [...others, fresh] : others);
    return response;
  };
}
