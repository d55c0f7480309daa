import { isToken, mintToken } from '../../../functions/src/domain/token.js';
import { leaksIn } from './leaks.js';

const token = mintToken();

test('a line with a token is found, and told without it', () => {
  const output = `one\n>  {"severity":"ERROR","url":"/i/${token}/w800"} and ${token}\nthree`;
  expect(leaksIn(output, isToken)).toEqual([
    '>  {"severity":"ERROR","url":"/i/(a token)/w800"} and (a token)',
  ]);
});

test.each([
  [
    'hosting’s request log',
    `i  hosting: 127.0.0.1 - - [24/Nov/2026] "GET /i/${token}/w800 HTTP/1.1" 200`,
  ],
  ['hosting’s rewrites', `[hosting] Rewriting /i/${token}/w800 to http://127.0.0.1:1/x`],
  ['what only looks like one', `${token.slice(0, -1)}- ${token.slice(0, -2)} spv_nonsense`],
  ['nothing', ''],
])('%s is no leak', (_what, output) => {
  expect(leaksIn(output, isToken)).toEqual([]);
});
