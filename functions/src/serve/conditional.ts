/** Conditional requests and range requests (RFC 9110 sections 13 and 14). */
import parseRange from 'range-parser';
import type { ByteRange } from '../gcp/reader.js';
import { isTooLong } from './length-limits.js';

export interface ConditionalHeaders {
  'if-match'?: string | undefined;
  'if-none-match'?: string | undefined;
  'if-range'?: string | undefined;
  range?: string | undefined;
}

/** The unit is case-insensitive (RFC 9110 section 14.1). */
const BYTES_UNIT = /^bytes=/i;
/** One range: `first-last`, `first-` or `-length`. */
const BYTE_RANGE = /^(?:(?<first>\d+)\s*-\s*(?<last>\d*)|-\s*(?<suffix>\d+))$/;

/**
 * Evaluates `If-Match` and `If-None-Match`, in the order of RFC 9110 section 13.2.2.
 *
 * `If-Modified-Since` and `If-Unmodified-Since` are ignored, as they must be for a resource without a
 * modification date (sections 13.1.3 and 13.1.4). No response has `Last-Modified`, because it would
 * reveal when the owner uploaded or shared the image.
 *
 * A list over its length limit matches nothing: see length-limits.ts.
 * @returns `failed` (412) when `If-Match` does not match; `not-modified` (304) when `If-None-Match`
 *   matches; else undefined
 */
export function evaluatePreconditions(
  headers: ConditionalHeaders,
  etag: string,
): 'failed' | 'not-modified' | undefined {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers;
  if (ifMatch !== undefined) {
    const matches = !isTooLong('if-match', ifMatch) && matchesEntityTag(ifMatch, etag, 'strong');
    if (!matches) return 'failed';
  }
  if (ifNoneMatch !== undefined && !isTooLong('if-none-match', ifNoneMatch)) {
    if (matchesEntityTag(ifNoneMatch, etag, 'weak')) return 'not-modified';
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
 * another entity tag, or a date, and when either header is over its length limit.
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
  if (range === undefined || isTooLong('range', range)) return undefined;
  if (ifRange !== undefined && !matchesIfRange(ifRange, etag)) return undefined;
  const normalized = normalizeByteRanges(range, length);
  // Another unit or malformed ranges: the header is ignored (RFC 9110 section 14.2).
  if (normalized === undefined) return undefined;
  const ranges = parseRange(length, normalized, { combine: true });
  if (ranges === -1) return 'unsatisfiable';
  if (ranges === -2 || ranges.length !== 1) return undefined;
  return ranges[0];
}

function matchesIfRange(ifRange: string, etag: string): boolean {
  return !isTooLong('if-range', ifRange) && ifRange.trim() === etag;
}

/**
 * Splits `Range` before it matches the parts: one expression for the whole list would have to try many
 * ways to divide the whitespace.
 * @returns the header in the form that range-parser accepts; undefined when it is malformed
 */
function normalizeByteRanges(range: string, length: number): string | undefined {
  const unit = BYTES_UNIT.exec(range)?.[0];
  if (unit === undefined) return undefined;
  const ranges: string[] = [];
  for (const part of range.slice(unit.length).split(',')) {
    const { groups } = BYTE_RANGE.exec(part.trim()) ?? {};
    if (groups === undefined) return undefined;
    const { first, last, suffix } = groups;
    // A suffix longer than the rendition means all of it (section 14.1.2); range-parser rejects it.
    ranges.push(first === undefined ? `-${Math.min(Number(suffix), length)}` : `${first}-${last}`);
  }
  return unit + ranges.join(',');
}
