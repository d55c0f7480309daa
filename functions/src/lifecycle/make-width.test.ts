import { ImageFailure } from '../errors.js';
import { hashToken } from '../domain/token.js';
import type { WidthTask } from '../domain/tasks.js';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { processText, renditionText } from '../../test/lifecycle/test-harness.js';
import { makeWidth } from './make-width.js';
import { MAX_MAKING_MS } from '../domain/tasks.js';

const CAT = 'originals/alice/cat';
const PATH = 'users/alice/images/cat';

/** An image with the variants w40 and w20, and the task of a view of 16 pixels. */
async function setUp(widths = '16,39') {
  const memory = openMemoryHarness({ WIDTHS: widths });
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  const { backend, harness, time } = memory;
  const hash = hashToken(backend.images.get(PATH)?.token ?? '');
  const source = backend.tokens.get(hash)?.image?.renditions['w40']?.webp?.object ?? '';
  const logged: unknown[][] = [];
  const context = {
    config: harness.config,
    backend,
    now: () => time.now,
    log: (...line: unknown[]) => logged.push(line),
    processImage: processText,
  };
  const make = (changes: Partial<WidthTask> = {}) =>
    makeWidth({ hash, width: 16, format: 'webp', source, ...changes }, context);
  const image = () => backend.images.get(PATH);
  return { ...memory, hash, source, context, make, image, logged };
}

test('makes the width of the rendition that the task names, and records it with image and token', async () => {
  const { backend, hash, source, make, image } = await setUp();
  const { updatedAt } = image() ?? {};
  await expect(make()).resolves.toBe('made');
  const file = image()?.widths?.['16']?.formats.webp;
  expect(file?.object).toMatch(/\/on-demand-16-[\w-]{8}\.webp$/);
  expect(file?.object.split('/').slice(0, -1)).toEqual(source.split('/').slice(0, -1));
  const from = renditionText('cat', 'w40', 'webp');
  expect(backend.renditions.get(file?.object ?? '')?.toString()).toBe(
    renditionText(from, 'w16', 'webp'),
  );
  const { widths, renditions } = backend.tokens.get(hash)?.image ?? {};
  expect(widths).toEqual({ 16: { width: 16, height: 30, webp: file } });
  // The fixed addresses stay what they were.
  expect(Object.keys(renditions ?? {})).toEqual(['w40', 'w20']);
  expect(image()?.updatedAt).toBe(updatedAt);
  expect(backend.calls['readOriginal']).toBe(1);
});

test('a second task makes nothing; another format is added', async () => {
  const { backend, make, image } = await setUp();
  await make();
  const before = backend.calls['writeRendition'];
  await expect(make()).resolves.toBe('existing');
  expect(backend.calls['writeRendition']).toBe(before);
  await expect(make({ format: 'jpeg' })).resolves.toBe('made');
  expect(Object.keys(image()?.widths?.['16']?.formats ?? {}).sort()).toEqual(['jpeg', 'webp']);
});

test('another token gets the rendition that was made before', async () => {
  const { backend, hash, make } = await setUp();
  const share = { imageId: 'cat', shareId: 'share-1', expiresIn: null };
  await backend.shares.create('alice', share);
  const other = [...backend.tokens.keys()].find((key) => key !== hash) as string;
  await make();
  const before = backend.calls['writeRendition'];
  await expect(make({ hash: other })).resolves.toBe('existing');
  expect(backend.calls['writeRendition']).toBe(before);
  const widthsOf = (key: string) => backend.tokens.get(key)?.image?.widths;
  expect(widthsOf(other)).toEqual(widthsOf(hash));
});

test.each<[string, Partial<WidthTask>, string]>([
  ['a width that is not configured', { width: 17 }, 'ignored'],
  ['a width that is too near to the source', { width: 39 }, 'ignored'],
  ['a format that the source does not have', { format: 'avif' }, 'ignored'],
  ['an unknown token', { hash: 'x'.repeat(43) }, 'ignored'],
  ['another rendition', { source: 'variants/x/1/w40-x.webp' }, 'superseded'],
])('%s: nothing is made', async (_case, changes, outcome) => {
  const { backend, make } = await setUp();
  const before = backend.renditions.size;
  await expect(make(changes)).resolves.toBe(outcome);
  expect(backend.renditions.size).toBe(before);
});

test('a source whose bytes are not those of the record is not used', async () => {
  const { backend, source, make } = await setUp();
  backend.renditions.set(source, Buffer.from('other bytes'));
  await expect(make()).resolves.toBe('superseded');
  backend.renditions.delete(source);
  await expect(make()).resolves.toBe('superseded');
});

test('an image that is deleted while a width is made leaves nothing behind', async () => {
  const memory = await setUp();
  const { backend, harness, make } = memory;
  const write = backend.objects.writeRendition.bind(backend.objects);
  backend.objects.writeRendition = async (...file) => {
    await harness.delete(CAT);
    const event = harness.events.pop();
    if (event) await harness.handle({ kind: 'event', event });
    return write(...file);
  };
  await expect(make()).resolves.toBe('superseded');
  expect(backend.renditions.size).toBeGreaterThan(0);
  await settle(memory);
  expect(backend.renditions.size).toBe(0);
  expect(backend.images.size + backend.tokens.size).toBe(0);
});

test('a cleanup keeps what was made, and what may be about to be recorded', async () => {
  const memory = await setUp();
  const { backend, make, time } = memory;
  await make();
  const [object = ''] = [...backend.renditions.keys()].filter((name) => name.includes('on-demand'));
  // Written by a process that has not recorded it yet.
  const pending = object.replace('-16-', '-30-');
  await backend.objects.writeRendition(pending, 'webp', Buffer.from('pending'));
  const writtenAt = time.now;
  await backend.queues.scheduleCleanup({ name: CAT }, time.now);
  await settle({
    ...memory,
    time: {
      get now() {
        return time.now;
      },
      set now(next) {
        time.now = next;
        if (next - writtenAt < MAX_MAKING_MS) expect(backend.renditions.has(pending)).toBe(true);
      },
    },
  });
  expect(backend.renditions.has(pending)).toBe(false);
  expect(backend.renditions.has(object)).toBe(true);
  expect(time.now - writtenAt).toBeGreaterThanOrEqual(MAX_MAKING_MS);
});

test('an upload over the image removes what was made of the old one', async () => {
  const memory = await setUp();
  const { backend, harness, hash, make, image } = memory;
  await make();
  await harness.upload(CAT, 'cat again');
  await settle(memory);
  expect(image()).not.toHaveProperty('widths');
  expect(backend.tokens.get(hash)?.image).not.toHaveProperty('widths');
  expect([...backend.renditions.keys()].filter((name) => name.includes('on-demand'))).toEqual([]);
});

test('a file that cannot be resized is reported once, and not tried again', async () => {
  const { backend, make, logged, context, image } = await setUp();
  context.processImage = () => Promise.reject(new ImageFailure('too-much-memory', 'found 2 GB'));
  await expect(make()).resolves.toBe('failed');
  expect(logged).toMatchObject([['WARNING', 'no rendition made on demand', { width: 16 }]]);
  expect(JSON.stringify(logged)).not.toContain(image()?.token);
  expect(backend.renditions.size).toBe(4);
});
