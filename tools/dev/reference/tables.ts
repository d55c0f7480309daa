/** Runs all tables on an emulator and compares the answers with those of Google's emulator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compare, type Comparison } from './compare.js';
import { readGenerated, runGenerated } from './generated.js';
import { readListConditions, runListConditions } from './list-conditions.js';
import { recordedListRules, runListRules, type ListRules } from './list-rules.js';
import { onPurpose } from './on-purpose.js';
import type { Recorded } from './recordings.js';
import { runTable, type Answers } from './run-table.js';
import { queryTables } from './tables-queries.js';
import { writeTables } from './tables-writes.js';

const LIST_RULES_FILE = join('packages/emulators/src/firestore/rules', 'list-rules.json');
const LIST_RULES = 'list rules';
/** Recorded in a compact form. */
const CONDITIONS = 'conditions of list rules';
const GENERATED = 'generated';
/** How many cases of the large tables are asked. */
export interface Extent {
  /** Groups of generated cases: 18 cases each. */
  groups: number;
  /** 1: all conditions of list rules; n: every nth. */
  everyCondition: number;
}

/** What is recorded. */
export const ALL: Extent = { groups: 320, everyCondition: 1 };

function readListRules(root: string): ListRules {
  return JSON.parse(readFileSync(join(root, LIST_RULES_FILE), 'utf8')) as ListRules;
}

/** @returns the answers of an emulator to all tables */
export async function askAll(
  url: string,
  root: string,
  extent: Extent,
): Promise<Record<string, Answers>> {
  const answers: Record<string, Answers> = {};
  for (const table of [...queryTables, ...writeTables]) {
    answers[table.name] = await runTable(url, table);
  }
  const listRules = readListRules(root);
  answers[LIST_RULES] = await runListRules(url, listRules);
  answers[CONDITIONS] = await runListConditions(url, listRules, extent.everyCondition);
  answers[GENERATED] = await runGenerated(url, extent.groups);
  return answers;
}

/** @returns the answers to all tables but that of list rules, which is a fixture of its own */
export async function askToRecord(url: string, root: string): Promise<Record<string, Answers>> {
  const answers = Object.entries(await askAll(url, root, ALL));
  return Object.fromEntries(answers.filter(([name]) => name !== LIST_RULES));
}

/** Compares the answers to all tables that are recorded. */
export function compareAll(
  found: Record<string, Answers>,
  { emulator, answers }: Recorded,
  root: string,
  extent: Extent,
): Comparison[] {
  const listRules = readListRules(root);
  const expected = readCompact(answers, listRules, extent);
  const own = readCompact(found, listRules, extent);
  // The fixture of the unit test, whatever is recorded.
  expected[LIST_RULES] = recordedListRules(listRules);
  return Object.entries(expected).map(([name, of]) =>
    compare(name, of, own[name] ?? {}, onPurpose(emulator, name)),
  );
}

/** All answers by case. */
function readCompact(
  { [CONDITIONS]: conditions, [GENERATED]: generated, ...others }: Record<string, Answers>,
  listRules: ListRules,
  { groups, everyCondition }: Extent,
): Record<string, Answers> {
  const answers = { ...others };
  if (conditions) answers[CONDITIONS] = readListConditions(conditions, listRules, everyCondition);
  if (generated) {
    const { gets, queries, leaks } = readGenerated(generated, groups);
    answers['generated rules and gets'] = gets;
    answers['generated rules and queries'] = queries;
    answers['generated: documents that the rules deny'] = leaks;
  }
  return answers;
}
