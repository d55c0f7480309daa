/** Floods of uploads, on the local stack: slow files of one owner, and one image that is overwritten all the time. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { renditionsFolder } from '../../functions/src/domain/path.js';
import { cleanupTaskId } from '../../functions/src/domain/tasks.js';
import { eventually } from '../support/eventually.js';
import { plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

const SLOW_FILES = 40;
const OVERWRITES = 40;
/** Ten times the promised median. */
const MAX_REVOKED_MS = 20_000;
const TIMEOUT_MS = 300_000;

let context: TestContext;

beforeAll(() => {
  context = new TestContext();
});
afterAll(() => context.close());

const readLog = () => readFileSync(context.stack.logFile, 'utf8');

/** How often each function has begun to handle a request. */
function executions(): Record<string, number> {
  const log = readLog();
  const counts: Record<string, number> = {};
  for (const [, name = ''] of log.matchAll(/Beginning execution of "[\w-]+-images-(\w+)"/g)) {
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** How many cleanups of an image were scheduled. */
function countCleanups(name: string): number {
  // The id begins with a hash of the name; two times follow.
  const image = cleanupTaskId({ name }, 0).slice(0, -'0-0'.length);
  return readLog().split(`-images-cleanup/tasks/${image}`).length - 1;
}

const imagesOf = (uid: string) => context.firestore.collection(`users/${uid}/images`);

function untilEnded(uid: string, imageId: string, generation: string): Promise<unknown> {
  return eventually(
    () => imagesOf(uid).doc(imageId).get(),
    (image) => {
      expect(image.get('original.generation')).toBe(generation);
      expect(image.get('state')).not.toBe('processing');
    },
    TIMEOUT_MS,
  );
}

async function countRenditions(name: string): Promise<number> {
  const prefix = renditionsFolder('variants', context.stack.bucket, name);
  const [files] = await context.bucket.getFiles({ prefix });
  return files.length;
}

test('events of renditions do not reach the function that decodes', async () => {
  const before = executions();
  const data = await plainJpeg(900, 600, '#204060');
  const generation = await context.uploadAsAdmin('originals/carol/photo', data);
  await untilEnded('carol', 'photo', generation);
  const renditions = await countRenditions('originals/carol/photo');
  expect(renditions).toBeGreaterThan(3);
  const counts = await eventually(
    () => Promise.resolve(executions()),
    ({ originalFinalized = 0 }) =>
      expect(originalFinalized - (before['originalFinalized'] ?? 0)).toBe(renditions + 1),
  );
  expect((counts['processImage'] ?? 0) - (before['processImage'] ?? 0)).toBe(1);
});

test(
  'slow files of one owner delay neither the locking nor the processing of others',
  async () => {
    // 220 KB that take a second to decode.
    const background = { r: 128, g: 128, b: 128, alpha: 0.5 };
    const slow = await sharp({ create: { width: 7000, height: 7000, channels: 4, background } })
      .png({ progressive: true })
      .toBuffer();
    const names = Array.from({ length: SLOW_FILES }, (_, n) => `originals/mallory/${n}`);
    for (const name of names) await context.uploadAsAdmin(name, slow);

    const photo = await plainJpeg(900, 600, '#602040');
    const generation = await context.uploadAsAdmin('originals/bob/photo', photo);
    await untilEnded('bob', 'photo', generation);

    const { docs } = await imagesOf('mallory').where('state', '==', 'ready').get();
    expect(docs.length).toBeLessThan(SLOW_FILES / 2);
    for (const name of ['originals/bob/photo', ...names]) {
      const [{ metadata, timeCreated, updated }] = await context.bucket.file(name).getMetadata();
      expect(metadata?.['firebaseStorageDownloadTokens']).toBeUndefined();
      const revokedAfter = Date.parse(updated ?? '') - Date.parse(timeCreated ?? '');
      expect(revokedAfter).toBeLessThan(MAX_REVOKED_MS);
    }
    // The uploads that wait end with the next look at their originals.
    await context.bucket.deleteFiles({ prefix: 'originals/mallory/' });
  },
  2 * TIMEOUT_MS,
);

test(
  'an image that is overwritten all the time has few cleanups, which leave the newest renditions',
  async () => {
    const name = 'originals/dave/photo';
    const start = Date.now();
    let generation = '';
    for (let n = 0; n < OVERWRITES; n++) {
      const data = await plainJpeg(600 + n, 400, '#406020');
      generation = await context.uploadAsAdmin(name, data);
      // Half of them are processed, the others are overwritten before.
      if (n % 2 === 0) await untilEnded('dave', 'photo', generation);
    }
    await untilEnded('dave', 'photo', generation);
    const seconds = (Date.now() - start) / 1000;
    await eventually(
      () =>
        context.bucket.getFiles({
          prefix: renditionsFolder('variants', context.stack.bucket, name),
        }),
      ([files]) => {
        expect(files.length).toBeGreaterThan(3);
        expect(files.filter((file) => !file.name.includes(`/${generation}/`))).toEqual([]);
      },
      60_000,
    );
    const cleanups = countCleanups(name);
    expect(cleanups).toBeGreaterThan(0);
    // At most two tasks for every 5 seconds, and those that were pending at the end.
    expect(cleanups).toBeLessThanOrEqual((seconds / 5) * 2 + 6);
  },
  2 * TIMEOUT_MS,
);
