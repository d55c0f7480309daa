/** `npm run test:mutate`: do the cases notice when a rules file is changed? */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { compileRules, RulesSyntaxError, type Ruleset } from '../index.js';
import { readCases, type Case } from './cases.js';
import { evaluateCase, evaluateCases } from './evaluate.js';
import { InputError, parseJson, Place } from './input.js';
import { makeMutants, type Mutant } from './mutants.js';

/** What the cases made of one file's mutants. */
export interface Report {
  readonly file: string;
  /** Those that load. */
  readonly mutants: number;
  readonly survivors: readonly Mutant[];
  /** Mutants that no ruleset can be made of; they are not among `mutants`. */
  readonly notLoading: number;
  /** Changes that made no mutant, since they are to what is `if false` anyway. */
  readonly withoutEffect: number;
}

/** For each rules file: a mutant's description -> why no case can tell it from the file. */
export type Explanations = Readonly<Record<string, Readonly<Record<string, string>>>>;

const FILES: readonly (readonly [rules: string, cases: string])[] = [
  ['storage.rules', 'tests/rules/storage.cases.json'],
  ['firestore.rules', 'tests/rules/firestore.cases.json'],
];
const EXPLANATIONS = 'tests/rules/survivors.json';

/** The least share of mutants that the cases of each file have to notice. */
const LEAST_KILLED = 0.95;

/**
 * Runs the cases of a rules file against its mutants.
 * @throws InputError when a case fails on the file itself: then it tells nothing of mutants
 */
export async function testMutants(text: string, file: string, cases: Case[]): Promise<Report> {
  const failed = (await evaluateCases(compileRules(text, file), cases)).find(({ ok }) => !ok);
  if (failed) {
    throw new InputError(`${file}: expected every case to hold, found ${JSON.stringify(failed)}`);
  }
  const survivors: Mutant[] = [];
  let [mutants, notLoading] = [0, 0];
  const made = makeMutants(text, file);
  for (const mutant of made.mutants) {
    const ruleset = load(mutant.source);
    if (!ruleset) {
      notLoading++;
      continue;
    }
    mutants++;
    if (!(await isKilled(ruleset, cases))) survivors.push(mutant);
  }
  return { file, mutants, survivors, notLoading, withoutEffect: made.withoutEffect };
}

function load(source: string): Ruleset | undefined {
  try {
    return compileRules(source, 'mutant');
  } catch (error) {
    if (error instanceof RulesSyntaxError) return undefined;
    throw error;
  }
}

async function isKilled(ruleset: Ruleset, cases: readonly Case[]): Promise<boolean> {
  for (const one of cases) if (!(await evaluateCase(ruleset, one)).ok) return true;
  return false;
}

/** A report for people, whose last line sums up, and whether everything is as it should be. */
export function describe(
  reports: readonly Report[],
  explanations: Explanations,
): { text: string; good: boolean } {
  const rows = [['file', 'mutants', 'killed', 'survived', 'percent', 'not loading', 'no effect']];
  for (const { file, mutants, survivors, notLoading, withoutEffect } of reports) {
    const killed = mutants - survivors.length;
    const counts = [mutants, killed, survivors.length].map(String);
    const others = [notLoading, withoutEffect].map(String);
    rows.push([file, ...counts, percent(killed, mutants), ...others]);
  }
  const lines = [table(rows)];
  const problems: string[] = [];
  for (const { file, mutants, survivors } of reports) {
    const known = new Map(Object.entries(explanations[file] ?? {}));
    for (const { line, column, what } of survivors) {
      const why = known.get(what);
      lines.push(`${file}:${line}:${column} survived: ${what}`, `  ${why ?? 'NOT EXPLAINED'}`);
      if (why === undefined) problems.push('not explained');
    }
    const found = new Set(survivors.map(({ what }) => what));
    for (const what of known.keys()) {
      if (found.has(what)) continue;
      lines.push(`${EXPLANATIONS}: ${file}: expected a survivor, found none such: ${what}`);
      problems.push('explained without a survivor');
    }
    if (mutants - survivors.length < LEAST_KILLED * mutants || mutants === 0) {
      lines.push(`${file}: expected ${LEAST_KILLED * 100} % of its mutants killed, found fewer`);
      problems.push('file with too few killed');
    }
  }
  for (const file of Object.keys(explanations)) {
    if (reports.some((report) => report.file === file)) continue;
    lines.push(`${EXPLANATIONS}: expected a rules file that is tested, found ${file}`);
    problems.push('explained without a survivor');
  }
  lines.push(summary(reports, problems));
  return { text: `${lines.join('\n')}\n`, good: problems.length === 0 };
}

function summary(reports: readonly Report[], problems: readonly string[]): string {
  const mutants = reports.reduce((sum, report) => sum + report.mutants, 0);
  const survived = reports.reduce((sum, report) => sum + report.survivors.length, 0);
  const killed = mutants - survived;
  const kinds = [...new Set(problems)].map(
    (kind) => `${problems.filter((other) => other === kind).length} ${kind}`,
  );
  const end = kinds.length === 0 ? 'all explained' : kinds.join(', ');
  const share = percent(killed, mutants);
  return `mutants: ${mutants}, killed ${killed} (${share}), survived ${survived}, ${end}`;
}

/** Rounded down, so that nothing less than all of them reads as 100 %. */
function percent(part: number, whole: number): string {
  return `${whole === 0 ? '0.0' : (Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, at) =>
          at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0),
        )
        .join('  '),
    )
    .join('\n');
}

const REASON = 'the reason why no case can detect the mutant';
const EXPLANATIONS_SCHEMA = z.record(
  z.string(),
  z.record(z.string(), z.string(REASON).regex(/\S/, REASON), 'an object of mutants'),
  'an object of rules files',
);

/** Reads the explanations of surviving mutants: {file: {mutant: reason}}. Throws InputError. */
export function readExplanations(text: string, file: string): Explanations {
  return new Place(file).parse(EXPLANATIONS_SCHEMA, parseJson(text, file));
}

/**
 * @param root the repository
 * @returns the exit code: 0 when enough mutants are killed and every survivor is explained
 */
export async function main(root: string): Promise<number> {
  try {
    const read = (name: string): string => readFileSync(join(root, name), 'utf8');
    const explanations = readExplanations(read(EXPLANATIONS), EXPLANATIONS);
    const reports: Report[] = [];
    for (const [rules, cases] of FILES) {
      reports.push(await testMutants(read(rules), rules, readCases(read(cases), cases)));
    }
    const { text, good } = describe(reports, explanations);
    process.stdout.write(text);
    return good ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
