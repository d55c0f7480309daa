import type { Decision, RulesRequest } from './ruleset.js';

/** A request that the rules have denied. */
export interface Denial extends Pick<Decision, 'tried'> {
  readonly service: RulesRequest['service'];
  readonly method: RulesRequest['method'];
  /** Whole and split, as in RulesRequest. */
  readonly path: readonly string[];
  /** Absent when nobody is signed in. */
  readonly uid?: string;
  /** The rules file. */
  readonly file: string;
}

export type OnDenied = (denial: Denial) => void;

/** Says for a developer to read what was denied, and which `allow` statements were tried and why not. */
export function describeDenial({ service, method, path, uid, file, tried }: Denial): string {
  const who = uid === undefined ? 'signed out' : `as ${uid}`;
  const reasons = tried.map(({ line, column, why }) => `\n    ${file}:${line}:${column} ${why}`);
  const none = `\n    ${file} has no 'allow ${method}' for this path`;
  const asked = `${method} /${path.join('/')}`;
  return `denied by the rules of ${service}: ${asked} (${who})${reasons.join('') || none}`;
}
