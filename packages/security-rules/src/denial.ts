import type { Decision, RulesRequest } from './ruleset.js';

/** A request that the rules denied. */
export interface Denial extends Pick<Decision, 'tried'> {
  readonly service: RulesRequest['service'];
  readonly method: RulesRequest['method'];
  /** The full path as segments, as in RulesRequest. */
  readonly path: readonly string[];
  /** Absent if the request is not authenticated. */
  readonly uid?: string;
  /** Name of the rules file. */
  readonly file: string;
}

export type OnDenied = (denial: Denial) => void;

/** Describes a denied request and why each evaluated `allow` statement did not allow it. */
export function describeDenial({ service, method, path, uid, file, tried }: Denial): string {
  const user = uid === undefined ? 'signed out' : `as ${uid}`;
  const reasons = tried.map(({ line, column, why }) => `\n    ${file}:${line}:${column} ${why}`);
  const noStatement = `\n    ${file} has no 'allow ${method}' for this path`;
  const request = `${method} /${path.join('/')}`;
  return `denied by the rules of ${service}: ${request} (${user})${reasons.join('') || noStatement}`;
}

/** The message of a denial is sent to the client; these bound its length. */
const MAX_STATEMENTS = 10;
const MAX_REASON_LENGTH = 300;

/**
 * The error message of a denied request for the client. Its first line is that of Google's Firestore emulator; a line
 * for each evaluated statement then says which operand decided. At most 10 statements are listed.
 */
export function denialMessage({ method, tried }: Pick<Denial, 'method' | 'tried'>): string {
  if (tried.length === 0) return `No matching allow statements for '${method}'`;
  const listed = tried.slice(0, MAX_STATEMENTS);
  const more = tried.length - listed.length;
  const results = listed.map(({ line, errorAt }) => {
    const at = `for '${method}' @ L${line}`;
    return errorAt ? `evaluation error at L${errorAt.line}:${errorAt.column} ${at}` : `false ${at}`;
  });
  if (more > 0) results.push(`and ${more} more`);
  const reasons = listed.map(({ line, why }) => `L${line}: because ${shorten(why)}`);
  return ['', results.join(', '), ...reasons].join('\n');
}

/** Cuts a reason to its length limit and removes what looks like a JSON Web Token. */
function shorten(why: string): string {
  const text = why.replaceAll(/eyJ[\w-]{10,}\.[\w-]*\.?[\w-]*/gu, '[token]');
  return text.length > MAX_REASON_LENGTH ? `${text.slice(0, MAX_REASON_LENGTH - 1)}…` : text;
}
