import {
  chunk,
  controlArray,
  messageArray,
  openArray,
  parseForm,
  parseHeaders,
} from './framing.js';

const invalid = (message: string) => expect.objectContaining({ code: 3, message: expect.stringContaining(message) as string }) as Error; // prettier-ignore

test('a chunk has its length in UTF-16 code units', () => {
  expect(chunk('["ä😀"]')).toBe('7\n["ä😀"]');
});

test('arrays have a number and a message', () => {
  expect(openArray('id', 30_000)).toBe('[0,["c","id","",8,12,30000]]');
  expect(messageArray(3, '{"a":1}')).toBe('[3,[{"a":1}]]');
  expect(controlArray(4, 'noop')).toBe('[4,["noop"]]');
});

test('a form has numbered messages and the client’s headers', () => {
  const body =
    'headers=Authorization%3ABearer%20x%0D%0AX-Goog%3A1&count=2&ofs=5&req0___data__=%7B%7D&req1___data__=%5B%5D';
  const { maps, headers } = parseForm(body);
  expect(maps).toEqual([
    { number: 5, text: '{}' },
    { number: 6, text: '[]' },
  ]);
  expect([...headers]).toEqual([
    ['authorization', 'Bearer x'],
    ['x-goog', '1'],
  ]);
  expect(parseForm('')).toEqual({ maps: [], headers: new Map() });
});

test.each([
  ['count=x', 'count must be a whole number'],
  ['count=-1', 'count must be a whole number'],
  ['count=1&ofs=1.5&req0___data__=x', 'ofs must be a whole number'],
  ['count=5000', 'count is at most'],
  ['count=2&req0___data__=x', 'Expected req1___data__'],
  [`count=1&req0___data__=${'x'.repeat(11 * 1024 * 1024 + 1)}`, 'A message has at most'],
])('refuses %.30s', (body, message) => {
  expect(() => parseForm(body)).toThrow(invalid(message));
});

test('header lines without a colon are ignored', () => {
  expect([...parseHeaders('a:1\r\nnonsense\r\n:x\r\nB: 2 ')]).toEqual([
    ['a', '1'],
    ['b', '2'],
  ]);
});
