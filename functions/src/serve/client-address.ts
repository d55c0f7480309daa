/** The client's IP address: the key of the rate limits. */
import ipaddr from 'ipaddr.js';
import { LENGTH_LIMITS } from './length-limits.js';

/** One IPv6 customer usually has a whole /64 network. */
const IPV6_PREFIX_LENGTH = 64;

/**
 * Determines the address of a client behind proxies. Each proxy appends the address that it received the
 * request from, so only the last entries can be trusted: a client can send any list of its own, which
 * ends up on the left.
 *
 * @param forwardedFor `X-Forwarded-For`
 * @param remoteAddress IP address of the other end of the connection
 * @param trustedProxies how many proxies in front of the function append to the header
 * @returns an IPv4 address, an IPv6 network in CIDR notation, or `unknown`
 */
export function clientAddress(
  forwardedFor: string | string[] | undefined,
  remoteAddress: string | undefined,
  trustedProxies: number,
): string {
  const header = Array.isArray(forwardedFor) ? forwardedFor.join() : forwardedFor;
  const entries = (header ?? '').slice(-LENGTH_LIMITS['x-forwarded-for'].max).split(',');
  const trusted =
    trustedProxies > 0 && header
      ? entries.at(-Math.min(trustedProxies, entries.length))
      : remoteAddress;
  return parseAddress(trusted?.trim()) ?? parseAddress(remoteAddress) ?? 'unknown';
}

/** @returns undefined when the text is not an IP address */
function parseAddress(text: string | undefined): string | undefined {
  // Some proxies append a port: 192.0.2.1:4711, [2001:db8::1]:4711.
  const address = text?.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  const cidr = `${parsed.toString()}/${IPV6_PREFIX_LENGTH}`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(cidr).toString()}/${IPV6_PREFIX_LENGTH}`;
}
