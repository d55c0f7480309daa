/** Image ids, and the paths of originals in Cloud Storage and of image records in Firestore. */

/** UTF-16 code units. */
const MAX_ID_LENGTH = 200;
const ID_LENGTH = 20;
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Returns a new image id: 20 random characters of a-z and 0-9, about 103 bits. */
export function newImageId(): string {
  let id = '';
  while (id.length < ID_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * ID_LENGTH))) {
      // 252 is the largest multiple of 36 below 256; higher values would make some letters more likely.
      if (byte < 252 && id.length < ID_LENGTH) id += ID_ALPHABET[byte % ID_ALPHABET.length];
    }
  }
  return id;
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
    `Expected an image id of 1 to ${MAX_ID_LENGTH} characters, without "/" and control characters, not ".", ".." or ` +
      `"__…__", found ${JSON.stringify(id.slice(0, 60))}`,
  );
}

/** Replaces `{uid}` and `{imageId}` in a path such as `originals/{uid}/{imageId}`. */
export function fillPath(path: string, uid: string, imageId = ''): string {
  return path.replace(/\{(?:uid|imageId)\}/g, (name) => (name === '{uid}' ? uid : imageId));
}
