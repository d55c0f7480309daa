import { stripVTControlCharacters } from 'node:util';
import { toPrintable, toPrintableJson } from './printable.js';

describe('toPrintable', () => {
  test.each([
    ['an escape sequence', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
    ['a C1 control sequence', '\u009b2J', '\\u009b2J'],
    [
      'a line feed and a carriage return',
      'a\r\nNothing is wrong.',
      'a\\u000d\\u000aNothing is wrong.',
    ],
    ['NUL, backspace and DEL', '\0\b\u007f', '\\u0000\\u0008\\u007f'],
    ['a right-to-left override', 'gpj.\u202etac', 'gpj.\\u202etac'],
    ['a zero-width space', 'a\u200bb', 'a\\u200bb'],
    ['a line separator', 'a\u2028b', 'a\\u2028b'],
    ['an unpaired surrogate', 'a\ud800b', 'a\\ud800b'],
    ['a format character of two code units', 'a\u{e0001}b', 'a\\udb40\\udc01b'],
  ])('escapes %s', (_, text, expected) => {
    expect(toPrintable(text)).toBe(expected);
    expect(stripVTControlCharacters(toPrintable(text))).toBe(expected);
  });

  test('leaves other characters as they are', () => {
    const text = 'originals/alice/für 🌱 photo (1).jpg \\ "x"';
    expect(toPrintable(text)).toBe(text);
  });
});

test('toPrintableJson writes JSON that has the same value and no unprintable character but line feeds', () => {
  const value = { name: 'a\u001b[2J\u009b\u007f\u202e\n\ud800', list: [1, null] };
  const text = toPrintableJson(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text.replaceAll('\n', '')).toBe(toPrintable(text.replaceAll('\n', '')));
});
