import { RE2JS, RE2JSException } from 're2js';
import { EvaluationError } from '../errors.js';
import { LIMITS, type Work } from '../limits.js';

const MAX_CACHED_PATTERNS = 200;
const cache = new Map<string, RE2JS>();

/**
 * Compiles a regular expression in RE2 syntax, which matches in linear time.
 * @throws EvaluationError for a pattern that is invalid or too long
 */
export function compilePattern(text: string): RE2JS {
  const cached = cache.get(text);
  if (cached) return cached;
  if (text.length > LIMITS.patternLength) {
    throw new EvaluationError(`the pattern has more than ${LIMITS.patternLength} characters`);
  }
  let pattern: RE2JS;
  try {
    pattern = RE2JS.compile(text);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    throw new EvaluationError(`invalid RE2 pattern: ${error.message}`);
  }
  if (cache.size >= MAX_CACHED_PATTERNS) cache.clear();
  cache.set(text, pattern);
  return pattern;
}

/**
 * Compiles a pattern and charges the time of matching `input` to the budget. Testing costs less than
 * finding: for a test, re2js runs an automaton that is much faster than finding every match.
 * @throws EvaluationError for an invalid pattern, LimitError if the budget is used up
 */
export function patternFor(text: string, input: string, use: 'test' | 'find', work: Work): RE2JS {
  const pattern = compilePattern(text);
  work.charge(pattern.programSize() * (input.length / (use === 'test' ? 16 : 2) + 1));
  return pattern;
}

/** Why this replacement is not supported: the meaning of `\1` and `$1` is not documented. */
export function replacementProblem(text: string): string | undefined {
  return /[\\$]/u.test(text)
    ? "a replacement without '\\' and '$': their meaning is not documented"
    : undefined;
}

/** Why this pattern can't replace or split: the results of empty matches differ by library. */
export function emptyMatchProblem(pattern: RE2JS): string | undefined {
  return pattern.testExact('')
    ? 'a pattern that does not match the empty string: the result is not documented'
    : undefined;
}
