import { parseConfig } from '../config/config.js';
import type { ImageEvent } from '../domain/events.js';
import { publish } from './publish.js';
import { openEvents, type EventChannel } from './events.js';

const READY: ImageEvent = {
  name: 'onReady',
  data: { uid: 'alice', imageId: 'cat', generation: '7', state: 'ready' },
};
const config = parseConfig({ BUCKET: 'bucket', GCLOUD_PROJECT: 'demo', EVENTS: 'onReady' });

function open(channel: EventChannel, environment: Record<string, string> = {}, timeoutMs?: number) {
  const opened: string[] = [];
  const logged: unknown[][] = [];
  const openChannel = (name: string) => {
    opened.push(name);
    return Promise.resolve(channel);
  };
  const events = openEvents(config, environment, openChannel, timeoutMs);
  const log = (...line: unknown[]) => void logged.push(line);
  return { opened, logged, events, context: { config, backend: { events }, log } };
}

test('an event has a type, a source, a subject, and the ids and the state of the image', async () => {
  const sent: object[] = [];
  const channel = { publish: (event: object) => Promise.resolve(void sent.push(event)) };
  const { context, opened } = open(channel, { FIREBASE_KIT_INSTANCE_ID: 'images' });
  await publish(READY, context);
  await publish(READY, context);
  const event = {
    type: 'storage-public-variants.v1.onReady',
    source: 'projects/demo/instances/images',
    subject: 'alice/cat',
    data: { uid: 'alice', imageId: 'cat', generation: '7', state: 'ready' },
  };
  expect(sent).toEqual([event, event]);
  // The channel is opened once.
  expect(opened).toEqual(['locations/us-central1/channels/firebase']);
  const { events } = open(channel, { EVENTARC_CLOUD_EVENT_SOURCE: 'projects/p/instances/i' });
  await events.publish(READY);
  expect(sent[2]).toMatchObject({ source: 'projects/p/instances/i' });
});

test('an event that is not selected loads nothing', async () => {
  const { context, opened } = open({ publish: () => Promise.reject(new Error('never')) });
  await publish({ name: 'onDeleted', data: { uid: 'a', imageId: 'b', generation: '1' } }, context);
  await publish(READY, { ...context, config: {} });
  expect(opened).toEqual([]);
});

test('an error is logged by its name and code, and never thrown', async () => {
  const error = Object.assign(new Error('no access to alice/cat'), { code: 'eventarc/denied' });
  const { context, logged } = open({ publish: () => Promise.reject(error) });
  await publish(READY, context);
  expect(logged).toEqual([
    ['ERROR', 'failed to publish an event', { type: 'onReady', reason: 'Error eventarc/denied' }],
  ]);
});

test('a handler does not wait longer than the timeout', async () => {
  const channel = { publish: () => new Promise<void>(() => undefined) };
  const { context, logged } = open(channel, {}, 10);
  await publish(READY, context);
  expect(logged).toEqual([
    ['ERROR', 'failed to publish an event', { type: 'onReady', reason: 'TimeoutError 23' }],
  ]);
});
