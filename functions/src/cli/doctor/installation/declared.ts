/** The functions that this version declares; a test compares them with functions.ts. */

export type Trigger =
  | { kind: 'storage'; eventType: string }
  | { kind: 'tasks' }
  | { kind: 'callable' }
  | { kind: 'https' };

const storage = (event: string): Trigger => ({
  kind: 'storage',
  eventType: `google.cloud.storage.object.v1.${event}`,
});

export const DECLARED = {
  originalFinalized: storage('finalized'),
  metadataUpdated: storage('metadataUpdated'),
  originalDeleted: storage('deleted'),
  originalArchived: storage('archived'),
  processImage: { kind: 'tasks' },
  cleanup: { kind: 'tasks' },
  resize: { kind: 'tasks' },
  backfill: { kind: 'tasks' },
  purge: { kind: 'tasks' },
  deleteUserImages: { kind: 'callable' },
  startBackfill: { kind: 'callable' },
  sharing: { kind: 'callable' },
  serve: { kind: 'https' },
} as const satisfies Record<string, Trigger>;

export type DeclaredName = keyof typeof DECLARED;

export const DECLARED_NAMES = Object.keys(DECLARED) as DeclaredName[];

/** The declared functions with one kind of trigger. */
export function namesOf(kind: Trigger['kind']): DeclaredName[] {
  return DECLARED_NAMES.filter((name) => DECLARED[name].kind === kind);
}
