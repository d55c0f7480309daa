/** Runs all tables on an emulator and compares the answers with those of Google's emulator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare, type Comparison } from './compare.js';
import { runGenerated } from './generated.js';
import { recordedListRules, runListRules, type ListRules } from './list-rules.js';
import { onPurpose } from './on-purpose.js';
import { runTable, type Answers } from './run-table.js';
import { queryTables } from './tables-queries.js';
import { writeTables } from './tables-writes.js';

/** tests/reference/google-answers.json */
export interface Recorded {
  about: string;
  source: string;
  /** Name and version. */
  emulator: string;
  /** By table. */
  answers: Record<string, Answers>;
}

/** Where the recorded answers are, in the repository. */
export const RECORDED_FILE = join('tests', 'reference', 'google-answers.json');
const LIST_RULES_FILE = join('packages/emulators/src/firestore/rules', 'list-rules.json');
const LIST_RULES = 'list rules';
const GENERATED = 'generated rules and queries';
const LEAKS = 'generated: documents that the rules deny';

/** @param root the repository */
export function readRecorded(root: string): Recorded {
  return JSON.parse(readFileSync(join(root, RECORDED_FILE), 'utf8')) as Recorded;
}

function readListRules(root: string): ListRules {
  return JSON.parse(readFileSync(join(root, LIST_RULES_FILE), 'utf8')) as ListRules;
}

/** @returns the answers of an emulator to all tables and to `generated` generated cases */
export async function askAll(
  url: string,
  root: string,
  generated: number,
): Promise<Record<string, Answers>> {
  const answers: Record<string, Answers> = {};
  for (const table of [...queryTables, ...writeTables]) {
    answers[table.name] = await runTable(url, table);
  }
  answers[LIST_RULES] = await runListRules(url, readListRules(root));
  const { answers: ofGenerated, leaks } = await runGenerated(url, generated);
  answers[GENERATED] = ofGenerated;
  answers[LEAKS] = leaks;
  return answers;
}

/**
 * Compares the answers to all tables. Generated cases are compared where Google's answers are recorded; a query never
 * returns a document that the rules deny.
 */
export function compareAll(
  found: Record<string, Answers>,
  recorded: Record<string, Answers>,
  root: string,
): Comparison[] {
  return Object.entries(found).flatMap(([name, answers]) => {
    if (name === LEAKS) {
      const none = Object.fromEntries(Object.keys(answers).map((each) => [each, 'none']));
      return compare(name, none, answers);
    }
    const expected =
      recorded[name] ?? (name === LIST_RULES ? recordedListRules(readListRules(root)) : undefined);
    return expected ? compare(name, expected, answers, onPurpose(name)) : [];
  });
}
