/** Who asks: the key that limits count by. */
import ipaddr from 'ipaddr.js';

/** Longer than any list of addresses that proxies write. */
const LONGEST_HEADER = 4096;

/**
 * The address of a client behind proxies. Each proxy appends the address that it was asked from, so
 * only the last ones can be trusted: a client may send any list of its own, and it ends up on the left.
 *
 * @param forwardedFor `X-Forwarded-For`
 * @param peer the address at the other end of the connection
 * @param trustedProxies how many proxies in front append to the header
 * @returns an IPv4 address, or the first 64 bits of an IPv6 one, which one customer has as a whole
 */
export function clientAddress(
  forwardedFor: string | undefined,
  peer: string | undefined,
  trustedProxies: number,
): string {
  const list = (forwardedFor ?? '').slice(-LONGEST_HEADER).split(',');
  const written =
    trustedProxies > 0 && forwardedFor ? list.at(-Math.min(trustedProxies, list.length)) : peer;
  return keyOf(written?.trim()) ?? keyOf(peer) ?? 'unknown';
}

function keyOf(text: string | undefined): string | undefined {
  // Some proxies write a port: 192.0.2.1:4711, [2001:db8::1]:4711.
  const address = text?.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${(parsed as ipaddr.IPv6).parts
    .slice(0, 4)
    .map((part) => part.toString(16))
    .join(':')}::/64`;
}
