import { FieldPath, Filter, type Query, type QuerySnapshot } from 'firebase-admin/firestore';
import { startTestEmulator, type TestEmulator } from './testing.js';

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator();
});
beforeEach(() => emulator.clear());
afterAll(() => emulator.stop());

async function ids(query: Query): Promise<string> {
  return (await query.get()).docs.map(({ id }) => id).join(' ');
}

describe('a query of one collection', () => {
  const all = () => emulator.admin.collection('cities');

  beforeEach(async () => {
    const batch = emulator.admin.batch();
    batch.set(all().doc('bern'), { size: 134, tags: ['old', 'river'], land: { code: 'CH' } });
    batch.set(all().doc('basel'), { size: 173, tags: ['river'], land: { code: 'CH' } });
    batch.set(all().doc('kiel'), { size: 247, tags: ['sea'], land: { code: 'DE' } });
    batch.set(all().doc('nowhere'), { tags: [], land: null });
    batch.set(all().doc('void'), { size: null });
    await batch.commit();
  });

  it('applies filters', async () => {
    expect(await ids(all().where('size', '==', 173))).toBe('basel');
    expect(await ids(all().where('size', '>', 134))).toBe('basel kiel');
    expect(await ids(all().where('size', '>=', 134).where('size', '<', 247))).toBe('bern basel');
    expect(await ids(all().where('land.code', '==', 'CH'))).toBe('basel bern');
    expect(await ids(all().where('tags', 'array-contains', 'river'))).toBe('basel bern');
    expect(await ids(all().where('tags', 'array-contains-any', ['sea', 'old']))).toBe('bern kiel');
    expect(await ids(all().where('size', '==', null))).toBe('void');
  });

  it('returns for != and not-in only documents that have the field', async () => {
    expect(await ids(all().where('size', '!=', 173))).toBe('bern kiel');
    expect(await ids(all().where('size', 'not-in', [173, 134]))).toBe('kiel');
  });

  it('accepts up to 30 values for in', async () => {
    const sizes = Array.from({ length: 30 }, (_, n) => 134 + n);
    expect(await ids(all().where('size', 'in', sizes))).toBe('bern');
    await expect(ids(all().where('size', 'in', [...sizes, 1]))).rejects.toMatchObject({ code: 3 });
    const paths = ['kiel', 'bern', 'none'];
    expect(await ids(all().where(FieldPath.documentId(), 'in', paths))).toBe('bern kiel');
  });

  it('combines filters with or', async () => {
    const either = Filter.or(Filter.where('size', '>', 200), Filter.where('land.code', '==', 'CH'));
    expect(await ids(all().where(either))).toBe('bern basel kiel');
  });

  it('returns for orderBy only documents that have the field', async () => {
    expect(await ids(all().orderBy('size'))).toBe('void bern basel kiel');
    expect(await ids(all().orderBy('size', 'desc'))).toBe('kiel basel bern void');
    expect((await all().orderBy('size').count().get()).data().count).toBe(4);
  });

  it('applies limits, offsets and cursors', async () => {
    const ordered = all().orderBy('size');
    expect(await ids(ordered.limit(2))).toBe('void bern');
    expect(await ids(ordered.limitToLast(2))).toBe('basel kiel');
    expect(await ids(ordered.offset(1).limit(2))).toBe('bern basel');
    expect(await ids(ordered.startAt(134).endBefore(247))).toBe('bern basel');
    expect(await ids(ordered.startAfter(await all().doc('bern').get()))).toBe('basel kiel');
  });

  it('selects fields', async () => {
    const { docs } = await all().where('size', '==', 134).select('land.code').get();
    expect(docs[0]?.data()).toEqual({ land: { code: 'CH' } });
  });
});

it('queries a collection group', async () => {
  await emulator.admin.doc('users/a/images/1').set({ n: 2 });
  await emulator.admin.doc('users/b/images/2').set({ n: 1 });
  await emulator.admin.doc('images/3').set({ n: 3 });
  await emulator.admin.doc('users/a/other/4').set({ n: 0 });
  expect(await ids(emulator.admin.collectionGroup('images').orderBy('n'))).toBe('2 1 3');
  expect(await ids(emulator.admin.collection('users/a/images'))).toBe('1');
});

it('notifies listeners of a query about changes', async () => {
  const query = emulator.admin.collection('a').where('n', '>', 0).orderBy('n');
  const snapshots: string[] = [];
  const changes = await new Promise<string[]>((resolve, reject) => {
    const stop = query.onSnapshot((snapshot: QuerySnapshot) => {
      snapshots.push(snapshot.docs.map(({ id }) => id).join(' '));
      if (snapshots.length === 1) void emulator.admin.doc('a/1').set({ n: 1 });
      if (snapshots.length === 2) void emulator.admin.doc('a/0').set({ n: 0.5 });
      if (snapshots.length === 3) void emulator.admin.doc('a/1').delete();
      if (snapshots.length === 4) {
        stop();
        resolve(snapshots);
      }
    }, reject);
  });
  expect(changes).toEqual(['', '1', '0 1', '0']);
});

it('notifies listeners of a document about changes', async () => {
  const data: unknown[] = [];
  await new Promise<void>((resolve, reject) => {
    const stop = emulator.admin.doc('a/1').onSnapshot((snapshot) => {
      data.push(snapshot.data());
      if (data.length === 1) void emulator.admin.doc('a/1').set({ n: 1 });
      if (data.length === 2) void emulator.admin.doc('a/1').delete();
      if (data.length === 3) {
        stop();
        resolve();
      }
    }, reject);
  });
  expect(data).toEqual([undefined, { n: 1 }, undefined]);
});
