/** Where the emulator differs from Google's on purpose; packages/emulators/README.md has the reasons. */

type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

const QUERY =
  'Queries ordered by `__name__` descending, or by `__name__` before the field of an inequality, are answered';
const COMMIT_TIME = 'A commit without writes has a `commitTime`';
const LATER =
  'Two different filters of `array-contains` are FAILED_PRECONDITION, and the commit of an ended transaction is ABORTED';
const ALTERNATIVES = 'A query with more than 30 alternatives is refused before the rules are asked';

/** Of each recorded emulator: reasons by table and case. */
export const ON_PURPOSE: Readonly<Record<string, Reasons>> = {
  'the Firestore emulator of firebase-tools 15.28.2': {
    'order of values': { 'by name descending': QUERY },
    filters: { 'name before the inequality': QUERY },
    'preconditions and masks': { 'no writes': COMMIT_TIME },
  },
  "Google's Firestore emulator 1.19.9": {
    'order of values': { 'by name descending': QUERY },
    filters: { 'name before the inequality': QUERY },
    'preconditions and masks': { 'no writes': COMMIT_TIME },
    'errors of queries': { 'two array-contains': LATER },
    transactions: { 'commit again': LATER, 'commit after rolling back': LATER },
    'generated rules and queries': {
      '7bbbe6cca334 query 7': ALTERNATIVES,
    },
  },
};

/** The cases of a table that differ on purpose from a recorded emulator. */
export function onPurpose(emulator: string, table: string): ReadonlySet<string> {
  return new Set(Object.keys(ON_PURPOSE[emulator]?.[table] ?? {}));
}
