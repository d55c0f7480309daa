/** `npm run test:reference`: compares the Firestore emulator with Google's. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type * as Emulator from '../../../packages/emulators/src/firestore/index.js';
import { startGoogleEmulator } from '../stack/google-emulator.js';
import { compare, summary, type Comparison } from './compare.js';
import {
  EXPORT_FOLDER,
  exportAll,
  exportFile,
  readDocuments,
  writeDocuments,
  writtenDocuments,
} from './exports.js';
import { PROJECT } from './requests.js';
import { readRecordings, writeRecording } from './recordings.js';
import { ALL, askAll, askToRecord, compareAll } from './tables.js';

export const USAGE = `npm run test:reference                            compare with the recorded answers of Google's emulators
npm run test:reference -- --emulator-jar FILE     ask this one first (needs Java 17 or later), and record its answers
`;

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
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const jar = values['emulator-jar'];
  const ofGoogle =
    jar === undefined ? [await runRulesTables(root, {})] : await askGoogle(jar, root);
  const found = await onOwn(root, undefined, (url) => askAll(url, root, ALL));
  let hasFailed = false;
  const print = (comparison: Comparison): void => {
    process.stdout.write(`${describe(comparison)}\n`);
    hasFailed ||= comparison.differences.length + comparison.notDiffering.length > 0;
  };
  for (const recorded of readRecordings(root)) {
    process.stdout.write(`Compared with ${recorded.emulator}: differences/total\n`);
    compareAll(found, recorded, root, ALL).forEach(print);
  }
  const imported = await onOwn(root, exportFile(join(root, EXPORT_FOLDER)), readDocuments);
  print(compare("values in an export of Google's emulator", writtenDocuments(), imported));
  ofGoogle.forEach(print);
  return hasFailed ? 1 : 0;
}

/** Starts the emulator of this repository for a task. */
async function onOwn<T>(
  root: string,
  importFile: string | undefined,
  task: (url: string) => Promise<T>,
): Promise<T> {
  const load = createRequire(join(root, 'packages', 'emulators', 'package.json'));
  const { startFirestoreEmulator } = load('./lib/firestore/index.js') as typeof Emulator;
  const options = { host: '127.0.0.1', port: 0, projectId: PROJECT };
  const emulator = await startFirestoreEmulator({ ...options, ...(importFile && { importFile }) });
  try {
    return await task(`http://${emulator.host}:${emulator.port}`);
  } finally {
    await emulator.stop();
  }
}

/**
 * Asks Google's emulator and records its answers and an export.
 * @returns what it answers to the tables of the rules language, and what it reads of an export of this repository's
 */
async function askGoogle(jar: string, root: string): Promise<Comparison[]> {
  const google = await startGoogleEmulator(jar, PROJECT);
  const comparisons: Comparison[] = [];
  try {
    const url = `http://127.0.0.1:${google.port}`;
    writeRecording(root, google.version, await askToRecord(url, root));
    await writeDocuments(url);
    await exportAll(url, join(root, EXPORT_FOLDER));
    const environment = { RULES_EMULATOR: `127.0.0.1:${google.port}`, RULES_PROJECT: PROJECT };
    comparisons.push(await runRulesTables(root, environment));
  } finally {
    await google.stop();
  }
  return [...comparisons, await compareImport(jar, root)];
}

/** Imports an export of this repository's emulator into Google's. */
async function compareImport(jar: string, root: string): Promise<Comparison> {
  const folder = mkdtempSync(join(tmpdir(), 'reference-'));
  try {
    await onOwn(root, undefined, async (url) => {
      await writeDocuments(url);
      await exportAll(url, folder);
    });
    const google = await startGoogleEmulator(jar, PROJECT, exportFile(folder));
    try {
      const found = await readDocuments(`http://127.0.0.1:${google.port}`);
      return compare("values that Google's emulator imports", writtenDocuments(), found);
    } finally {
      await google.stop();
    }
  } finally {
    rmSync(folder, { recursive: true });
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

/** The lines of a comparison. */
function describe(comparison: Comparison): string {
  const lines = [
    summary(comparison),
    ...comparison.differences.map(
      ({ name, expected, found }) => `  ${name}\n    expected ${expected}\n    found    ${found}`,
    ),
    ...comparison.notDiffering.map((name) => `  ${name}\n    does not differ any more`),
  ];
  return lines.join('\n');
}
