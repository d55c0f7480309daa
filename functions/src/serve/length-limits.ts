/** How long the parts of a request may be: parsing what a client sends must cost little, whatever it sends. */

interface LengthLimit {
  /** Characters. */
  max: number;
  /** Members of a comma-separated list; absent when the characters alone bound the time. */
  maxMembers?: number;
  /** What happens to a longer value. */
  longer: string;
  /** Why this is enough, and why the handling of a longer value is correct. */
  reason: string;
}

/** The only place for these limits; docs/reference/http.md lists them. */
export const LENGTH_LIMITS = {
  path: {
    max: 2048,
    longer: '404',
    reason:
      'A sealed token, a variant and an extension have at most 510 characters, with a token 87; the rest is a prefix.',
  },
  query: {
    max: 2048,
    longer: '400, or ignored with the URL of a variant, which has no query parameters',
    reason:
      '`w`, `dpr` and `f` have at most 40 characters; the rest are parameters that tools add.',
  },
  accept: {
    max: 512,
    maxMembers: 32,
    longer: 'as if the header was absent',
    reason:
      'Browsers send at most 300, in 15 media ranges. A server may disregard the header ' +
      '(RFC 9110 section 12.5.1).',
  },
  'if-match': {
    max: 2048,
    longer: '412',
    reason:
      'Holds 60 entity tags of `serve`. A condition that is not evaluated must not count as true ' +
      '(RFC 9110 section 13.1.1).',
  },
  'if-none-match': {
    max: 2048,
    longer: 'ignored: the response is complete',
    reason:
      'Holds 60 entity tags of `serve`. A complete response is correct whatever the client has stored ' +
      '(RFC 9110 section 13.1.2).',
  },
  'if-range': {
    max: 256,
    longer: 'does not match, so `Range` is ignored',
    reason: 'Holds one entity tag or one date (RFC 9110 section 13.1.5).',
  },
  range: {
    max: 256,
    longer: 'ignored: the response is complete',
    reason:
      'Holds the one range that a response can have. A server may ignore the header (RFC 9110 section 14.2).',
  },
  'x-edge-key': {
    max: 256,
    longer: '404, if `EDGE_KEY_HASHES` closes `serve` to others',
    reason: 'Keys have 43 characters; other proxies may have longer ones.',
  },
  'x-forwarded-for': {
    max: 640,
    maxMembers: 10,
    longer: 'only the end is read',
    reason:
      'Holds ten addresses, more than there are proxies. Proxies append; the beginning is what the client sent, ' +
      'which is not trusted.',
  },
} as const satisfies Record<string, LengthLimit>;

/** A part of a request that has a limit: part of the URL, or a header as Node names it. */
export type LimitedPart = keyof typeof LENGTH_LIMITS;

/** Whether a value is too long to be parsed. */
export function isTooLong(part: LimitedPart, value: string): boolean {
  const { max, maxMembers }: LengthLimit = LENGTH_LIMITS[part];
  if (value.length > max) return true;
  return maxMembers !== undefined && value.split(',', maxMembers + 1).length > maxMembers;
}
