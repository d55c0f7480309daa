/** Prepares the workspace for every command: checks Node.js, installs packages, builds. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Prints a message to stderr and exits with code 1. */
export function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** Prints a progress line to stderr; stdout is for results only. */
export function step(text) {
  process.stderr.write(`- ${text}\n`);
}

/**
 * Installs packages when a lock file changed and builds when a source changed.
 * @returns a promise that is fulfilled when everything is there
 * @throws Error when a command fails; exits with code 1 when Node.js or a file is missing
 */
export async function setUp() {
  checkNode();
  checkFiles();
  const unlock = lock();
  try {
    // At the same time: mostly, one waits for the network while the other writes.
    await allSettled([
      install('.', 'package-lock.json'),
      install('functions', 'package-lock.json'),
    ]);
    await build();
  } finally {
    unlock();
  }
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if ((major === 20 && minor >= 20) || (major >= 22 && major % 2 === 0)) return;
  fail(
    `expected Node.js 20.20, 22 or a later even version, found ${process.version}: see https://nodejs.org`,
  );
}

/** Files that the build and the stack need; checked first because later errors would be unclear. */
const REQUIRED_FILES = [
  'package-lock.json',
  'functions/package.json',
  'functions/package-lock.json',
  'firebase.json',
  'storage.rules',
  'firestore.rules',
  'firestore.indexes.json',
  'extension.yaml',
  'POSTINSTALL.md',
  'tests/fixtures/photos/seeding.jpg',
];

function checkFiles() {
  const missing = REQUIRED_FILES.filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) fail(`expected ${missing.join(', ')} in ${root}, found no such file`);
}

/** Prevents two runs in one checkout from installing or building at the same time. */
function lock() {
  const folder = join(root, '.local', 'setup.lock');
  mkdirSync(dirname(folder), { recursive: true });
  for (let announced = false; ; announced = true) {
    try {
      mkdirSync(folder);
      writeFileSync(join(folder, 'pid'), String(process.pid));
      return () => rmSync(folder, { recursive: true, force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!isHolderAlive(folder)) rmSync(folder, { recursive: true, force: true });
    else if (!announced) step('waiting for the set-up of another run');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function isHolderAlive(folder) {
  try {
    // A new lock has no pid file yet.
    if (!existsSync(join(folder, 'pid'))) return Date.now() - statSync(folder).mtimeMs < 5000;
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    // Process IDs are reused, often in containers: this process does not hold the lock.
    if (pid === process.pid) return false;
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

async function install(folder, lockFile) {
  const directory = join(root, folder);
  const stamp = join(directory, 'node_modules', '.installed');
  const expected = `${hash(readFileSync(join(directory, lockFile)))} ${process.platform} ${process.arch}`;
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === expected) return;
  step(`installing packages of ${folder === '.' ? 'the workspace (1 to 2 minutes)' : folder}`);
  await run(
    'npm',
    ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'],
    directory,
    'npm ci',
  );
  writeFileSync(stamp, expected);
}

/** Files of a Firebase project that the published package contains. */
const SHIPPED_FILES = [
  'storage.rules',
  'firestore.rules',
  'firestore.indexes.json',
  'functions/.env.example',
];

/** Output folders of the compiler. */
const LIBRARIES = [
  'functions/lib',
  'packages/security-rules/lib',
  'packages/emulators/lib',
  'packages/client/lib',
  'packages/edge/lib',
];

/** Builds TypeScript and the demo page when a source changed. */
async function build() {
  const stamp = join(root, '.local', 'build', 'stamp');
  const sources = [
    'functions/src',
    'packages',
    'tools/dev',
    'bench',
    'examples/demo',
    'tsconfig.base.json',
    'tools/bundle.mjs',
    ...SHIPPED_FILES,
    'package-lock.json',
  ];
  const sourceState = hash(sources.flatMap((source) => describe(join(root, source))).join('\n'));
  const requiredOutputs = [
    'functions/lib/index.js',
    'examples/demo/dist/index.html',
    '.local/build/tools/dev/start/main.js',
    '.local/build/bench/main.js',
  ];
  const isComplete = requiredOutputs.every((file) => existsSync(join(root, file)));
  if (isComplete && existsSync(stamp)) {
    if (readFileSync(stamp, 'utf8') === `${sourceState}\n${outputState()}`) return;
  }
  step('building');
  // The compiler does not restore deleted outputs, nor delete the outputs of deleted sources.
  for (const output of [...LIBRARIES, '.local/build']) {
    rmSync(join(root, output), { recursive: true, force: true });
  }
  await node('typescript/bin/tsc', ['-b', 'bench', 'packages/client', 'packages/edge']);
  await allSettled([
    node('../tools/bundle.mjs', []),
    node('vite/bin/vite.js', ['build', 'examples/demo', '--logLevel', 'warn']),
  ]);
  // `storage-public-variants init` writes them into a project.
  for (const file of SHIPPED_FILES) {
    cpSync(join(root, file), join(root, 'functions/lib/files', basename(file)));
  }
  writeFileSync(stamp, `${sourceState}\n${outputState()}`);
}

/** A hash of the names of all outputs, which changes when one is deleted. */
function outputState() {
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
  return run(process.execPath, [join(root, 'node_modules', script), ...args], root, script);
}

async function run(command, args, cwd, label) {
  // The child's stdout goes to stderr: stdout is for results only.
  const shell = process.platform === 'win32' && command === 'npm';
  const child = spawn(command, args, { cwd, stdio: ['ignore', 2, 2], shell });
  const [status] = await once(child, 'close').catch(({ message }) => {
    throw new Error(`${label} failed: ${message}`);
  });
  if (status !== 0) throw new Error(`${label} failed`);
}

/** Waits for all, so that nothing runs on after a failure. @throws the first error */
async function allSettled(promises) {
  const results = await Promise.allSettled(promises);
  const failure = results.find(({ status }) => status === 'rejected');
  if (failure) throw failure.reason;
}

function hash(data) {
  return createHash('sha256').update(data).digest('hex');
}

// `npm run build` runs this file.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await setUp();
  } catch (error) {
    fail(error.message);
  }
}
