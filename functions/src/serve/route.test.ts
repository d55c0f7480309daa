import { mintToken } from '../tokens/token.js';
import { parseRoute } from './route.js';

const token = mintToken();

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
  `/${token}/w800.png`,
  `/${token}/w800.toString`,
  `/${token}/w800.webp.webp`,
  `/${token}/..`,
  `/${token}/%2e%2e`,
  `/${token}/w 800`,
  `/${token.slice(0, -1)}/w800`,
  `/${token.slice(0, -1)}_/w800`,
  `/${token.toUpperCase()}/w800`,
  `/${encodeURIComponent(`/${token}`)}`,
])('%j asks for nothing', (path) => {
  expect(parseRoute(path)).toBeUndefined();
});
