/** The client's IP address: the key of the rate limits. docs/guides/rate-limits.md has the shapes. */
import { BlockList } from 'node:net';
import { networkOf, parseAddress, textOf, type Address } from './client-network.js';
import { LENGTH_LIMITS } from './length-limits.js';
import { CLOUDFLARE_NETWORKS, GOOGLE_NETWORKS } from './proxy-networks.js';

interface ForwardedRequest {
  headers: {
    'x-forwarded-for'?: string | string[] | undefined;
    'cf-connecting-ip'?: string | undefined;
    'x-edge-client'?: string | string[] | undefined;
  };
  /** IP address of the other end of the connection. */
  remoteAddress?: string | undefined;
}

/** @returns an IPv4 address, an IPv6 network in CIDR notation, or `unknown` */
export type ClientAddress = (request: ForwardedRequest) => string;

/**
 * Determines the address of a client behind proxies. Each proxy appends the address that it received the
 * request from to `X-Forwarded-For`, and Google's front end always does so last. A client can send any list
 * of its own, which ends up on the left. So the last entry is the client, unless it is the address of a proxy
 * that is known: then that proxy has written the entry to its left, and so on. `CF-Connecting-IP` is read
 * only when Cloudflare has sent the request, because Cloudflare overwrites it.
 *
 * @param trustedProxies addresses and networks of further known proxies (TRUSTED_PROXIES)
 * @param isEdgeOnly requests come from the edge alone (EDGE_KEY_HASHES), which states the address in `X-Edge-Client`
 */
export function openClientAddress(
  trustedProxies: readonly string[],
  isEdgeOnly = false,
): ClientAddress {
  const google = matcherOf(GOOGLE_NETWORKS);
  const cloudflare = matcherOf(CLOUDFLARE_NETWORKS);
  const trusted = matcherOf(trustedProxies);

  return ({ headers, remoteAddress }) => {
    const stated = headers['x-edge-client'];
    if (isEdgeOnly && typeof stated === 'string') return networkOf(parseAddress(stated));
    // The address nearest to the client that a known proxy has written.
    let nearest: Address | undefined;
    for (const [index, entry] of lastEntries(headers['x-forwarded-for']).entries()) {
      const address = parseAddress(entry);
      if (address === undefined) break;
      nearest = address;
      // Firebase Hosting calls the function directly, so it can only be the last hop.
      if (trusted(address) || (index === 0 && google(address))) continue;
      if (cloudflare(address)) nearest = parseAddress(headers['cf-connecting-ip']) ?? address;
      break;
    }
    return networkOf(nearest ?? parseAddress(remoteAddress));
  };
}

/** Lists the last entries of `X-Forwarded-For`, from right to left. */
function lastEntries(header: string | string[] | undefined): string[] {
  const { max, maxMembers } = LENGTH_LIMITS['x-forwarded-for'];
  const text = (Array.isArray(header) ? header.at(-1) : header) ?? '';
  const entries = text.slice(-max).split(',');
  // The rest of a longer entry could be another address.
  if (text.length > max) entries.shift();
  return entries
    .slice(-maxMembers)
    .reverse()
    .map((entry) => entry.trim());
}

function matcherOf(networks: readonly string[]): (address: Address) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    const kind = address.includes(':') ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, kind);
    else list.addSubnet(address, Number(prefix), kind);
  }
  return (address) => list.check(textOf(address), address.kind());
}
