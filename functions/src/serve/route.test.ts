import { mintToken } from '../domain/token.js';
import { sealFor } from '../../test/serve/serve-fixture.js';
import { parseRoute } from './route.js';

const token = mintToken();
const sealed = sealFor(token);
const longest = sealFor(token, { variants: [...'123456'].map((digit) => digit.repeat(40)) });

test.each([
  [`/${token}`, { token }],
  [`/${token}/w800`, { token, variant: 'w800' }],
  [`/${token}/w800.webp`, { token, variant: 'w800', format: 'webp' }],
  [`/${token}/w800.jpg`, { token, variant: 'w800', format: 'jpeg' }],
  [`/${token}/w800.jpeg`, { token, variant: 'w800', format: 'jpeg' }],
  [`/i/${token}`, { token }],
  [`/i/${token}/w800.avif`, { token, variant: 'w800', format: 'avif' }],
  [`/a/b/c/${token}/w800`, { token, variant: 'w800' }],
  [`${token}/w800`, { token, variant: 'w800' }],
  [`/i/${sealed}`, { token: sealed }],
  [`/${longest}/w800.webp`, { token: longest, variant: 'w800', format: 'webp' }],
  ['/seal-keys.json', 'seal-keys'],
  ['/a/i/seal-keys.json', 'seal-keys'],
  ['/i/seal-keys.json?v=1', 'seal-keys'],
])('%s', (path, route) => {
  expect(parseRoute(path)).toEqual(route);
});

test.each([
  '',
  '/',
  '/w800',
  `/${token}/`,
  `/${token}/w800/`,
  `/${token}/w800/x`,
  `/${token}/w800.gif`,
  `/${token}/w800.toString`,
  `/${token}/w800.webp.webp`,
  `/${token}/..`,
  `/${token}/%2e%2e`,
  `/${token}/w 800`,
  `/${token.slice(0, -1)}/w800`,
  `/${token.slice(0, -1)}_/w800`,
  `/${token.toUpperCase()}/w800`,
  `/${encodeURIComponent(`/${token}`)}`,
  `/${sealed.slice(0, -1)}/w800`,
  `/${sealed}A/w800`,
  `/${token}/seal-keys.json`,
  `/${sealed}/seal-keys.json`,
  'seal-keys.json',
  '/seal-keys.json/',
  '/seal-keys.json5',
])('%j is not found', (path) => {
  expect(parseRoute(path)).toBe('not-found');
});

test.each([
  ['w=360', { token, width: 360 }],
  ['w=360&dpr=2', { token, width: 720 }],
  ['w=333&dpr=1.5', { token, width: 500 }],
  ['w=0.5', { token, width: 1 }],
  ['w=360&f=webp', { token, width: 360, format: 'webp' }],
  ['f=jpg&dpr=2&w=360', { token, width: 720, format: 'jpeg' }],
  ['w=360&f=avif&f=png', { token, width: 360, format: 'avif' }],
  ['q=75&w=640&auto=format', { token, width: 640 }],
  ['q=75', { token }],
  ['', { token }],
])('?%s', (query, route) => {
  expect(parseRoute(`/i/${token}?${query}`)).toEqual(route);
  // The URL of a variant ignores any query.
  expect(parseRoute(`/${token}/w800.webp?${query}`)).toEqual(parseRoute(`/${token}/w800.webp`));
});

test.each([
  'w=',
  'w=abc',
  'w=0',
  'w=-1',
  'w=1e3',
  'w=100001',
  'dpr=2',
  'w=1&dpr=0',
  'w=1&dpr=x',
  'w=1&dpr=101',
  'f=webp',
  'w=1&f=',
  'w=1&f=png',
  'w=1&f=WEBP',
  'w=1&f=toString',
  'w=x&f=webp',
])('?%s is a bad request, unless the token is malformed', (query) => {
  expect(parseRoute(`/${token}?${query}`)).toBe('bad-request');
  expect(parseRoute(`/${token.slice(0, -1)}_?${query}`)).toBe('not-found');
});
