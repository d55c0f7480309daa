import { isToken, mintToken } from '../../../functions/src/domain/token.js';
import { findTokenLeaks } from './leaks.js';

const token = mintToken();

test('returns a line that contains a token, with the token replaced', () => {
  const output = `one\n>  {"severity":"ERROR","url":"/i/${token}/w800"} and ${token}\nthree`;
  expect(findTokenLeaks(output, isToken)).toEqual([
    '>  {"severity":"ERROR","url":"/i/(a token)/w800"} and (a token)',
  ]);
});

test('returns a line that contains a sealed token', () => {
  const sealed = `sps_${'A'.repeat(104)}`;
  expect(findTokenLeaks(`one\n/i/${sealed}/w800`, isToken)).toEqual(['/i/(a token)/w800']);
});

test.each([
  [
    'the Hosting request log',
    `i  hosting: 127.0.0.1 - - [24/Nov/2026] "GET /i/${token}/w800 HTTP/1.1" 200`,
  ],
  ['Hosting rewrites', `[hosting] Rewriting /i/${token}/w800 to http://127.0.0.1:1/x`],
  [
    'text that only resembles a token',
    `${token.slice(0, -1)}- ${token.slice(0, -2)} spv_nonsense sps_x`,
  ],
  ['empty output', ''],
])('ignores %s', (_name, output) => {
  expect(findTokenLeaks(output, isToken)).toEqual([]);
});
