import { LENGTH_LIMITS } from './length-limits.js';
import { openClientAddress } from './client-address.js';

const CLIENT = '198.51.100.23';
const FORGED = '192.0.2.66';
const GOOGLE = '66.102.8.69';
const CLOUDFLARE = '162.158.10.20';
const LOAD_BALANCER = '203.0.113.10';
/** What a function sees as the other end of the connection. */
const REMOTE = '169.254.169.126';

interface Shape {
  forwardedFor?: string | string[];
  cloudflare?: string;
  trusted?: string[];
  remote?: string | undefined;
}

function clientOf({ forwardedFor, cloudflare, trusted = [], remote = REMOTE }: Shape): string {
  const headers = {
    ...(forwardedFor !== undefined && { 'x-forwarded-for': forwardedFor }),
    ...(cloudflare !== undefined && { 'cf-connecting-ip': cloudflare }),
  };
  return openClientAddress(trusted)({ headers, remoteAddress: remote });
}

/** The rows of the table in docs/guides/rate-limits.md. */
describe('the client behind', () => {
  const trusted = [LOAD_BALANCER];
  test.each<[string, Shape]>([
    ['nothing: the last entry', { forwardedFor: CLIENT }],
    ['Hosting', { forwardedFor: `${CLIENT},${GOOGLE}` }],
    ['Hosting over IPv6', { forwardedFor: `${CLIENT}, 2a00:1450:4864:20::1` }],
    ['a load balancer', { forwardedFor: `${CLIENT},${LOAD_BALANCER}`, trusted }],
    ['Cloudflare', { forwardedFor: `${CLIENT},${CLOUDFLARE}`, cloudflare: CLIENT }],
    [
      'Cloudflare over IPv6',
      { forwardedFor: `${CLIENT},2606:4700:10::ac43:1`, cloudflare: CLIENT },
    ],
    [
      'Cloudflare and Hosting',
      { forwardedFor: `${CLIENT},${CLOUDFLARE},${GOOGLE}`, cloudflare: CLIENT },
    ],
    [
      'Cloudflare and Hosting that replaces the header',
      { forwardedFor: `${CLOUDFLARE},${GOOGLE}`, cloudflare: CLIENT },
    ],
    [
      'Cloudflare and a load balancer',
      { forwardedFor: `${CLIENT},${CLOUDFLARE},${LOAD_BALANCER}`, cloudflare: CLIENT, trusted },
    ],
    [
      'two proxies of a trusted network',
      { forwardedFor: `${CLIENT},203.0.113.11,203.0.113.12`, trusted: ['203.0.113.0/24'] },
    ],
  ])('%s, with and without forged entries', (_path, shape) => {
    expect(clientOf(shape)).toBe(CLIENT);
    expect(clientOf({ ...shape, forwardedFor: `${FORGED},${String(shape.forwardedFor)}` })).toBe(
      CLIENT,
    );
  });
});

describe('a direct request can not choose the address', () => {
  test.each<[string, Shape]>([
    ['a forged entry', { forwardedFor: `${FORGED},${CLIENT}` }],
    ['a forged list that looks like Hosting', { forwardedFor: `${FORGED},${GOOGLE},${CLIENT}` }],
    [
      'a forged list that looks like a load balancer',
      { forwardedFor: `${FORGED},${LOAD_BALANCER},${CLIENT}`, trusted: [LOAD_BALANCER] },
    ],
    [
      'a forged list that looks like Cloudflare',
      { forwardedFor: `${FORGED},${CLOUDFLARE},${CLIENT}`, cloudflare: FORGED },
    ],
    ['a forged CF-Connecting-IP', { forwardedFor: CLIENT, cloudflare: FORGED }],
    ['a load balancer that is not trusted', { forwardedFor: `${FORGED},${CLIENT}`, trusted: [] }],
    ['a header in several lines', { forwardedFor: [FORGED, CLIENT] }],
    ['a very long header', { forwardedFor: `${`${FORGED},`.repeat(2000)}${CLIENT}` }],
  ])('with %s', (_case, shape) => {
    expect(clientOf(shape)).toBe(CLIENT);
  });

  test('through Hosting, with a forged CF-Connecting-IP', () => {
    const forwardedFor = `${FORGED},${CLIENT},${GOOGLE}`;
    expect(clientOf({ forwardedFor, cloudflare: FORGED })).toBe(CLIENT);
  });

  test('with many copies of a proxy: only the last entry can be Hosting', () => {
    expect(clientOf({ forwardedFor: `${FORGED},${GOOGLE},${GOOGLE}` })).toBe(GOOGLE);
  });
});

test.each<[string, Shape, string]>([
  ['no entry before Hosting', { forwardedFor: GOOGLE }, GOOGLE],
  ['junk before Hosting', { forwardedFor: `junk,${GOOGLE}` }, GOOGLE],
  ['an entry of 5,000 characters', { forwardedFor: `${'x'.repeat(5000)},${GOOGLE}` }, GOOGLE],
  ['Cloudflare without CF-Connecting-IP', { forwardedFor: `${CLIENT},${CLOUDFLARE}` }, CLOUDFLARE],
  [
    'Cloudflare with junk in CF-Connecting-IP',
    { forwardedFor: CLOUDFLARE, cloudflare: 'x'.repeat(16_000) },
    CLOUDFLARE,
  ],
  [
    'more trusted proxies than are read',
    {
      forwardedFor: `${CLIENT},${`${LOAD_BALANCER},`.repeat(20)}`.slice(0, -1),
      trusted: [LOAD_BALANCER],
    },
    LOAD_BALANCER,
  ],
])('uses the nearest address that a known proxy wrote: %s', (_case, shape, expected) => {
  expect(clientOf(shape)).toBe(expected);
});

test.each<[string, Shape, string]>([
  ['no header', {}, REMOTE],
  ['an empty header', { forwardedFor: '' }, REMOTE],
  ['an invalid header', { forwardedFor: 'unknown' }, REMOTE],
  ['an invalid header and remote address', { forwardedFor: 'unknown', remote: 'pipe' }, 'unknown'],
  ['a port', { forwardedFor: '203.0.113.7:4711' }, '203.0.113.7'],
  [
    'IPv6 is reduced to its /64 network',
    { forwardedFor: '2001:db8:1:2:3:4:5:6' },
    '2001:db8:1:2::/64',
  ],
  ['IPv6 with a port', { forwardedFor: '[2001:db8:1:2::9]:4711' }, '2001:db8:1:2::/64'],
  ['IPv6 in brackets', { forwardedFor: '[2001:db8:1:2::9]' }, '2001:db8:1:2::/64'],
  ['IPv6 with a zone', { forwardedFor: 'fe80::1%eth0' }, 'fe80::/64'],
  ['IPv4 mapped to IPv6', { forwardedFor: '::ffff:203.0.113.7' }, '203.0.113.7'],
])('%s', (_case, shape, expected) => {
  expect(clientOf(shape)).toBe(expected);
});

test('neither header nor remote address', () => {
  expect(openClientAddress([])({ headers: {} })).toBe('unknown');
});

test('an entry that is cut at the length limit is no address', () => {
  const { max } = LENGTH_LIMITS['x-forwarded-for'];
  const clientAddress = openClientAddress([LOAD_BALANCER]);
  // Without its first character, 1203.0.113.7 is an address.
  const padding = ' '.repeat(max - `203.0.113.7,${LOAD_BALANCER}`.length);
  const headers = { 'x-forwarded-for': `1203.0.113.7${padding},${LOAD_BALANCER}` };
  expect(clientAddress({ headers, remoteAddress: REMOTE })).toBe(LOAD_BALANCER);
});

test.each([
  [','.repeat(16_000)],
  [' '.repeat(16_000)],
  [`[${'1'.repeat(16_000)}`],
  ['1.'.repeat(8000)],
  [`${GOOGLE},`.repeat(1300)],
])('reads a 16 KB header in bounded time (%#)', (header) => {
  const clientAddress = openClientAddress([LOAD_BALANCER]);
  const headers = { 'x-forwarded-for': header, 'cf-connecting-ip': header };
  const start = performance.now();
  for (let count = 0; count < 1000; count++) clientAddress({ headers, remoteAddress: REMOTE });
  expect(performance.now() - start).toBeLessThan(5000);
});
