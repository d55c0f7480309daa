/** Helpers of the tests beside; no part of the engine. */
import { createContext, Script } from 'node:vm';
import { compileRules, fromJson, RulesSyntaxError, type Decision, type Ruleset } from './index.js';
import type { DocumentReader, RulesMethod, ServiceName, SharedReads } from './index.js';
import { agrees, canAsk } from './testing-emulator.js';

export interface Given {
  service?: ServiceName;
  method?: RulesMethod;
  path?: string | readonly string[];
  request?: object;
  resource?: unknown;
  documents?: DocumentReader;
  sharedReads?: SharedReads;
  /** What outcome() and its kin put the condition into. */
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

/** Decides a request; a path given as text is below documents, or below `/b/BUCKET/o`. */
export function decide(rules: string | Ruleset, given: Given = {}): Promise<Decision> {
  const {
    service = 'cloud.firestore',
    method = 'get',
    path = 'docs/a',
    documents,
    sharedReads,
  } = given;
  const root = service === 'cloud.firestore' ? 'databases/(default)/documents' : 'b/bucket/o';
  const ruleset = typeof rules === 'string' ? compileRules(rules, 'test.rules') : rules;
  return ruleset.evaluate({
    service,
    method,
    path: typeof path === 'string' ? [...root.split('/'), ...path.split('/')] : path,
    request: fromJson({ auth: null, ...given.request }),
    resource: fromJson(given.resource),
    ...(documents && { documents }),
    ...(sharedReads && { sharedReads }),
  });
}

/** Whether a request is allowed. */
export async function allowed(rules: string | Ruleset, given: Given = {}): Promise<boolean> {
  return (await decide(rules, given)).allowed;
}

/** A condition's value: true, false, or why it has none. */
export async function outcome(condition: string, given: Given = {}): Promise<boolean | string> {
  const rules = given.service === 'firebase.storage' ? storageRules : firestoreRules;
  const body = `match ${given.match ?? '/{any=**}'} { allow read, write: if ${condition}; }`;
  const { allowed, tried } = await decide(rules(body), given);
  const why = tried[0]?.why ?? 'not tried';
  return allowed || (/ is false \(\d+:\d+\)$/u.test(why) ? false : why);
}

/** One line of a reference table: a condition and what it is, or words of the error it is. */
export type Row = readonly [condition: string, expected: boolean | string];

/**
 * What a condition comes to: a Boolean, 'error: …' or, when it can't be loaded, 'refused: …'. For
 * that text stand the words that are expected, if it has them.
 */
export async function verdict([condition, expected]: Row, given: Given): Promise<unknown> {
  if (canAsk(given)) return agrees(condition, expected, given);
  const message = await found(condition, given);
  if (typeof message === 'boolean' || typeof expected === 'boolean') return message;
  return message.includes(expected) ? expected : message;
}

async function found(condition: string, given: Given): Promise<Row[1]> {
  try {
    const value = await outcome(condition, given);
    return typeof value === 'string' ? value.replace(/^(error) at \d+:\d+/u, '$1') : value;
  } catch (error) {
    if (error instanceof RulesSyntaxError) return `refused: ${error.problem}`;
    throw error;
  }
}

/** The message with which a file is refused, or undefined when it is taken. */
export function refusal(rules: string): string | undefined {
  try {
    compileRules(rules, 'test.rules');
    return undefined;
  } catch (error) {
    if (error instanceof RulesSyntaxError) return error.message;
    throw error;
  }
}

/** A reader of these documents, which counts what it was asked for. */
export function documentsOf(
  now: Record<string, object>,
  after: Record<string, object> = now,
): DocumentReader & { asked: string[] } {
  const asked: string[] = [];
  const from = (documents: Record<string, object>) => (path: string[]) => {
    const name = path.slice(3).join('/');
    asked.push(name);
    const data = documents[name];
    return Promise.resolve(data && fromJson({ data, id: path.at(-1) }));
  };
  return { asked, get: from(now), getAfter: from(after) };
}

const CALL = new Script('run()');
const called: { run?: () => unknown } = {};
const CONTEXT = createContext(called);

/** Runs what must come to an end: a test can't fail by its own timeout while it is in a loop. */
export function inTime<T>(run: () => T): T {
  called.run = run;
  return CALL.runInContext(CONTEXT, { timeout: 20_000 }) as T;
}
