/** `npm run bench -- conformance`: do renditions look like what Chromium shows for the original? */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { CONTENT_TYPES, type Case } from './case.js';
import { allCases } from './cases/index.js';
import { openBrowser, type Browser, type NotShown, type Shown } from './chromium.js';
import { openProcessor, type Processed, type Processor } from './product.js';
import { judge, type Rendition, type Verdict } from './verdict.js';

export type Result = Pick<Case, 'format' | 'row' | 'name'> & Verdict;

/** @returns whether nothing is wrong */
export async function measureConformance(paths: BenchPaths, only = ''): Promise<boolean> {
  const folder = join(paths.root, '.local', 'conformance');
  mkdirSync(folder, { recursive: true });
  const processor = openProcessor(openProduct(paths.root));
  const browser = await openBrowser(join(paths.root, 'bench', 'conformance', 'page.mjs'));
  const results: Result[] = [];
  try {
    for (const one of allCases(paths.root).filter(({ name }) => new RegExp(only).test(name))) {
      const bytes = await one.create();
      writeFileSync(join(folder, one.name), bytes);
      const start = performance.now();
      const verdict = await examine(one, bytes, browser, processor);
      results.push({ format: one.format, row: one.row, name: one.name, ...verdict });
      if (process.env['SLOW']) process.stderr.write(`${one.name} ${performance.now() - start}\n`);
      if (verdict.kind === 'wrong') process.stderr.write(`- ${one.name}: ${verdict.detail}\n`);
    }
  } finally {
    processor.close();
    await browser.close();
  }
  writeResults(paths, 'conformance', { chromium: browser.version, results });
  process.stdout.write(summary(results));
  return results.every(({ kind }) => kind !== 'wrong');
}

async function examine(
  one: Case,
  bytes: Buffer,
  browser: Browser,
  processor: Processor,
): Promise<Verdict> {
  const reference = one.reference ? await one.reference() : bytes;
  const type = one.reference ? 'image/png' : CONTENT_TYPES[one.format];
  const shown = await browser.show(reference, type);
  const processed = await processor(bytes, one.parameters);
  const renditions = await showRenditions(browser, processed, shown);
  const verdict = judge(shown, processed, renditions, one);
  if (!one.picture || verdict.kind === 'wrong') return verdict;
  const picture = await browser.show(one.picture(), 'image/png');
  const second = judge(picture, processed, renditions, { ...one, tolerance: 'encoder' });
  if (second.kind !== 'wrong') return verdict;
  return { ...second, detail: `the picture that was encoded: ${second.detail}` };
}

async function showRenditions(
  browser: Browser,
  processed: Processed,
  original: Shown | NotShown,
): Promise<Rendition[]> {
  if (processed.kind !== 'ready' || 'error' in original) return [];
  const renditions: Rendition[] = [];
  for (const { format, quality, data } of processed.renditions) {
    const shown = await browser.show(data, `image/${format}`, original.fit);
    renditions.push({ format, quality, shown });
  }
  return renditions;
}

const KINDS = ['same', 'converted', 'refused', 'wrong'] as const;

function summary(results: readonly Result[]): string {
  const formats = [...new Set(results.map(({ format }) => format))];
  const count = (own: readonly Result[]) =>
    KINDS.map((kind) => String(own.filter((result) => result.kind === kind).length));
  return table(
    ['format', 'files', ...KINDS],
    [
      ...formats.map((format) => {
        const own = results.filter((result) => result.format === format);
        return [format, String(own.length), ...count(own)];
      }),
      ['**all**', String(results.length), ...count(results)],
    ],
  );
}
