/** What crash.test.ts kills: operations whose calls, events and tasks are then handled. */
import { settle, type MemoryHarness } from './memory-harness.js';

const CAT = 'originals/alice/cat';
const DOG = 'originals/alice/dog';
export const EXISTING_IMAGES = 'existing images';

/** Two uploads of a user who may have one image. */
async function uploadTooMany(
  memory: MemoryHarness,
  parameters: Record<string, string> = {},
): Promise<void> {
  memory.harness.reconfigure({ MAX_IMAGES_PER_USER: '1', ...parameters });
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  await memory.harness.upload(DOG, 'dog');
}

const KEEP_EXCESS = { DELETE_EXCESS_ORIGINALS: 'false' };

const FILTER = { FILTER_URL: 'https://filter.example' };
const SHARE = 'share-before-all';
const NEW_SHARE = 'share-that-is-new';

/** An image with a share, of which nothing is left to do. */
async function share(memory: MemoryHarness): Promise<void> {
  await memory.harness.upload(CAT, 'cat');
  await settle(memory);
  const request = { imageId: 'cat', shareId: SHARE, expiresIn: null };
  await memory.backend.shares.create('alice', request);
  // `revokeAll` leaves alone what is created in its own millisecond.
  memory.time.now += 1;
}

/** One task for each token of the image, as if its duplicate had been delivered. */
function askForWidth({ harness, backend, time }: MemoryHarness): void {
  harness.reconfigure({ WIDTHS: '16' });
  for (const [hash, { image }] of backend.tokens) {
    const source = image?.renditions['w40']?.webp?.object ?? '';
    const task = { hash, width: 16, format: 'webp' as const, source };
    backend.tasks.push({ queue: 'resize', task, id: hash, at: time.now });
  }
}

/** A shared image that is held, and a server's call that releases it. */
async function release(memory: MemoryHarness): Promise<void> {
  await share(memory);
  const { harness, backend, time } = memory;
  harness.reconfigure(FILTER);
  let generation = await harness.upload(CAT, 'cat again');
  while (!harness.isHeld(generation)) generation = await harness.upload(CAT, 'held cat');
  await settle(memory);
  const task = { owner: { uid: 'alice', imageId: 'cat' }, generation };
  backend.tasks.push({ queue: 'release', task, at: time.now });
}

export type Scenario = (memory: MemoryHarness) => Promise<void>;

/** Operations up to the events whose handlers are killed, and the final number of images, tokens and renditions. */
export const scenarios: [string, Scenario, [images: number, tokens: number, renditions: number]][] =
  [
    [
      'an upload',
      async ({ harness }) => {
        await harness.upload(CAT, 'cat');
      },
      [1, 1, 4],
    ],
    [
      'an upload that is not an image',
      async ({ harness }) => {
        await harness.upload(CAT, 'bad');
      },
      [1, 1, 0],
    ],
    [
      'an upload over another',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await settle(memory);
        await memory.harness.upload(CAT, 'cat again');
      },
      [1, 1, 4],
    ],
    [
      'two uploads over another, newest event first',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await settle(memory);
        await memory.harness.upload(CAT, 'cat again');
        await memory.harness.upload(CAT, 'third cat');
        memory.harness.events.reverse();
      },
      [1, 1, 4],
    ],
    [
      'a bad upload over a good one',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await settle(memory);
        await memory.harness.upload(CAT, 'bad');
      },
      [1, 1, 4],
    ],
    [
      'a good upload over a bad one',
      async (memory) => {
        await memory.harness.upload(CAT, 'bad');
        await settle(memory);
        await memory.harness.upload(CAT, 'cat');
      },
      [1, 1, 4],
    ],
    [
      'an upload that is deleted before its event',
      async ({ harness }) => {
        await harness.upload(CAT, 'cat');
        await harness.delete(CAT);
      },
      [0, 0, 0],
    ],
    [
      'the same, with the deletion delivered first',
      async ({ harness }) => {
        await harness.upload(CAT, 'cat');
        await harness.delete(CAT);
        harness.events.reverse();
      },
      [0, 0, 0],
    ],
    [
      'a deleted image',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await memory.harness.upload(DOG, 'dog');
        await settle(memory);
        await memory.harness.delete(CAT);
      },
      [1, 1, 4],
    ],
    [
      'changed variants',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await memory.harness.upload(DOG, 'bad');
        await settle(memory);
        memory.harness.reconfigure({ VARIANTS: 'w40:40,w30:30' });
        await memory.backend.queues.enqueueBackfill({}, 'run');
      },
      [2, 2, 4],
    ],
    [
      EXISTING_IMAGES,
      async (memory) => {
        for (let count = 1; count <= 12; count++) {
          await memory.harness.upload(`originals/alice/${count}`, `image ${count}`);
        }
        memory.harness.events.length = 0;
        await memory.backend.queues.enqueueBackfill({}, 'run');
      },
      [12, 12, 48],
    ],
    [
      'a purged user',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await memory.harness.upload(DOG, 'bad');
        await memory.harness.upload('originals/bob/cat', 'cat');
        await settle(memory);
        // As if the extension Delete User Data had run first.
        memory.backend.images.delete('users/alice/images/dog');
        await memory.backend.queues.enqueuePurge({ uid: 'alice' });
      },
      [1, 1, 4],
    ],
    [
      'an image whose record was deleted by hand',
      async (memory) => {
        await memory.harness.upload(CAT, 'cat');
        await settle(memory);
        memory.backend.images.delete('users/alice/images/cat');
        await memory.backend.queues.enqueueBackfill({}, 'run');
      },
      [1, 1, 4],
    ],
    [
      'a replaced backfill run',
      async (memory) => {
        for (let count = 1; count <= 3; count++) {
          await memory.harness.upload(`originals/alice/${count}`, `image ${count}`);
        }
        memory.harness.events.length = 0;
        await memory.backend.queues.enqueueBackfill({}, 'run');
        await memory.backend.queues.enqueueBackfill({}, 'newer');
      },
      [3, 3, 12],
    ],
    [
      'an original deleted during the backfill, without an event',
      async (memory) => {
        const { harness, backend } = memory;
        await harness.upload(CAT, 'cat');
        await harness.upload(DOG, 'dog');
        await settle(memory);
        await backend.jobs.start('run', 'settings', false);
        await backend.queues.enqueueBackfill({
          step: 'process',
          run: 'run',
          page: 0,
          names: [CAT, DOG],
        });
        await harness.delete(CAT);
        harness.events.length = 0;
      },
      [1, 1, 4],
    ],
    ['an upload beyond the limit', uploadTooMany, [2, 1, 4]],
    [
      'the same, while originals beyond the limit are kept',
      (memory) => uploadTooMany(memory, KEEP_EXCESS),
      [2, 1, 4],
    ],
    [
      'an upload over a refused one, after another image was deleted',
      async (memory) => {
        await uploadTooMany(memory);
        await settle(memory);
        await memory.harness.delete(CAT);
        await settle(memory);
        await memory.harness.upload(DOG, 'dog again');
      },
      [1, 1, 4],
    ],
    [
      'a raised limit',
      async (memory) => {
        await uploadTooMany(memory, KEEP_EXCESS);
        await settle(memory);
        memory.harness.reconfigure({ MAX_IMAGES_PER_USER: '2' });
        await memory.backend.queues.enqueueBackfill({}, 'run');
      },
      [2, 2, 8],
    ],
    [
      'a purged user with a refused upload',
      async (memory) => {
        await uploadTooMany(memory);
        await settle(memory);
        await memory.backend.queues.enqueuePurge({ uid: 'alice' });
      },
      [0, 0, 0],
    ],
    [
      'shares that are created, changed and revoked, of an image that is uploaded again',
      async (memory) => {
        await share(memory);
        await memory.harness.upload(CAT, 'cat again');
        for (const data of [
          { action: 'createShare', imageId: 'cat', shareId: NEW_SHARE, expiresIn: 3600 },
          { action: 'updateShare', shareId: NEW_SHARE, expiresIn: null, variants: ['w20'] },
          { action: 'revokeShare', shareId: SHARE },
        ]) {
          memory.harness.calls.push({ uid: 'alice', data });
        }
      },
      [1, 2, 4],
    ],
    [
      'a default token that is replaced while the image is uploaded again',
      async (memory) => {
        await share(memory);
        await memory.harness.upload(CAT, 'cat again');
        const token = memory.backend.images.get('users/alice/images/cat')?.token;
        const data = { action: 'rotateToken', imageId: 'cat', token };
        memory.harness.calls.push({ uid: 'alice', data });
      },
      [1, 2, 4],
    ],
    [
      'revokeAll of an image that is uploaded again',
      async (memory) => {
        await share(memory);
        await memory.harness.upload(CAT, 'cat again');
        const data = { action: 'revokeAll', imageId: 'cat' };
        memory.harness.calls.push({ uid: 'alice', data });
      },
      [1, 1, 4],
    ],
    [
      'revokeAll of all images',
      async (memory) => {
        await share(memory);
        await memory.harness.upload(DOG, 'dog');
        await settle(memory);
        memory.time.now += 1;
        const data = { action: 'revokeAll', all: true };
        memory.harness.calls.push({ uid: 'alice', data });
      },
      [2, 2, 8],
    ],
    [
      'an upload that the content filter holds',
      async ({ harness }) => {
        harness.reconfigure(FILTER);
        await harness.upload(CAT, 'cat');
      },
      [1, 1, 4],
    ],
    [
      'an upload that the content filter holds, over a shared image',
      async (memory) => {
        await share(memory);
        await memory.harness.upload(CAT, 'cat again');
        await settle(memory);
        memory.harness.reconfigure(FILTER);
        await memory.harness.upload(CAT, 'third cat');
        await memory.harness.upload(CAT, 'fourth cat');
      },
      [1, 2, 4],
    ],
    ['a held image that is released', release, [1, 2, 4]],
    [
      'a held image that is released, and uploaded again',
      async (memory) => {
        await release(memory);
        await memory.harness.upload(CAT, 'cat again');
      },
      [1, 2, 4],
    ],
    [
      'a held image that is released, and processed with other parameters',
      async (memory) => {
        await release(memory);
        memory.harness.reconfigure({ ...FILTER, VARIANTS: 'w40:40,w30:30' });
        await memory.backend.queues.enqueueBackfill({}, 'run');
      },
      [1, 2, 4],
    ],
    [
      'a shared image that is deleted',
      async (memory) => {
        await share(memory);
        await memory.harness.delete(CAT);
      },
      [0, 0, 0],
    ],
    [
      'changed variants of a shared image',
      async (memory) => {
        await share(memory);
        memory.harness.reconfigure({ VARIANTS: 'w40:40,w30:30' });
        await memory.backend.queues.enqueueBackfill({}, 'run');
      },
      [1, 2, 4],
    ],
    [
      'a purged user with a shared image',
      async (memory) => {
        await share(memory);
        await memory.backend.queues.enqueuePurge({ uid: 'alice' });
      },
      [0, 0, 0],
    ],
    [
      'a width that views through two tokens ask for',
      async (memory) => {
        await share(memory);
        askForWidth(memory);
      },
      [1, 2, 5],
    ],
    [
      'a width of an image that is uploaded again',
      async (memory) => {
        await share(memory);
        askForWidth(memory);
        await memory.harness.upload(CAT, 'cat again');
      },
      [1, 2, 4],
    ],
    [
      'a width of an image that is deleted',
      async (memory) => {
        await share(memory);
        askForWidth(memory);
        await memory.harness.delete(CAT);
      },
      [0, 0, 0],
    ],
    [
      'an app that uses download tokens',
      async (memory) => {
        memory.harness.reconfigure({ LOCK_ORIGINALS: 'false' });
        await memory.harness.upload(CAT, 'cat');
        await memory.harness.upload(DOG, 'dog');
        await memory.harness.delete(DOG);
      },
      [1, 1, 4],
    ],
  ];
