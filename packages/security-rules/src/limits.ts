import { LimitError } from './errors.js';

/** The documented limits of a ruleset and of a request, and the engine's own limits on work. */
export const LIMITS = {
  sourceBytes: 256 * 1024,
  letsPerFunction: 10,
  parametersPerFunction: 7,
  expressionsPerRequest: 1000,
  callDepth: 20,
  nestedMatches: 10,
  segmentsPerMatch: 100,
  wildcardsPerMatch: 20,
  firestoreReads: 10,
  /** For a batch, a transaction or a multi-document read, in addition to 10 for each operation. */
  firestoreReadsTogether: 20,
  storageReads: 2,
  /** Engine limit: nesting depth of expressions and match blocks, which bounds recursion. */
  nesting: 100,
  expressionHeight: 400,
  /** Engine limit: nesting depth of an input value. Firestore's limit is 20. */
  valueDepth: 100,
  /** Engine limit: steps of comparing, concatenating and matching in one request. */
  work: 5_000_000,
  patternLength: 5000,
} as const;

/** The budget of one request for work on values, which bounds its time and memory. */
export class Work {
  private remaining: number = LIMITS.work;

  /**
   * Takes `steps` from the budget.
   * @throws LimitError if the budget is used up
   */
  charge(steps: number): void {
    this.remaining -= steps;
    if (this.remaining < 0) throw new LimitError('the values in this request are too big');
  }
}
