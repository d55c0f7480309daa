import type { ImageRecord, TokenVariant } from '../domain/records.js';
import { MAX_VARIANTS } from '../domain/variant.js';
import { DELETES_PER_COMMIT, updatesPerCommit, WRITES_PER_COMMIT } from './commit-limits.js';

const MIB = 1024 * 1024;

/**
 * The field `image` of a token record.
 * @param nameLength characters of the renditions' object names
 */
function tokenImage(variants: number, nameLength: number) {
  const file = { object: 'o'.repeat(nameLength), bytes: 1_000_000, etag: `"${'e'.repeat(43)}"` };
  const variant: TokenVariant = { width: 1600, height: 1200, cropped: true };
  const renditions = Object.fromEntries(
    Array.from({ length: variants }, (_, number) => [
      `variant-${number}`.padEnd(40, 'n'),
      { ...variant, webp: file, jpeg: file, ...(variants === MAX_VARIANTS && { avif: file }) },
    ]),
  );
  const placeholder = { thumbhash: 't'.repeat(40), color: '#102030' };
  return {
    attempt: 'a'.repeat(12),
    bucket: 'b'.repeat(63),
    generation: '1',
    placeholder,
    renditions,
  };
}

/** The same variants in the shape of an image record. */
function recordOf({ renditions }: ReturnType<typeof tokenImage>): Pick<ImageRecord, 'variants'> {
  const variants = Object.fromEntries(
    Object.entries(renditions).map(([name, { width, height, cropped, ...formats }]) => [
      name,
      { width, height, cropped, formats },
    ]),
  );
  return { variants };
}

/** Bytes of a document name. */
const NAME_BYTES = 'imageTokens/'.length + 43 + 16;

/**
 * The bytes of a value and of its index entries.
 * https://firebase.google.com/docs/firestore/storage-size
 */
function sizeOf(value: unknown, path = 'image'): number {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).reduce(
      (sum, [name, inner]) => sum + name.length + 1 + sizeOf(inner, `${path}.${name}`),
      0,
    );
  }
  const size = typeof value === 'string' ? value.length + 1 : 8;
  // Indexes truncate values.
  const entry = NAME_BYTES + path.length + 1 + Math.min(size, 1500) + 32;
  return size + 2 * entry;
}

test.each([
  ['default variants', 4, 85],
  ['one variant', 1, 85],
  ['the most variants with the longest names', MAX_VARIANTS, 1024],
])('one commit stays below 10 MiB: %s', (_what, variants, length) => {
  const image = tokenImage(variants, length);
  const records = updatesPerCommit(image, recordOf(image));
  expect(records).toBeGreaterThanOrEqual(1);
  expect(records).toBeLessThanOrEqual(WRITES_PER_COMMIT);
  // The index entries of the old value count too.
  expect(records * 2 * sizeOf(image)).toBeLessThan(10 * MIB);
  expect(DELETES_PER_COMMIT * sizeOf(image)).toBeLessThan(10 * MIB);
});

test('counts the index entries of removed variants', () => {
  const before = tokenImage(MAX_VARIANTS, 85);
  const after = tokenImage(1, 85);
  const records = updatesPerCommit(after, recordOf(before));
  expect(records * (sizeOf(before) + sizeOf(after))).toBeLessThan(10 * MIB);
  expect(records).toBeLessThan(updatesPerCommit(after, recordOf(after)) / 4);
});

test('an image with a few dozen tokens fits in one commit', () => {
  expect(updatesPerCommit(tokenImage(4, 85), recordOf(tokenImage(4, 85)))).toBeGreaterThanOrEqual(
    40,
  );
  expect(
    updatesPerCommit(tokenImage(MAX_VARIANTS, 85), recordOf(tokenImage(MAX_VARIANTS, 85))),
  ).toBeGreaterThanOrEqual(7);
});
