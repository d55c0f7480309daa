/** What a client has already, and which part of the bytes it wants (RFC 9110 sections 13 and 14). */
import parseRange from 'range-parser';
import type { ByteRange } from '../gcp/reader.js';

export interface ConditionalHeaders {
  'if-match'?: string | undefined;
  'if-none-match'?: string | undefined;
  'if-range'?: string | undefined;
  range?: string | undefined;
}

/**
 * - `failed`: `If-Match` names no such entity tag: 412
 * - `not-modified`: `If-None-Match` names it: 304
 *
 * In the order of section 13.2.2. `If-Modified-Since` and `If-Unmodified-Since` have no say: they are
 * ignored for what has no modification date (sections 13.1.3, 13.1.4), and no answer here tells one,
 * because it would tell when the owner took or shared the picture.
 */
export function preconditionOf(
  headers: ConditionalHeaders,
  etag: string,
): 'failed' | 'not-modified' | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch !== undefined && !names(ifMatch, etag, 'strongly')) return 'failed';
  if (ifNoneMatch !== undefined && names(ifNoneMatch, etag, 'weakly')) return 'not-modified';
  return undefined;
}

/** Whether a list of entity tags, or `*`, has a strong one in it (section 8.8.3.2). */
function names(list: string, etag: string, how: 'strongly' | 'weakly'): boolean {
  if (list === etag || list.trim() === '*') return true;
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => (how === 'weakly' ? tag.replace(/^W\//, '') : tag) === etag);
}

/**
 * The one range that is asked for.
 *
 * Ranges that touch or overlap count as one. Of several apart Storage gives none at once, so they are
 * ignored, which section 14.2 allows. A range is ignored as well when `If-Range` names another
 * entity tag, or a date.
 *
 * @param length of the whole, bytes
 * @returns undefined for the whole, `unsatisfiable` for 416
 */
export function rangeOf(
  headers: ConditionalHeaders,
  etag: string,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  const { range, 'if-range': ifRange } = headers;
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== etag)) return undefined;
  // The unit is case-insensitive; another one, or no number at all, is no range of ours.
  if (!/^bytes=\s*(\d+\s*-\s*\d*|-\s*\d+)(\s*,\s*(\d+\s*-\s*\d*|-\s*\d+))*\s*$/i.test(range)) {
    return undefined;
  }
  const spec = range
    .replace(/\s+/g, '')
    // The last 300 bytes of 10 are all 10 (section 14.1.2); the parser would refuse them.
    .replace(/([=,]-)(\d+)/g, (_, sign: string, most) => sign + Math.min(Number(most), length));
  const ranges = parseRange(length, spec, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.length !== 1) return undefined;
  return ranges[0];
}
