/** The content filter in the life of an image. */
import { process, setUp, upload } from '../../test/lifecycle/upload-fixture.js';
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { processText } from '../../test/lifecycle/test-harness.js';
import { beginAttempt } from '../domain/transitions.js';
import { parseConfig } from '../config/config.js';
import { handleSharingCall } from '../sharing/sharing.js';
import type { AskFilter, FilterQuestion, Verdict } from '../gcp/filter.js';
import { examine } from '../cli/doctor/examine.js';

const FILTER = { FILTER_URL: 'https://filter.example/check' };

function configOf(parameters: Record<string, string> = {}) {
  const variants = { VARIANTS: 'w40:40,w20:20', FORMATS: 'webp,jpeg' };
  return parseConfig({ BUCKET: 'bucket', ...variants, ...FILTER, ...parameters });
}
const answering =
  (verdict: Verdict): AskFilter =>
  () =>
    Promise.resolve(verdict);
const failing: AskFilter = () => Promise.reject(Object.assign(new Error('x'), { code: 503 }));

test.each<[string, AskFilter, Record<string, string>, string, boolean]>([
  ['allow', answering('allow'), {}, 'ready', true],
  ['hold', answering('hold'), {}, 'held', false],
  ['no answer', failing, {}, 'held', false],
  ['no answer, FILTER_FAILURE=allow', failing, { FILTER_FAILURE: 'allow' }, 'ready', true],
  ['without FILTER_URL', failing, { FILTER_URL: '' }, 'ready', true],
])('%s', async (_name, askFilter, parameters, state, isPublic) => {
  const { context, put, image, backend } = setUp({ config: configOf(parameters), askFilter });
  put(upload());
  await expect(process(upload(), context)).resolves.toBe(state);
  expect(image()).toMatchObject({ state, variants: { w40: {}, w20: {} } });
  expect(image()).not.toHaveProperty('attempt');
  expect([...backend.tokens.values()].map((token) => 'image' in token)).toEqual([isPublic]);
  expect(backend.renditions.size).toBe(4);
});

test('the filter is asked about the original, before anything is processed', async () => {
  const asked: FilterQuestion[] = [];
  const { context, put, image, backend, processedUploads } = setUp({
    config: configOf(),
    askFilter: (question) => {
      asked.push(question);
      return Promise.resolve('reject');
    },
  });
  put(upload());
  await expect(process(upload(), context)).resolves.toBe('failed');
  const { name, generation, contentType, bytes } = upload().original;
  const owner = { uid: 'alice', imageId: 'cat@example.com.jpg' };
  expect(asked).toEqual([{ ...owner, bucket: 'bucket', name, generation, contentType, bytes }]);
  expect(image()).toMatchObject({ state: 'failed', error: { code: 'content-rejected' } });
  expect([processedUploads.length, backend.renditions.size]).toEqual([0, 0]);
});

test('a newer upload drops the renditions of a held image at once: a share would show them', async () => {
  const askFilter = answering('hold');
  const { context, put, image } = setUp({ config: configOf(), askFilter });
  put(upload());
  await process(upload(), context);
  const held = image();
  expect(held).toHaveProperty('variants');
  const { original } = upload({ generation: '1700000000000002' });
  const settings = { renditions: 'r', all: 'a', quota: 'q' };
  const plan = { original, settings, reprocess: 'never' as const };
  const ids = { attempt: 'newer', token: 'unused' };
  const begun = beginAttempt(held, plan, ids, 0, 0);
  if (typeof begun === 'string') throw new Error(begun);
  expect(begun.record).toMatchObject({ state: 'processing', token: held?.token });
  for (const field of ['variants', 'widths', 'placeholder']) {
    expect(begun.record).not.toHaveProperty(field);
  }
  expect(begun).toMatchObject({ hasStaleRenditions: true });
  expect(begun).not.toHaveProperty('current');
});

test('an error of the filter is logged without a name', async () => {
  const { context, put, logged } = setUp({ config: configOf(), askFilter: failing });
  put(upload());
  await process(upload(), context);
  const message = 'the content filter gave no verdict; FILTER_FAILURE decides';
  expect(logged).toContainEqual([
    'WARNING',
    message,
    expect.objectContaining({ verdict: 'hold', reason: 'Error 503' }),
  ]);
  expect(JSON.stringify(logged)).not.toContain('alice');
});

describe('an upload over a shared image that is held', () => {
  const CAT = 'originals/alice/cat';
  const SHARE = { action: 'createShare', imageId: 'cat', expiresIn: null };

  async function open() {
    const memory = openMemoryHarness({ ...FILTER, EVENTS: 'onHeld,onReady' });
    const { harness, backend } = memory;
    const askFilter = { verdict: 'allow' as Verdict };
    harness.useProcessing({
      processImage: processText,
      askFilter: () => Promise.resolve(askFilter.verdict),
    });
    const call = (data: object) =>
      handleSharingCall('alice', data, {
        ...harness.processingContext(),
        limit: { count: () => {} },
      });
    await harness.upload(CAT, 'cat');
    await settle(memory);
    await call({ ...SHARE, shareId: 'share-before-hold' });
    askFilter.verdict = 'hold';
    await harness.upload(CAT, 'cat again');
    await settle(memory);
    const shown = () => [...backend.tokens.values()].filter(({ image }) => image).length;
    return {
      memory,
      call,
      shown,
      askFilter,
      image: () => backend.images.get('users/alice/images/cat'),
    };
  }

  test('shows nothing, whatever its owner does', async () => {
    const { memory, call, shown, image } = await open();
    expect([image()?.state, shown()]).toEqual(['held', 0]);
    await call({ ...SHARE, shareId: 'share-after-hold' });
    await call({ action: 'rotateToken', imageId: 'cat', token: image()?.token });
    expect([memory.backend.tokens.size, shown()]).toEqual([3, 0]);
    expect(memory.backend.published.map(({ name }) => name)).toEqual(['onReady', 'onHeld']);
  });

  test('is no finding of the doctor, unless a token shows it', async () => {
    const { memory } = await open();
    const context = memory.harness.processingContext();
    memory.time.now += 3_600_000;
    await expect(examine(context, { graceMs: 0 })).resolves.toMatchObject({ findings: [] });
    const [[hash, token] = ['', undefined]] = memory.backend.tokens;
    if (token) memory.backend.tokens.set(hash, { ...token, image: { bucket: 'bucket' } as never });
    await expect(examine(context, { graceMs: 0 })).resolves.toMatchObject({
      findings: [{ kind: 'stale', what: '1 token records that show a held image' }],
    });
  });

  test('is asked about again when it is processed again, and an allowed one is not', async () => {
    const { memory, askFilter, image, shown } = await open();
    const backfill = async (run: string, VARIANTS: string) => {
      memory.harness.reconfigure({ VARIANTS });
      await memory.backend.queues.enqueueBackfill({}, run);
      await settle(memory);
    };
    await backfill('first', 'w40:40');
    expect([image()?.state, shown()]).toEqual(['held', 0]);
    askFilter.verdict = 'allow';
    await backfill('second', 'w30:30');
    expect([image()?.state, shown()]).toEqual(['ready', 2]);
    askFilter.verdict = 'hold';
    await backfill('third', 'w20:20');
    expect([image()?.state, shown()]).toEqual(['ready', 2]);
  });
});
