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

/** `variants/{hashed}/{generation}/{variant}.{ext}` */
export function renditionName(
  variantsPath: string,
  original: { bucket: string; name: string; generation: string },
  variant: string,
  format: Format,
): string {
  const folder = hashedFolder(original.bucket, original.name);
  return `${variantsPath}/${folder}/${original.generation}/${variant}.${extensionOf(format)}`;
}
