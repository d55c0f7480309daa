import { extensionOf, formatOfExtension, isFormat, type Format } from './format.js';

test.each([
  ['avif', 'avif'],
  ['webp', 'webp'],
  ['jpeg', 'jpg'],
] as [Format, string][])('%s files end in .%s', (format, extension) => {
  expect(extensionOf(format)).toBe(extension);
  expect(formatOfExtension(extension)).toBe(format);
});

test('.jpeg is understood, too', () => {
  expect(formatOfExtension('jpeg')).toBe('jpeg');
});

test.each(['png', 'toString', '', 'JPG'])('%j is none', (name) => {
  expect(isFormat(name)).toBe(false);
  expect(formatOfExtension(name)).toBeUndefined();
});
