/** Headers that both Workers know: which ones pass, and how loops and callers are recognized. */

/** What proves to an origin that the request comes from the edge. */
export const EDGE_KEY = 'x-edge-key';
/** Address of the visitor, for the rate limits of the origin. */
export const EDGE_CLIENT = 'x-edge-client';

/** Request headers that the image worker sends and the file worker passes on. */
export const REQUEST_HEADERS = [
  'accept',
  'if-match',
  'if-none-match',
  'if-range',
  'range',
  'via',
] as const;

/** Response headers that the file worker passes on. Cookies, and names of the origin's software, are not among them. */
export const RESPONSE_HEADERS = [
  'accept-ranges',
  'age',
  'cache-control',
  'content-disposition',
  'content-length',
  'content-range',
  'content-type',
  'etag',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'vary',
] as const;

/** The query parameter that becomes `If-Match`: Cloudflare's resizing passes no such header on. */
export const IF_MATCH = 'if-match';

/** Copies the headers with these names. */
export function pickHeaders(from: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = from.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

/** Whether a request comes from Cloudflare's image resizing: `Via` names it. */
export function isFromResizing(headers: Headers): boolean {
  return headers.get('via')?.includes('image-resizing') ?? false;
}

/**
 * Recognizes a loop by `Via` (RFC 9110 section 7.6.3), and adds the Worker to it.
 * @param pseudonym of the Worker
 * @returns the value to send; undefined when the request has passed this Worker before
 */
export function extendVia(headers: Headers, pseudonym: string): string | undefined {
  const via = headers.get('via');
  if (via === null) return `1.1 ${pseudonym}`;
  const isLoop = via.split(',').some((entry) => entry.trim().split(/\s+/)[1] === pseudonym);
  return isLoop ? undefined : `${via}, 1.1 ${pseudonym}`;
}

/** Compares secrets by their digests, so that the time does not depend on where they differ. */
export async function isSameSecret(found: string, expected: string): Promise<boolean> {
  const [a = [], b = []] = await Promise.all([found, expected].map(digest));
  return [...a].reduce((difference, byte, at) => difference | (byte ^ (b[at] ?? 256)), 0) === 0;
}

async function digest(text: string): Promise<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
