/**
 * `npm test`: sets up what is missing, then unit tests, then the integration and browser tests on the
 * real local stack, once as a function kit and once as an extension. The last line sums them all up.
 * `npm test -- unit` (or integration, browser, extension) runs just those; with --official, on Google's
 * own emulators, which need Java 21. Whatever tests, emulators and functions print may hold no token.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail, root, setUp, step } from './setup.mjs';

const OFFICIAL = '--official';
const official = process.argv.includes(OFFICIAL);
const KINDS = ['unit', 'integration', 'browser', 'extension'];
const results = join(root, '.local', 'test-results', String(process.pid));
/** Of this run alone: the browser is unpacked there, and a file cut short must not stay for the next. */
const temporary = mkdtempSync(join(tmpdir(), 'test-'));
/** One after the other: each condition is loaded as the project's rules. */
const RULES_TABLES = [
  '--runInBand',
  '--testPathPatterns=packages/security-rules/src/(reference-types|reference-language|builtins|expressions)',
];
/** What tests take away is away at once, and asking for thousands of things that are not there is allowed. */
const PARAMETERS = { REVOCATION_SECONDS: '0', FAILURES_PER_MINUTE: '0' };
/** What asks Firestore and Storage only: the functions' form makes no difference to it. */
const WITHOUT_FUNCTIONS = 'integration/(backend|model|doctor|documented-commands)[.]test';
/** The jest that is at work. */
let running;
/** The stack that is up. */
let stack;

/** All that was printed, by whom. */
const printed = new Map();

const total = { passed: 0, failed: 0, skipped: 0 };

async function main() {
  const wanted = process.argv.slice(2).filter((argument) => argument !== OFFICIAL);
  const unknown = wanted.find((kind) => !KINDS.includes(kind));
  if (unknown !== undefined) fail(`expected tests out of ${KINDS.join(', ')}; found "${unknown}"`);
  const wants = (kind) => wanted.length === 0 || wanted.includes(kind);
  setUp();
  mkdirSync(results, { recursive: true });

  if (wants('unit')) await jest('unit', ['unit']);
  const onKit = ['integration', 'browser'].filter(wants);
  if (onKit.length > 0) await onStack('kit', onKit);
  if (wants('extension')) await onStack('extension', ['integration']);

  findLeaks();
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
}

/** Runs projects of jest.config.cjs on a stack of their own. */
async function onStack(form, projects) {
  const { startStack } = build('stack/stack.js');
  step(`starting the local Firebase stack (${form}${official ? ', official emulators' : ''})`);
  stack = await startStack({ root, form, freePorts: true, official, parameters: PARAMETERS });
  try {
    const file = join(results, `stack-${form}.json`);
    writeFileSync(file, JSON.stringify({ ...stack.info, form, official, logFile: stack.logFile }));
    const all = form === 'kit' ? [] : [`--testPathIgnorePatterns=${WITHOUT_FUNCTIONS}`];
    await jest(form, projects, { SPV_STACK: file }, all);
    if (official && form === 'kit') await askRulesOf(stack.info);
  } finally {
    await stack.stop();
    printed.set(`the stack (${form})`, readFileSync(stack.logFile, 'utf8'));
    stack = undefined;
  }
}

/** Each line with a public token in it is a failure. */
function findLeaks() {
  const { leaksIn } = build('stack/leaks.js');
  const { isToken } = createRequire(import.meta.url)(join(root, 'functions', 'lib', 'api.js'));
  for (const [whose, output] of printed) {
    const leaks = leaksIn(output, isToken);
    for (const line of leaks) console.error(`a token in the output of ${whose}: ${line}`);
    total.failed += leaks.length;
  }
}

/** A module of local/, as it was built. */
function build(file) {
  return createRequire(import.meta.url)(join(root, '.local', 'build', 'tools', file));
}

/** The tables of the rules reference, asked of Google's evaluator; last, as they change the rules. */
async function askRulesOf({ firestore, projectId }) {
  const env = { RULES_EMULATOR: firestore, RULES_PROJECT: projectId };
  await jest('rules', ['unit'], env, RULES_TABLES);
}

async function jest(name, projects, env = {}, more = []) {
  const output = join(results, `${name}.json`);
  const args = [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), ...more];
  args.push('--selectProjects', ...projects, '--json', `--outputFile=${output}`);
  const child = spawn(process.execPath, args, {
    cwd: root,
    // jest's own lines come on stderr; its JSON goes to the file.
    stdio: ['ignore', 'ignore', 'pipe'],
    // No Google machine is here to be asked for credentials.
    env: { ...process.env, METADATA_SERVER_DETECTION: 'none', TMPDIR: temporary, ...env },
  });
  running = child;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    process.stderr.write(text);
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  printed.set(`the tests (${name})`, said);
  running = undefined;
  const counts = readCounts(output);
  total.passed += counts.numPassedTests;
  total.failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  total.skipped += counts.numPendingTests + counts.numTodoTests;
  // An end that no test accounts for (a leaked handle, a crash) is a failure, too.
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

/** Ends whatever is at work, also when the signal came to this process alone. */
async function interrupt() {
  running?.kill('SIGTERM');
  await stack?.stop();
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
