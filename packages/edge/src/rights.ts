/**
 * What a token gives access to: the origin's manifest, kept in a cache of its own for the time that the origin allows
 * shared caches. It is looked up for every view, so a revoked token stops working when its entry ends.
 */
import type { Format } from '../../../functions/src/domain/format.js';
import { extensionOf } from '../../../functions/src/domain/format.js';
import type { TokenVariant } from '../../../functions/src/domain/records.js';
import type { Manifest } from '../../../functions/src/serve/manifest.js';
import type { CachedToken } from '../../../functions/src/serve/resolve.js';
import { digestOf } from './digest.js';
import { OriginUnavailable, type Origin } from './origin.js';
import type { EdgeCache } from './platform.js';

/** What the cache holds. */
interface Right {
  manifest: Manifest;
  /** How long a browser may keep a response, seconds. */
  maxAge: number;
  /** Milliseconds since 1970. */
  freshUntil: number;
}

export interface FoundRight {
  lookup: CachedToken;
  maxAge: number;
  /** PUBLIC_BASE_URL of the origin. */
  baseUrl: string | undefined;
}

/** A manifest has some 200 characters for each of at most 80 renditions. */
const MAX_MANIFEST_CHARACTERS = 65_536;

export interface Rights {
  /**
   * @param reload asks the origin even if an entry is fresh: it was proven stale
   * @returns a response of the origin other than 200: 404 or 429
   * @throws OriginUnavailable
   */
  find(token: string, reload?: boolean): Promise<FoundRight | Response>;
}

/**
 * @param base of the keys: the URL of this Worker, up to the path
 * @param now milliseconds since 1970
 */
export function openRights(
  origin: Origin,
  cache: EdgeCache,
  base: string,
  now: () => number,
): Rights {
  async function ask(token: string, key: string): Promise<Right | Response> {
    // The origin may have read the token record as early as this.
    const askedAt = now();
    const response = await origin.get(`/${token}`);
    if (response.status !== 200) return response;
    const manifest = parseManifest(await response.text());
    const { maxAge, sharedSeconds } = lifetimesOf(response.headers);
    const right = { manifest, maxAge, freshUntil: askedAt + sharedSeconds * 1000 };
    if (sharedSeconds >= 1) {
      const headers = { 'cache-control': `max-age=${Math.floor(sharedSeconds)}` };
      await cache.put(key, new Response(JSON.stringify(right), { headers }));
    }
    return right;
  }

  return {
    async find(token, reload = false) {
      const key = `${base}/rights/${await digestOf(token)}`;
      const cached = reload ? undefined : await cache.match(key);
      const known = cached && ((await cached.json()) as Right);
      // Whatever the cache makes of `max-age`, the bound holds.
      const right = known && now() < known.freshUntil ? known : await ask(token, key);
      if (right instanceof Response) return right;
      const { manifest, maxAge } = right;
      return { lookup: lookupOf(token, manifest), maxAge, baseUrl: baseUrlOf(token, manifest) };
    },
  };
}

function parseManifest(text: string): Manifest {
  if (text.length > MAX_MANIFEST_CHARACTERS) {
    throw new OriginUnavailable(`expected a manifest, found ${text.length} characters`);
  }
  const manifest = JSON.parse(text) as Manifest;
  const formats = manifest.variants.flatMap((variant) => Object.values(variant.formats));
  if (formats.some(({ etag }) => etag === undefined)) {
    throw new OriginUnavailable('expected entity tags in the manifest: update the functions');
  }
  return manifest;
}

/** @returns seconds; 0 when a response must not be kept */
function lifetimesOf(headers: Headers): { maxAge: number; sharedSeconds: number } {
  const cacheControl = headers.get('cache-control') ?? '';
  const seconds = (directive: string) =>
    Number(new RegExp(`(?:^|[ ,])${directive}=(\\d{1,9})(?:$|[ ,])`).exec(cacheControl)?.[1] ?? 0);
  const age = Number(headers.get('age') ?? 0);
  const sharedSeconds = Math.max(0, seconds('s-maxage') - (age >= 0 ? age : Infinity));
  return { maxAge: seconds('max-age'), sharedSeconds };
}

/** The record of `serve` that a manifest was made from, as far as it is known here. */
function lookupOf(token: string, manifest: Manifest): CachedToken {
  const renditions: Record<string, TokenVariant> = {};
  for (const { name, width, height, cropped, altered, formats } of manifest.variants) {
    const variant: TokenVariant = { width, height };
    if (cropped) variant.cropped = true;
    if (altered !== undefined) variant.altered = altered;
    for (const [format, { bytes, etag }] of Object.entries(formats)) {
      const object = `/${token}/${name}.${extensionOf(format as Format)}`;
      variant[format as Format] = { object, bytes, etag };
    }
    renditions[name] = variant;
  }
  const { placeholder } = manifest;
  const image = { attempt: '', bucket: '', generation: '', placeholder, renditions };
  const unknown = { uid: '', imageId: '', imagePath: '', createdAt: 0, kind: 'default' } as const;
  const idle = { used: 0, windowEnd: 0 };
  return { record: { ...unknown, image }, readAt: 0, usage: { reads: idle, bytes: idle } };
}

/** What precedes the token in the URLs of a manifest; undefined when they are relative. */
function baseUrlOf(token: string, { variants }: Manifest): string | undefined {
  const url = Object.values(variants[0]?.formats ?? {})[0]?.url ?? '';
  const end = url.indexOf(`/${token}/`);
  return end > 0 ? url.slice(0, end) : undefined;
}
