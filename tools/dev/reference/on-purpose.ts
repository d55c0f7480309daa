/** Where the emulator differs from Google's on purpose; packages/emulators/README.md lists the reasons. */

/** Reasons by table and case. */
export const ON_PURPOSE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'order of values': {
    'by name descending': 'production answers the query',
  },
  filters: {
    'name before the inequality': 'production answers the query',
  },
  'preconditions and masks': {
    'no writes': 'production answers with a commitTime',
  },
};

/** The cases of a table that differ on purpose. */
export function onPurpose(table: string): ReadonlySet<string> {
  return new Set(Object.keys(ON_PURPOSE[table] ?? {}));
}
