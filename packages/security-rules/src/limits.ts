import { LimitError } from './errors.js';

/** The documented limits of a ruleset and of one request, and our own against endless work. */
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
  /** Of a batch, a transaction or a read of several documents, beside the 10 of each operation. */
  firestoreReadsTogether: 20,
  storageReads: 2,
  /** Ours: how deep expressions and match blocks may nest, so that recursion is bounded. */
  nesting: 100,
  expressionHeight: 400,
  /** Ours: how deep a value handed in may nest; Firestore's own limit is 20. */
  valueDepth: 100,
  /** Ours: steps of comparing, joining and matching in one request. */
  work: 5_000_000,
  patternLength: 5000,
} as const;

/** Counts the steps of one request that are not expressions, so that no value is too big. */
export class Work {
  private left: number = LIMITS.work;

  /** Takes `steps` from the budget; throws LimitError when it is used up. */
  charge(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw new LimitError('the values compared in this request are too big');
  }
}
