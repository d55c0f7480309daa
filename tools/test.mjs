/**
 * `npm test`: sets up the workspace, runs the unit tests, then two kinds at a time, because tests on a local stack
 * mostly wait: the integration and browser tests with the function kit, the integration tests with the extension, those
 * of processing (large and malicious images) and of the repository (documentation, rules, deployment, import
 * boundaries, commit messages), and an installation in a user's project. The last line is the summary.
 * `npm test -- KIND` runs one kind: unit, processing, repository, integration, browser, attack, extension or install.
 * `--long` runs what takes long and is left out: attacks, floods, simulations, more random runs, all kinds of projects
 * and installations, the latest Node.js 22 and 24, and npm 10 and 11. `--all` runs both. `--official` uses Google's
 * emulators, which need Java 21.
 * A public token in any output is a failure.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fail, root, setUp, step } from './setup.mjs';

const OFFICIAL = '--official';
const official = process.argv.includes(OFFICIAL);
const ALL = '--all';
const LONG = '--long';
const onlyLong = process.argv.includes(LONG);
const all = onlyLong || process.argv.includes(ALL);
/** Kinds of tests that need no local stack, besides the unit tests. */
const WITHOUT_STACK = ['processing', 'repository'];
const KINDS = [
  'unit',
  ...WITHOUT_STACK,
  'integration',
  'browser',
  'attack',
  'extension',
  'install',
];
const results = join(root, '.local', 'test-results', String(process.pid));
/** Per run: the browser is unpacked here, and an incomplete file must not affect the next run. */
const temporary = mkdtempSync(join(tmpdir(), 'test-'));
/** One worker per core: tests without a stack share nothing, and jest would leave one of two cores idle. */
const UNIT_WORKERS = ['--maxWorkers=100%'];
/** Most files of unit tests need less time than the start of a process, so they share processes. */
const SHARED_PROCESS = '--workerIdleMemoryLimit=400MB';
/** Unit tests that load sharp, which keeps what was blocked until its process ends. */
const OWN_PROCESS = 'functions/src/processing/|bench/';
const ONE_WORKER = ['--maxWorkers=1'];
/** The option of jest that selects files by their paths. */
const SELECT = '--testPathPatterns=';
/** Serial, because each condition is loaded as the rules of the project. */
const RULES_TABLES = [
  '--runInBand',
  '--testPathPatterns=packages/security-rules/src/(reference-types|reference-language|builtins|expressions)',
];
/** For tests only: 32 bytes of zeros. */
const SEALING_KEYS = `1:${'A'.repeat(43)}`;
/** Revocation takes effect immediately; two widths are made on demand. */
const PARAMETERS = { REVOCATION_SECONDS: '0', WIDTHS: '320,640' };
/** Tests that call no function, so the form makes no difference. */
const FORM_INDEPENDENT =
  'integration/(backend|model|doctor|documented-commands|migrate|operations|rules-unit-testing|local-stack)[.]test';
/** Serial, because the tests measure memory and time of a process. */
const ATTACK = { name: 'attack', projects: ['attack'], options: ['--runInBand'] };
const EXTENSION = {
  name: 'extension',
  projects: ['integration'],
  options: [`--testPathIgnorePatterns=${FORM_INDEPENDENT}`],
};
/** Kinds that run only with `--all` or `--long`, or when they are named. */
const LONG_KINDS = ['attack'];
/** By kind: test files that run only with `--all` or `--long`. */
const LONG_FILES = {
  unit: [
    'functions/src/lifecycle/(crash|owner-share)[.]test',
    'functions/src/processing/(color|icc-profile|isolated-processor|jpeg-end|heif/(bounds|image))[.]test',
    'functions/src/serve/fuzz-time[.]test',
    'emulators/src/firestore/(listen/lost-updates|transport/bad-input)[.]test',
    'packages/edge/src/workerd[.]test',
    'security-rules/src/properties',
  ].join('|'),
  browser: 'browser/(client|colors|conformance|demo-files|edge|web-sdk)[.]test',
  integration:
    'integration/(backend|cases|command-options|doctor|documented-commands|edge|events-and-filter|image-limit|local-stack|migrate|model|operations|variant-options-stack)[.]test',
  attack: 'attack/(uploads|metadata)[.]test',
  processing: 'processing/(animated-png|cases|large-images)[.]test',
  repository: '(tests/(client-reference|documented-commands|linear-time)|tools/commits)[.]test',
  extension:
    'integration/(access|bad-input|cases|command|command-options|edge|events-and-filter|file-types|image-limit|lifecycle|request-body|sharing|variant-options|variant-options-stack)[.]test',
  install: 'install/matrix/',
};
/** Further files that `--long` runs: of kinds that run only then, and those that have more runs then. */
const FURTHER_FILES = {
  attack: 'tests/attack/',
  unit: '(lifecycle/model|serve/revocation)[.]test',
  browser: 'browser/demo[.]test',
  processing: 'processing/(fuzz|metadata-fuzz)[.]test',
};
/**
 * Serial: each test file installs packages and starts a stack. The examples install frameworks of hundreds of
 * megabytes: a workflow builds them once a week.
 */
const INSTALL = ['--runInBand', ...(all ? ['--testPathIgnorePatterns=matrix/examples'] : [])];
/** Production runtimes, and the tests that run on each. */
const RUNTIMES = ['22', '24'];
const ON_RUNTIMES = '--testPathPatterns=tests/install/(install|matrix/kits)[.]test';
/** What runs. */
const jestProcesses = new Set();
const stacks = new Set();

/** Output by source. */
const outputs = new Map();

const total = { passed: 0, failed: 0, skipped: 0 };

async function main() {
  const options = [OFFICIAL, ALL, LONG];
  const kinds = process.argv.slice(2).filter((argument) => !options.includes(argument));
  const unknown = kinds.find((kind) => !KINDS.includes(kind));
  if (unknown !== undefined) fail(`expected one of ${KINDS.join(', ')}, found "${unknown}"`);
  const isSelected = (kind) =>
    kinds.length === 0 ? all || !LONG_KINDS.includes(kind) : kinds.includes(kind);
  await setUp();
  mkdirSync(results, { recursive: true });

  if (isSelected('unit')) await runUnit();
  const projects = ['integration', 'browser'].filter(isSelected);
  const kit = { name: 'kit', projects, options: filesOf(...projects) };
  const runs = [
    ...(kit.projects.length > 0 ? [() => runOnStack('kit', kit)] : []),
    ...(isSelected('extension') ? [() => runOnStack('extension', withFiles(EXTENSION))] : []),
    ...(isSelected('attack') ? [() => runOnStack('kit', withFiles(ATTACK))] : []),
    // One worker each, while the tests of the other kinds wait for functions.
    ...WITHOUT_STACK.filter(isSelected).map(
      (kind) => () => jest(kind, [kind], {}, [...ONE_WORKER, ...filesOf(kind)]),
    ),
    ...(isSelected('install') ? [runInstall] : []),
  ];
  const runRemaining = async () => {
    for (let run = runs.shift(); run !== undefined; run = runs.shift()) await run();
  };
  // Google's emulators need too much memory to run twice.
  const workers = await Promise.allSettled(Array.from({ length: official ? 1 : 2 }, runRemaining));
  for (const worker of workers) if (worker.status === 'rejected') throw worker.reason;

  checkForLeaks();
  if (!all) console.log('The long tests were left out: npm test -- --long runs them.');
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** @returns options of jest that select the files of kinds */
function filesOf(...kinds) {
  const patterns = kinds.flatMap((kind) => LONG_FILES[kind] ?? []);
  if (onlyLong) {
    const further = kinds.flatMap((kind) => FURTHER_FILES[kind] ?? []);
    return [`${SELECT}${[...patterns, ...further].join('|')}`];
  }
  return all || patterns.length === 0 ? [] : [`--testPathIgnorePatterns=${patterns.join('|')}`];
}

function withFiles(kind) {
  return { ...kind, options: [...kind.options, ...filesOf(kind.name)] };
}

async function runUnit() {
  const files = filesOf('unit');
  const shared = [SHARED_PROCESS, `--testPathIgnorePatterns=${OWN_PROCESS}`];
  await jest('unit', ['unit'], {}, [...UNIT_WORKERS, ...files, ...shared]);
  const [selected] = files.filter((option) => option.startsWith(SELECT));
  const own = selected?.slice(SELECT.length) ?? '';
  const others = files.filter((option) => option !== selected);
  // Both patterns: of the path as a whole, and of the files that are wanted.
  const pattern = `${SELECT}(?=.*(${OWN_PROCESS})).*(${own})`;
  await jest('unit-own-process', ['unit'], {}, [...UNIT_WORKERS, ...others, pattern]);
}

/** Starts a stack and runs projects of jest.config.cjs on it. */
async function runOnStack(form, { name, projects, options }) {
  const { startStack } = requireBuilt('stack/stack.js');
  step(`starting the local Firebase stack (${form}${official ? ', official emulators' : ''})`);
  const stack = await startStack({
    root,
    form,
    freePorts: true,
    official,
    parameters: PARAMETERS,
    sealingKeys: SEALING_KEYS,
  });
  stacks.add(stack);
  try {
    const file = join(results, `stack-${name}.json`);
    writeFileSync(
      file,
      JSON.stringify({
        ...stack.info,
        ...{ form, official, logFile: stack.logFile, sealingKeys: SEALING_KEYS },
      }),
    );
    await jest(name, projects, { SPV_STACK: file }, options);
    if (official && name === 'kit') await runRulesTables(stack.info);
  } finally {
    await stack.stop();
    stacks.delete(stack);
    outputs.set(`the stack (${name})`, readFileSync(stack.logFile, 'utf8'));
  }
}

/** Installs in projects of users: one typical project, or with `--all` everything. */
async function runInstall() {
  await jest('install', ['install'], {}, [...INSTALL, ...filesOf('install')]);
  if (!all) return;
  for (const version of RUNTIMES) {
    const folder = installNode(version);
    const PATH = [folder, process.env.PATH].join(delimiter);
    step(`installation on Node.js ${version}`);
    await jest(`install-${version}`, ['install'], { PATH }, [...INSTALL, ON_RUNTIMES], folder);
  }
}

/**
 * Installs the latest Node.js of a major version, once for all runs.
 * @returns the folder of the program
 */
function installNode(version) {
  const folder = join(tmpdir(), `storage-public-variants-node-${version}`);
  const program = `node_modules/node-${process.platform}-${process.arch}/bin`;
  if (!existsSync(join(folder, program, 'node'))) {
    step(`installing Node.js ${version}`);
    mkdirSync(folder, { recursive: true });
    const spec = `node-${process.platform}-${process.arch}@${version}`;
    const options = ['--prefix', '.', '--no-audit', '--no-fund', '--loglevel=error'];
    const { status } = spawnSync('npm', ['install', spec, ...options], {
      cwd: folder,
      stdio: 'inherit',
    });
    if (status !== 0)
      throw new Error(`expected to install Node.js ${version}, found exit code ${status}`);
  }
  return join(folder, program);
}

/** Counts each line of output with a public token as a failure. */
function checkForLeaks() {
  const { findTokenLeaks } = requireBuilt('stack/leaks.js');
  const { isToken } = createRequire(import.meta.url)(join(root, 'functions', 'lib', 'api.js'));
  for (const [source, output] of outputs) {
    const leaks = findTokenLeaks(output, isToken);
    for (const line of leaks) console.error(`public token in the output of ${source}: ${line}`);
    total.failed += leaks.length;
  }
}

/** Loads a module of tools/dev. */
function requireBuilt(file) {
  return createRequire(import.meta.url)(join(root, '.local', 'build', 'tools', 'dev', file));
}

/** Evaluates the tables of the rules reference with Google's emulator. Last, because it changes the rules. */
async function runRulesTables({ firestore, projectId }) {
  const env = { RULES_EMULATOR: firestore, RULES_PROJECT: projectId };
  await jest('rules', ['unit'], env, RULES_TABLES);
}

/** @param folder of the Node.js that runs the tests */
async function jest(name, projects, env = {}, options = [], folder = undefined) {
  const output = join(results, `${name}.json`);
  const args = [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...options];
  args.push('--selectProjects', ...projects, '--json', `--outputFile=${output}`);
  const program = folder === undefined ? process.execPath : join(folder, 'node');
  const child = spawn(program, args, {
    cwd: root,
    // jest reports on stderr; its JSON goes to the file.
    stdio: ['ignore', 'ignore', 'pipe'],
    // Do not search for Google's metadata server.
    env: {
      ...process.env,
      ...(all && { LONG_TESTS: '1' }),
      METADATA_SERVER_DETECTION: 'none',
      TMPDIR: temporary,
      ...env,
    },
  });
  jestProcesses.add(child);
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
    process.stderr.write(chunk);
  });
  const [code] = await once(child, 'close');
  outputs.set(`the tests (${name})`, text);
  jestProcesses.delete(child);
  const counts = readCounts(output);
  total.passed += counts.numPassedTests;
  total.failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  total.skipped += counts.numPendingTests + counts.numTodoTests;
  // A non-zero exit without a failed test (an open handle, a crash) is a failure, too.
  if (code !== 0 && counts.numFailedTests + counts.numRuntimeErrorTestSuites === 0)
    total.failed += 1;
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    const nothing = { numPassedTests: 0, numFailedTests: 0, numRuntimeErrorTestSuites: 0 };
    return { ...nothing, numPendingTests: 0, numTodoTests: 0 };
  }
}

/** Stops the child processes; a signal may have reached only this process. */
async function interrupt() {
  for (const child of jestProcesses) child.kill('SIGTERM');
  await Promise.all([...stacks].map((stack) => stack.stop()));
  cleanUp();
  process.exit(130);
}

function cleanUp() {
  for (const folder of [results, temporary]) rmSync(folder, { recursive: true, force: true });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => void interrupt());
try {
  await main();
} catch (error) {
  console.error(error.message);
  console.log(`${total.passed} passed, ${total.failed + 1} failed`);
  process.exitCode = 1;
} finally {
  cleanUp();
}
