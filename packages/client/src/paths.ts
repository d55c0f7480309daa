/** Image ids, and the paths of originals in Cloud Storage and of image records in Firestore. */

/** UTF-16 code units. */
const MAX_ID_LENGTH = 200;
const ID_LENGTH = 20;

/** Returns a new image id: 20 random characters of 0-9 and a-v, 100 bits. */
export function newImageId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(ID_LENGTH));
  return Array.from(bytes, (byte) => (byte % 32).toString(32)).join('');
}

/**
 * Checks that an image id is valid both as one segment of an object name and as a Firestore document id.
 *
 * Limits: https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
 *
 * @throws Error with the beginning of the id
 */
export function assertImageId(id: string): void {
  if (id.length <= MAX_ID_LENGTH && /^(?!\.{1,2}$|__.*__$)[^/\p{Cc}\p{Cs}]+$/su.test(id)) return;
  throw new Error(
    `Expected an image id of 1 to ${MAX_ID_LENGTH} characters without "/", found ${JSON.stringify(id.slice(0, 60))}`,
  );
}

/** Replaces `{uid}` and `{imageId}` in a path such as `originals/{uid}/{imageId}`. */
export function fillPath(path: string, uid: string, imageId = ''): string {
  return path.replace(/\{(?:uid|imageId)\}/g, (name) => (name === '{uid}' ? uid : imageId));
}
