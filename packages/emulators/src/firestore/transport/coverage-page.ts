/** The page of `:ruleCoverage.html`: the rules, with the results of each expression. */
import type { ExpressionReport } from '../rules/rules-engine.js';

/** Expressions nest at most as deep as the rules parser allows; a deeper report is cut off. */
const MAX_DEPTH = 1000;

const STYLE = `
  body { font: 14px/1.5 monospace; margin: 2em; }
  pre { white-space: pre-wrap; }
  .hit { background: #d7f5d7; }
  .miss { background: #f8d7d7; }
  .hit:hover, .miss:hover { outline: 1px solid #555; }
`;

/**
 * Renders the page: expressions that were evaluated are green, others red; the results are in the tooltip.
 * @param source the rules
 * @param report from `Coverage.report()` of these rules
 */
export function coveragePage(source: string, report: readonly ExpressionReport[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Rule coverage</title><style>${STYLE}</style></head>
<body>
<h1>Rule coverage</h1>
<p>Green: evaluated; the tooltip has the results. Red: never evaluated.</p>
<pre>${render(source, report, 0, source.length, 0)}</pre>
</body>
</html>
`;
}

function render(
  source: string,
  reports: readonly ExpressionReport[],
  start: number,
  end: number,
  depth: number,
): string {
  const parts: string[] = [];
  let at = start;
  const sorted = [...reports].sort(
    (left, right) => left.sourcePosition.currentOffset - right.sourcePosition.currentOffset,
  );
  for (const { sourcePosition, values, children = [] } of sorted) {
    const { currentOffset, endOffset } = sourcePosition;
    // Expressions of one level do not overlap; anything else would repeat text.
    if (currentOffset < at || endOffset > end || depth > MAX_DEPTH) continue;
    const inner = render(source, children, currentOffset, endOffset, depth + 1);
    const results = (values ?? []).map(
      ({ value, count }) => `${describe(value)}: ${count} ${count === 1 ? 'time' : 'times'}`,
    );
    const name = values === undefined ? 'miss' : 'hit';
    const title = escapeHtml(results.join('\n') || 'never evaluated');
    parts.push(escapeHtml(source.slice(at, currentOffset)));
    parts.push(`<span class="${name}" title="${title}">${inner}</span>`);
    at = endOffset;
  }
  return parts.join('') + escapeHtml(source.slice(at, end));
}

function describe(value: unknown): string {
  const error = (value as { undefined?: { causeMessage?: string } } | null)?.undefined;
  return error ? `error (${error.causeMessage ?? ''})` : JSON.stringify(value);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}
