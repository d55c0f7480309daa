/**
 * `node tools/bundle.mjs`: replaces six compiled files by bundles.
 * - The command line tool: what it imports of this workspace, and of packages that the deployed functions do not
 *   need, becomes part of it, so that the published package does not depend on them.
 * - What an instance of `serve` loads: one file instead of some 130, because a user waits for its cold start.
 * - The entry of the client package for servers: with the functions' transactions, which it does not depend on.
 * - The entry of the client package that seals tokens: with the functions' format of them.
 * - The two Workers of the edge package, each with what it shares with `serve`.
 */
import { chmodSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Names under which packages ship their license, in both spellings. */
// cspell:ignore licence
const LICENSE = /^(license|licence|copying|notice)([.-].*)?$/i;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const functions = join(root, 'functions');
const client = join(root, 'packages', 'client');
const edge = join(root, 'packages', 'edge');
const lib = join(functions, 'lib');
const folder = join(lib, 'cli');

const { dependencies } = JSON.parse(readFileSync(join(functions, 'package.json'), 'utf8'));

/** Of all bundles. */
const OPTIONS = {
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node20.20',
  format: 'cjs',
  absWorkingDir: functions,
  logLevel: 'warning',
};

/**
 * Replaces a compiled file by its bundle, and writes the licenses of the packages in it.
 * @param licenses path of that file
 */
async function replaceByBundle(file, licenses, options) {
  const { metafile, outputFiles } = await build({
    ...OPTIONS,
    entryPoints: [file],
    outfile: file,
    ...options,
  });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  const inputs = Object.keys(metafile.inputs).map((input) => resolve(functions, input));
  writeFileSync(licenses, licensesOf(inputs));
}

/** Leaves the package's dependencies and its modules outside of `lib/cli` out of the bundle. */
function keepOutside(dependencies) {
  return {
    name: 'keep-outside',
    setup(bundle) {
      bundle.onResolve({ filter: /^[^.]/ }, ({ path }) =>
        dependencies.some((name) => path === name || path.startsWith(`${name}/`))
          ? { path, external: true }
          : undefined,
      );
      bundle.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const target = resolve(resolveDir, path);
        const isOwn = resolveDir === folder || resolveDir.startsWith(folder + sep);
        if (!isOwn || target.startsWith(folder + sep)) return undefined;
        return { path: relative(folder, target).replaceAll(sep, '/'), external: true };
      });
    },
  };
}

/** Leaves the client package's own modules out of the bundle: an ImagesError of each entry is of one class. */
const keepClientModules = {
  name: 'keep-client-modules',
  setup(bundle) {
    bundle.onResolve({ filter: /^[.]\// }, ({ path, resolveDir }) =>
      resolveDir === join(client, 'src') ? { path, external: true } : undefined,
    );
  },
};

/** The licenses of all packages that the files belong to. */
function licensesOf(files) {
  const marker = `${sep}node_modules${sep}`;
  const folders = new Set();
  for (const file of files) {
    const start = file.lastIndexOf(marker);
    if (start < 0) continue;
    const [scope = '', name = ''] = file.slice(start + marker.length).split(sep);
    folders.add(
      join(file.slice(0, start + marker.length), scope, scope.startsWith('@') ? name : ''),
    );
  }
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version, license } = JSON.parse(
        readFileSync(join(folder, 'package.json'), 'utf8'),
      );
      const texts = readdirSync(folder)
        .filter((entry) => LICENSE.test(entry))
        .map((entry) => readFileSync(join(folder, entry), 'utf8').trim());
      return `${[`${name} ${version} (${license})`, ...texts].join('\n\n')}\n`;
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

await replaceByBundle(join(folder, 'main.js'), join(folder, 'LICENSES.txt'), {
  // The CommonJS builds of some packages cannot be bundled.
  mainFields: ['module', 'main'],
  plugins: [keepOutside(Object.keys(dependencies))],
});
chmodSync(join(folder, 'main.js'), 0o755);
await replaceByBundle(join(lib, 'serve-entry.js'), join(lib, 'serve-entry.LICENSES.txt'), {
  // Loaded only where there is no `fetch`: never.
  external: ['node-fetch'],
  // Names stay, for stack traces.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  // Of this project's files only, whose text would else be in the package twice.
  sourcesContent: false,
});
const admin = join(client, 'lib', 'admin');
await replaceByBundle(`${admin}.js`, `${admin}.LICENSES.txt`, {
  // From the sources: what is compiled are CommonJS modules, which esbuild can't join to an ES module.
  entryPoints: [join(client, 'src', 'admin.ts')],
  format: 'esm',
  external: ['firebase-admin'],
  plugins: [keepClientModules],
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
});
const seal = join(client, 'lib', 'seal.js');
const { contents } = (
  await build({
    ...OPTIONS,
    entryPoints: [join(client, 'src', 'seal.ts')],
    outfile: seal,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    external: ['hpke'],
    plugins: [keepClientModules],
  })
).outputFiles[0];
writeFileSync(seal, contents);
for (const name of ['image-worker', 'file-worker']) {
  const worker = join(edge, 'lib', name);
  await replaceByBundle(`${worker}.js`, `${worker}.LICENSES.txt`, {
    entryPoints: [join(edge, 'src', `${name}.ts`)],
    format: 'esm',
    // Nothing of Node.js.
    platform: 'neutral',
    mainFields: ['module', 'main'],
    target: 'es2022',
    minify: true,
  });
}
