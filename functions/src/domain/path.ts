/** Paths: which objects are originals, where records are stored, how renditions are named. */
import { createHash } from 'node:crypto';
import { contentDigest } from './entity-tag.js';
import { extensionOf, type Format } from './format.js';

/** An image and the user who owns it. */
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
 * Parses a template. Each placeholder in `required` must appear exactly once, as a whole segment; no other
 * placeholder may appear.
 * @returns a description of what was expected when the text is not a valid template
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

/** Replaces the placeholders of a template. */
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
 * Parses the owner from the name of an original.
 * @returns undefined when the object is not an original or its ids are not valid Firestore document ids
 */
export function ownerOf(template: PathTemplate, objectName: string): Owner | undefined {
  const owner = idsOf(template, objectName);
  return owner && isDocumentId(owner.uid) && isDocumentId(owner.imageId) ? owner : undefined;
}

/**
 * Whether an object is stored where originals are. Its ids may be invalid: such an upload is not processed, but
 * its download tokens must be revoked like those of any original.
 */
export function isOriginalName(template: PathTemplate, objectName: string): boolean {
  return idsOf(template, objectName) !== undefined;
}

/**
 * The name is split at `/` and never normalized, because object names may contain `..`.
 * @returns undefined when the name does not have the template's segments
 */
function idsOf(template: PathTemplate, objectName: string): Owner | undefined {
  const segments = objectName.split('/');
  if (segments.length !== template.segments.length) return undefined;
  const owner: Owner = { uid: '', imageId: '' };
  for (const [index, expected] of template.segments.entries()) {
    const segment = segments[index] as string;
    if (expected === '{uid}') owner.uid = segment;
    else if (expected === '{imageId}') owner.imageId = segment;
    else if (expected !== segment) return undefined;
  }
  return owner;
}

/**
 * Whether a text is a valid Firestore document id. Ids with U+0000 are excluded because Firestore rejects them
 * with INVALID_ARGUMENT.
 * @see https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
 */
export function isDocumentId(id: string): boolean {
  return (
    id !== '' &&
    id !== '.' &&
    id !== '..' &&
    !id.includes('/') &&
    !id.includes('\0') &&
    !/^__.*__$/s.test(id) &&
    id.isWellFormed() &&
    Buffer.byteLength(id) <= 1500
  );
}

/** The folder of an image's renditions within the variants path. Reveals neither owner nor file name. */
export function hashedFolder(bucket: string, originalName: string): string {
  return createHash('sha256').update(`${bucket}/${originalName}`).digest('base64url');
}

/** Characters of the content digest in a rendition's name: 48 bits, among a few dozen files per folder. */
const DIGEST_CHARACTERS_IN_NAME = 8;

/** The object name of a rendition: see `renditionNameOf`. */
export function renditionName(
  variantsPath: string,
  original: { bucket: string; name: string; generation: string },
  variant: string,
  format: Format,
  data: Uint8Array,
): string {
  return renditionNameOf(variantsPath, original, variant, format, contentDigest(data));
}

/**
 * `variants/{hashed}/{generation}/{variant}-{digest}.{ext}`. The digest makes each name stand for one
 * sequence of bytes, so a rendition that is being served is never overwritten with different bytes.
 * @param digest `contentDigest` of the rendition
 */
export function renditionNameOf(
  variantsPath: string,
  original: { bucket: string; name: string; generation: string },
  variant: string,
  format: Format,
  digest: string,
): string {
  const folder = renditionsFolder(variantsPath, original.bucket, original.name);
  const suffix = digest.slice(0, DIGEST_CHARACTERS_IN_NAME);
  return `${folder}${original.generation}/${variant}-${suffix}.${extensionOf(format)}`;
}

/** The beginning of the file name of a rendition that was made on demand, before its width. */
const ON_DEMAND = 'on-demand-';

/**
 * The object name of a rendition that was made on demand: `on-demand-{width}-{digest}.{ext}`, beside its source.
 * @param source object name of the rendition that it is made of
 * @param width pixels
 * @param digest `contentDigest` of the rendition
 */
export function onDemandName(
  source: string,
  width: number,
  format: Format,
  digest: string,
): string {
  const folder = source.slice(0, source.lastIndexOf('/') + 1);
  const suffix = digest.slice(0, DIGEST_CHARACTERS_IN_NAME);
  return `${folder}${ON_DEMAND}${width}-${suffix}.${extensionOf(format)}`;
}

/** Whether an object may be a rendition that was made on demand. */
export function isOnDemandName(object: string): boolean {
  return object.slice(object.lastIndexOf('/') + 1).startsWith(ON_DEMAND);
}

/** The generation in the object name of a rendition: see `renditionNameOf`. */
export function generationOfRendition(object: string): string | undefined {
  const generation = object.split('/').at(-2);
  return generation !== undefined && /^\d+$/.test(generation) ? generation : undefined;
}

/** The folder of all renditions of an image, of every generation; ends with a slash. */
export function renditionsFolder(variantsPath: string, bucket: string, name: string): string {
  return `${variantsPath}/${hashedFolder(bucket, name)}/`;
}

/**
 * The common prefix of the names of all originals, or of one user's originals: the template up to its first
 * unknown placeholder.
 */
export function originalsPrefix(template: PathTemplate, uid?: string): string {
  const segments = template.segments.map((segment) => (segment === '{uid}' ? uid : segment));
  const end = segments.findIndex((segment) => segment === undefined || segment === '{imageId}');
  return segments
    .slice(0, end)
    .map((segment) => `${segment}/`)
    .join('');
}
