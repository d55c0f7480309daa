/** Which events the life of an image causes, and what they hold. */
import { openMemoryHarness, settle } from '../../test/lifecycle/memory-harness.js';
import { EVENT_NAMES, type ImageEvent } from '../domain/events.js';

const CAT = 'originals/alice/cat';
const ALL = { EVENTS: EVENT_NAMES.join() };

const briefly = ({ name, data }: ImageEvent) =>
  [name, data.imageId, 'state' in data && data.state, 'error' in data && data.error]
    .filter(Boolean)
    .join(' ');

test('an upload that is an image, one over it that is none, and its deletion', async () => {
  const memory = openMemoryHarness(ALL);
  const { harness, backend } = memory;
  const first = await harness.upload(CAT, 'cat');
  await settle(memory);
  const second = await harness.upload(CAT, 'bad');
  await settle(memory);
  await harness.delete(CAT);
  await settle(memory);
  expect(backend.published.map(briefly)).toEqual([
    'onStart cat processing',
    'onReady cat ready',
    'onStart cat processing',
    'onFailed cat failed not-an-image',
    'onDeleted cat',
  ]);
  const generations = backend.published.map(({ data }) => 'generation' in data && data.generation);
  expect(generations).toEqual([first, first, second, second, second]);
  expect(JSON.stringify(backend.published)).not.toMatch(/spv_|originals|http/);
});

test('an image that is processed again without success stays ready', async () => {
  const memory = openMemoryHarness({ EVENTS: 'onFailed' });
  const { harness, backend } = memory;
  await harness.upload(CAT, 'cat');
  await settle(memory);
  harness.reconfigure({ VARIANTS: 'w40:40' });
  const record = backend.originals.get(CAT);
  if (record) record.data = Buffer.from('bad');
  await backend.queues.enqueueBackfill({}, 'run');
  await settle(memory);
  expect(backend.published.map(briefly)).toEqual(['onFailed cat ready not-an-image']);
});

test('an upload beyond MAX_IMAGES_PER_USER', async () => {
  const memory = openMemoryHarness({ EVENTS: 'onFailed', MAX_IMAGES_PER_USER: '1' });
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  await memory.harness.upload('originals/alice/dog', 'dog');
  await settle(memory);
  expect(memory.backend.published.map(briefly)).toEqual(['onFailed dog failed too-many-images']);
});

test('the work is done although no event can be published', async () => {
  const memory = openMemoryHarness(ALL);
  memory.backend.events.publish = () => Promise.reject(new Error('no channel'));
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  expect(memory.backend.images.get('users/alice/images/cat')?.state).toBe('ready');
  await memory.harness.delete(CAT);
  await settle(memory);
  expect(memory.backend.images.size + memory.backend.renditions.size).toBe(0);
  const failed = memory.harness.logged.filter(([, text]) => text === 'failed to publish an event');
  expect(failed).toHaveLength(3);
});
