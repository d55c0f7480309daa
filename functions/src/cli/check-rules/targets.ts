/** The objects and documents of an installation, by their paths, as rules see them. */
import {
  ANY_DOCUMENT,
  ANY_PARENTS,
  PartialItems,
  PartialMap,
  path as knownPath,
  string,
  Unknown,
  type PathPattern,
  type Possible,
  type RulesMethod,
  type ServiceName,
  type Statement,
} from 'firebase-rules-check';
import { DEFAULTS } from '../../config/config.js';
import type { PathTemplate } from '../../domain/path.js';
import type { ImageRecord, ShareRecord, TokenRecord } from '../../domain/records.js';

/** The parameters that security rules repeat: see `Config`. */
export interface ProtectedPaths {
  originalsPath: PathTemplate;
  variantsPath: string;
  imagesCollection: PathTemplate;
  sharesCollection: PathTemplate;
  tokensCollection: string;
  /** DATABASE_ID; absent: the default database. */
  databaseId?: string;
  /** Buckets of originals and of renditions; absent: rules of any bucket are those of the installation. */
  bucket?: string;
  variantsBucket?: string;
}

export type Thing =
  'originals' | 'renditions' | 'image records' | 'share records' | 'token records';

/** A path that requests can be sent to. */
export interface Target {
  readonly thing: Thing;
  readonly service: ServiceName;
  readonly methods: readonly RulesMethod[];
  /** The full path; ids that are not known are `UNKNOWN_UID` or one of `UNKNOWN_IDS`. */
  readonly path: readonly string[];
  /** Whether the path belongs to one owner. */
  readonly isOwn: boolean;
  /** `resource` in rules. */
  readonly resource: () => Possible;
}

/** Stand for ids in paths. Private use characters: no literal in a rules file is equal to them. */
export const UNKNOWN_UID = '\u{e000}uid';
const UNKNOWN_IMAGE = '\u{e000}image';
const UNKNOWN_SHARE = '\u{e000}share';
const UNKNOWN_HASH = '\u{e000}hash';
const UNKNOWN_BUCKET = '\u{e000}bucket';
const UNKNOWN_PARTS = [1, 2, 3, 4].map((depth) => `\u{e000}${depth}`);
export const UNKNOWN_IDS: readonly string[] = [
  UNKNOWN_IMAGE,
  UNKNOWN_SHARE,
  UNKNOWN_HASH,
  UNKNOWN_BUCKET,
  ...UNKNOWN_PARTS,
];
/** Whether a segment of a path is the name of a folder or a collection, not an id. */
export function isName(segment: string): boolean {
  const isId = segment === UNKNOWN_UID || UNKNOWN_IDS.includes(segment);
  return segment !== '' && !isId && segment.isWellFormed();
}

const SINGLE: readonly RulesMethod[] = ['get', 'create', 'update', 'delete'];
const LIST: readonly RulesMethod[] = ['list'];

/** Everything that rules must protect in one service. */
export function targetsOf(service: ServiceName, paths: ProtectedPaths): Target[] {
  return service === 'firebase.storage' ? objectsOf(paths) : documentsOf(paths);
}

function objectsOf(paths: ProtectedPaths): Target[] {
  const { originalsPath, variantsPath, bucket = UNKNOWN_BUCKET, variantsBucket = bucket } = paths;
  const service = 'firebase.storage';
  const resource = (): Possible => new PartialMap(new Map(), new Unknown('visible'));
  const target = (thing: Thing, methods: readonly RulesMethod[], name: readonly string[]) => {
    const path = ['b', thing === 'renditions' ? variantsBucket : bucket, 'o', ...name];
    return { thing, service, methods, path, isOwn: name.includes(UNKNOWN_UID), resource } as const;
  };
  const original = fill(originalsPath);
  const folder = variantsPath.split('/');
  const renditions = UNKNOWN_PARTS.map((_, depth) => [
    ...folder,
    ...UNKNOWN_PARTS.slice(0, depth + 1),
  ]);
  return [
    target('originals', SINGLE, original),
    ...renditions.map((name) => target('renditions', SINGLE, name)),
    // A list of a folder is a request for its prefix, with or without a slash at the end.
    ...original.flatMap((_, length) => listsOf('originals', original.slice(0, length))),
    ...[folder, ...renditions.slice(0, 2)].flatMap((name) => listsOf('renditions', name)),
  ];

  function listsOf(thing: Thing, prefix: string[]): Target[] {
    const lists = prefix.length === 0 ? [prefix] : [prefix, [...prefix, '']];
    return lists.map((name) => target(thing, LIST, name));
  }
}

function documentsOf(paths: ProtectedPaths): Target[] {
  const { imagesCollection, sharesCollection, tokensCollection } = paths;
  const { databaseId = DEFAULTS.DATABASE_ID } = paths;
  const service = 'cloud.firestore';
  const images = fill(imagesCollection);
  const shares = fill(sharesCollection);
  const tokens = tokensCollection.split('/');
  const target = (
    thing: Thing,
    methods: readonly RulesMethod[],
    rest: readonly string[],
  ): Target => {
    const path = ['databases', databaseId, 'documents', ...rest];
    const resource = RECORDS[thing] ?? tokenRecord;
    return { thing, service, methods, path, isOwn: rest.includes(UNKNOWN_UID), resource };
  };
  const group = (thing: Thing, collection: string[]): Target =>
    target(thing, LIST, [ANY_PARENTS, collection.at(-1) ?? '', ANY_DOCUMENT]);
  return [
    target('image records', SINGLE, [...images, UNKNOWN_IMAGE]),
    target('image records', LIST, [...images, ANY_DOCUMENT]),
    { ...group('image records', images), isOwn: false },
    target('share records', SINGLE, [...shares, UNKNOWN_SHARE]),
    target('share records', LIST, [...shares, ANY_DOCUMENT]),
    { ...group('share records', shares), isOwn: false },
    target('token records', SINGLE, [...tokens, UNKNOWN_HASH]),
    target('token records', LIST, [...tokens, ANY_DOCUMENT]),
    group('token records', tokens),
  ];
}

const RECORDS: Partial<Record<Thing, () => Possible>> = {
  'image records': imageRecord,
  'share records': shareRecord,
};

function fill({ segments }: PathTemplate): string[] {
  return segments.map((segment) =>
    segment === '{uid}' ? UNKNOWN_UID : segment === '{imageId}' ? UNKNOWN_IMAGE : segment,
  );
}

const unknown = (): Unknown => new Unknown('visible');
const owner = (): Unknown =>
  new Unknown('visible', { type: 'string', identity: { group: 'uid', name: 'owner' } });

function documentOf(fields: Readonly<Record<string, Possible>>): Possible {
  return new PartialMap(
    new Map<string, Possible>([
      ['data', new PartialMap(new Map(Object.entries(fields)))],
      ['id', new Unknown('visible', { type: 'string' })],
      ['__name__', new Unknown('visible', { type: 'path' })],
    ]),
  );
}

/** All fields, because a condition on another field, such as `public`, is never true for a record. */
function imageRecord(): Possible {
  return documentOf({
    state: unknown(),
    original: unknown(),
    token: unknown(),
    variants: unknown(),
    widths: unknown(),
    placeholder: unknown(),
    error: unknown(),
    settings: unknown(),
    attempt: unknown(),
    previousToken: unknown(),
    createdAt: unknown(),
    updatedAt: unknown(),
  } satisfies Record<keyof ImageRecord, Possible>);
}

function shareRecord(): Possible {
  return documentOf({
    imageId: unknown(),
    state: unknown(),
    token: unknown(),
    tokenHash: unknown(),
    label: unknown(),
    variants: unknown(),
    expiresAt: unknown(),
    revokedAt: unknown(),
    revocationSeconds: unknown(),
    deleteAt: unknown(),
    createdAt: unknown(),
    updatedAt: unknown(),
  } satisfies Record<keyof ShareRecord, Possible>);
}

function tokenRecord(): Possible {
  return documentOf({
    uid: owner(),
    imageId: unknown(),
    imagePath: unknown(),
    kind: unknown(),
    shareId: unknown(),
    label: unknown(),
    variants: unknown(),
    expiresAt: unknown(),
    createdAt: unknown(),
    image: unknown(),
  } satisfies Record<keyof TokenRecord, Possible>);
}

/** The path as a value of the rules language. */
export function pathValue(
  path: readonly string[],
  unknownSegments: ReadonlyMap<string, Unknown>,
): Possible {
  if (!path.some((segment) => unknownSegments.has(segment))) return knownPath(path);
  return new PartialItems(
    'path',
    path.map((segment) => unknownSegments.get(segment) ?? string(segment)),
  );
}

/**
 * The same target with the literals of a statement for ids: `match /originals/{uid}/avatar` is about the
 * original `avatar` of each user.
 */
export function withLiterals(target: Target, { pattern }: Statement): Target | undefined {
  const path = target.path.map((segment, index) => {
    const part = patternAt(pattern, target.path.length, index);
    const isDatabase = target.service === 'cloud.firestore' && index === 1;
    const isId = segment === UNKNOWN_UID || UNKNOWN_IDS.includes(segment) || isDatabase;
    return isId && part?.kind === 'literal' ? part.text : segment;
  });
  return path.some((segment, index) => segment !== target.path[index])
    ? { ...target, path }
    : undefined;
}

/** The part of a pattern that covers one segment of a path; undefined if several parts could. */
export function patternAt(
  pattern: readonly PathPattern[],
  length: number,
  index: number,
): PathPattern | undefined {
  const recursive = pattern.findIndex((part) => part.kind === 'wildcard' && part.recursive);
  if (recursive < 0 || index < recursive) return pattern[index];
  const fromEnd = length - index;
  const last = pattern.findLastIndex((part) => part.kind === 'wildcard' && part.recursive);
  if (fromEnd < pattern.length - last) return pattern[pattern.length - fromEnd];
  return recursive === last ? pattern[recursive] : undefined;
}
