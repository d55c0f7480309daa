import { FieldPath, FieldValue, GeoPoint, Timestamp } from 'firebase-admin/firestore';
import { startTestEmulator, type TestEmulator } from './testing.js';

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator();
});
beforeEach(() => emulator.clear());
afterAll(() => emulator.stop());

it('stores and returns every type of value', async () => {
  const reference = emulator.admin.doc('images/one');
  const data = {
    text: 'Grüße 🌍',
    empty: '',
    zero: 0,
    negative: -7,
    large: Number.MAX_SAFE_INTEGER,
    fraction: 0.5,
    infinite: Infinity,
    yes: true,
    no: false,
    nothing: null,
    time: new Timestamp(1_700_000_000, 123_456_000),
    location: new GeoPoint(47.5, -8.25),
    reference: emulator.admin.doc('images/other'),
    list: [1, 'two', { three: [4] }, null],
    emptyList: [],
    map: { 'a.b': { c: 1 }, 'ü`': 2 },
    emptyMap: {},
  };
  const bytes = Buffer.from([0, 1, 254, 255]);
  await reference.set({ ...data, bytes, emptyBytes: Buffer.alloc(0) });
  const { bytes: stored, emptyBytes, ...rest } = (await reference.get()).data() ?? {};
  expect(rest).toEqual(data);
  expect(Buffer.from(stored as Uint8Array)).toEqual(bytes);
  expect((emptyBytes as Uint8Array).length).toBe(0);
});

it('distinguishes a missing document from an empty one', async () => {
  expect((await emulator.admin.doc('a/none').get()).exists).toBe(false);
  await emulator.admin.doc('a/empty').set({});
  expect((await emulator.admin.doc('a/empty').get()).data()).toEqual({});
});

it('merges, updates nested and quoted fields, deletes fields and documents', async () => {
  const document = emulator.admin.doc('a/b');
  await document.set({ keep: 1, nested: { x: 1, y: 2 } });
  await document.set({ nested: { z: 3 }, more: true }, { merge: true });
  await document.update({ 'nested.x': FieldValue.delete(), keep: 2 });
  await document.update(new FieldPath('odd.name', 'in side'), 5);
  expect((await document.get()).data()).toEqual({
    keep: 2,
    more: true,
    nested: { y: 2, z: 3 },
    'odd.name': { 'in side': 5 },
  });
  await document.delete();
  expect((await document.get()).exists).toBe(false);
});

it('applies transforms', async () => {
  const document = emulator.admin.doc('a/b');
  const start = Date.now();
  await document.set({ count: 1, tags: ['a', 'b'], at: FieldValue.serverTimestamp() });
  await document.update({
    count: FieldValue.increment(2.5),
    fresh: FieldValue.increment(3),
    tags: FieldValue.arrayUnion('b', 'c'),
  });
  await document.update({ tags: FieldValue.arrayRemove('a') });
  const { at, ...rest } = (await document.get()).data() ?? {};
  expect(rest).toEqual({ count: 3.5, fresh: 3, tags: ['b', 'c'] });
  expect((at as Timestamp).toMillis()).toBeGreaterThanOrEqual(start);
});

it('checks preconditions', async () => {
  const document = emulator.admin.doc('a/b');
  await expect(document.update({ x: 1 })).rejects.toMatchObject({ code: 5 });
  const { writeTime } = await document.create({ x: 1 });
  await expect(document.create({ x: 2 })).rejects.toMatchObject({ code: 6 });
  await expect(document.delete({ exists: true })).resolves.toBeDefined();
  await expect(document.delete({ exists: true })).rejects.toMatchObject({ code: 5 });
  await document.create({ x: 1 });
  const lastUpdateTime = writeTime;
  await expect(document.update({ x: 3 }, { lastUpdateTime })).rejects.toMatchObject({ code: 9 });
  const { updateTime } = await document.get();
  await document.update({ x: 3 }, { lastUpdateTime: updateTime as Timestamp });
  expect((await document.get()).get('x')).toBe(3);
});

it('assigns a distinct update time to every write, and keeps it when nothing changes', async () => {
  const document = emulator.admin.doc('a/b');
  const times = new Set<number>();
  for (let x = 0; x < 20; x += 1) times.add((await document.set({ x })).writeTime.toMillis());
  expect(times.size).toBe(20);
  const { writeTime } = await document.set({ x: 19 });
  const { updateTime } = await document.get();
  expect(writeTime.isEqual(updateTime as Timestamp)).toBe(true);
  expect(times.has(writeTime.toMillis())).toBe(true);
});

it('applies all writes of a batch or none', async () => {
  const { admin } = emulator;
  const good = admin.batch().set(admin.doc('a/1'), { x: 1 }).set(admin.doc('a/2'), { x: 2 });
  await good.commit();
  const bad = admin.batch().set(admin.doc('a/3'), { x: 3 }).update(admin.doc('a/none'), { x: 1 });
  await expect(bad.commit()).rejects.toMatchObject({ code: 5 });
  expect((await admin.collection('a').get()).docs.map(({ id }) => id)).toEqual(['1', '2']);
});

it('reports each failed write of a bulk writer', async () => {
  const writer = emulator.admin.bulkWriter();
  writer.onWriteError(() => false);
  const written = Array.from({ length: 50 }, (_, n) =>
    writer.set(emulator.admin.doc(`b/${n}`), { n }),
  );
  const failed = writer.update(emulator.admin.doc('b/none'), { n: 1 });
  const outcome = expect(failed).rejects.toMatchObject({ code: 5 });
  await writer.close();
  await Promise.all(written);
  await outcome;
  expect((await emulator.admin.collection('b').count().get()).data().count).toBe(50);
});

it('gets several documents in order, with a field mask', async () => {
  const { admin } = emulator;
  await admin.doc('a/1').set({ x: 1, y: { z: 2, w: 3 } });
  const snapshots = await admin.getAll(admin.doc('a/none'), admin.doc('a/1'), {
    fieldMask: ['y.z', 'none'],
  });
  expect(snapshots.map((snapshot) => snapshot.data())).toEqual([undefined, { y: { z: 2 } }]);
});

it('lists collections and documents, including missing parents', async () => {
  const { admin } = emulator;
  await admin.doc('a/1').set({});
  await admin.doc('a/missing/under/2').set({});
  await admin.doc('b/1').set({});
  const idsOf = (all: readonly { id: string }[]): string[] => all.map(({ id }) => id);
  expect(idsOf(await admin.listCollections())).toEqual(['a', 'b']);
  expect(idsOf(await admin.doc('a/missing').listCollections())).toEqual(['under']);
  expect(idsOf(await admin.collection('a').listDocuments())).toEqual(['1', 'missing']);
});

it('rejects documents that are too large', async () => {
  const huge = emulator.admin.doc('a/b').set({ text: 'x'.repeat(1_100_000) });
  await expect(huge).rejects.toMatchObject({ code: 3 });
});

it('separates projects and databases', async () => {
  await emulator.admin.doc('a/b').set({ x: 1 });
  const other = `${emulator.url}/v1/projects/demo-other/databases/(default)/documents/a/b`;
  const response = await fetch(other, { headers: { Authorization: 'Bearer owner' } });
  expect(response.status).toBe(404);
});
