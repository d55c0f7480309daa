/**
 * The client package: what it adds to an app, and its public types, so that a change of either is seen in review.
 * `npm run docs` writes `packages/client/api.txt`.
 */
import { gzipSync } from 'node:zlib';
import { join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { expectUpToDate } from '../functions/test/generated-file.js';
import { ROOT } from './support/documentation.js';

const FOLDER = join(ROOT, 'packages/client');
const manifest = jest.requireActual<{
  exports: Record<string, string | { types: string; default: string }>;
  dependencies?: object;
}>('../packages/client/package.json');
/** The source of each entry. */
const entries = Object.values(manifest.exports).flatMap((target) =>
  typeof target === 'string'
    ? []
    : [target.default.replace('./lib/', 'src/').replace('.js', '.ts')],
);

test('it has no dependencies, and each entry has a source', () => {
  expect(manifest.dependencies).toBeUndefined();
  expect(entries).toHaveLength(9);
  expect(entries.filter((entry) => !ts.sys.fileExists(join(FOLDER, entry)))).toEqual([]);
});

/** Compressed bytes of a bundle with what is imported, without Firebase and frameworks. */
async function sizeOf(imported: string, entry: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export ${imported} from './src/${entry}.ts';`, resolveDir: FOLDER },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['firebase/*', 'react', '@angular/*'],
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

// Bytes. The measured size is at most 10 % below, so that a larger budget is a decision.
test.each([
  ['{ variantUrl, widthUrl }', 'index', 300],
  ['{ picture }', 'index', 750],
  ['{ pictureHtml }', 'index', 950],
  ['{ placeholderUrl }', 'index', 1_350],
  ['{ imageType }', 'index', 500],
  ['{ createImagesWith }', 'index', 5_500],
  ['*', 'firebase', 6_150],
  ['*', 'firebase-lite', 6_550],
  ['*', 'react', 2_650],
  ['*', 'next', 400],
  ['{ default }', 'nuxt', 480],
  ['*', 'unpic', 440],
  ['*', 'angular', 600],
  ['*', 'element', 3_000],
])('%s of %s has its size', async (imported, entry, budget) => {
  const size = await sizeOf(imported, entry);
  expect(size).toBeLessThanOrEqual(budget);
  expect(size).toBeGreaterThan(0.9 * budget);
});

test('the public types are those of api.txt', () => {
  const { config } = ts.readConfigFile(join(FOLDER, 'tsconfig.json'), (file) =>
    ts.sys.readFile(file),
  ) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, FOLDER);
  const program = ts.createProgram(
    entries.map((entry) => join(FOLDER, entry)),
    { ...options, composite: false, incremental: false, removeComments: true, noEmit: false },
  );
  const declarations = new Map<string, string>();
  program.emit(
    undefined,
    (file, text) => declarations.set(file.replace(/^.*\/lib\//, ''), text),
    undefined,
    true,
  );
  expect(declarations.size).toBeGreaterThan(entries.length);
  const sections = [...declarations].sort(([a], [b]) => (a < b ? -1 : 1));
  expectUpToDate(
    'packages/client/api.txt',
    sections.map(([file, text]) => `// ${file}\n${text}`).join('\n'),
  );
}, 60_000);
