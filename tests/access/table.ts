/**
 * The access table: which actor may do what to which thing in which state of the image. It is written
 * from the documented promises, not from the rules files, so that a test can compare the two.
 * tests/integration/access.test.ts tests every cell; docs/reference/access.md is generated from it.
 */

/** The expected result of a cell; `—` if the act does not exist for the thing. */
export type Answer = 'yes' | 'no' | '—';

/** Who sends the requests. */
export const ACTORS = {
  'signed out': 'no account and no secret',
  owner: 'the signed-in user whose `uid` is in the path, with an email address and a password',
  'anonymous owner': 'the same, with an anonymous account',
  'other user': 'signed in as a different user, with an email address and a password',
  'token holder': "signed out, has the image's public token",
  'link holder':
    'signed out, has the download URL that Cloud Storage assigned to the upload, from before its token was revoked',
  'name holder':
    'signed out, has the exact object name of the rendition and sends it to every endpoint',
} as const;

/** What the requests are for. */
export const THINGS = {
  original: 'the uploaded object, `originals/{uid}/{imageId}`',
  rendition:
    'the object `variants/{hashed}/{generation}/w800.webp`; if it was not created, the name that it would have',
  'image record': 'the Firestore document `users/{uid}/images/{imageId}`',
  'share record': 'the Firestore document `users/{uid}/imageShares/{shareId}`',
  'token record': 'the Firestore document `imageTokens/{hash}`',
  "a stranger's things":
    'all five of a ready image of a user who is none of the actors; yes if any one of them is accessible',
} as const;

/** What the requests do. */
export const ACTS = {
  get: "read the object's bytes or the document; token holders and name holders also request it from `serve`",
  getMetadata: "read the object's metadata",
  list: 'list the folder or the collection, and the folders above it',
  'download by token':
    'read the bytes signed out, with every token that the actor has as the download token',
  create: 'create another object in its folder or another document in its collection',
  overwrite: 'upload an object with the same name; write the document or one of its fields',
  'update metadata': "change the object's metadata, or create a download token",
  delete: 'delete it',
  query: 'find or count documents of the collection by a field',
  'collection-group query': 'the same in all collections with that name',
} as const;

/** The states of the image. */
export const STATES = {
  processing: 'uploaded, no renditions yet',
  ready: 'the renditions exist',
  failed: 'the uploaded file is not an image',
  held: 'the content filter holds it; its renditions exist, and nobody has released it',
  revoked: 'ready, then an admin deleted its token record',
  deleted: 'ready, then its owner deleted the original',
} as const;

export type Actor = keyof typeof ACTORS;
export type Thing = keyof typeof THINGS;
export type Act = keyof typeof ACTS;
export type State = keyof typeof STATES;

/** One combination, with one expected answer. */
export interface Cell {
  actor: Actor;
  thing: Thing;
  act: Act;
  state: State;
}

/** A set of cells; an omitted axis means all its values. */
type Cells = { readonly [axis in keyof Cell]?: readonly Cell[axis][] };

const OWNERS = ['owner', 'anonymous owner'] as const;
const OBJECTS = ['original', 'rendition'] as const;
const OWN_RECORDS = ['image record', 'share record'] as const;
const RECORDS = [...OWN_RECORDS, 'token record'] as const;

/** From general to specific: the last rule that matches a cell decides. */
const RULES: readonly { answer: Answer; cells: Cells; reason: string }[] = [
  { answer: 'no', cells: {}, reason: 'Access is denied unless a later rule allows it.' },
  {
    answer: '—',
    cells: { thing: OBJECTS, act: ['query', 'collection-group query'] },
    reason: 'Objects cannot be queried.',
  },
  {
    answer: '—',
    cells: { thing: RECORDS, act: ['getMetadata', 'download by token', 'update metadata'] },
    reason: 'Documents have neither metadata nor download tokens.',
  },
  {
    answer: 'yes',
    cells: {
      actor: OWNERS,
      thing: ['original'],
      act: ['get', 'getMetadata', 'create', 'overwrite', 'delete'],
    },
    reason: 'Owners read, upload, overwrite and delete their originals.',
  },
  {
    answer: 'no',
    cells: {
      actor: OWNERS,
      thing: ['original'],
      act: ['get', 'getMetadata', 'delete'],
      state: ['deleted'],
    },
    reason: 'A deleted original is gone for its owner, too.',
  },
  {
    answer: 'yes',
    cells: { actor: OWNERS, thing: OWN_RECORDS, act: ['get', 'list', 'query'] },
    reason: 'Owners read their image records and share records, and never write them.',
  },
  {
    answer: 'yes',
    cells: {
      actor: ['token holder'],
      thing: ['rendition'],
      act: ['get'],
      state: ['ready'],
    },
    reason:
      'The public token gives access to the renditions, until it is revoked or the original is deleted; to none of a held image.',
  },
];

/** Explanations, shown as footnotes of their cells. */
export const NOTES: readonly { id: string; cells: Cells; text: string }[] = [
  {
    id: 'new-token',
    cells: { actor: OWNERS, thing: ['original'], act: ['getMetadata', 'download by token'] },
    text: "An owner's `getDownloadURL()` creates a new download token for the original. It works until `metadataUpdated` has revoked it; a separate test waits for that. In this table, the owner uses the token that Cloud Storage assigned to the upload.",
  },
  {
    id: 'no-list',
    cells: { actor: OWNERS, thing: ['original'], act: ['list'] },
    text: 'Owners list their image records instead.',
  },
  {
    id: 'metadata',
    cells: { actor: OWNERS, thing: ['original'], act: ['update metadata'] },
    text: 'The rules check type and size only for an upload, so metadata can be set only with an upload.',
  },
  {
    id: 'new-upload',
    cells: { actor: OWNERS, thing: ['original'], act: ['overwrite'], state: ['deleted'] },
    text: 'After a deletion this is a new upload with the same name.',
  },
  {
    id: 'own-token',
    cells: { actor: OWNERS, thing: ['rendition'], act: ['get'] },
    text: 'With the credentials of the signed-in user. The owner can also read the public token in the image record and is then a token holder.',
  },
  {
    id: 'revocation',
    cells: {
      actor: ['token holder'],
      thing: ['rendition'],
      act: ['get'],
      state: ['revoked', 'deleted'],
    },
    text: 'For a URL that is in no cache. Cached responses expire within `REVOCATION_SECONDS`.',
  },
  {
    id: 'manifest',
    cells: { actor: ['token holder'], thing: ['rendition'], act: ['getMetadata', 'list'] },
    text: 'From Cloud Storage. The manifest of a token, which `get` includes, has sizes, formats and URLs, but no object names.',
  },
  {
    id: 'token-kinds',
    cells: { actor: ['token holder'], thing: OBJECTS, act: ['download by token'] },
    text: 'Neither the public token nor its hash is a download token of Cloud Storage.',
  },
  {
    id: 'names',
    cells: { actor: ['name holder'], thing: ['rendition'], act: ['get'] },
    text: 'Object names need not be secret: this actor also requests the name from `serve`, with `..` and escapes.',
  },
  {
    id: 'record-gone',
    cells: {
      actor: OWNERS,
      thing: OWN_RECORDS,
      act: ['get', 'list', 'query'],
      state: ['deleted'],
    },
    text: 'The record no longer exists: the response is empty.',
  },
  {
    id: 'group',
    cells: { actor: OWNERS, thing: OWN_RECORDS, act: ['collection-group query'] },
    text: 'It would search the records of all users; owners query their own collection.',
  },
];

const keys = <Key extends string>(axis: Record<Key, string>) => Object.keys(axis) as Key[];

export const actors = keys(ACTORS);
export const things = keys(THINGS);
export const acts = keys(ACTS);
export const states = keys(STATES);

/** Returns the expected answer of a cell. */
export function expected(cell: Cell): Answer {
  const rule = RULES.findLast(({ cells }) => includes(cells, cell));
  if (rule === undefined) throw new Error('expected a rule for every cell');
  return rule.answer;
}

/** Returns every cell, including those with `—`. */
export function allCells(): Cell[] {
  return actors.flatMap((actor) =>
    things.flatMap((thing) =>
      acts.flatMap((act) => states.map((state) => ({ actor, thing, act, state }))),
    ),
  );
}

/** Returns the cells that are tested on a stack: all but those with `—`. */
export function testedCells(): Cell[] {
  return allCells().filter((cell) => expected(cell) !== '—');
}

/** Returns the reasons of the rules, in order. */
export function reasons(): string[] {
  return RULES.map(({ reason }) => reason);
}

/** Returns the ids of a cell's footnotes. */
export function notesAt(cell: Cell): string[] {
  return NOTES.filter(({ cells }) => includes(cells, cell)).map(({ id }) => id);
}

function includes({ actor, thing, act, state }: Cells, cell: Cell): boolean {
  const has = <T>(values: readonly T[] | undefined, value: T) => values?.includes(value) ?? true;
  return (
    has(actor, cell.actor) && has(thing, cell.thing) && has(act, cell.act) && has(state, cell.state)
  );
}
