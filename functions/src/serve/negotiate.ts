/** Content negotiation: the format of a response when the URL names none. */
import Negotiator from 'negotiator';
import { FORMATS, type Format } from '../domain/format.js';
import { isTooLong } from './length-limits.js';

/** Formats by browser support, widest first: a wildcard selects the first one that is available. */
const BY_BROWSER_SUPPORT: readonly Format[] = ['jpeg', 'png', 'webp', 'avif'];

/**
 * Selects a format by `Accept` (RFC 9110 section 12.5.1): highest quality first, then an exact type
 * before a wildcard, then the client's order.
 * @param accept value of the header; undefined, or a value over its length limit, accepts everything
 * @param available at least one format
 * @returns the format with the widest browser support when none is acceptable: RFC 9110 section 12.4.1
 *   allows it, and most clients show an image in an unlisted format anyway
 */
export function negotiateFormat(accept: string | undefined, available: readonly Format[]): Format {
  const candidates = BY_BROWSER_SUPPORT.filter((format) => available.includes(format));
  const types = candidates.map((format) => FORMATS[format].contentType);
  const headers = accept === undefined || isTooLong('accept', accept) ? {} : { accept };
  const [best] = new Negotiator({ headers }).mediaTypes(types);
  const format = candidates.find((candidate) => FORMATS[candidate].contentType === best);
  return format ?? (candidates[0] as Format);
}
