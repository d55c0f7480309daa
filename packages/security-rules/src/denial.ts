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
