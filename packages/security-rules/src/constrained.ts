/**
 * Fields that a query's filters limit without fixing them. What the filters do not decide is an error, so that the
 * condition of a rule is proven for every document that the query may return, or not at all.
 */
import { EvaluationError } from './errors.js';
import { compare, equals, isNumber } from './equality.js';
import type { Work } from './limits.js';
import type { Bound, ConstrainedValue, RulesValue } from './values.js';

export type Comparison = '<' | '<=' | '>' | '>=';

const MIRRORED = { '<': '>', '<=': '>=', '>': '<', '>=': '<=' } as const;

function undecided(): EvaluationError {
  return new EvaluationError('the filters of the query do not decide this');
}

/**
 * Compares values of which one is constrained. As in Google's emulator, a comparison is proven or an error: never false.
 * @throws EvaluationError unless the constraints prove it
 */
export function compareConstrained(
  operator: Comparison,
  left: RulesValue,
  right: RulesValue,
): true {
  if (left.type !== 'constrained') {
    if (right.type !== 'constrained') throw undecided();
    return compareConstrained(MIRRORED[operator], right, left);
  }
  if (right.type === 'constrained') throw undecided();
  const orEqual = operator === '>=' || operator === '<=';
  const isUpward = operator === '>' || operator === '>=';
  const proven = ({ value, inclusive }: Bound): boolean =>
    isComparable(value, right) &&
    proves(() => {
      const order = compare(value, right);
      const isBeyond = isUpward ? order > 0 : order < 0;
      return isBeyond || (order === 0 && (orEqual || !inclusive));
    });
  const bounds = [...left.equal.map(fixed), ...(isUpward ? left.lower : left.upper)];
  if (bounds.some(proven)) return true;
  throw undecided();
}

/** A value that the bounded one is equal to. */
const fixed = (value: RulesValue): Bound => ({ value, inclusive: true });

/**
 * Whether values are equal of which one is constrained.
 * @throws EvaluationError unless a filter compares it with the other by `==`
 */
export function equalsConstrained(left: RulesValue, right: RulesValue, work: Work): true {
  if (left.type !== 'constrained') {
    if (right.type !== 'constrained') throw undecided();
    return equalsConstrained(right, left, work);
  }
  if (right.type === 'constrained') throw undecided();
  if (left.equal.some(isEqualTo(right, work))) return true;
  throw undecided();
}

/**
 * Whether values differ of which one is constrained.
 * @throws EvaluationError unless the constraints prove it
 */
export function differsConstrained(left: RulesValue, right: RulesValue, work: Work): true {
  if (left.type !== 'constrained') {
    if (right.type !== 'constrained') throw undecided();
    return differsConstrained(right, left, work);
  }
  if (right.type === 'constrained') throw undecided();
  // A filter other than `==` finds no null.
  if (right.type === 'null') return true;
  const isOther = (value: RulesValue): boolean =>
    isSameKind(value, right) && !equals(value, right, work);
  if (left.equal.some(isOther) || left.not.some(isEqualTo(right, work))) return true;
  const hasBounds = [...left.lower, ...left.upper].some(({ value }) => isSameKind(value, right));
  if (hasBounds) {
    for (const operator of ['<', '>'] as const) {
      if (proves(() => compareConstrained(operator, left, right))) return true;
    }
  }
  throw undecided();
}

function isEqualTo(ofRule: RulesValue, work: Work): (ofFilter: RulesValue) => boolean {
  return (ofFilter) => isComparable(ofFilter, ofRule) && equals(ofFilter, ofRule, work);
}

/** Google's emulator does not compare the Float of a filter with the Integer of a rule; the other way around it does. */
function isComparable(ofFilter: RulesValue, ofRule: RulesValue): boolean {
  return !(ofFilter.type === 'float' && ofRule.type === 'int');
}

/** Whether a list that is constrained has an item. @throws EvaluationError if the constraints do not decide */
export function isInConstrained(item: RulesValue, list: ConstrainedValue, work: Work): boolean {
  const isContained = list.contains?.some(
    (other) => item.type === other.type && equals(item, other, work),
  );
  if (isContained) return true;
  throw undecided();
}

function isSameKind(left: RulesValue, right: RulesValue): boolean {
  return left.type === right.type || (isNumber(left) && isNumber(right));
}

function proves(decision: () => boolean): boolean {
  try {
    return decision();
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}
