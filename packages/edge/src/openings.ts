/**
 * Rations openings of sealed tokens: by their number for each client, whether they succeed or not, so that nobody's junk
 * refuses the good link of another.
 */
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
    return (await limit.limit({ key: networkOf(address) })).success;
  } catch {
    // An opening costs little; all sealed links would cost more.
    console.error('SEAL_LIMIT: openings are not counted, because the rate limit fails');
    return true;
  }
}

/** @returns an IPv4 address, or the /64 network of an IPv6 address: one customer usually has a whole one */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  // IPv4 in IPv6: ::ffff:192.0.2.1.
  if (address.includes('.')) return address.slice(address.lastIndexOf(':') + 1);
  const [before = [], after = []] = address
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(Math.max(0, 8 - before.length - after.length)).fill('0');
  const groups = [...before, ...zeros, ...after].slice(0, 4);
  return `${groups.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}
