/** MAX_IMAGES_PER_USER, for the handlers one after the other. model.test.ts and crash.test.ts run them concurrently. */
import { examine } from '../cli/doctor/examine.js';
import {
  openMemoryHarness,
  settle,
  type MemoryHarness,
} from '../../test/lifecycle/memory-harness.js';
import { processText } from '../../test/lifecycle/test-harness.js';

const CAT = 'originals/alice/cat';
const DOG = 'originals/alice/dog';
const DOG_RECORD = 'users/alice/images/dog';
const KEEP = { DELETE_EXCESS_ORIGINALS: 'false' };

/** A user whose only place is used, and who uploads another image. */
async function openExcess(parameters: Record<string, string> = {}): Promise<MemoryHarness> {
  const memory = openMemoryHarness({ MAX_IMAGES_PER_USER: '1', ...parameters });
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  memory.harness.logged.length = 0;
  await memory.harness.upload(DOG, 'dog');
  return memory;
}

const dog = ({ backend }: MemoryHarness) => backend.images.get(DOG_RECORD);

async function backfill(memory: MemoryHarness, parameters: Record<string, string>) {
  memory.harness.reconfigure(parameters);
  await memory.backend.queues.enqueueBackfill({}, 'run');
  await settle(memory);
}

function contextOf({ harness, backend, time }: MemoryHarness) {
  return { config: harness.config, backend, now: () => time.now, log: () => {} };
}

async function findingsOf(memory: MemoryHarness) {
  return (await examine(contextOf(memory), { graceMs: 0 })).findings;
}

test('an upload beyond the limit fails with its own code, and is neither read nor decoded', async () => {
  const memory = await openExcess();
  const { backend, harness } = memory;
  const reads = backend.calls['readOriginal'];
  await settle(memory);
  expect(dog(memory)).toMatchObject({
    state: 'failed',
    original: { name: DOG, deleted: true },
    token: '',
    error: {
      code: 'too-many-images',
      message:
        'You have as many images as this app allows. Delete one, then upload this one again.',
    },
  });
  expect(backend.calls['readOriginal']).toBe(reads);
  expect([...backend.originals.keys()]).toEqual([CAT]);
  expect(backend.tokens.size).toBe(1);
  const refusals = harness.logged.filter(([severity]) => severity === 'WARNING');
  expect(refusals).toMatchObject([
    ['WARNING', 'image processing failed', { code: 'too-many-images' }],
  ]);
});

test('the event of the deleted original takes one read, and keeps the record', async () => {
  const memory = await openExcess();
  await settle(memory);
  const before = { ...memory.backend.calls };
  const generation = dog(memory)?.original.generation ?? '';
  const event = { kind: 'deleted', name: DOG, generation, time: memory.time.now } as const;
  await expect(memory.harness.handle({ kind: 'event', event })).resolves.toBe('kept');
  expect(memory.backend.calls).toEqual({ ...before, findImage: (before['findImage'] ?? 0) + 1 });
});

test('a failed deletion of the original is retried', async () => {
  const memory = await openExcess();
  const working = { ...memory.backend.objects };
  let failures = 0;
  memory.backend.objects.deleteOriginal = () => {
    Object.assign(memory.backend.objects, working);
    failures += 1;
    return Promise.reject(Object.assign(new Error(DOG), { code: 503 }));
  };
  await settle(memory);
  expect(failures).toBe(1);
  expect([...memory.backend.originals.keys()]).toEqual([CAT]);
  expect(dog(memory)?.error?.code).toBe('too-many-images');
});

test('an upload over an image needs no place; a deletion frees one', async () => {
  const memory = await openExcess();
  await settle(memory);
  await memory.harness.upload(CAT, 'cat again');
  await settle(memory);
  expect(memory.backend.images.get('users/alice/images/cat')?.state).toBe('ready');
  await memory.harness.delete(CAT);
  await settle(memory);
  await memory.harness.upload(DOG, 'dog again');
  await settle(memory);
  expect(dog(memory)).toMatchObject({ state: 'ready' });
  expect(dog(memory)).not.toHaveProperty('error');
  expect(dog(memory)?.original).not.toHaveProperty('deleted');
  expect(dog(memory)?.token).toMatch(/^spv_/);
});

test('an image that failed for another reason counts, because its original is stored', async () => {
  const memory = openMemoryHarness({ MAX_IMAGES_PER_USER: '1' });
  await memory.harness.upload(CAT, 'bad');
  await settle(memory);
  await memory.harness.upload(DOG, 'dog');
  await settle(memory);
  expect(dog(memory)?.error?.code).toBe('too-many-images');
});

describe('while DELETE_EXCESS_ORIGINALS is false', () => {
  test('the original stays, locked; its deletion deletes the record', async () => {
    const memory = await openExcess(KEEP);
    await settle(memory);
    expect(memory.backend.originals.get(DOG)?.hasDownloadToken).toBe(false);
    expect(dog(memory)?.error?.code).toBe('too-many-images');
    expect(dog(memory)?.original).not.toHaveProperty('deleted');
    await memory.harness.delete(DOG);
    await settle(memory);
    expect(dog(memory)).toBeUndefined();
  });

  test('an original that is deleted before its upload is handled leaves no record', async () => {
    const memory = await openExcess(KEEP);
    await memory.harness.delete(DOG);
    memory.harness.events.reverse();
    await settle(memory);
    expect(dog(memory)).toBeUndefined();
  });

  test('the backfill processes it after the limit was raised, and not before', async () => {
    const memory = await openExcess(KEEP);
    await settle(memory);
    await backfill(memory, { MAX_MEGAPIXELS: '10' });
    expect(dog(memory)?.error?.code).toBe('too-many-images');
    expect(memory.backend.progress.current).toMatchObject({ state: 'done', done: 2, failed: 1 });
    memory.harness.reconfigure({ MAX_IMAGES_PER_USER: '2' });
    await memory.backend.queues.enqueueBackfill({}, 'next');
    await settle(memory);
    expect(dog(memory)?.state).toBe('ready');
  });

  test('the doctor finds nothing, and after the limit was raised processes it', async () => {
    const memory = await openExcess(KEEP);
    await settle(memory);
    await expect(findingsOf(memory)).resolves.toEqual([]);
    memory.harness.reconfigure({ MAX_IMAGES_PER_USER: '0' });
    const findings = await findingsOf(memory);
    expect(findings).toMatchObject([{ kind: 'stale', of: DOG }]);
    for (const { fix } of findings) await fix({ ...contextOf(memory), processImage: processText });
    expect(dog(memory)?.state).toBe('ready');
    await expect(findingsOf(memory)).resolves.toEqual([]);
  });
});

test('a backfill deletes no original that existed before the limit', async () => {
  const memory = openMemoryHarness();
  for (const name of [CAT, DOG]) await memory.harness.upload(name, name);
  memory.harness.events.length = 0;
  await backfill(memory, { MAX_IMAGES_PER_USER: '1' });
  expect([...memory.backend.originals.keys()]).toEqual([CAT, DOG]);
  expect(dog(memory)?.error?.code).toBe('too-many-images');
});

test('a lowered limit leaves existing images as they are', async () => {
  const memory = openMemoryHarness();
  for (const name of [CAT, DOG]) await memory.harness.upload(name, name);
  await settle(memory);
  await backfill(memory, { MAX_IMAGES_PER_USER: '1', VARIANTS: 'w30:30' });
  await memory.harness.upload(DOG, 'dog again');
  await settle(memory);
  expect([...memory.backend.images.values()].map(({ state }) => state)).toEqual(['ready', 'ready']);
});

test('the doctor finds nothing wrong with a refused upload, unless its original was not deleted', async () => {
  const memory = await openExcess();
  await settle(memory);
  await expect(findingsOf(memory)).resolves.toEqual([]);
  const generation = dog(memory)?.original.generation ?? '';
  const data = Buffer.from('dog');
  memory.backend.originals.set(DOG, { generation, data, hasDownloadToken: false, time: 0 });
  const findings = await findingsOf(memory);
  expect(findings).toMatchObject([
    { kind: 'orphaned', what: 'original of a refused upload', of: DOG },
  ]);
  for (const { fix } of findings) await fix({ ...contextOf(memory), processImage: processText });
  expect([...memory.backend.originals.keys()]).toEqual([CAT]);
  await expect(findingsOf(memory)).resolves.toEqual([]);
});
