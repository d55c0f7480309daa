import { setTimeout as delay } from 'node:timers/promises';
import { startTestEmulator, type TestEmulator } from './testing.js';

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator();
});
beforeEach(() => emulator.clear());
afterAll(() => emulator.stop());

/** Increments in a transaction, with an action between the read and the write. @returns the attempts */
function increment(path: string, between: () => Promise<unknown>): Promise<number> {
  let attempts = 0;
  const document = emulator.admin.doc(path);
  return emulator.admin.runTransaction(async (transaction) => {
    attempts += 1;
    const n = ((await transaction.get(document)).get('n') as number | undefined) ?? 0;
    await between();
    transaction.set(document, { n: n + 1 });
    return attempts;
  });
}

const pause = (): Promise<void> => delay(20);

it('loses no increment of two concurrent transactions on one document', async () => {
  await Promise.all([increment('a/b', pause), increment('a/b', pause)]);
  expect((await emulator.admin.doc('a/b').get()).get('n')).toBe(2);
});

it('runs 20 concurrent transactions on one document without a second attempt', async () => {
  const attempts = await Promise.all(Array.from({ length: 20 }, () => increment('a/b', pause)));
  expect((await emulator.admin.doc('a/b').get()).get('n')).toBe(20);
  expect(Math.max(...attempts)).toBe(1);
});

it('retries when the document is written outside the transaction', async () => {
  let hasWritten = false;
  const attempts = await increment('a/b', async () => {
    if (!hasWritten) await emulator.admin.doc('a/b').set({ n: 10 });
    hasWritten = true;
  });
  expect(attempts).toBe(2);
  expect((await emulator.admin.doc('a/b').get()).get('n')).toBe(11);
});

it('retries when the results of a query have changed', async () => {
  const { admin } = emulator;
  const images = admin.collection('images');
  let attempts = 0;
  await admin.runTransaction(async (transaction) => {
    attempts += 1;
    const { size } = await transaction.get(images.where('owner', '==', 'me'));
    if (attempts === 1) await images.doc('new').set({ owner: 'me' });
    transaction.set(admin.doc('counts/me'), { size });
  });
  expect(attempts).toBe(2);
  expect((await admin.doc('counts/me').get()).get('size')).toBe(1);
});

it('completes transactions that read two documents in opposite order', async () => {
  const { admin } = emulator;
  const swap = (first: string, second: string): Promise<void> =>
    admin.runTransaction(async (transaction) => {
      const one = await transaction.get(admin.doc(first));
      await pause();
      const two = await transaction.get(admin.doc(second));
      transaction.set(one.ref, { n: ((one.get('n') as number) ?? 0) + 1 });
      transaction.set(two.ref, { n: ((two.get('n') as number) ?? 0) + 1 });
    });
  await Promise.all([swap('a/1', 'a/2'), swap('a/2', 'a/1')]);
  expect((await admin.doc('a/1').get()).get('n')).toBe(2);
  expect((await admin.doc('a/2').get()).get('n')).toBe(2);
}, 15_000);

it('discards the writes and locks of a transaction that throws', async () => {
  const { admin } = emulator;
  const failing = admin.runTransaction(async (transaction) => {
    await transaction.get(admin.doc('a/b'));
    transaction.set(admin.doc('a/b'), { n: 1 });
    throw new Error('failed');
  });
  await expect(failing).rejects.toThrow('failed');
  expect((await admin.doc('a/b').get()).exists).toBe(false);
  // Otherwise the next transaction waits three seconds for the lock.
  const start = Date.now();
  expect(await increment('a/b', pause)).toBe(1);
  expect(Date.now() - start).toBeLessThan(2_500);
});

it('reads one snapshot in a read-only transaction', async () => {
  const { admin } = emulator;
  await admin.doc('a/1').set({ n: 1 });
  await admin.doc('a/2').set({ n: 1 });
  const values = await admin.runTransaction(
    async (transaction) => {
      const one = (await transaction.get(admin.doc('a/1'))).get('n') as number;
      await admin.doc('a/2').set({ n: 2 });
      return [one, (await transaction.get(admin.doc('a/2'))).get('n') as number];
    },
    { readOnly: true },
  );
  expect(values).toEqual([1, 1]);
});
