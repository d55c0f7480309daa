/**
 * Rations openings of sealed tokens: by their number for each client, whether they succeed or not, so that nobody's junk
 * refuses the good link of another.
 */
import { networkOf, parseAddress } from '../../../functions/src/serve/client-network.js';
import type { RateLimitBinding } from './platform.js';

/** Seconds after which a refused client may try again: the longest period that the binding can have. */
export const RETRY_AFTER_SECONDS = 60;

/**
 * Counts an opening.
 * @param limit without it, openings are not rationed
 * @param address of the client; without it, all clients would count as one, so they are not counted
 * @returns whether the client may have it
 */
export async function mayOpen(
  limit: RateLimitBinding | undefined,
  address: string | null,
): Promise<boolean> {
  if (limit === undefined || address === null || address === '') return true;
  try {
    return (await limit.limit({ key: networkOf(parseAddress(address)) })).success;
  } catch {
    // An opening costs little; all sealed links would cost more.
    console.error('SEAL_LIMIT: openings are not counted, because the rate limit fails');
    return true;
  }
}
