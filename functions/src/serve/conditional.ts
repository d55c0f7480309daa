/** Conditional requests and range requests (RFC 9110 sections 13 and 14). */
import parseRange from 'range-parser';
import type { ByteRange } from '../gcp/reader.js';

export interface ConditionalHeaders {
  'if-match'?: string | undefined;
  'if-none-match'?: string | undefined;
  'if-range'?: string | undefined;
  range?: string | undefined;
}

/** One or more ranges of bytes; the unit is case-insensitive (RFC 9110 section 14.1). */
const BYTE_RANGES = /^bytes=\s*(\d+\s*-\s*\d*|-\s*\d+)(\s*,\s*(\d+\s*-\s*\d*|-\s*\d+))*\s*$/i;

/**
 * Evaluates `If-Match` and `If-None-Match`, in the order of RFC 9110 section 13.2.2.
 *
 * `If-Modified-Since` and `If-Unmodified-Since` are ignored, as they must be for a resource without a
 * modification date (sections 13.1.3 and 13.1.4). No response has `Last-Modified`, because it would
 * reveal when the owner uploaded or shared the image.
 * @returns `failed` (412) when `If-Match` does not match; `not-modified` (304) when `If-None-Match`
 *   matches; else undefined
 */
export function evaluatePreconditions(
  headers: ConditionalHeaders,
  etag: string,
): 'failed' | 'not-modified' | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch !== undefined && !matchesEntityTag(ifMatch, etag, 'strong')) return 'failed';
  if (ifNoneMatch !== undefined && matchesEntityTag(ifNoneMatch, etag, 'weak')) {
    return 'not-modified';
  }
  return undefined;
}

/** Whether a list of entity tags, or `*`, matches a strong entity tag (RFC 9110 section 8.8.3.2). */
function matchesEntityTag(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list === etag || list.trim() === '*') return true;
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => (comparison === 'weak' ? tag.replace(/^W\//, '') : tag) === etag);
}

/**
 * Parses `Range` and `If-Range` into the one range to send.
 *
 * Ranges that touch or overlap are combined. Separate ranges are ignored, which RFC 9110 section 14.2
 * allows: Cloud Storage returns one range at a time. `Range` is also ignored when `If-Range` has
 * another entity tag, or a date.
 *
 * @param length of the whole rendition, bytes
 * @returns undefined for the whole rendition, `unsatisfiable` for 416
 */
export function parseRangeHeaders(
  headers: ConditionalHeaders,
  etag: string,
  length: number,
): ByteRange | 'unsatisfiable' | undefined {
  const { range, 'if-range': ifRange } = headers;
  if (range === undefined || (ifRange !== undefined && ifRange.trim() !== etag)) return undefined;
  // Another unit or malformed ranges: the header is ignored (RFC 9110 section 14.2).
  if (!BYTE_RANGES.test(range)) return undefined;
  const spec = range
    .replace(/\s+/g, '')
    // A suffix longer than the rendition means all of it (section 14.1.2); range-parser rejects it.
    .replace(/([=,]-)(\d+)/g, (_, sign: string, suffix) => sign + Math.min(Number(suffix), length));
  const ranges = parseRange(length, spec, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.length !== 1) return undefined;
  return ranges[0];
}
