/** The mapping file of `migrate`: where old images are, who owns them, and which documents refer to them. */
import { z } from 'zod';
import { matching } from '../../config/parse-values.js';
import { isDocumentId, parseTemplate, type PathTemplate } from '../../domain/path.js';
import { MigrateError } from './error.js';

/** A field of a document; a dot leads into a map. */
const FIELD = z
  .string()
  .regex(/^[A-Za-z_]\w*(?:[.][A-Za-z_]\w*)*$/, 'expected the name of a field, such as photo.url');

const COLLECTION = z.string().transform((text, context): PathTemplate => {
  const template = parseTemplate(text, text.includes('{uid}') ? ['uid'] : []);
  if (typeof template !== 'string' && template.segments.length % 2 === 1) return template;
  const expected =
    typeof template === 'string' ? template : 'a collection, such as users/{uid}/posts';
  context.addIssue(`expected ${expected}`);
  return z.NEVER;
});

const OWNER_PATH = z.string().transform((text, context): readonly string[] => {
  const segments = text.split('/');
  const isValid =
    segments.filter((segment) => segment === '{uid}').length === 1 &&
    segments.every(
      (segment, index) =>
        ['{uid}', '*'].includes(segment) ||
        (segment === '**' && index === segments.length - 1) ||
        (segment !== '' && !/[{}*]/.test(segment)),
    );
  if (isValid) return segments;
  context.addIssue('expected a path with {uid} once, * for one segment, and ** at the end only');
  return z.NEVER;
});

const DATABASE = z.string().transform((text, context) => {
  const parsed = matching('DATABASE_ID')(text);
  if ('value' in parsed) return parsed.value;
  context.addIssue(`expected ${parsed.expected}`);
  return z.NEVER;
});

const DOCUMENTS = z.strictObject({
  /** Id of the Firestore database that has the collection; absent: DATABASE_ID of the installation. */
  database: DATABASE.optional(),
  collection: COLLECTION,
  /** Has a download URL, a gs:// URL or an object name: of the original, or of a resized file. */
  url: FIELD,
  /** Further fields of this kind, such as those of thumbnails. */
  more: z.array(FIELD).default([]),
  /** Has the owner's uid; absent: that of the collection's path, if it has one. */
  owner: FIELD.optional(),
  /** `run` writes the public token there; absent: nowhere. */
  token: FIELD.optional(),
});

const MAPPING = z.strictObject({
  /** Begins the names of all old images. */
  prefix: z.string().default(''),
  /** The first that gives an owner counts. */
  owner: z
    .array(
      z.union(
        [
          z.strictObject({ path: OWNER_PATH }),
          z.strictObject({ metadata: z.string().min(1) }),
          z.strictObject({ documents: z.literal(true) }),
        ],
        { error: 'expected {"path": …}, {"metadata": …} or {"documents": true}' },
      ),
    )
    .default([]),
  documents: z.array(DOCUMENTS).default([]),
});

export type Mapping = z.infer<typeof MAPPING>;
export type DocumentRule = z.infer<typeof DOCUMENTS>;

/** Without a mapping file: all objects, none of which has an owner. */
export const EMPTY_MAPPING: Mapping = MAPPING.parse({});

/**
 * Parses the mapping file.
 * @param file its name, for messages
 * @throws MigrateError
 */
export function parseMapping(text: string, file: string): Mapping {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MigrateError(`${file}: expected JSON, found ${(error as Error).message}`);
  }
  const { data, error } = MAPPING.safeParse(value);
  const issue = error?.issues[0];
  if (data !== undefined) return data;
  throw new MigrateError(`${file}: ${[...(issue?.path ?? [])].join('.')}: ${issue?.message ?? ''}`);
}

/**
 * Finds the owner of an old image.
 * @param owners user ids that documents state for it
 * @returns undefined if there is none, `conflict` if documents state different ones
 */
export function findOwner(
  { name, metadata }: { name: string; metadata: Readonly<Record<string, string>> },
  mapping: Pick<Mapping, 'owner'>,
  owners: ReadonlySet<string>,
): { uid: string } | 'conflict' | undefined {
  for (const rule of mapping.owner) {
    if ('documents' in rule && owners.size > 1) return 'conflict';
    const [ofDocuments] = owners;
    const uid =
      'path' in rule
        ? uidIn(name, rule.path)
        : 'metadata' in rule
          ? metadata[rule.metadata]
          : ofDocuments;
    if (uid !== undefined && isDocumentId(uid)) return { uid };
  }
  return undefined;
}

function uidIn(name: string, pattern: readonly string[]): string | undefined {
  const segments = name.split('/');
  const isOpen = pattern.at(-1) === '**';
  if (isOpen ? segments.length < pattern.length : segments.length !== pattern.length) {
    return undefined;
  }
  const isMatch = pattern.every(
    (part, index) => ['{uid}', '*', '**'].includes(part) || part === segments[index],
  );
  return isMatch ? segments[pattern.indexOf('{uid}')] : undefined;
}
