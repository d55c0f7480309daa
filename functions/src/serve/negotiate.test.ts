import type { Format } from '../domain/format.js';
import { negotiateFormat } from './negotiate.js';

const ALL: Format[] = ['avif', 'webp', 'jpeg'];
const CHROME = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
const FIREFOX_60 = '*/*';

test.each<[string | undefined, Format[], Format]>([
  [CHROME, ALL, 'avif'],
  [CHROME, ['webp', 'jpeg'], 'webp'],
  [CHROME, ['jpeg'], 'jpeg'],
  [FIREFOX_60, ALL, 'jpeg'],
  [undefined, ALL, 'jpeg'],
  ['', ALL, 'jpeg'],
  ['image/*', ALL, 'jpeg'],
  ['image/*', ['webp', 'avif'], 'webp'],
  ['image/webp;q=0.5,image/jpeg;q=0.9', ALL, 'jpeg'],
  ['image/webp;q=0.9,image/jpeg;q=0.5', ALL, 'webp'],
  ['image/avif;q=0,image/webp,*/*', ALL, 'webp'],
  ['IMAGE/WEBP', ALL, 'webp'],
  ['text/html', ALL, 'jpeg'],
  ['image/png', ['webp', 'avif'], 'webp'],
  ['q=;;,,/', ALL, 'jpeg'],
])('Accept: %s selects from %j: %s', (accept, available, format) => {
  expect(negotiateFormat(accept, available)).toBe(format);
});
