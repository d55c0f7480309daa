import type { ImageRecord, TokenVariant } from '../domain/records.js';
import { MAX_VARIANTS } from '../domain/variant.js';
import { DELETES_PER_COMMIT, updatesPerCommit, WRITES_PER_COMMIT } from './commit-limits.js';

const MIB = 1024 * 1024;

/** What a token shows, with names as long as they may be or as they usually are. */
function shown(variants: number, length: number) {
  const file = { object: 'o'.repeat(length), bytes: 1_000_000, etag: `"${'e'.repeat(43)}"` };
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

/** As the image record has the same. */
function variantsOf({ renditions }: ReturnType<typeof shown>): ImageRecord['variants'] {
  return Object.fromEntries(
    Object.entries(renditions).map(([name, { width, height, cropped, ...formats }]) => [
      name,
      { width, height, cropped, formats },
    ]),
  );
}

const NAME = 'imageTokens/'.length + 43 + 16;

/**
 * Bytes of a value and of the entries of its fields.
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
  // Values are cut in indexes.
  const entry = NAME + path.length + 1 + Math.min(size, 1500) + 32;
  return size + 2 * entry;
}

test.each([
  ['as shipped', 4, 85],
  ['one variant', 1, 85],
  ['as many and as long as can be', MAX_VARIANTS, 1024],
])('what one commit writes stays within 10 MiB: %s', (_what, variants, length) => {
  const image = shown(variants, length);
  const records = updatesPerCommit(image, variantsOf(image));
  expect(records).toBeGreaterThanOrEqual(1);
  expect(records).toBeLessThanOrEqual(WRITES_PER_COMMIT);
  // What was shown before goes.
  expect(records * 2 * sizeOf(image)).toBeLessThan(10 * MIB);
  expect(DELETES_PER_COMMIT * sizeOf(image)).toBeLessThan(10 * MIB);
});

test('fewer variants than before: what goes counts as well', () => {
  const before = shown(MAX_VARIANTS, 85);
  const after = shown(1, 85);
  const records = updatesPerCommit(after, variantsOf(before));
  expect(records * (sizeOf(before) + sizeOf(after))).toBeLessThan(10 * MIB);
  expect(records).toBeLessThan(updatesPerCommit(after, variantsOf(after)) / 4);
});

test('an image with a few dozen tokens is written at once', () => {
  expect(updatesPerCommit(shown(4, 85), variantsOf(shown(4, 85)))).toBeGreaterThanOrEqual(40);
  expect(
    updatesPerCommit(shown(MAX_VARIANTS, 85), variantsOf(shown(MAX_VARIANTS, 85))),
  ).toBeGreaterThanOrEqual(7);
});
