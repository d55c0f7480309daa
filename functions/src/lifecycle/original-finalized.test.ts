// Over 400 lines: one event handler, from every side, with the backend it is handed.
import { parseConfig } from '../config/config.js';
import type { ProcessedImage } from '../processing/process-image.js';
import { ImageFailure } from '../errors.js';
import { inMemoryBackend } from '../../test/gcp/in-memory-backend.js';
import { hashToken, isToken } from '../domain/token.js';
import { RETRY_WINDOW_MS } from './retry.js';
import { originalFinalized, type FinishedUpload } from './original-finalized.js';
import type { ProcessingContext } from './context.js';

const config = parseConfig({ BUCKET: 'bucket', VARIANTS: 'w40:40,w20:20', FORMATS: 'webp,jpeg' });
const NOW = Date.UTC(2026, 0, 1);
const NAME = 'originals/alice/cat@example.com.jpg';

const derived: ProcessedImage = {
  original: { width: 80, height: 60 },
  placeholder: { thumbhash: 'AAAA', color: '#102030' },
  renditions: ['w40', 'w20'].flatMap((variant) =>
    (['webp', 'jpeg'] as const).map((format) => ({
      variants: [variant],
      format,
      width: Number(variant.slice(1)),
      height: 30,
      data: Buffer.from(`${variant} ${format}`),
    })),
  ),
};

function upload(changes: Partial<FinishedUpload> = {}): FinishedUpload {
  return {
    bucket: 'bucket',
    name: NAME,
    generation: '1700000000000001',
    contentType: 'image/jpeg',
    bytes: 5,
    time: NOW,
    ...changes,
  };
}

function setUp(overrides: Partial<ProcessingContext> = {}) {
  const backend = inMemoryBackend();
  const logged: unknown[] = [];
  const derivedFrom: Buffer[] = [];
  const context: ProcessingContext = {
    config,
    backend,
    processImage: (bytes) => {
      derivedFrom.push(bytes);
      return Promise.resolve(derived);
    },
    now: () => NOW,
    log: (...line) => logged.push(line),
    ...overrides,
  };
  const put = (event: FinishedUpload) =>
    backend.originals.set(event.name, {
      generation: event.generation,
      data: Buffer.from('bytes'),
      locked: false,
    });
  const image = () => backend.images.get('users/alice/images/cat@example.com.jpg');
  return { backend, logged, derivedFrom, processImage: context.processImage, context, put, image };
}

test('an upload becomes renditions, an image record and a token record', async () => {
  const { context, backend, put, image } = setUp();
  put(upload());
  await expect(originalFinalized(upload(), context)).resolves.toBe('ready');

  expect(image()).toMatchObject({
    state: 'ready',
    original: {
      bucket: 'bucket',
      name: NAME,
      generation: '1700000000000001',
      contentType: 'image/jpeg',
      bytes: 5,
      width: 80,
      height: 60,
    },
    variants: {
      w40: { width: 40, height: 30, formats: { webp: { bytes: 8 }, jpeg: { bytes: 8 } } },
      w20: { width: 20, height: 30, formats: { webp: { bytes: 8 }, jpeg: { bytes: 8 } } },
    },
    placeholder: derived.placeholder,
  });
  const token = image()?.token ?? '';
  expect(isToken(token)).toBe(true);
  const record = backend.tokens.get(hashToken(token));
  expect(record).toMatchObject({ uid: 'alice', imageId: 'cat@example.com.jpg', kind: 'default' });
  const shown = record?.image?.renditions['w40']?.webp;
  expect(backend.renditions.get(shown?.object ?? '')?.toString()).toBe('w40 webp');
  expect(backend.renditions.size).toBe(4);
});

test('variants that come to the same share an object, and each answers', async () => {
  const renditions = derived.renditions
    .slice(0, 2)
    .map((rendition) => ({ ...rendition, variants: ['w40', 'w20'] }));
  const same = { ...derived, renditions };
  const { context, backend, put, image } = setUp({ processImage: () => Promise.resolve(same) });
  put(upload());
  await originalFinalized(upload(), context);
  expect(backend.renditions.size).toBe(2);
  const { w40, w20 } = backend.tokens.get(hashToken(image()?.token ?? ''))?.image?.renditions ?? {};
  expect(w40?.webp?.object).toMatch(/w40-.{8}[.]webp$/);
  expect(w20).toEqual(w40);
  expect(image()?.variants?.['w20']).toEqual(image()?.variants?.['w40']);
});

test('the download token is stripped although Firestore is down', async () => {
  const { context, backend, put } = setUp();
  backend.records.begin = () => Promise.reject(Object.assign(new Error('x'), { code: 14 }));
  put(upload());
  await expect(originalFinalized(upload(), context)).rejects.toThrow('Error 14');
  expect(backend.originals.get(NAME)?.locked).toBe(true);
});

test('the download token is stripped before anything else', async () => {
  const { context, backend, put } = setUp({
    processImage: () => {
      expect(backend.originals.get(NAME)?.locked).toBe(true);
      return Promise.resolve(derived);
    },
  });
  put(upload());
  await originalFinalized(upload(), context);
  expect(backend.calls['revokeDownloadTokens']).toBe(1);
});

test('with LOCK_ORIGINALS off it stays', async () => {
  const { context, backend, put } = setUp({ config: { ...config, lockOriginals: false } });
  put(upload());
  await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  expect(backend.originals.get(NAME)?.locked).toBe(false);
});

test.each([
  ['outside the path', { name: 'elsewhere/alice/cat.jpg' }],
  ['a rendition', { name: 'variants/abc/1/w40.webp' }],
  ['too deep', { name: 'originals/alice/album/cat.jpg' }],
  ['an id that no document can have', { name: 'originals/alice/..' }],
  ['another bucket', { bucket: 'other' }],
])('%s is ignored without a call', async (_what, changes) => {
  const { context, backend } = setUp();
  await expect(originalFinalized(upload(changes), context)).resolves.toBe('ignored');
  expect(backend.calls).toEqual({});
});

test('the same event twice makes one set of renditions and one token', async () => {
  const { context, backend, put, image } = setUp();
  put(upload());
  await originalFinalized(upload(), context);
  const { token } = image() ?? {};
  await expect(originalFinalized(upload(), context)).resolves.toBe('done');
  expect(backend.calls['writeRendition']).toBe(4);
  expect(image()?.token).toBe(token);
  expect(backend.tokens.size).toBe(1);
});

test('an upload over an original keeps its token', async () => {
  const { context, put, image } = setUp();
  put(upload());
  await originalFinalized(upload(), context);
  const { token } = image() ?? {};
  const next = upload({ generation: '1700000000000002' });
  put(next);
  await expect(originalFinalized(next, context)).resolves.toBe('ready');
  expect(image()).toMatchObject({ token, original: { generation: '1700000000000002' } });
});

test('an older event that comes late changes nothing', async () => {
  const { context, put, image, backend, derivedFrom } = setUp();
  // As text, 9… is greater than 10…
  const newer = upload({ generation: '10000000000000000' });
  put(newer);
  await originalFinalized(newer, context);
  const older = upload({ generation: '9999999999999999' });
  // As in a bucket with object versioning, where it is still there.
  put(older);
  await expect(originalFinalized(older, context)).resolves.toBe('stale');
  expect(image()?.original.generation).toBe('10000000000000000');
  expect(backend.originals.get(older.name)?.locked).toBe(true);
  expect(derivedFrom).toHaveLength(1);
});

test('an upload that was overwritten while it was processed does not end as ready', async () => {
  const { context, put, backend, image } = setUp();
  const newer = upload({ generation: '1700000000000002' });
  context.processImage = async () => {
    context.processImage = () => Promise.resolve(derived);
    put(newer);
    await originalFinalized(newer, context);
    return derived;
  };
  put(upload());
  await expect(originalFinalized(upload(), context)).resolves.toBe('superseded');
  expect(image()?.original.generation).toBe('1700000000000002');
  expect([...backend.tokens.values()][0]?.image?.generation).toBe('1700000000000002');
});

test.each([true, false])(
  'an original that is gone leaves nothing (locked: %p)',
  async (lockOriginals) => {
    const { context, image, backend } = setUp();
    context.config = { ...context.config, lockOriginals };
    // Too large, which is told before it is read.
    const large = upload({ bytes: config.maxBytes + 1 });
    await expect(originalFinalized(large, context)).resolves.toBe('gone');
    expect(image()).toBeUndefined();
    expect(backend.tokens.size + backend.renditions.size).toBe(0);
  },
);

test('found by a review: deleted in a bucket with object versioning, it can still be read, and is gone', async () => {
  const { context, backend, put } = setUp();
  put(upload());
  backend.objects.findOriginal = () => Promise.resolve(undefined);
  await expect(originalFinalized(upload(), context)).resolves.toBe('gone');
  expect(backend.images.size + backend.tokens.size + backend.renditions.size).toBe(0);
});

test('an event that was already done costs one read, ten times over', async () => {
  const { context, put, backend } = setUp();
  put(upload());
  await originalFinalized(upload(), context);
  const before = { ...backend.calls };
  for (let again = 1; again < 10; again++) await originalFinalized(upload(), context);
  expect(backend.calls).toEqual({ ...before, begin: 10 });
});

describe('a token whose record was deleted stays dead', () => {
  test('whatever is uploaded later', async () => {
    const { context, put, backend, image } = setUp();
    put(upload());
    await originalFinalized(upload(), context);
    backend.tokens.clear();
    const next = upload({ generation: '1700000000000002' });
    put(next);
    await expect(originalFinalized(next, context)).resolves.toBe('ready');
    expect(isToken(image()?.token ?? '')).toBe(true);
    expect(backend.tokens.size).toBe(0);
  });

  test('when it was deleted while the first upload was processed', async () => {
    const { context, put, backend } = setUp();
    context.processImage = () => {
      expect(backend.tokens.size).toBe(1);
      backend.tokens.clear();
      return Promise.resolve(derived);
    };
    put(upload());
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
    expect(backend.tokens.size).toBe(0);
  });
});

test('a document that something else has written is taken over', async () => {
  const { context, put, backend, image } = setUp();
  backend.images.set('users/alice/images/cat@example.com.jpg', { note: 'mine' } as never);
  put(upload());
  await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  expect(image()?.state).toBe('ready');
});

describe('bad input', () => {
  const bad = () => Promise.reject(new ImageFailure('not-an-image', 'found text'));

  test('ends in a failed record with a code and a sentence, and is not tried again', async () => {
    const { context, put, image, backend } = setUp({ processImage: bad });
    put(upload());
    await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'not-an-image' } });
    expect(image()?.error?.message).toMatch(/^The file is not an image .*\.$/);
    // Its token is there and shows nothing.
    expect([...backend.tokens.values()].map((token) => token.image)).toEqual([undefined]);
    await expect(originalFinalized(upload(), context)).resolves.toBe('done');
  });

  test('a good file over it heals it', async () => {
    const { context, put, image } = setUp({ processImage: bad });
    put(upload());
    await originalFinalized(upload(), context);
    context.processImage = () => Promise.resolve(derived);
    const next = upload({ generation: '1700000000000002' });
    put(next);
    await expect(originalFinalized(next, context)).resolves.toBe('ready');
    expect(image()).not.toHaveProperty('error');
  });

  test('bad over good: what was good stays to be seen', async () => {
    const { context, put, image, backend } = setUp();
    put(upload());
    await originalFinalized(upload(), context);
    context.processImage = bad;
    const next = upload({ generation: '1700000000000002' });
    put(next);
    await expect(originalFinalized(next, context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', variants: { w40: {} } });
    const record = backend.tokens.get(hashToken(image()?.token ?? ''));
    expect(record?.image?.generation).toBe('1700000000000001');
  });

  test('too many bytes are not even read', async () => {
    const { context, put, image, backend } = setUp();
    const large = upload({ bytes: config.maxBytes + 1 });
    put(large);
    await expect(originalFinalized(large, context)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('too-many-bytes');
    expect(backend.calls['readOriginal']).toBeUndefined();
  });
});

describe('what will pass by itself', () => {
  const down = () => Promise.reject(Object.assign(new Error(`no ${NAME}`), { code: 503 }));

  test('is thrown, so that the platform tries again, and then succeeds', async () => {
    const { context, put, image } = setUp({ processImage: down });
    put(upload());
    await expect(originalFinalized(upload(), context)).rejects.toThrow(/^Error 503$/);
    expect(image()?.state).toBe('processing');
    context.processImage = () => Promise.resolve(derived);
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  });

  test('ends in a failed record after an hour', async () => {
    const { context, put, image } = setUp({
      processImage: down,
      now: () => NOW + RETRY_WINDOW_MS + 1,
    });
    put(upload());
    await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
    expect(image()?.error?.code).toBe('retries-exhausted');
    expect(image()).not.toHaveProperty('attempt');
  });

  test('is not even begun again after an hour: it may have ended the process each time', async () => {
    const { context, put, derivedFrom, image, processImage } = setUp();
    context.processImage = down;
    put(upload());
    await expect(originalFinalized(upload(), context)).rejects.toThrow('Error 503');
    context.processImage = processImage;
    context.now = () => NOW + RETRY_WINDOW_MS + 1;
    await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
    expect(derivedFrom).toEqual([]);
    expect(image()?.error?.code).toBe('retries-exhausted');
  });

  test('a late event that meets a try under way is not given up: it takes over', async () => {
    const late = NOW + RETRY_WINDOW_MS + 1;
    const { context, backend, put, image } = setUp({ now: () => late });
    put(upload());
    const original = { ...upload(), contentType: 'image/jpeg' };
    const plan = { original, settings: { renditions: '', all: '' }, reprocess: 'never' as const };
    await backend.records.begin({ uid: 'alice', imageId: 'cat@example.com.jpg' }, plan);
    const record = image();
    if (record) record.updatedAt = late - 1000;
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  });

  test('an event that took more than an hour to come has one try', async () => {
    const { context, put } = setUp({ now: () => NOW + RETRY_WINDOW_MS + 1 });
    put(upload());
    await expect(originalFinalized(upload(), context)).resolves.toBe('ready');
  });

  test.each(['revokeDownloadTokens', 'readOriginal', 'writeRendition', 'begin'] as const)(
    '%s failing: tried again, but not for ever, and the record says so if it can',
    async (call) => {
      const { context, backend, put, image } = setUp();
      const owner = call === 'begin' ? backend.records : backend.objects;
      Object.assign(owner, { [call]: down });
      put(upload());
      await expect(originalFinalized(upload(), context)).rejects.toThrow('Error 503');
      context.now = () => NOW + RETRY_WINDOW_MS + 1;
      await expect(originalFinalized(upload(), context)).resolves.toBe('failed');
      const code = call === 'begin' ? undefined : 'retries-exhausted';
      expect(image()?.error?.code).toBe(code);
    },
  );

  test('a queue that can not be reached keeps no image in the air for ever', async () => {
    const { context, backend, put, image } = setUp();
    put(upload());
    await originalFinalized(upload(), context);
    const next = upload({ generation: '1700000000000002' });
    put(next);
    backend.queues.scheduleCleanup = down;
    await expect(originalFinalized(next, context)).rejects.toThrow('Error 503');
    context.now = () => NOW + RETRY_WINDOW_MS + 1;
    await expect(originalFinalized(next, context)).resolves.toBe('failed');
    expect(image()).toMatchObject({ state: 'failed', error: { code: 'retries-exhausted' } });
  });

  test('is logged without names, tokens or addresses', async () => {
    const { context, put, logged, image } = setUp({ processImage: down });
    put(upload());
    await originalFinalized(upload(), context).catch(() => {});
    context.processImage = () => Promise.resolve(derived);
    await originalFinalized(upload(), context);
    const text = JSON.stringify(logged);
    expect(logged).toHaveLength(2);
    expect(text).not.toContain('example.com');
    expect(text).not.toContain(image()?.token);
  });
});
