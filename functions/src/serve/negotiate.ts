/** Which format a client gets when its address names none. */
import Negotiator from 'negotiator';
import { FORMATS, type Format } from '../domain/format.js';

/** From what every client can show to what few can: a wildcard takes the first one that exists. */
const SAFEST_FIRST: readonly Format[] = ['jpeg', 'webp', 'avif'];

/**
 * Follows `Accept` (RFC 9110 section 12.5.1): quality first, then a type named outright before a
 * wildcard, then the client's own order.
 * @param accept the header's value; absent means anything
 * @param available at least one format
 * @returns when nothing is acceptable, the safest one all the same: section 12.4.1 allows it, and a
 *   picture in an unexpected format is worth more than none
 */
export function negotiateFormat(accept: string | undefined, available: readonly Format[]): Format {
  const candidates = SAFEST_FIRST.filter((format) => available.includes(format));
  const types = candidates.map((format) => FORMATS[format].contentType);
  const [best] = new Negotiator({ headers: { accept } }).mediaTypes(types);
  const format = candidates.find((candidate) => FORMATS[candidate].contentType === best);
  return format ?? (candidates[0] as Format);
}
