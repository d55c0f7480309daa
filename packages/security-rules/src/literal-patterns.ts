/** Finds problems of methods and their patterns that do not depend on a request. */
import type { Expression } from './ast.js';
import { compilePattern, emptyMatchProblem, replacementProblem } from './builtins/pattern.js';
import { EvaluationError } from './errors.js';

/** Methods in the reference that the engine does not support, with the reason. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['bind', 'the reference does not document which parts of a path it binds'],
]);

const PATTERN_METHODS: ReadonlySet<string> = new Set(['matches', 'replace', 'split']);

/** The reason why a method is not supported, to append to a message; empty if there is none. */
export function unsupportedReason(name: string): string {
  const reason = UNSUPPORTED.get(name);
  return reason ? `, which is not supported: ${reason}` : '';
}

/** Compiles literal patterns, so that an invalid one is reported when the file is loaded. */
export function patternProblems(
  method: string,
  args: readonly Expression[],
): [part: Expression, problem: string][] {
  if (!PATTERN_METHODS.has(method)) return [];
  const [pattern, replacement] = args;
  const problems: [Expression, string][] = [];
  if (pattern?.kind === 'literal' && pattern.value.type === 'string') {
    const problem = patternProblem(pattern.value.value, method);
    if (problem) problems.push([pattern, problem]);
  }
  if (replacement?.kind === 'literal' && replacement.value.type === 'string') {
    const problem = replacementProblem(replacement.value.value);
    if (problem) problems.push([replacement, problem]);
  }
  return problems;
}

function patternProblem(text: string, method: string): string | undefined {
  try {
    const pattern = compilePattern(text);
    return method === 'matches' ? undefined : emptyMatchProblem(pattern);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return `a valid pattern, found an error: ${error.message}`;
  }
}
