import { median, medians, quantile, table } from './figures.js';

test.each([
  [[3], 3],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])('median of %j is %d', (values, expected) => expect(median(values)).toBe(expected));

test('median throws for no values', () =>
  expect(() => median([])).toThrow('requires at least one data point'));

test('quantile sorts its values', () => expect(quantile([5, 1, 4, 2, 3], 0.5)).toBe(3));

test('medians returns the median of each figure', () => {
  const runs = [
    { cpu: 1, wall: 9 },
    { cpu: 3, wall: 7 },
    { cpu: 2, wall: 8 },
  ];
  expect(medians(runs)).toEqual({ cpu: 2, wall: 8 });
});

test('table aligns the first column left and the others right', () => {
  expect(
    table(
      ['name', 'n'],
      [
        ['a', '10'],
        ['long name', '1'],
      ],
    ),
  ).toBe(
    [
      '| name      |  n |\n',
      '| :-------- | -: |\n',
      '| a         | 10 |\n',
      '| long name |  1 |\n',
    ].join(''),
  );
});
