import { median, medians, table } from './figures.js';

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])('the median of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

test('of nothing there is none', () => expect(() => median([])).toThrow('found none'));

test('each figure has a median of its own', () => {
  const runs = [
    { cpu: 1, wall: 9 },
    { cpu: 3, wall: 7 },
    { cpu: 2, wall: 8 },
  ];
  expect(medians(runs)).toEqual({ cpu: 2, wall: 8 });
});

test('columns stand under each other, the first to the left', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['a', '10'],
        ['long name', '1'],
      ],
    ),
  ).toBe('name        n\na          10\nlong name   1\n');
});
