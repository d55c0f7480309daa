/** Where an image lives: its id, its object in Storage, its record in Firestore. */

/** Longest image id, in UTF-16 code units. */
const MAX_ID_LENGTH = 200;
const ID_LENGTH = 20;
const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A fresh image id: 20 random characters of a-z and 0-9, about 103 bits. */
export function newImageId(): string {
  let id = '';
  while (id.length < ID_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(2 * ID_LENGTH))) {
      // 252 is the largest multiple of 36 in a byte: the rest would favour some letters.
      if (byte < 252 && id.length < ID_LENGTH) id += ID_ALPHABET[byte % ID_ALPHABET.length];
    }
  }
  return id;
}

/**
 * Refuses what cannot be one segment of an object's name and a Firestore document id at once.
 *
 * @param what how the message names the value: `image id`, `uid`
 * @throws Error that says what was expected and what was found
 */
export function assertSegment(what: string, value: string): void {
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
              : value.length > MAX_ID_LENGTH
                ? `must have at most ${MAX_ID_LENGTH} characters, but has ${value.length}`
                : undefined;
  if (problem) throw new Error(`The ${what} ${problem}: ${JSON.stringify(value.slice(0, 60))}`);
}

/** Puts the values in the places of a path such as `originals/{uid}/{imageId}`. */
export function fillPath(path: string, values: { uid: string; imageId?: string }): string {
  return path.replace(/\{(uid|imageId)\}/g, (place, key: 'uid' | 'imageId') => {
    return values[key] ?? place;
  });
}
