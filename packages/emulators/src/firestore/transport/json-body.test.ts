import { decodePath, parseJson } from './json-body.js';

test.each([
  ['{"a":9223372036854775807}', { a: '9223372036854775807' }],
  ['[-1234567890123456789,1]', ['-1234567890123456789', 1]],
  ['{"a":{"b":\n 9007199254740993 }}', { a: { b: '9007199254740993' } }],
  ['{"a":":1234567890123456789 \\" 1234567890123456789","b":1234567890123456789}', { a: ':1234567890123456789 " 1234567890123456789', b: '1234567890123456789' }],
  ['{"a":"\\\\","b":1234567890123456789}', { a: '\\', b: '1234567890123456789' }],
  ['{"a":12345678901234567.5,"b":1234567890123456789e2}', { a: Number('12345678901234567.5'), b: Number('1234567890123456789e2') }],
  ['9223372036854775807', 2 ** 63],
  ['', {}],
  [' \n', {}],
])('parses %j', (body, expected) => {
  expect(parseJson(body)).toEqual(expected);
}); // prettier-ignore

test.each([
  '{',
  '{"a":}',
  'nonsense',
  '{"a":"1234567890123456',
  "{'a':1}",
  '[1234567890123456789,',
])('refuses %j', (body) => {
  expect(() => parseJson(body)).toThrow('Invalid JSON payload received.');
});

test('parses 10 MB of quotes, escapes and digits in less than a second', () => {
  const text = '\\"1234567890123456789'.repeat(500_000);
  const start = performance.now();
  expect(parseJson(`{"a":"${text}","b":[1234567890123456789]}`)).toMatchObject({
    b: ['1234567890123456789'],
  });
  expect(performance.now() - start).toBeLessThan(1000);
});

test('decodes a path except for encoded slashes', () => {
  expect(decodePath('/v1/a%20b/%28default%29/c%2Fd%2f')).toBe('/v1/a b/(default)/c%2Fd%2f');
  expect(decodePath('/a%252Fb')).toBe('/a%2Fb');
  expect(() => decodePath('/%zz')).toThrow('percent-encoding');
});
