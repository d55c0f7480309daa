import { Code } from '../../errors.js';
import {
  chunk,
  controlArray,
  MAX_MESSAGE_BYTES,
  messageArray,
  openArray,
  parseForm,
  parseHeaders,
  wholeNumber,
} from './framing.js';

const invalid = (message: string | RegExp): unknown =>
  expect.objectContaining({
    code: Code.INVALID_ARGUMENT,
    message: expect.stringMatching(message) as string,
  });

describe('chunk', () => {
  test.each([
    ['[]', 2],
    ['["é"]', 5],
    // One code point outside of the basic plane is two code units.
    ['["😀"]', 6],
    ['["漢字"]', 6],
    ['', 0],
  ])('%j has a length of %d', (text, length) => {
    expect(chunk(text)).toBe(`${length}\n${text}`);
    expect(length).toBe(text.length);
  });
});

test('the first array names the session, the protocol version and the keep-alive time', () => {
  expect(openArray('abc', 30_000)).toBe('[0,["c","abc","",8,12,30000]]');
});

test('an array with a message holds its JSON unchanged', () => {
  expect(messageArray(7, '{"a":1}')).toBe('[7,[{"a":1}]]');
});

test.each(['noop', 'close', 'stop'] as const)('a control array says %s', (kind) => {
  expect(JSON.parse(controlArray(3, kind))).toEqual([3, [kind]]);
});

describe('parseForm', () => {
  test('numbers the messages from the offset', () => {
    const { maps } = parseForm('count=2&ofs=5&req0___data__=%7B%7D&req1___data__=%5B1%5D');
    expect(maps).toEqual([
      { number: 5, text: '{}' },
      { number: 6, text: '[1]' },
    ]);
  });

  test('decodes the form encoding', () => {
    const text = '{"a":"ä + & = % 😀\\n"}';
    const body = new URLSearchParams({ count: '1', ofs: '0', req0___data__: text }).toString();
    expect(parseForm(body).maps).toEqual([{ number: 0, text }]);
  });

  test('an empty body has neither messages nor headers', () => {
    expect(parseForm('')).toEqual({ maps: [], headers: new Map() });
  });

  test('reads the headers of the client', () => {
    const headers = 'X-Goog-Api-Client:gl-js/ fire/12\r\nAuthorization:Bearer a:b\r\n';
    const { headers: found } = parseForm(new URLSearchParams({ headers, count: '0' }).toString());
    expect(found.get('authorization')).toBe('Bearer a:b');
    expect(found.get('x-goog-api-client')).toBe('gl-js/ fire/12');
  });

  test.each([
    ['a message that is missing', 'count=2&ofs=0&req0___data__=x', /^Expected req1___data__/],
    ['a count that is negative', 'count=-1&ofs=0', /^count must be a whole number/],
    ['a count that is no number', 'count=x', /^count must be/],
    ['a count that is huge', 'count=999999999999', /^count is at most 4096/],
    ['a count of many digits', `count=${'9'.repeat(400)}`, /^count must be/],
    ['an offset with a fraction', 'count=0&ofs=1.5', /^ofs must be/],
    ['an empty offset', 'count=0&ofs=', /^ofs must be/],
  ])('refuses %s', (_name, body, message) => {
    expect(() => parseForm(body)).toThrow(invalid(message) as Error);
  });

  test('takes a message of 11 MiB and refuses a longer one, counted in bytes of UTF-8', () => {
    const largest = 'x'.repeat(MAX_MESSAGE_BYTES);
    expect(parseForm(`count=1&req0___data__=${largest}`).maps).toHaveLength(1);
    const tooLong = `${'x'.repeat(MAX_MESSAGE_BYTES - 1)}ä`;
    expect(() => parseForm(`count=1&req0___data__=${tooLong}`)).toThrow(
      invalid(/^A message has at most 11534336 bytes/) as Error,
    );
  });
});

describe('parseHeaders', () => {
  test('ignores lines without a name, and takes the last of a name', () => {
    const headers = parseHeaders('nothing\r\n:no name\r\n\r\nA: 1 \r\na:2');
    expect([...headers]).toEqual([['a', '2']]);
  });
});

describe('wholeNumber', () => {
  test.each([
    ['0', 0],
    ['000123', 123],
    ['999999999999999', 999_999_999_999_999],
  ])('reads %j', (text, number) => {
    expect(wholeNumber(text, 'AID')).toBe(number);
  });

  test.each(['', '-1', '1e3', '0x10', ' 1', '٣', 'NaN', '1'.repeat(16)])('refuses %j', (text) => {
    expect(() => wholeNumber(text, 'AID')).toThrow(invalid(/^AID must be a whole number/) as Error);
  });
});
