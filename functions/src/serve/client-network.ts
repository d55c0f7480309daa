/**
 * The key of an IP address in a rate limit.
 *
 * Portable: packages/edge bundles this file for workers.
 */
import ipaddr from 'ipaddr.js';

export type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** The longest address with a zone and a port, characters. */
const MAX_ADDRESS_LENGTH = 64;

/** One IPv6 customer usually has a whole /64 network. */
const IPV6_PREFIX_LENGTH = 64;

/** @returns undefined when the text is not an IP address */
export function parseAddress(text: string | undefined): Address | undefined {
  if (text === undefined || text.length > MAX_ADDRESS_LENGTH) return undefined;
  // Some proxies append a port: 192.0.2.1:4711, [2001:db8::1]:4711.
  const address = text.replace(/^\[([^\]]*)\](:\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1');
  return ipaddr.isValid(address) ? ipaddr.process(address) : undefined;
}

/** @returns an IPv4 address, an IPv6 network in CIDR notation, or `unknown` */
export function networkOf(address: Address | undefined): string {
  if (address === undefined) return 'unknown';
  if (address.kind() === 'ipv4') return address.toString();
  const cidr = `${textOf(address)}/${IPV6_PREFIX_LENGTH}`;
  return `${ipaddr.IPv6.networkAddressFromCIDR(cidr).toString()}/${IPV6_PREFIX_LENGTH}`;
}

/** Without the zone of a link-local address: `fe80::1%eth0`. */
export function textOf(address: Address): string {
  return address.toString().split('%', 1).join();
}
