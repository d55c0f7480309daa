/** Finds the rules that open what an installation keeps private. */
import { compileRules, type Ruleset, type ServiceName, type Statement } from 'firebase-rules-check';
import { actors, HUGE, isAllowed, requestsOf, type Opened } from './access.js';
import { targetsOf, withLiterals, type ProtectedPaths, type Target } from './targets.js';
import { describeExposure, describeHarmless, describeNote, describeUnlimited } from './wording.js';

export type { ProtectedPaths } from './targets.js';

/** A rule that opens something, and the sentence to change. Line and column are from 1. */
export interface Exposure {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The result of an analysis. */
export interface Analysis {
  /** Rules that give somebody access that only the functions, or the owner, must have. */
  readonly exposures: Exposure[];
  /** Rules that may do so: a claim, a document or the like decides. */
  readonly notes: Exposure[];
}

/**
 * Finds the rules of a file that open originals, renditions, image records, share records or token records.
 * @param file name of the file, for the findings
 * @throws RulesSyntaxError with file, line and column if the rules do not compile
 */
export function findExposures(
  source: string,
  file: string,
  service: ServiceName,
  paths: ProtectedPaths,
): Exposure[] {
  return analyze(compileRules(source, file), file, service, paths).exposures;
}

/** What a statement opens: for certain, and depending on something that was not known. */
interface Effects {
  readonly opened: Opened[];
  readonly possible: Opened[];
  /** What the possible ones depend on. */
  readonly on: Set<string>;
  /** What concerns nobody but owners. */
  readonly harmless: Opened[];
  /** Whether owners can upload files of any size. */
  isUnlimited: boolean;
}

/**
 * Asks each statement of the file, on its own, about the requests of all actors.
 * @param now requests may be sent at this time or later
 */
export function analyze(
  rules: Ruleset,
  file: string,
  service: ServiceName,
  paths: ProtectedPaths,
  now = new Date(),
): Analysis {
  const statements = rules.statements.filter((statement) => statement.service === service);
  const effects = new Map<Statement, Effects>();
  for (const target of allTargets(service, paths, statements)) {
    for (const method of target.methods) {
      for (const actor of actors) ask(rules, { actor, target, method }, now, effects);
    }
  }
  const analysis: Analysis = { exposures: [], notes: [] };
  for (const statement of statements) {
    const found = effects.get(statement);
    if (!found) continue;
    const { line, column } = statement;
    const at = (message: string): Exposure => ({ file, line, column, message });
    const { opened, harmless, isUnlimited } = found;
    const isOpened = ({ target, method }: Opened): boolean =>
      opened.some((other) => other.target.thing === target.thing && other.method === method);
    const possible = found.possible.filter((one) => !isOpened(one));
    if (opened.length > 0) analysis.exposures.push(at(describeExposure(statement, opened)));
    if (possible.length > 0) analysis.notes.push(at(describeNote(possible, [...found.on])));
    // What is open to others, too, is open to owners.
    if (opened.length > 0) continue;
    if (harmless.length > 0) analysis.notes.push(at(describeHarmless(harmless)));
    if (isUnlimited) analysis.notes.push(at(describeUnlimited(statement)));
  }
  return analysis;
}

function allTargets(
  service: ServiceName,
  paths: ProtectedPaths,
  statements: readonly Statement[],
): Target[] {
  const targets = new Map<string, Target>();
  const add = (target: Target): void => {
    const key = JSON.stringify([target.thing, target.methods, target.path]);
    if (!targets.has(key)) targets.set(key, target);
  };
  const general = targetsOf(service, paths);
  general.forEach(add);
  for (const statement of statements) {
    for (const target of general) {
      const named = withLiterals(target, statement);
      if (named) add(named);
    }
  }
  return [...targets.values()];
}

function ask(rules: Ruleset, one: Opened, now: Date, effects: Map<Statement, Effects>): void {
  const { actor, target, method } = one;
  const isExpected = isAllowed(actor, target, method);
  // What is allowed is asked about only because of its size.
  const requests = requestsOf(actor, target, method, now, ...(isExpected ? [HUGE] : []));
  for (const request of requests) {
    for (const { statement, possibility, on } of rules.possibilities(request)) {
      if (possibility === 'never') continue;
      const found = effects.get(statement) ?? {
        opened: [],
        possible: [],
        harmless: [],
        on: new Set(),
        isUnlimited: false,
      };
      effects.set(statement, found);
      if (isExpected) found.isUnlimited ||= method === 'create' && possibility !== 'depends';
      else if (possibility === 'depends') {
        found.possible.push(one);
        if (on !== undefined) found.on.add(on);
      } else if (isHarmless(one)) found.harmless.push(one);
      else found.opened.push(one);
    }
  }
}

/** Owners who list their own originals, or change the metadata, see and change only what is theirs. */
function isHarmless({ actor, target, method }: Opened): boolean {
  return actor === 'owner' && target.thing === 'originals' && target.isOwn && method !== 'get';
}
