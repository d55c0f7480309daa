import type { ExpressionReport } from '../rules/rules-engine.js';
import { coveragePage } from './coverage-page.js';

const at = (currentOffset: number, endOffset: number) => ({
  sourcePosition: { fileName: 'x', line: 1, column: 1, currentOffset, endOffset },
});
const visible = (page: string): string =>
  (/<pre>(.*)<\/pre>/s.exec(page)?.[1] ?? '').replace(/<[^<>]*>/g, '');

test('marks expressions inside each other, with their results', () => {
  const report: ExpressionReport[] = [
    {
      ...at(10, 16),
      values: [{ value: true, count: 2 }],
      children: [{ ...at(10, 11), values: [{ value: 'x"', count: 1 }] }, at(15, 16)],
    },
  ];
  const page = coveragePage('allow: if a && b;', report);
  expect(page).toContain(
    'allow: if <span class="hit" title="true: 2 times"><span class="hit" title="&quot;x\\&quot;&quot;: 1 time">a</span> ' +
      '&amp;&amp; <span class="miss" title="never evaluated">b</span></span>;',
  );
});

test('escapes the rules and the messages of errors', () => {
  const source = "a < b // <script>alert('1')</script>";
  const value = { undefined: { causeMessage: '<b>' } };
  const page = coveragePage(source, [{ ...at(0, 5), values: [{ value, count: 1 }] }]);
  expect(page).not.toContain('<script>');
  expect(page).not.toContain('<b>');
  expect(page).toContain('title="error (&lt;b&gt;): 1 time"');
});

test('shows every character once whatever the offsets are', () => {
  const report = [at(3, 5), at(2, 4), at(-1, 2), at(4, 99)];
  expect(visible(coveragePage('abcdefgh', report))).toBe('abcdefgh');
});
