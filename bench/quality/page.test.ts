/** The table of settings, docs/reference/quality.md and its picture match the recorded results. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../figures.js';
import { MAX_SHORTFALL, scoresAt, TOLERANCE } from './curves.js';
import { CHOSEN } from './encodings.js';
import { generatedFiles } from './page.js';
import { RESULTS_JSON, tableOf, TARGETS, type QualityResults } from './results.js';

const ROOT = join(__dirname, '..', '..');
const results = JSON.parse(readFileSync(join(ROOT, RESULTS_JSON), 'utf8')) as QualityResults;

test.each(Object.entries(generatedFiles(results)))(
  '%s is up to date (npm run docs)',
  (path, content) => {
    const file = join(ROOT, path);
    if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(file, content);
    // A checkout on Windows may have CRLF line endings.
    expect(readFileSync(file, 'utf8').replaceAll('\r\n', '\n')).toBe(content);
  },
);

test('every format and size lands near the targets within what was measured', () => {
  const table = tableOf(results.rows);
  for (const [format, encoding] of Object.entries(CHOSEN)) {
    for (const [edge, qualities] of Object.entries(table[format as 'jpeg'])) {
      const curve = results.rows.filter(
        (row) => row.encoding === encoding && String(row.edge) === edge,
      );
      for (const [column, target] of TARGETS.entries()) {
        const scores = scoresAt(curve, qualities[column] as number);
        const [least = 0, best = 0] = [curve[0], curve.at(-1)].map((p) => median(p?.scores ?? []));
        const reachable = Math.max(least, Math.min(target, best));
        expect([format, edge, target, Math.abs(median(scores) - reachable) <= TOLERANCE]).toEqual([
          ...[format, edge, target, true],
        ]);
        if (target > best) continue;
        expect(Math.min(...scores)).toBeGreaterThanOrEqual(target - MAX_SHORTFALL);
      }
    }
  }
});

test('a graphic has fewer bytes than with the settings of photos at the same score', () => {
  for (const { name, edge, bytes, score, equal } of results.graphics) {
    const isSmaller = bytes < equal.bytes || score > equal.score;
    expect([name, edge, isSmaller]).toEqual([name, edge, true]);
  }
});
