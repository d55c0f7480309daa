/** Matchers for the `expect` of Jest and of Vitest: package export "./jest". */
import { readFileSync } from 'node:fs';
import { compileRules, describeWarning, type Decision, type Ruleset } from '../index.js';
import { readRequest } from '../tool/cases.js';
import { expectService } from '../tool/evaluate.js';
import { InputError } from '../tool/input.js';

/** A request in the form of a case of the command line tool, see `npx firebase-rules-check --help`. */
export interface TestRequest {
  readonly method: 'get' | 'list' | 'create' | 'update' | 'delete';
  /** `/b/BUCKET/o/NAME` or `/databases/(default)/documents/users/a`. */
  readonly path: string;
  /** null: signed out; a uid of null: a token without a uid. */
  readonly auth: { readonly uid: string | null; readonly token?: object } | null;
  /** RFC 3339; default: now. */
  readonly time?: string;
  /** Before the request: an object's metadata, or a document's fields. */
  readonly resource?: object | null;
  /** After a create or an update. */
  readonly requestResource?: object | null;
  /** A list in Firestore. */
  readonly query?: {
    /** Filters that all apply: `['owner', '==', 'alice']`, with the operators of the SDKs. */
    readonly where?: readonly Filter[];
    readonly orderBy?: Readonly<Record<string, 'ASC' | 'DESC'>>;
    readonly limit?: number | null;
    readonly offset?: number;
  };
  /** The documents that `get()` and `exists()` see, by their path. */
  readonly documents?: object;
  /** The same for `getAfter()` and `existsAfter()`. */
  readonly after?: object;
}

/** One filter of a query, or alternatives. */
export type Filter =
  | readonly [field: string | readonly string[], operator: string, value: unknown]
  | { readonly or: readonly Filter[] }
  | { readonly and: readonly Filter[] };

/** The types of the matchers, to add to those of Jest or Vitest. */
export interface RulesMatchers<R = unknown> {
  /** Passes if the rules allow the request. The failure message says why they do not. */
  toAllow(request: TestRequest): Promise<R>;
  /** Passes if the rules deny the request. The failure message names the statement that allows it. */
  toDeny(request: TestRequest): Promise<R>;
}

/** What a matcher returns to Jest and Vitest. */
interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

/** For `expect.extend(rulesMatchers)`. The received value is that of `loadRules` or `compileRules`. */
export const rulesMatchers = {
  async toAllow(received: unknown, request: TestRequest): Promise<MatcherResult> {
    const { allowed, message } = await decide(received, request, 'toAllow');
    return { pass: allowed, message };
  },
  async toDeny(received: unknown, request: TestRequest): Promise<MatcherResult> {
    const { allowed, message } = await decide(received, request, 'toDeny');
    return { pass: !allowed, message };
  },
};

/**
 * Loads a rules file, relative to the working folder.
 * @throws RulesSyntaxError for invalid rules, and for warnings unless `strict` is false
 */
export function loadRules(file: string, { strict = true }: { strict?: boolean } = {}): Ruleset {
  const ruleset = compileRules(readFileSync(file, 'utf8'), file, { strict });
  if (!strict) for (const warning of ruleset.warnings) console.warn(describeWarning(warning));
  return ruleset;
}

async function decide(
  received: unknown,
  request: TestRequest,
  matcher: string,
): Promise<{ allowed: boolean; message: () => string }> {
  if (!isRuleset(received)) {
    throw new InputError(`${matcher}: expected rules from loadRules(FILE), found another value`);
  }
  const read = readRequest(request, matcher);
  expectService(received, read, matcher);
  const decision = await received.evaluate(read);
  return { allowed: decision.allowed, message: () => describe(received, request, decision) };
}

/** The message when the decision is not the expected one, also with `.not`. */
function describe({ file }: Ruleset, request: TestRequest, { allowed, tried }: Decision): string {
  const { method, path, auth } = request;
  const user = auth === null ? 'signed out' : `as ${auth.uid ?? 'a user without a uid'}`;
  const expected = allowed ? 'deny' : 'allow';
  const head = `expected ${file} to ${expected} ${method} ${path} (${user}), found it ${allowed ? 'allowed' : 'denied'}:`;
  const statements = allowed ? tried.slice(-1) : tried;
  const lines = statements.map(({ line, column, why }) => `\n    ${file}:${line}:${column} ${why}`);
  return head + (lines.join('') || `\n    ${file} has no 'allow ${method}' for this path`);
}

function isRuleset(value: unknown): value is Ruleset {
  return typeof value === 'object' && value !== null && 'evaluate' in value && 'services' in value;
}

export type { Ruleset };
