import { RE2JS, RE2JSException } from 're2js';
import { EvaluationError } from '../errors.js';
import { LIMITS, type Work } from '../limits.js';

const REMEMBERED = 200;
const compiled = new Map<string, RE2JS>();

/** A regular expression with RE2's syntax and linear time; a wrong one is an EvaluationError. */
export function compilePattern(text: string): RE2JS {
  const known = compiled.get(text);
  if (known) return known;
  if (text.length > LIMITS.patternLength) {
    throw new EvaluationError(`the pattern has more than ${LIMITS.patternLength} characters`);
  }
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new EvaluationError(`not an RE2 pattern: ${error.message}`);
  }
  if (compiled.size >= REMEMBERED) compiled.clear();
  compiled.set(text, pattern);
  return pattern;
}

/**
 * The pattern, its time over `input` taken from the budget first: a plain test runs on re2js's
 * automaton, which is quicker by far than finding every match.
 */
export function patternFor(text: string, input: string, use: 'test' | 'find', work: Work): RE2JS {
  const pattern = compilePattern(text);
  work.charge(pattern.programSize() * (input.length / (use === 'test' ? 16 : 2) + 1));
  return pattern;
}

/** Why this replacement is not covered: what `\1` and `$1` mean in one is not documented. */
export function replacementProblem(text: string): string | undefined {
  return /[\\$]/u.test(text)
    ? "a replacement without '\\' and '$': what they mean there is not documented"
    : undefined;
}

/** Why this pattern can't be replaced or split at: where nothing is found differs by library. */
export function emptyMatchProblem(pattern: RE2JS): string | undefined {
  return pattern.testExact('')
    ? 'a pattern that does not match the empty string: what is done there is not documented'
    : undefined;
}
