/** `npm run bench -- conformance`: do renditions look like what Chromium shows for the original? */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { CONTENT_TYPES, type Case } from './case.js';
import { allCases } from './cases/index.js';
import { openBrowser } from './chromium.js';
import { readCorpus } from './corpus.js';
import { examine, type Input } from './examine.js';
import { formatsPage, formatsTable, FORMATS_PAGE, RESULTS_JSON } from './formats-page.js';
import { openProcessor } from './product.js';
import type { Result } from './verdict.js';

export interface ConformanceOptions {
  /** Examines the files of this folder instead of those of the suite. */
  corpus?: string | undefined;
  /** A regular expression for file names. */
  only?: string | undefined;
  /** Writes docs/reference/formats.md, and the results that it is generated from. */
  write?: boolean | undefined;
}

interface Job extends Pick<Result, 'format' | 'row' | 'name'> {
  read: () => Input | Promise<Input>;
}

/** Files that are processed and shown at the same time: Chromium is another process. */
const CONCURRENCY = 2;

/** @returns whether nothing is wrong */
export async function measureConformance(
  paths: BenchPaths,
  { corpus, only = '', write = false }: ConformanceOptions,
): Promise<boolean> {
  const all = corpus === undefined ? suiteJobs(paths) : readCorpus(paths.root, corpus);
  const pattern = new RegExp(only);
  const jobs = all.filter(({ name }) => pattern.test(name));
  const { results, chromium } = await examineAll(paths, jobs);
  writeResults(paths, 'conformance', { chromium, results });
  process.stdout.write(summary(results));
  if (write) {
    if (jobs.length < all.length || corpus !== undefined) {
      throw new Error('expected a run of the whole suite before --write');
    }
    writeFiles(paths.root, results, chromium);
  }
  return results.every(({ kind }) => kind !== 'wrong');
}

async function examineAll({ root }: BenchPaths, jobs: readonly Job[]) {
  const processor = openProcessor(openProduct(root));
  const browser = await openBrowser(join(root, 'bench', 'conformance', 'page.mjs'));
  const results: Result[] = [];
  const rest = jobs.entries();
  const work = async () => {
    // The iterator is shared: each worker takes the next job.
    for (const [index, { read, ...job }] of rest) {
      const verdict = await examine(await read(), browser, processor);
      results[index] = { ...job, ...verdict };
      if (verdict.kind === 'wrong') process.stderr.write(`- ${job.name}: ${verdict.detail}\n`);
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
  } finally {
    processor.close();
    await browser.close();
  }
  return { results, chromium: browser.version };
}

/** The files are kept, to look at those that are wrong. */
function suiteJobs({ root }: BenchPaths): Job[] {
  const folder = join(root, '.local', 'conformance');
  mkdirSync(folder, { recursive: true });
  return allCases(root).map((one: Case) => ({
    ...{ format: one.format, row: one.row, name: one.name },
    read: async () => {
      const bytes = await one.create();
      writeFileSync(join(folder, one.name), bytes);
      return { ...one, bytes, type: CONTENT_TYPES[one.format] };
    },
  }));
}

const KINDS = ['same', 'converted', 'refused', 'wrong'] as const;

function summary(results: readonly Result[]): string {
  const formats = [...new Set(results.map(({ format }) => format))];
  const count = (own: readonly Result[]) => [
    String(own.length),
    ...KINDS.map((kind) => String(own.filter((result) => result.kind === kind).length)),
  ];
  const rows = formats.map((format) => [
    format,
    ...count(results.filter((result) => result.format === format)),
  ]);
  return table(['format', 'files', ...KINDS], [...rows, ['**all**', ...count(results)]]);
}

/** @throws Error when a file is wrong */
function writeFiles(root: string, results: readonly Result[], chromium: string): void {
  const wrong = results.filter(({ kind }) => kind === 'wrong').length;
  if (wrong > 0) throw new Error(`expected no wrong files before --write, found ${wrong}`);
  const date = new Date().toISOString().slice(0, 10);
  const [major = chromium] = chromium.split('.');
  const rows = formatsTable(results, { chromium: major, date });
  writeFileSync(join(root, RESULTS_JSON), `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(join(root, FORMATS_PAGE), formatsPage(rows));
}
