/** Statistics and tables for the output of benchmarks. */
import { markdownTable } from 'markdown-table';
import { mean, median } from 'simple-statistics';

export { median, quantile } from 'simple-statistics';

/** The median of each figure over several runs. */
export function medians<K extends string>(runs: readonly Record<K, number>[]): Record<K, number> {
  const names = Object.keys(runs[0] as object) as K[];
  return Object.fromEntries(
    names.map((name) => [name, median(runs.map((run) => run[name]))]),
  ) as Record<K, number>;
}

/** The mean of each figure. */
export function means<K extends string>(list: readonly Record<K, number>[]): Record<K, number> {
  const names = Object.keys(list[0] as object) as K[];
  return Object.fromEntries(
    names.map((name) => [name, mean(list.map((figures) => figures[name]))]),
  ) as Record<K, number>;
}

/** Formats a Markdown table: the first column left-aligned, the others right-aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const align = head.map((_, column) => (column === 0 ? 'left' : 'right'));
  return `${markdownTable([head, ...rows], { align })}\n`;
}
