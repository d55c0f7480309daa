/** What every command needs first: the right Node, the packages of the lock files, a build. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** One clear sentence on stderr, and the end. */
export function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}

/** A line a step, on stderr so that stdout holds results only. */
export function step(text) {
  process.stderr.write(`- ${text}\n`);
}

/** Installs what is missing and builds what has changed. */
export function setUp() {
  checkNode();
  checkFiles();
  const unlock = lock();
  try {
    install('.', 'package-lock.json');
    install('functions', 'npm-shrinkwrap.json');
    build();
  } finally {
    unlock();
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 20 && minor >= 20) || (major >= 22 && major % 2 === 0)) return;
  fail(
    `Node 20.20, 22 or a later even version is needed; this is ${process.version}. Get one from https://nodejs.org`,
  );
}

/** What the build and the stack are made from; without one, some of it would fail far from here. */
const NEEDED = [
  'package-lock.json',
  'functions/package.json',
  'functions/npm-shrinkwrap.json',
  'firebase.json',
  'storage.rules',
  'firestore.rules',
  'firestore.indexes.json',
  'extension.yaml',
  'POSTINSTALL.md',
  'tests/fixtures/photos/seeding.jpg',
];

function checkFiles() {
  const missing = NEEDED.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) fail(`expected ${missing.join(', ')} in ${root}, found no such file`);
}

/** Two runs in one checkout must not install or build at once. */
function lock() {
  const folder = join(root, '.local', 'setup.lock');
  mkdirSync(dirname(folder), { recursive: true });
  for (let told = false; ; told = true) {
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'pid'), String(process.pid));
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!holderLives(folder)) rmSync(folder, { recursive: true, force: true });
    else if (!told) step('waiting for another run that is setting up');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function holderLives(folder) {
  try {
    // Just made and without its pid yet: give it a moment.
    if (!existsSync(join(folder, 'pid'))) return Date.now() - statSync(folder).mtimeMs < 5000;
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    // A number that came round again, as in a container, is not the one that locked.
    if (pid === process.pid) return false;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function install(folder, lockFile) {
  const place = join(root, folder);
  const stamp = join(place, 'node_modules', '.installed');
  const wanted = `${hash(readFileSync(join(place, lockFile)))} ${process.platform} ${process.arch}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  step(`installing packages of ${folder === '.' ? 'the workspace (a minute or two)' : folder}`);
  run(
    'npm',
    ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    place,
    'npm ci',
  );
  writeFileSync(stamp, wanted);
}

/** What the compiler writes for each package. */
const LIBRARIES = [
  'functions/lib',
  'packages/security-rules/lib',
  'packages/emulators/lib',
  'packages/client/lib',
];

/** TypeScript and the demo page, only when a source has changed. */
function build() {
  const stamp = join(root, '.local', 'build', 'stamp');
  const sources = [
    'functions/src',
    'packages',
    'tools/dev',
    'bench',
    'examples',
    'tsconfig.base.json',
    'package-lock.json',
  ];
  const state = hash(sources.flatMap((source) => describe(join(root, source))).join('\n'));
  const built = [
    'functions/lib/index.js',
    'examples/demo/dist/index.html',
    '.local/build/tools/start/main.js',
    '.local/build/bench/main.js',
  ];
  const isThere = built.every((file) => existsSync(join(root, file)));
  if (isThere && existsSync(stamp)) {
    if (readFileSync(stamp, 'utf8') === `${state}\n${outputs()}`) return;
  }
  step('building');
  // From nothing: the compiler neither misses a file that is gone nor takes away one that should be.
  for (const output of [...LIBRARIES, '.local/build']) {
    rmSync(join(root, output), { recursive: true, force: true });
  }
  node('typescript/bin/tsc', ['-b', 'bench', 'packages/client']);
  // Without this, Node would take the CommonJS build of an ES module package for ES modules.
  writeFileSync(join(root, 'packages/client/lib/cjs/package.json'), '{ "type": "commonjs" }\n');
  node('vite/bin/vite.js', ['build', 'examples/demo', '--logLevel', 'warn']);
  writeFileSync(stamp, `${state}\n${outputs()}`);
}

/** What a build has made, so that a file that is gone is noticed. */
function outputs() {
  const folders = [...LIBRARIES, 'examples/demo/dist', '.local/build/tools', '.local/build/bench'];
  return hash(folders.flatMap((folder) => list(join(root, folder))).join('\n'));
}

function list(folder) {
  return readdirSync(folder, { recursive: true }).sort();
}

function describe(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return [`${path} ${stat.size} ${stat.mtimeMs}`];
  return readdirSync(path)
    .filter((name) => !['dist', 'out', 'lib', 'node_modules'].includes(name))
    .flatMap((name) => describe(join(path, name)));
}

function node(script, args) {
  run(process.execPath, [join(root, 'node_modules', script), ...args], root, script);
}

function run(command, args, cwd, what) {
  // The child's stdout goes to our stderr: stdout holds results only.
  const shell = process.platform === 'win32' && command === 'npm';
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2], shell });
  if (status !== 0) throw new Error(`${what} failed${error ? `: ${error.message}` : ''}`);
}

function hash(data) {
  return createHash('sha256').update(data).digest('hex');
}

// `npm run build`: this file by itself.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    setUp();
  } catch (error) {
    fail(error.message);
  }
}
