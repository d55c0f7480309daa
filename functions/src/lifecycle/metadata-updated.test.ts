import { parseConfig } from '../config/config.js';
import { inMemoryBackend } from '../../test/gcp/in-memory-backend.js';
import { RETRY_WINDOW_MS } from './retry.js';
import { revokeDownloadTokens, isOpenOriginal, type ChangedObject } from './metadata-updated.js';

const NOW = Date.UTC(2026, 0, 1);
const opened: ChangedObject = {
  bucket: 'bucket',
  name: 'originals/alice/cat.jpg',
  generation: '1700000000000001',
  metadata: { caption: 'Cat', firebaseStorageDownloadTokens: '0b6e-secret' },
  time: NOW,
};

describe('what must be locked', () => {
  const must = (changes: Partial<ChangedObject>, LOCK_ORIGINALS: string) =>
    isOpenOriginal({ ...opened, ...changes }, parseConfig({ BUCKET: 'bucket', LOCK_ORIGINALS }));

  test.each<[string, boolean, Partial<ChangedObject>, LOCK_ORIGINALS: string]>([
    ['an original with a download token', true, {}, ''],
    ['an original without custom metadata', false, { metadata: undefined }, ''],
    ['an original whose token was just taken away', false, { metadata: { caption: 'Cat' } }, ''],
    [
      'an original with an empty token',
      false,
      { metadata: { firebaseStorageDownloadTokens: '' } },
      '',
    ],
    ['an original when LOCK_ORIGINALS is off', false, {}, 'false'],
    ['a rendition', true, { name: 'variants/hash/1/w800.webp' }, ''],
    [
      'a rendition when LOCK_ORIGINALS is off',
      true,
      { name: 'variants/hash/1/w800.webp' },
      'false',
    ],
    ['an object elsewhere', false, { name: 'avatars/alice/cat.jpg' }, ''],
    ['an object above the originals', false, { name: 'originals/alice' }, ''],
    ['an object whose name only begins like the renditions', false, { name: 'variants2/a' }, ''],
    ['an object of another bucket', false, { bucket: 'other' }, ''],
  ])('%s: %s', (_what, expected, changes, lockOriginals) => {
    expect(must(changes, lockOriginals)).toBe(expected);
  });
});

function setUp(changes: Partial<ChangedObject> = {}) {
  const backend = inMemoryBackend();
  const logged: unknown[][] = [];
  const object = { ...opened, ...changes };
  backend.originals.set(opened.name, {
    generation: opened.generation,
    data: Buffer.from('bytes'),
    locked: false,
  });
  const handler = { backend, now: () => NOW, log: (...line: unknown[]) => logged.push(line) };
  return { backend, logged, run: () => revokeDownloadTokens(object, handler) };
}

test('the token is taken away from that generation, and the log names neither it nor the object', async () => {
  const { backend, logged, run } = setUp();
  await run();
  expect(backend.originals.get(opened.name)?.locked).toBe(true);
  expect(logged).toHaveLength(1);
  expect(JSON.stringify(logged)).not.toMatch(/alice|cat|secret/);
});

test('a generation that was overwritten is left to its own event', async () => {
  const { backend, run } = setUp({ generation: '1' });
  await run();
  expect(backend.originals.get(opened.name)?.locked).toBe(false);
});

test('what may pass is tried again, and after an hour the log says that the object is open', async () => {
  const failure = Object.assign(new Error('no access to originals/alice/cat.jpg'), { code: 503 });
  const attempt = (changes: Partial<ChangedObject>) => {
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
    ['ERROR', expect.stringContaining('open to whoever has it'), expect.anything()],
  ]);
  expect(JSON.stringify([early.logged, late.logged])).not.toContain('alice');
});
