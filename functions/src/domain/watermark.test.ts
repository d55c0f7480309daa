import { parseWatermark } from './watermark.js';

const DEFAULTS = { gravity: 'southeast', scale: 0.25, opacity: 0.5 };

test.each([
  ['watermarks/logo.png', { object: 'watermarks/logo.png', ...DEFAULTS }],
  ['a.png?scale=1', { object: 'a.png', ...DEFAULTS, scale: 1 }],
  ['a.png?gravity=tile&opacity=.2', { object: 'a.png', scale: 0.25, opacity: 0.2 }],
  ['a?opacity=0.75&gravity=north', { object: 'a', ...DEFAULTS, gravity: 'north', opacity: 0.75 }],
])('%s', (text, expected) => {
  expect(parseWatermark(text)).toEqual(expected);
});

test.each([
  '',
  '?scale=1',
  'a?b?c',
  'a?scale=0',
  'a?scale=1.5',
  'a?scale=NaN',
  'a?opacity=0.0',
  'a?opacity=-1',
  'a?gravity=middle',
  'a?gravity=__proto__',
  'a?size=1',
  'a?scale=1&scale=1',
  'a'.repeat(501),
])('refuses %j', (text) => {
  expect(typeof parseWatermark(text)).toBe('string');
});

test.each([
  ['a?b?c', 'OBJECT or OBJECT?gravity=southeast&scale=0.25&opacity=0.5'],
  ['a?scale=2', 'scale=NUMBER above 0 up to 1, with at most four decimals'],
  ['a?opacity=', 'opacity=NUMBER above 0 up to 1, with at most four decimals'],
  [
    'a?size=1',
    'each of gravity, scale, opacity at most once, and nothing else, behind the question mark',
  ],
])('says what %j lacks', (text, expected) => {
  expect(parseWatermark(text)).toBe(expected);
});
