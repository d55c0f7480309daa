/** Names: which objects are originals, where records live, what a rendition is called. */
import { createHash } from 'node:crypto';
import { extensionOf, type Format } from './format.js';

/** Who owns which image. */
export interface Owner {
  uid: string;
  imageId: string;
}

/** A path with placeholders, `originals/{uid}/{imageId}`. */
export interface PathTemplate {
  readonly text: string;
  readonly segments: readonly string[];
}

/**
 * Reads a template; each placeholder in `required` must be there once, as a whole segment, and no other may.
 * @returns a sentence saying what is wrong when it is none
 */
export function parseTemplate(
  text: string,
  required: readonly ('uid' | 'imageId')[],
): PathTemplate | string {
  const segments = text.split('/');
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') {
      return 'a path without empty, "." or ".." segments';
    }
    if (/[{}]/.test(segment) && !required.some((name) => segment === `{${name}}`)) {
      if (required.length === 0) return 'a path without placeholders';
      const placeholders = required.map((name) => `{${name}}`).join(' and ');
      return `placeholders ${placeholders}, each as a whole segment`;
    }
  }
  for (const name of required) {
    if (segments.filter((segment) => segment === `{${name}}`).length !== 1) {
      return `a path with {${name}} in it once`;
    }
  }
  return { text, segments };
}

/** The template with an owner's ids in it. */
export function fillTemplate(
  template: PathTemplate,
  values: { uid: string; imageId?: string },
): string {
  return template.segments
    .map((segment) =>
      segment === '{uid}' ? values.uid : segment === '{imageId}' ? (values.imageId ?? '') : segment,
    )
    .join('/');
}

/**
 * Whose image an object is. The name is split at `/` and otherwise taken as it is: object names may
 * hold `..` and anything else, so they are never normalised.
 * @returns undefined when the object is no original or its ids can't be ids of Firestore documents
 */
export function ownerOf(template: PathTemplate, objectName: string): Owner | undefined {
  const segments = objectName.split('/');
  if (segments.length !== template.segments.length) return undefined;
  const owner: Owner = { uid: '', imageId: '' };
  for (const [index, expected] of template.segments.entries()) {
    const found = segments[index] as string;
    if (expected === '{uid}') owner.uid = found;
    else if (expected === '{imageId}') owner.imageId = found;
    else if (expected !== found) return undefined;
  }
  return isDocumentId(owner.uid) && isDocumentId(owner.imageId) ? owner : undefined;
}

/**
 * Whether a text can be the id of a Firestore document.
 * @see https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
 */
export function isDocumentId(id: string): boolean {
  return (
    id !== '' &&
    id !== '.' &&
    id !== '..' &&
    !id.includes('/') &&
    !/^__.*__$/s.test(id) &&
    id.isWellFormed() &&
    Buffer.byteLength(id) <= 1500
  );
}

/** The folder of an image's renditions within the variants path: says neither owner nor file name. */
export function hashedFolder(bucket: string, originalName: string): string {
  return createHash('sha256').update(`${bucket}/${originalName}`).digest('base64url');
}

/** How many characters of a rendition's hash its name has: 48 bits, among a few dozen files. */
const HASH_IN_NAME = 8;

/**
 * `variants/{hashed}/{generation}/{variant}-{hash of the bytes}.{ext}`: a name stands for the same
 * bytes for ever, so that nothing that is being seen is ever overwritten.
 */
export function renditionName(
  variantsPath: string,
  original: { bucket: string; name: string; generation: string },
  variant: string,
  format: Format,
  data: Uint8Array,
): string {
  const folder = renditionsFolder(variantsPath, original.bucket, original.name);
  const hash = createHash('sha256').update(data).digest('base64url').slice(0, HASH_IN_NAME);
  return `${folder}${original.generation}/${variant}-${hash}.${extensionOf(format)}`;
}

/** Where all renditions of an image are, whatever their generation; with a slash at the end. */
export function renditionsFolder(variantsPath: string, bucket: string, name: string): string {
  return `${variantsPath}/${hashedFolder(bucket, name)}/`;
}

/**
 * What the names of all originals begin with, or of all of one owner's: as much of the template as
 * is known before its first unknown part.
 */
export function originalsPrefix(template: PathTemplate, uid?: string): string {
  const known = template.segments.map((segment) => (segment === '{uid}' ? uid : segment));
  const end = known.findIndex((segment) => segment === undefined || segment === '{imageId}');
  return known
    .slice(0, end)
    .map((segment) => `${segment}/`)
    .join('');
}
