/** Test helpers; not part of the engine. */
import { createContext, Script } from 'node:vm';
import { compileRules, fromJson, RulesSyntaxError, type Decision, type Ruleset } from './index.js';
import type {
  DocumentReader,
  PossibleTrace,
  RulesMethod,
  ServiceName,
  SharedReads,
} from './index.js';
import { canUseEmulator, compareWithEmulator } from './testing-emulator.js';

export interface RequestOptions {
  service?: ServiceName;
  method?: RulesMethod;
  path?: string | readonly string[];
  request?: object;
  resource?: unknown;
  documents?: DocumentReader;
  sharedReads?: SharedReads;
  /** The match around the condition in evaluateCondition() and evaluateRow(). */
  match?: string;
}

/** A Firestore ruleset with `body` inside the usual match. */
export function firestoreRules(body: string, version = '2'): string {
  return `rules_version = '${version}';
service cloud.firestore { match /databases/{database}/documents { ${body} } }`;
}

/** A Storage ruleset with `body` inside the usual match. */
export function storageRules(body: string, version = '2'): string {
  return `rules_version = '${version}';
service firebase.storage { match /b/{bucket}/o { ${body} } }`;
}

/** Evaluates a request. A path string is relative to the documents or to `/b/bucket/o`. */
export async function decide(
  rules: string | Ruleset,
  options: RequestOptions = {},
): Promise<Decision> {
  const {
    service = 'cloud.firestore',
    method = 'get',
    path = 'docs/a',
    documents,
    sharedReads,
  } = options;
  const root = service === 'cloud.firestore' ? 'databases/(default)/documents' : 'b/bucket/o';
  const ruleset =
    typeof rules === 'string' ? compileRules(rules, 'test.rules', { strict: true }) : rules;
  const known = {
    service,
    method,
    path: typeof path === 'string' ? [...root.split('/'), ...path.split('/')] : path,
    request: fromJson({ auth: null, ...options.request }),
    resource: fromJson(options.resource),
  };
  const decision = await ruleset.evaluate({
    ...known,
    ...(documents && { documents }),
    ...(sharedReads && { sharedReads }),
  });
  comparePossibilities(
    ruleset.possibilities({ ...known, unknownSegments: new Map(), now: NOW }),
    decision,
  );
  return decision;
}

const NOW = new Date('2026-01-01T00:00:00Z');

/** Every test of the evaluator is one of `possibilities`, too: for known values both agree. */
function comparePossibilities(traces: readonly PossibleTrace[], { tried }: Decision): void {
  for (const { line, column, allowed, why } of tried) {
    const at = `${line}:${column}`;
    const same = traces.find(({ statement }) => `${statement.line}:${statement.column}` === at);
    // Documents are not read, and each statement has limits of its own.
    if (!same || same.possibility === 'depends' || /more than|too big|nested/.test(why)) continue;
    // What a document holds is unknown, so an operation on it may fail. Long conditions are cut.
    const reads = /(?:get|exists)(?:After)?\(|…/u.test(same.statement.condition ?? '');
    if (reads && why.startsWith('error') && same.possibility === 'always') continue;
    const expected = allowed ? 'always' : 'never';
    if (same.possibility === expected) continue;
    throw new Error(
      `${at}: expected the possibility ${expected} (${why}), found ${same.possibility}`,
    );
  }
}

/** Whether a request is allowed. */
export async function isAllowed(
  rules: string | Ruleset,
  options: RequestOptions = {},
): Promise<boolean> {
  return (await decide(rules, options)).allowed;
}

/** The value of a condition, or the reason why it is not a Boolean. */
export async function evaluateCondition(
  condition: string,
  options: RequestOptions = {},
): Promise<boolean | string> {
  const rules = options.service === 'firebase.storage' ? storageRules : firestoreRules;
  const body = `match ${options.match ?? '/{any=**}'} { allow read, write: if ${condition}; }`;
  const { allowed, tried } = await decide(rules(body), options);
  const why = tried[0]?.why ?? 'not evaluated';
  return allowed || (/ is false \(\d+:\d+\)$/u.test(why) ? false : why);
}

/** One row of a reference table: a condition and its value, or a part of its error message. */
export type Row = readonly [condition: string, expected: boolean | string];

/**
 * Evaluates a condition to a Boolean, 'error: …' or, if it can't be loaded, 'rejected: …'. Returns the
 * expected text if the message contains it.
 */
export async function evaluateRow(
  [condition, expected]: Row,
  options: RequestOptions,
): Promise<unknown> {
  if (canUseEmulator(options)) return compareWithEmulator(condition, expected, options);
  const message = await valueOrMessage(condition, options);
  if (typeof message === 'boolean' || typeof expected === 'boolean') return message;
  return message.includes(expected) ? expected : message;
}

async function valueOrMessage(condition: string, options: RequestOptions): Promise<Row[1]> {
  try {
    const value = await evaluateCondition(condition, options);
    return typeof value === 'string' ? value.replace(/^(error) at \d+:\d+/u, '$1') : value;
  } catch (error) {
    if (error instanceof RulesSyntaxError) return `rejected: ${error.problem}`;
    throw error;
  }
}

/** The error message for a file that can't be loaded, or undefined if it loads. */
export function loadError(rules: string): string | undefined {
  try {
    compileRules(rules, 'test.rules', { strict: true });
    return undefined;
  } catch (error) {
    if (error instanceof RulesSyntaxError) return error.message;
    throw error;
  }
}

/** A reader of these documents, which records the paths that it reads. */
export function createDocumentReader(
  now: Record<string, object>,
  after: Record<string, object> = now,
): DocumentReader & { readPaths: string[] } {
  const readPaths: string[] = [];
  const from = (documents: Record<string, object>) => (path: string[]) => {
    const name = path.slice(3).join('/');
    readPaths.push(name);
    const data = documents[name];
    return Promise.resolve(data && fromJson({ data, id: path.at(-1) }));
  };
  return { readPaths, get: from(now), getAfter: from(after) };
}

const SCRIPT = new Script('run()');
const globals: { run?: () => unknown } = {};
const CONTEXT = createContext(globals);

/** Runs a function with a timeout of 60 s; jest's timeout can't stop a synchronous loop. */
export function runWithTimeout<T>(run: () => T): T {
  globals.run = run;
  return SCRIPT.runInContext(CONTEXT, { timeout: 60_000 }) as T;
}
