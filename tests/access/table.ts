/**
 * The attack table: who may do what to which thing while the image is in which state. Written by hand
 * from the design's promises, not from the rules files, so that the two can be held against each other.
 * tests/integration/locks.test.ts asks every cell of a running stack; docs/locks.md is made from it.
 */

/** What the table says of a cell; `—`: there is no such act on such a thing. */
export type Answer = 'yes' | 'no' | '—';

/** Who tries. */
export const ACTORS = {
  'signed out': 'has no account and no secret',
  owner: 'the signed-in user whose `uid` is in the path, with an e-mail address and a password',
  'anonymous owner': 'the same with an anonymous account',
  'other user': 'signed in as somebody else, with an e-mail address and a password',
  'token holder': "signed out, has the image's public token",
  'link holder':
    'signed out, has the download URL that Storage gave to the upload, from before it was stripped',
  'name holder': "signed out, has the exact name of the rendition's object and tries it everywhere",
} as const;

/** What is tried at. */
export const THINGS = {
  original: 'the uploaded object, `originals/{uid}/{imageId}`',
  rendition:
    'the object `variants/{hashed}/{generation}/w800.webp`; where none was made, the name that it would have',
  'image record': 'the Firestore document `users/{uid}/images/{imageId}`',
  'token record': 'the Firestore document `imageTokens/{hash}`',
  "a stranger's things":
    'all four of another, ready image, of a user who is none of the actors: yes if any of them gives way',
} as const;

/** What is tried. */
export const ACTS = {
  get: "read the object's bytes or the document; holders of a public token or a name also ask the serve function",
  getMetadata: "read the object's metadata",
  list: 'list the folder or the collection, and those above it',
  'download by token': 'read the bytes signed out, with every token that the actor has',
  create: 'put a new object or document beside it',
  overwrite: 'upload to its very name; write the document, whole or one field',
  'update metadata': "change the object's metadata, ask for a download token",
  delete: 'delete it',
  query: 'find or count documents of the collection by a field',
  'collection-group query': 'the same in all collections of that name',
} as const;

/** What has become of the image. */
export const STATES = {
  processing: 'uploaded, no rendition made yet',
  ready: 'the renditions are there',
  failed: 'the upload was no image',
  revoked: 'ready, then its token record was deleted by an admin',
  deleted: 'ready, then the original was deleted by its owner',
} as const;

export type Actor = keyof typeof ACTORS;
export type Thing = keyof typeof THINGS;
export type Act = keyof typeof ACTS;
export type State = keyof typeof STATES;

/** One question. */
export interface Cell {
  actor: Actor;
  thing: Thing;
  act: Act;
  state: State;
}

/** Which cells something is about; what is left out means all. */
type Cells = { readonly [axis in keyof Cell]?: readonly Cell[axis][] };

const OWNERS = ['owner', 'anonymous owner'] as const;
const OBJECTS = ['original', 'rendition'] as const;
const RECORDS = ['image record', 'token record'] as const;

/** From general to particular: the last one that is about a cell decides. */
const RULES: readonly { answer: Answer; cells: Cells; because: string }[] = [
  { answer: 'no', cells: {}, because: 'Everything is closed, but for what follows.' },
  {
    answer: '—',
    cells: { thing: OBJECTS, act: ['query', 'collection-group query'] },
    because: 'Objects are not queried.',
  },
  {
    answer: '—',
    cells: { thing: RECORDS, act: ['getMetadata', 'download by token', 'update metadata'] },
    because: 'Documents have neither metadata nor download tokens.',
  },
  {
    answer: 'yes',
    cells: {
      actor: OWNERS,
      thing: ['original'],
      act: ['get', 'getMetadata', 'create', 'overwrite', 'delete'],
    },
    because: 'Owners read, upload, replace and delete their originals.',
  },
  {
    answer: 'no',
    cells: {
      actor: OWNERS,
      thing: ['original'],
      act: ['get', 'getMetadata', 'delete'],
      state: ['deleted'],
    },
    because: 'What is deleted is gone for them, too.',
  },
  {
    answer: 'yes',
    cells: { actor: OWNERS, thing: ['image record'], act: ['get', 'list', 'query'] },
    because: 'Owners read their image records, and never write them.',
  },
  {
    answer: 'yes',
    cells: {
      actor: ['token holder'],
      thing: ['rendition'],
      act: ['get'],
      state: ['ready'],
    },
    because:
      'The public token opens the renditions while there are some, until it is revoked or the original deleted.',
  },
];

/** What may surprise; each is a footnote at its cells. */
export const NOTES: readonly { id: string; cells: Cells; text: string }[] = [
  {
    id: 'minted',
    cells: { actor: OWNERS, thing: ['original'], act: ['getMetadata', 'download by token'] },
    text: "An owner's `getDownloadURL()` mints a new download token for the original. It works until the function `metadataUpdated` has taken it away; a test of its own waits for that. Here the owner tries the one that the upload was given.",
  },
  {
    id: 'no-list',
    cells: { actor: OWNERS, thing: ['original'], act: ['list'] },
    text: 'The image records are the list.',
  },
  {
    id: 'metadata',
    cells: { actor: OWNERS, thing: ['original'], act: ['update metadata'] },
    text: 'Only a whole upload is checked against type and size, so metadata comes with one or not at all.',
  },
  {
    id: 'again',
    cells: { actor: OWNERS, thing: ['original'], act: ['overwrite'], state: ['deleted'] },
    text: 'After a deletion this is a new upload under the old name.',
  },
  {
    id: 'own-token',
    cells: { actor: OWNERS, thing: ['rendition'], act: ['get'] },
    text: 'By being signed in. The owner also reads the public token in the image record, and with that is a token holder.',
  },
  {
    id: 'bound',
    cells: {
      actor: ['token holder'],
      thing: ['rendition'],
      act: ['get'],
      state: ['revoked', 'deleted'],
    },
    text: 'Asked is an address that no cache holds. What one holds ends within `REVOCATION_SECONDS`.',
  },
  {
    id: 'manifest',
    cells: { actor: ['token holder'], thing: ['rendition'], act: ['getMetadata', 'list'] },
    text: "Of Storage. Sizes, formats and addresses are in the token's manifest, which comes with `get`; names of objects are not.",
  },
  {
    id: 'two-tokens',
    cells: { actor: ['token holder'], thing: OBJECTS, act: ['download by token'] },
    text: "Neither the public token nor its hash is a download token of Storage's.",
  },
  {
    id: 'no-secret',
    cells: { actor: ['name holder'], thing: ['rendition'], act: ['get'] },
    text: 'No lock depends on a name being secret: this actor also puts it into addresses of the serve function, with `..` and escapes.',
  },
  {
    id: 'record-gone',
    cells: {
      actor: OWNERS,
      thing: ['image record'],
      act: ['get', 'list', 'query'],
      state: ['deleted'],
    },
    text: 'There is none any more: the answer is empty.',
  },
  {
    id: 'group',
    cells: { actor: OWNERS, thing: ['image record'], act: ['collection-group query'] },
    text: "It would search everybody's images, whatever it asks for; the owner queries the own collection.",
  },
];

const keys = <Key extends string>(axis: Record<Key, string>) => Object.keys(axis) as Key[];

export const actors = keys(ACTORS);
export const things = keys(THINGS);
export const acts = keys(ACTS);
export const states = keys(STATES);

/** The answer that a cell must have. */
export function expected(cell: Cell): Answer {
  const rule = RULES.findLast(({ cells }) => isAmong(cell, cells));
  if (rule === undefined) throw new Error('The first rule is about every cell.');
  return rule.answer;
}

/** Every cell, `—` included. */
export function allCells(): Cell[] {
  return actors.flatMap((actor) =>
    things.flatMap((thing) =>
      acts.flatMap((act) => states.map((state) => ({ actor, thing, act, state }))),
    ),
  );
}

/** The cells that a stack is asked. */
export function askedCells(): Cell[] {
  return allCells().filter((cell) => expected(cell) !== '—');
}

/** The rules as sentences, in their order. */
export function reasons(): string[] {
  return RULES.map(({ because }) => because);
}

/** The footnotes at a cell. */
export function notesAt(cell: Cell): string[] {
  return NOTES.filter(({ cells }) => isAmong(cell, cells)).map(({ id }) => id);
}

function isAmong(cell: Cell, { actor, thing, act, state }: Cells): boolean {
  const fits = <T>(chosen: readonly T[] | undefined, value: T) => chosen?.includes(value) ?? true;
  return (
    fits(actor, cell.actor) &&
    fits(thing, cell.thing) &&
    fits(act, cell.act) &&
    fits(state, cell.state)
  );
}
