/**
 * `npm run pack`: makes the packages that a release publishes, in `.local/packages/`. `npm run pack -- --extension`
 * makes the folder that the Firebase CLI uploads as the source of the extension.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setUp } from './setup.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const output = join(root, '.local', 'packages');

const USAGE = `npm run pack [-- --extension]

Makes the packages of a release: .local/packages/NAME-VERSION.tgz.
--extension   makes .local/packages/extension instead: the source of the extension, for
              \`firebase ext:install\`, which uploads a whole folder and takes no ignore file
`;

/** Folders of the published packages. */
const PACKAGES = [
  'functions',
  'packages/security-rules',
  'packages/emulators',
  'packages/client',
  'packages/edge',
];
/** Files of the repository that the main package contains, besides its own. */
const SHARED_FILES = ['README.md', 'CHANGELOG.md', 'LICENSE'];
/** What the platform needs of `functions/` to build and run the extension. */
const EXTENSION_SOURCES = ['package.json', 'package-lock.json', 'lib', 'LICENSE'];
const EXTENSION_FILES = ['extension.yaml', 'PREINSTALL.md', 'POSTINSTALL.md', ...SHARED_FILES];

/** @returns the exit code */
async function main() {
  const { values } = parseArgs({
    options: {
      extension: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  await setUp();
  const made = values.extension ? [packExtension()] : PACKAGES.map(pack);
  process.stdout.write(made.map((path) => `${relative(process.cwd(), path)}\n`).join(''));
  return 0;
}

/** @returns the tarball */
function pack(folder) {
  const source = join(root, folder);
  const { name, version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'));
  // A copy, because npm takes the README and the changelog from the package's own folder. Tests run this side by side.
  const temporary = makeTemporary();
  const staging = join(temporary, name);
  mkdirSync(staging);
  for (const entry of readdirSync(source)) {
    if (['node_modules', 'src', 'test'].includes(entry)) continue;
    cpSync(join(source, entry), join(staging, entry), { recursive: true });
  }
  for (const file of SHARED_FILES) {
    if (!existsSync(join(staging, file))) cpSync(join(root, file), join(staging, file));
  }
  const args = ['pack', '--ignore-scripts', '--pack-destination', temporary, '--loglevel=error'];
  const { status, stderr } = spawnSync('npm', args, {
    cwd: staging,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`npm pack ${folder}: ${stderr.trim()}`);
  const tarball = `${name}-${version}.tgz`;
  renameSync(join(temporary, tarball), join(output, tarball));
  rmSync(temporary, { recursive: true });
  return join(output, tarball);
}

/** @returns the folder */
function packExtension() {
  const temporary = makeTemporary();
  const folder = join(temporary, 'extension');
  for (const file of EXTENSION_FILES) cpSync(join(root, file), join(folder, file));
  const functions = join(root, 'functions');
  const isSource = (path) => statSync(path).isDirectory() || !/\.d\.ts$|\.tsbuildinfo$/.test(path);
  for (const entry of EXTENSION_SOURCES) {
    cpSync(join(functions, entry), join(folder, 'functions', entry), {
      recursive: true,
      filter: (path) => isSource(path) && !path.startsWith(join(functions, 'lib', 'cli')),
    });
  }
  setEngine(join(folder, 'functions', 'package.json'));
  const made = join(output, 'extension');
  if (existsSync(made)) renameSync(made, join(temporary, 'old'));
  renameSync(folder, made);
  rmSync(temporary, { recursive: true });
  return made;
}

/** Makes a folder in that of the packages, so that what is made there can be moved. */
function makeTemporary() {
  mkdirSync(output, { recursive: true });
  return mkdtempSync(join(output, 'staging-'));
}

/** The extension runs on the runtime of its manifest, which may lag behind that of the kit. */
function setEngine(file) {
  const [, node] = /runtime: nodejs(\d+)/.exec(readFileSync(join(root, 'extension.yaml'), 'utf8'));
  const manifest = { ...JSON.parse(readFileSync(file, 'utf8')), engines: { node } };
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
