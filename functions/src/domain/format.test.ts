import { extensionOf, formatOfExtension, isCommonFormat, type Format } from './format.js';

test.each([
  ['avif', 'avif'],
  ['webp', 'webp'],
  ['jpeg', 'jpg'],
] as [Format, string][])('%s has the extension .%s', (format, extension) => {
  expect(extensionOf(format)).toBe(extension);
  expect(formatOfExtension(extension)).toBe(format);
});

test('accepts the extension .jpeg', () => {
  expect(formatOfExtension('jpeg')).toBe('jpeg');
});

test.each(['gif', 'toString', '', 'JPG'])('%j is neither a format nor an extension', (name) => {
  expect(isCommonFormat(name)).toBe(false);
  expect(formatOfExtension(name)).toBeUndefined();
});

test('PNG is a format of single variants, not of all', () => {
  expect(formatOfExtension('png')).toBe('png');
  expect(isCommonFormat('png')).toBe(false);
});
