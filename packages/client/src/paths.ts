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
 * Checks that a value is valid both as one segment of an object name and as a Firestore document id.
 *
 * Limits: https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
 *
 * @param label the name of the value in the error message, such as `image id` or `uid`
 * @throws Error with the reason and the beginning of the value
 */
export function assertSegment(label: string, value: string): void {
  const problem =
    value === ''
      ? 'is empty'
      : value === '.' || value === '..'
        ? 'must not be "." or ".."'
        : value.includes('/')
          ? 'must not contain "/"'
          : /^__.*__$/s.test(value)
            ? 'must not begin and end with "__"'
            : /\p{Surrogate}/u.test(value)
              ? 'must be well-formed Unicode'
              : /\p{Control}/u.test(value)
                ? 'must not contain control characters'
                : value.length > MAX_ID_LENGTH
                  ? `must have at most ${MAX_ID_LENGTH} characters, but has ${value.length}`
                  : undefined;
  if (problem) throw new Error(`The ${label} ${problem}: ${JSON.stringify(value.slice(0, 60))}`);
}

/** Replaces `{uid}` and `{imageId}` in a path such as `originals/{uid}/{imageId}`. */
export function fillPath(path: string, values: { uid: string; imageId?: string }): string {
  return path.replace(/\{(uid|imageId)\}/g, (placeholder, key: 'uid' | 'imageId') => {
    return values[key] ?? placeholder;
  });
}
