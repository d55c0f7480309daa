/** `npm run test:reference`: compares the Firestore emulator with Google's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type * as Emulator from '../../../packages/emulators/src/firestore/index.js';
import { startGoogleEmulator } from '../stack/google-emulator.js';
import { summary, type Comparison } from './compare.js';
import { PROJECT } from './requests.js';
import { askAll, compareAll, readRecorded, RECORDED_FILE, type Recorded } from './tables.js';

export const USAGE = `npm run test:reference                            compare with the recorded answers of Google's emulator
npm run test:reference -- --emulator-jar FILE     ask Google's emulator (needs Java 17 or later), and record its answers
  --generated N                                   number of generated cases (default: 500)
`;

const DEFAULT_GENERATED = '500';
const RULES_TABLES = 'packages/security-rules/src/(reference-|builtins|expressions)';

/**
 * Prints one line per table.
 * @param root the repository
 * @returns the exit code: 1 when a table has a difference that is not on purpose
 */
export async function main(argv: string[], root: string): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      'emulator-jar': { type: 'string' },
      generated: { type: 'string', default: DEFAULT_GENERATED },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const generated = Number(values.generated);
  if (!Number.isInteger(generated) || generated < 1) {
    process.stderr.write(`--generated: expected a whole number, found ${values.generated}\n`);
    return 2;
  }
  const jar = values['emulator-jar'];
  const { recorded, rulesTables } =
    jar === undefined
      ? { recorded: readRecorded(root), rulesTables: await runRulesTables(root, {}) }
      : await askGoogle(jar, root, generated);
  process.stdout.write(`Compared with ${recorded.emulator}: differences/total\n`);
  const comparisons = [...(await compareOwn(recorded, root, generated)), rulesTables];
  for (const comparison of comparisons) print(comparison);
  const failed = comparisons.filter(
    ({ differences, notDiffering }) => differences.length + notDiffering.length > 0,
  );
  return failed.length > 0 ? 1 : 0;
}

async function compareOwn(
  recorded: Recorded,
  root: string,
  generated: number,
): Promise<Comparison[]> {
  const load = createRequire(join(root, 'packages', 'emulators', 'package.json'));
  const { startFirestoreEmulator } = load('./lib/firestore/index.js') as typeof Emulator;
  const emulator = await startFirestoreEmulator({ host: '127.0.0.1', port: 0, projectId: PROJECT });
  try {
    const found = await askAll(`http://${emulator.host}:${emulator.port}`, root, generated);
    return compareAll(found, recorded.answers, root);
  } finally {
    await emulator.stop();
  }
}

/** Asks Google's emulator and writes its answers to the file of recorded answers. */
async function askGoogle(jar: string, root: string, generated: number) {
  const google = await startGoogleEmulator(jar, PROJECT);
  try {
    const recorded: Recorded = {
      about: readRecorded(root).about,
      source: 'npm run test:reference -- --emulator-jar FILE',
      emulator: `Google's Firestore emulator ${google.version}`,
      answers: await askAll(`http://127.0.0.1:${google.port}`, root, generated),
    };
    writeFileSync(join(root, RECORDED_FILE), `${JSON.stringify(recorded, null, 2)}\n`);
    const environment = { RULES_EMULATOR: `127.0.0.1:${google.port}`, RULES_PROJECT: PROJECT };
    return { recorded, rulesTables: await runRulesTables(root, environment) };
  } finally {
    await google.stop();
  }
}

interface JestResults {
  numTotalTests: number;
  testResults: {
    message: string;
    assertionResults: { status: string; fullName: string; failureMessages: string[] }[];
  }[];
}

/**
 * Runs the tables of the rules language. Their expected results are those of Google's emulator.
 * @param environment names an emulator that evaluates them instead of the rules engine
 */
async function runRulesTables(
  root: string,
  environment: Record<string, string>,
): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), 'reference-'));
  const output = join(folder, 'jest.json');
  const args = [join(root, 'node_modules', 'jest', 'bin', 'jest.js'), '--selectProjects', 'unit'];
  args.push('--runInBand', `--testPathPatterns=${RULES_TABLES}`, '--json', '--outputFile', output);
  try {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: 'ignore',
      env: { ...process.env, ...environment },
    });
    await once(child, 'close');
    const results = JSON.parse(readFileSync(output, 'utf8')) as JestResults;
    const tests = results.testResults.flatMap(({ assertionResults }) => assertionResults);
    const failed = tests.filter(({ status }) => status === 'failed');
    return {
      name: 'rules language',
      total: results.numTotalTests,
      differences: failed.map(({ fullName, failureMessages: [message = ''] }) => ({
        name: fullName,
        expected: 'the recorded result',
        found: message.split('\n')[0] ?? '',
      })),
      onPurpose: 0,
      notDiffering: [],
      otherMessages: 0,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function print(comparison: Comparison): void {
  const lines = [
    summary(comparison),
    ...comparison.differences.map(
      ({ name, expected, found }) => `  ${name}\n    expected ${expected}\n    found    ${found}`,
    ),
    ...comparison.notDiffering.map((name) => `  ${name}\n    does not differ any more`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
