import { parseConfig } from '../config/config.js';
import { inMemoryBackend } from '../../test/gcp/in-memory-backend.js';
import { RETRY_WINDOW_MS } from './retry.js';
import {
  mustRevokeDownloadTokens,
  revokeDownloadTokens,
  type UpdatedObject,
} from './metadata-updated.js';

const NOW = Date.UTC(2026, 0, 1);
const updated: UpdatedObject = {
  bucket: 'bucket',
  name: 'originals/alice/cat.jpg',
  generation: '1700000000000001',
  metadata: { caption: 'Cat', firebaseStorageDownloadTokens: '0b6e-secret' },
  time: NOW,
};

describe('mustRevokeDownloadTokens', () => {
  const mustRevoke = (changes: Partial<UpdatedObject>, LOCK_ORIGINALS: string) =>
    mustRevokeDownloadTokens(
      { ...updated, ...changes },
      parseConfig({ BUCKET: 'bucket', LOCK_ORIGINALS }),
    );

  test.each<[string, boolean, Partial<UpdatedObject>, LOCK_ORIGINALS: string]>([
    ['an original with a download token', true, {}, ''],
    ['an original without custom metadata', false, { metadata: undefined }, ''],
    ['an original whose token was just revoked', false, { metadata: { caption: 'Cat' } }, ''],
    [
      'an original with an empty token',
      false,
      { metadata: { firebaseStorageDownloadTokens: '' } },
      '',
    ],
    ['an original when LOCK_ORIGINALS is false', false, {}, 'false'],
    ['an original of the user __x__', true, { name: 'originals/__x__/cat' }, ''],
    ['an original of the user .', true, { name: 'originals/./cat' }, ''],
    ['an original of the user ..', true, { name: 'originals/../cat' }, ''],
    ['an original of a user whose id contains NUL', true, { name: 'originals/a\0b/cat' }, ''],
    ['an original whose image id contains NUL', true, { name: 'originals/alice/a\0b' }, ''],
    ['an original without a user id', true, { name: 'originals//cat' }, ''],
    ['a rendition', true, { name: 'variants/hash/1/w800.webp' }, ''],
    [
      'a rendition when LOCK_ORIGINALS is false',
      true,
      { name: 'variants/hash/1/w800.webp' },
      'false',
    ],
    ['an object in another folder', false, { name: 'avatars/alice/cat.jpg' }, ''],
    ['an object in the parent folder of an original', false, { name: 'originals/alice' }, ''],
    [
      'an object in a folder whose name begins with the variants path',
      false,
      { name: 'variants2/a' },
      '',
    ],
    ['an object of another bucket', false, { bucket: 'other' }, ''],
  ])('%s: %s', (_what, expected, changes, lockOriginals) => {
    expect(mustRevoke(changes, lockOriginals)).toBe(expected);
  });
});

test('an object below VARIANTS_PATH is no rendition when renditions have a bucket of their own', () => {
  const config = parseConfig({ BUCKET: 'bucket', VARIANTS_BUCKET: 'variants-bucket' });
  const name = 'variants/hash/1/w800.webp';
  expect(mustRevokeDownloadTokens({ ...updated, name }, config)).toBe(false);
  expect(mustRevokeDownloadTokens(updated, config)).toBe(true);
});

function setUp(changes: Partial<UpdatedObject> = {}) {
  const backend = inMemoryBackend();
  const logged: unknown[][] = [];
  const object = { ...updated, ...changes };
  backend.originals.set(updated.name, {
    generation: updated.generation,
    data: Buffer.from('bytes'),
    hasDownloadToken: true,
  });
  const context = { backend, now: () => NOW, log: (...line: unknown[]) => logged.push(line) };
  return { backend, logged, run: () => revokeDownloadTokens(object, context) };
}

test('revokes the token of that generation; the log contains neither the token nor the object name', async () => {
  const { backend, logged, run } = setUp();
  await run();
  expect(backend.originals.get(updated.name)?.hasDownloadToken).toBe(false);
  expect(logged).toHaveLength(1);
  expect(JSON.stringify(logged)).not.toMatch(/alice|cat|secret/);
});

test('does nothing when the generation was overwritten', async () => {
  const { backend, run } = setUp({ generation: '1' });
  await run();
  expect(backend.originals.get(updated.name)?.hasDownloadToken).toBe(true);
});

test('retries transient errors; after an hour it logs that the object can be downloaded', async () => {
  const failure = Object.assign(new Error('no access to originals/alice/cat.jpg'), { code: 503 });
  const attempt = (changes: Partial<UpdatedObject>) => {
    const { backend, logged, run } = setUp(changes);
    backend.objects.revokeDownloadTokens = () => Promise.reject(failure);
    return { logged, run };
  };
  const early = attempt({});
  await expect(early.run()).rejects.toThrow(/^Error 503$/);
  expect(early.logged).toEqual([['WARNING', expect.any(String), expect.anything()]]);
  const late = attempt({ time: NOW - RETRY_WINDOW_MS - 1 });
  await late.run();
  expect(late.logged).toEqual([
    [
      'ERROR',
      expect.stringContaining('anyone who has the token can download the object'),
      expect.anything(),
    ],
  ]);
  expect(JSON.stringify([early.logged, late.logged])).not.toContain('alice');
});
