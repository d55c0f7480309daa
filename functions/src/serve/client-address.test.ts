import { clientAddress } from './client-address.js';

test.each<[string, string | undefined, string | undefined, number, string]>([
  ['only Google in front', '203.0.113.7', '10.0.0.1', 1, '203.0.113.7'],
  ['a forged entry', '1.1.1.1, 203.0.113.7', '10.0.0.1', 1, '203.0.113.7'],
  ['a CDN and Google', '203.0.113.7, 192.0.2.1', '10.0.0.1', 2, '203.0.113.7'],
  ['a CDN, Google and a forged entry', '1.1.1.1,203.0.113.7,192.0.2.1', 'x', 2, '203.0.113.7'],
  ['more trusted proxies than entries', '203.0.113.7', '10.0.0.1', 3, '203.0.113.7'],
  ['no trusted proxy', '203.0.113.7', '198.51.100.2', 0, '198.51.100.2'],
  ['no header', undefined, '198.51.100.2', 1, '198.51.100.2'],
  ['an empty header', '', '198.51.100.2', 1, '198.51.100.2'],
  ['an invalid header', 'unknown', '198.51.100.2', 1, '198.51.100.2'],
  ['an invalid header and remote address', 'unknown', 'pipe', 1, 'unknown'],
  ['neither header nor remote address', undefined, undefined, 1, 'unknown'],
  ['a port', '203.0.113.7:4711', undefined, 1, '203.0.113.7'],
  ['IPv6 is reduced to its /64 network', '2001:db8:1:2:3:4:5:6', undefined, 1, '2001:db8:1:2::/64'],
  ['IPv6 with a port', '[2001:db8:1:2::9]:4711', undefined, 1, '2001:db8:1:2::/64'],
  ['IPv6 in brackets', '[2001:db8:1:2::9]', undefined, 1, '2001:db8:1:2::/64'],
  ['IPv6 with a zone', 'fe80::1%eth0', undefined, 1, 'fe80::/64'],
  ['IPv4 mapped to IPv6', '::ffff:203.0.113.7', undefined, 1, '203.0.113.7'],
])('%s', (_case, forwardedFor, remoteAddress, trusted, expected) => {
  expect(clientAddress(forwardedFor, remoteAddress, trusted)).toBe(expected);
});

test('reads only the right end of a very long header', () => {
  const long = `${'1.1.1.1,'.repeat(1_000_000)}203.0.113.7`;
  expect(clientAddress(long, undefined, 1)).toBe('203.0.113.7');
});
