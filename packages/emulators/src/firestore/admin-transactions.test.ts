import { startTestEmulator, type TestEmulator } from './testing.js';

let front: TestEmulator;

beforeAll(async () => {
  front = await startTestEmulator();
});
beforeEach(() => front.clear());
afterAll(() => front.stop());

/** Adds one in a transaction, with something slow between the read and the write. */
function addOne(path: string, between: () => Promise<unknown>): Promise<number> {
  let attempts = 0;
  const document = front.admin.doc(path);
  return front.admin.runTransaction(async (transaction) => {
    attempts += 1;
    const n = ((await transaction.get(document)).get('n') as number | undefined) ?? 0;
    await between();
    transaction.set(document, { n: n + 1 });
    return attempts;
  });
}

const shortly = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

it('loses no increment when two transactions meet on one document', async () => {
  await Promise.all([addOne('a/b', shortly), addOne('a/b', shortly)]);
  expect((await front.admin.doc('a/b').get()).get('n')).toBe(2);
});

it('lets many transactions take turns, without a second attempt', async () => {
  const attempts = await Promise.all(Array.from({ length: 20 }, () => addOne('a/b', shortly)));
  expect((await front.admin.doc('a/b').get()).get('n')).toBe(20);
  expect(Math.max(...attempts)).toBe(1);
});

it('tries again when a write from outside came between', async () => {
  let disturbed = false;
  const attempts = await addOne('a/b', async () => {
    if (!disturbed) await front.admin.doc('a/b').set({ n: 10 });
    disturbed = true;
  });
  expect(attempts).toBe(2);
  expect((await front.admin.doc('a/b').get()).get('n')).toBe(11);
});

it('tries again when a query would find another document', async () => {
  const { admin } = front;
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

it('finishes transactions that read two documents crosswise', async () => {
  const { admin } = front;
  const swap = (first: string, second: string): Promise<void> =>
    admin.runTransaction(async (transaction) => {
      const one = await transaction.get(admin.doc(first));
      await shortly();
      const two = await transaction.get(admin.doc(second));
      transaction.set(one.ref, { n: ((one.get('n') as number) ?? 0) + 1 });
      transaction.set(two.ref, { n: ((two.get('n') as number) ?? 0) + 1 });
    });
  await Promise.all([swap('a/1', 'a/2'), swap('a/2', 'a/1')]);
  expect((await admin.doc('a/1').get()).get('n')).toBe(2);
  expect((await admin.doc('a/2').get()).get('n')).toBe(2);
}, 15_000);

it('undoes everything when the transaction throws', async () => {
  const { admin } = front;
  const failing = admin.runTransaction(async (transaction) => {
    await transaction.get(admin.doc('a/b'));
    transaction.set(admin.doc('a/b'), { n: 1 });
    throw new Error('enough');
  });
  await expect(failing).rejects.toThrow('enough');
  expect((await admin.doc('a/b').get()).exists).toBe(false);
  // Its turn has ended too: nobody waits the three seconds that a dead process gets.
  const start = Date.now();
  expect(await addOne('a/b', shortly)).toBe(1);
  expect(Date.now() - start).toBeLessThan(2_500);
});

it('reads one moment in a read-only transaction', async () => {
  const { admin } = front;
  await admin.doc('a/1').set({ n: 1 });
  await admin.doc('a/2').set({ n: 1 });
  const seen = await admin.runTransaction(
    async (transaction) => {
      const one = (await transaction.get(admin.doc('a/1'))).get('n') as number;
      await admin.doc('a/2').set({ n: 2 });
      return [one, (await transaction.get(admin.doc('a/2'))).get('n') as number];
    },
    { readOnly: true },
  );
  expect(seen).toEqual([1, 1]);
});
