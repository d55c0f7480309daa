import { openQueues } from './queues.js';

function setUp(environment: Record<string, string>) {
  const sent: unknown[] = [];
  const taskQueue = (...where: unknown[]) => ({
    enqueue: (task: object, options: object) => {
      sent.push([...where, task, options]);
      return Promise.resolve();
    },
  });
  return { sent, queues: openQueues(() => ({ taskQueue }), environment) };
}

const NAME = { name: 'originals/alice/cat' };
const KIT = {
  FIREBASE_KIT_INSTANCE_ID: 'images',
  EVENTARC_CLOUD_EVENT_SOURCE: 'projects/p/locations/europe-west1/services/kit-images-ingest',
};
const EXTENSION = {
  EXT_INSTANCE_ID: 'images',
  LOCATION: 'europe-west3',
  EVENTARC_CLOUD_EVENT_SOURCE: 'projects/p/instances/images',
};

test.each<[string, Record<string, string>, unknown[]]>([
  ['a kit', KIT, ['locations/europe-west1/functions/kit-images-purge', undefined]],
  ['an extension', EXTENSION, ['locations/europe-west3/functions/purge', 'images']],
  [
    'an extension on the emulator',
    { ...EXTENSION, CLOUD_TASKS_EMULATOR_HOST: 'localhost:1' },
    ['locations/europe-west3/functions/ext-images-purge', undefined],
  ],
  ['neither', {}, ['locations/us-central1/functions/purge', undefined]],
])('%s: its own queue, in its own region', async (_what, environment, where) => {
  const { sent, queues } = setUp(environment);
  await queues.purge({ uid: 'alice' });
  expect(sent).toEqual([[...where, { uid: 'alice' }, { dispatchDeadlineSeconds: 1800 }]]);
});

test('a sweep waits for its time, a month at most: Cloud Tasks takes no later one', async () => {
  const { sent, queues } = setUp(KIT);
  const at = Date.now() + 60_000;
  await queues.sweep(NAME, at);
  await queues.sweep(NAME, at + 365 * 24 * 60 * 60 * 1000);
  const times = (sent as [string, string, object, { scheduleTime: Date }][]).map(
    ([, , , options]) => options.scheduleTime.getTime(),
  );
  expect(times[0]).toBe(at);
  expect(times[1]).toBeLessThan(Date.now() + 30 * 24 * 60 * 60 * 1000);
});

test('a second task of the same id is none, whatever else fails is thrown', async () => {
  const fail = (code: string) =>
    openQueues(
      () => ({
        taskQueue: () => ({ enqueue: () => Promise.reject(Object.assign(new Error(), { code })) }),
      }),
      KIT,
    ).backfill({}, 'run');
  await expect(fail('functions/task-already-exists')).resolves.toBeUndefined();
  await expect(fail('functions/unknown-error')).rejects.toThrow();
});
