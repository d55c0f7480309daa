import { parseConfig } from '../../../functions/src/config/config.js';
import { INITIAL_VALUES } from '../../../functions/src/config/parameter-table.js';
import { sourceOfWidth } from '../../../functions/src/domain/widths.js';
import {
  listVariantUrls,
  objectUrl,
  ON_DEMAND_WIDTHS,
  variantUrl,
  WIDTHS,
  widthUrl,
} from './urls.js';

describe('variantUrl', () => {
  it("appends the format's file extension", () => {
    expect(variantUrl('https://a.example/i', 'spv_x', 'w800', 'jpeg')).toBe(
      'https://a.example/i/spv_x/w800.jpg',
    );
    expect(variantUrl('/i', 'spv_x', 'w800', 'webp')).toBe('/i/spv_x/w800.webp');
  });

  it('has no extension without a format, so that the Accept header decides', () => {
    expect(variantUrl('https://a.example', 'spv_x', 'thumb')).toBe('https://a.example/spv_x/thumb');
  });

  it('accepts trailing slashes in the base URL and encodes names', () => {
    expect(variantUrl('/i//', 'spv_x', 'a/b?c')).toBe('/i/spv_x/a%2Fb%3Fc');
  });
});

test('widthUrl asks for a width in whole pixels', () => {
  expect(widthUrl('/i/', 'spv_x', 640)).toBe('/i/spv_x?w=640');
  expect(widthUrl('/i', 'spv_x', 333.2)).toBe('/i/spv_x?w=334');
  expect(widthUrl('/i', 'spv_x', 0)).toBe('/i/spv_x?w=1');
});

test('WIDTHS are those of the uncropped variants that VARIANTS has by default', () => {
  const { variants } = parseConfig({ BUCKET: 'demo-app' });
  const uncropped = variants.filter(({ fit }) => fit !== 'cover');
  expect(WIDTHS).toEqual(uncropped.map(({ width }) => width));
});

test('ON_DEMAND_WIDTHS are what a new installation has or makes of a photo', () => {
  const { variants, widths = [] } = parseConfig({ ...INITIAL_VALUES, BUCKET: 'demo-app' });
  const whole = variants.flatMap(({ fit, width }) =>
    fit === 'cover' ? [] : [{ width, height: width }],
  );
  const made = widths.filter((width) => sourceOfWidth(whole, width) !== undefined);
  const all = new Set([...whole.map(({ width }) => width), ...made]);
  expect(ON_DEMAND_WIDTHS).toEqual([...all].sort((a, b) => a - b));
});

const file = (bytes: number) => ({ bytes, object: 'o', etag: '"e"' });

describe('listVariantUrls', () => {
  it('lists every rendition by ascending width, with size and bytes from the record', () => {
    const list = listVariantUrls('/i', {
      token: 'spv_x',
      variants: {
        w800: { width: 800, height: 533, formats: { jpeg: file(900), webp: file(600) } },
        thumb: { width: 200, height: 200, formats: { webp: file(60) } },
      },
    });
    expect(list.map(({ url }) => url)).toEqual([
      '/i/spv_x/thumb.webp',
      '/i/spv_x/w800.webp',
      '/i/spv_x/w800.jpg',
    ]);
    expect(list[2]).toEqual({
      name: 'w800',
      format: 'jpeg',
      width: 800,
      height: 533,
      bytes: 900,
      url: '/i/spv_x/w800.jpg',
    });
  });

  it('is empty before the image is ready', () => {
    expect(listVariantUrls('/i', { token: 'spv_x' })).toEqual([]);
  });
});

test('objectUrl encodes the object name as one path segment', () => {
  expect(objectUrl('http://127.0.0.1:9199', 'b', 'originals/u/a b?.jpg')).toBe(
    'http://127.0.0.1:9199/v0/b/b/o/originals%2Fu%2Fa%20b%3F.jpg?alt=media',
  );
});
