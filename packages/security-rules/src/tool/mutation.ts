/**
 * Mutation tests of rules files: changes a rules file in one place at a time and checks that some case
 * then gets an unexpected decision. Such a mutant is killed; the others survive.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { markdownTable } from 'markdown-table';
import { z } from 'zod';
import { compileRules, RulesSyntaxError, type Ruleset } from '../index.js';
import { readCases, type Case } from './cases.js';
import { evaluateCase, evaluateCases } from './evaluate.js';
import { InputError, parseJson, Place } from './input.js';
import { createMutants, type Mutant } from './mutants.js';

/** The result of one rules file. */
export interface Report {
  readonly file: string;
  /** The number of valid mutants. */
  readonly mutants: number;
  readonly survivors: readonly Mutant[];
  /** The number of mutants that do not compile; `mutants` does not count them. */
  readonly invalid: number;
  /** The number of changes that cannot change a decision, such as those inside `if false`. */
  readonly withoutEffect: number;
}

/** For each rules file: the description of a surviving mutant, and why no case can detect it. */
export type Explanations = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The share of mutants that the cases of each file must kill. */
const MIN_KILLED = 0.95;

const COLUMNS = ['file', 'mutants', 'killed', 'survived', 'percent', 'invalid', 'no effect'];

/**
 * Runs the cases of a rules file against its mutants.
 * @throws InputError when a case fails on the unchanged file
 */
export async function testMutants(text: string, file: string, cases: Case[]): Promise<Report> {
  const failed = (await evaluateCases(compileRules(text, file), cases)).find(({ ok }) => !ok);
  if (failed) {
    throw new InputError(`${file}: expected every case to pass, found ${JSON.stringify(failed)}`);
  }
  const survivors: Mutant[] = [];
  let [mutants, invalid] = [0, 0];
  const created = createMutants(text, file);
  for (const mutant of created.mutants) {
    const ruleset = compileMutant(mutant.source);
    if (!ruleset) {
      invalid++;
      continue;
    }
    mutants++;
    if (!(await isKilled(ruleset, cases))) survivors.push(mutant);
  }
  return { file, mutants, survivors, invalid, withoutEffect: created.withoutEffect };
}

function compileMutant(source: string): Ruleset | undefined {
  try {
    return compileRules(source, 'mutant', { strict: true });
  } catch (error) {
    if (error instanceof RulesSyntaxError) return undefined;
    throw error;
  }
}

async function isKilled(ruleset: Ruleset, cases: readonly Case[]): Promise<boolean> {
  for (const one of cases) if (!(await evaluateCase(ruleset, one)).ok) return true;
  return false;
}

/** Formats the report, with a summary in the last line. `good` is false when there is a problem. */
export function formatReport(
  reports: readonly Report[],
  explanations: Explanations,
  explanationsFile: string,
): { text: string; good: boolean } {
  const rows = [COLUMNS];
  for (const { file, mutants, survivors, invalid, withoutEffect } of reports) {
    const killed = mutants - survivors.length;
    const counts = [mutants, killed, survivors.length].map(String);
    const others = [invalid, withoutEffect].map(String);
    rows.push([file, ...counts, percent(killed, mutants), ...others]);
  }
  const lines = [
    markdownTable(rows, { align: COLUMNS.map((name) => (name === 'file' ? 'l' : 'r')) }),
  ];
  const problems: string[] = [];
  for (const { file, mutants, survivors } of reports) {
    const explained = new Map(Object.entries(explanations[file] ?? {}));
    for (const { line, column, description } of survivors) {
      const reason = explained.get(description);
      lines.push(
        `${file}:${line}:${column} survived: ${description}`,
        `  ${reason ?? 'NOT EXPLAINED'}`,
      );
      if (reason === undefined) problems.push('not explained');
    }
    const survived = new Set(survivors.map(({ description }) => description));
    for (const description of explained.keys()) {
      if (survived.has(description)) continue;
      lines.push(
        `${explanationsFile}: ${file}: expected a surviving mutant, found none: ${description}`,
      );
      problems.push('explained without a surviving mutant');
    }
    if (mutants - survivors.length < MIN_KILLED * mutants || mutants === 0) {
      lines.push(`${file}: expected at least ${MIN_KILLED * 100} % killed mutants, found fewer`);
      problems.push('file with too few killed');
    }
  }
  for (const file of Object.keys(explanations)) {
    if (reports.some((report) => report.file === file)) continue;
    lines.push(`${explanationsFile}: expected the name of a tested rules file, found ${file}`);
    problems.push('explained without a surviving mutant');
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

/** Rounds down, so that only all mutants are 100 %. */
function percent(part: number, whole: number): string {
  return `${whole === 0 ? '0.0' : (Math.floor((part / whole) * 1000) / 10).toFixed(1)} %`;
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
 * @param root folder that the file names are relative to
 * @param files rules files, each with its cases
 * @param explanationsFile see readExplanations
 * @returns the exit code: 0 when enough mutants are killed and every surviving mutant is explained
 */
export async function main(
  root: string,
  files: readonly (readonly [rules: string, cases: string])[],
  explanationsFile: string,
): Promise<number> {
  try {
    const readFile = (name: string): string => readFileSync(join(root, name), 'utf8');
    const explanations = readExplanations(readFile(explanationsFile), explanationsFile);
    const reports: Report[] = [];
    for (const [rules, cases] of files) {
      reports.push(await testMutants(readFile(rules), rules, readCases(readFile(cases), cases)));
    }
    const { text, good } = formatReport(reports, explanations, explanationsFile);
    process.stdout.write(text);
    return good ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
