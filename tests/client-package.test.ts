/**
 * The client package: what it adds to an app, and its public types, so that a change of either is seen in review.
 * `npm run docs` writes `packages/client/api.txt`.
 */
import { gzipSync } from 'node:zlib';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
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
  expect(entries).toHaveLength(11);
  expect(entries.filter((entry) => !ts.sys.fileExists(join(FOLDER, entry)))).toEqual([]);
});

/** Loaded when they are needed, or after the page: not part of what imports them. */
const LATER: Plugin = {
  name: 'later',
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\// }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path, external: true } : undefined,
    );
  },
};

/** Compressed bytes of a bundle with what is imported, without Firebase and frameworks. */
async function sizeOf(imported: string, file: string): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents: `export ${imported} from './src/${file}.ts';`, resolveDir: FOLDER },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['firebase/*', 'react', '@angular/*'],
    plugins: [LATER],
  });
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

// Bytes. The measured size is at most 10 % below, so that a larger budget is a decision.
test.each([
  ['{ variantUrl, widthUrl }', 'index', 250],
  ['{ picture }', 'index', 800],
  ['{ pictureHtml }', 'index', 950],
  ['{ placeholderUrl }', 'index', 1_300],
  ['{ imageType }', 'index', 480],
  ['{ createImagesWith }', 'index', 3_650],
  ['*', 'firebase', 4_200],
  ['*', 'firebase-lite', 4_550],
  ['*', 'react', 1_400],
  ['*', 'next', 350],
  ['{ default }', 'nuxt', 400],
  ['*', 'unpic', 380],
  ['*', 'angular', 520],
  ['*', 'element', 3_000],
  // With hpke.
  ['*', 'seal', 6_600],
  // Loaded after the page.
  ['*', 'upload-transfer', 1_600],
  // Loaded with the first call.
  ['*', 'share-calls', 1_000],
])('%s of %s has its size', async (imported, file, budget) => {
  const size = await sizeOf(imported, file);
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
  const own = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(`${join(FOLDER, 'src')}/`));
  for (const source of own) {
    const add = (file: string, text: string) => declarations.set(basename(file), text);
    program.emit(source, add, undefined, true);
  }
  expect(declarations.size).toBeGreaterThan(entries.length);
  const sections = [...declarations].sort(([a], [b]) => (a < b ? -1 : 1));
  expectUpToDate(
    'packages/client/api.txt',
    sections.map(([file, text]) => `// ${file}\n${text}`).join('\n'),
  );
}, 60_000);
