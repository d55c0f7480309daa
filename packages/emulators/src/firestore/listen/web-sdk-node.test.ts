/** The Node build of the full web SDK, which speaks gRPC: Listen and Write streams. */
import { createMockUserToken } from '@firebase/util';
import { deleteApp, type FirebaseApp, initializeApp } from 'firebase/app';
import {
  addDoc,
  average,
  collection,
  collectionGroup,
  connectFirestoreEmulator,
  deleteDoc,
  disableNetwork,
  doc,
  type DocumentSnapshot,
  enableNetwork,
  type Firestore,
  getAggregateFromServer,
  getCountFromServer,
  getDoc,
  getDocFromServer,
  getDocs,
  initializeFirestore,
  limitToLast,
  onSnapshot,
  or,
  orderBy,
  query,
  type QuerySnapshot,
  runTransaction,
  serverTimestamp,
  setDoc,
  sum,
  terminate,
  updateDoc,
  waitForPendingWrites,
  where,
  writeBatch,
} from 'firebase/firestore';
import { PROJECT, startTestEmulator, type TestEmulator } from '../testing.js';
import { ChangingUser } from '../testing-user.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /open/{document=**} { allow read, write; }
    match /{path=**}/items/{id} { allow read, write; }
    match /mine/{id} { allow read, write: if request.auth.uid == resource.data.owner; }
    match /byId/{id} { allow read, write: if request.auth.uid == id; }
    match /listed/{id} { allow read: if get(/databases/$(database)/documents/open/list).data.isPublic; }
  }
}`;

let emulator: TestEmulator;
const apps: FirebaseApp[] = [];

beforeAll(async () => {
  emulator = await startTestEmulator(RULES);
});
beforeEach(() => emulator.clear());
afterEach(() => Promise.all(apps.splice(0).map((app) => deleteApp(app))));
afterAll(() => emulator.stop());

/** A client of its own, with a cache of its own. */
function client(mockUserToken?: string): Firestore {
  const app = initializeApp({ projectId: PROJECT }, `app-${Math.random()}`);
  apps.push(app);
  const firestore = initializeFirestore(app, {});
  connectFirestoreEmulator(
    firestore,
    emulator.host,
    emulator.port,
    mockUserToken ? { mockUserToken } : {},
  );
  return firestore;
}

/** What a listener receives, and a promise for what it must receive once. */
class Received<T> {
  readonly values: T[] = [];
  #waiting: { condition: (value: T) => boolean; resolve: (value: T) => void }[] = [];

  readonly next = (value: T): void => {
    this.values.push(value);
    this.#waiting = this.#waiting.filter(({ condition, resolve }) => {
      if (!condition(value)) return true;
      resolve(value);
      return false;
    });
  };

  /** The last value, or a later one, that meets a condition. */
  until(condition: (value: T) => boolean): Promise<T> {
    const last = this.values.at(-1);
    if (last !== undefined && condition(last)) return Promise.resolve(last);
    return new Promise((resolve) => this.#waiting.push({ condition, resolve }));
  }
}

const numbers = (snapshot: QuerySnapshot): number[] =>
  snapshot.docs.map((document) => document.get('n') as number);

describe('the web SDK over gRPC', () => {
  it('reads, writes and counts', async () => {
    const firestore = client();
    const open = collection(firestore, 'open');
    const reference = await addDoc(open, { n: 1 });
    expect((await getDoc(reference)).data()).toEqual({ n: 1 });
    expect((await getDoc(doc(firestore, 'open/missing'))).exists()).toBe(false);
    await setDoc(doc(firestore, 'open/b'), { n: 2, at: serverTimestamp() });
    const batch = writeBatch(firestore);
    batch.set(doc(firestore, 'open/c'), { n: 3 });
    batch.update(reference, { n: 0 });
    await batch.commit();
    const found = await getDocs(query(open, where('n', '>', 0), orderBy('n', 'desc')));
    expect([numbers(found), found.metadata.fromCache]).toEqual([[3, 2], false]);
    const either = query(open, or(where('n', '==', 0), where('n', '==', 3)));
    expect(numbers(await getDocs(either)).sort()).toEqual([0, 3]);
    const last = query(open, orderBy('n'), limitToLast(2));
    expect(numbers(await getDocs(last))).toEqual([2, 3]);
    expect((await getCountFromServer(open)).data().count).toBe(3);
    const totals = await getAggregateFromServer(open, { sum: sum('n'), average: average('n') });
    expect(totals.data()).toEqual({ sum: 5, average: 5 / 3 });
    await terminate(firestore);
  });

  it('runs transactions and reports the error of a write', async () => {
    const [ann, bob] = [client(), client()];
    await setDoc(doc(ann, 'open/counter'), { n: 0 });
    const increment = (firestore: Firestore) =>
      runTransaction(firestore, async (transaction) => {
        const counter = doc(firestore, 'open/counter');
        const n = (await transaction.get(counter)).get('n') as number;
        transaction.update(counter, { n: n + 1 });
      });
    await Promise.all([increment(ann), increment(bob), increment(ann)]);
    expect((await getDocFromServer(doc(bob, 'open/counter'))).get('n')).toBe(3);
    await expect(setDoc(doc(ann, 'byId/bob'), {})).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await expect(updateDoc(doc(ann, 'open/missing'), { n: 1 })).rejects.toMatchObject({
      code: 'not-found',
    });
    await setDoc(doc(ann, 'open/after'), { n: 1 });
  });

  it('shows an own write at once, then the one that the server has', async () => {
    const firestore = client();
    const reference = doc(firestore, 'open/a');
    const received = new Received<DocumentSnapshot>();
    const unsubscribe = onSnapshot(reference, { includeMetadataChanges: true }, received.next);
    await received.until(({ metadata }) => !metadata.fromCache);
    const written = setDoc(reference, { n: 1 });
    const local = await received.until((snapshot) => snapshot.get('n') === 1);
    expect(local.metadata.hasPendingWrites).toBe(true);
    await written;
    const stored = await received.until(({ metadata }) => !metadata.hasPendingWrites);
    expect([stored.get('n'), stored.metadata.fromCache]).toEqual([1, false]);
    // The same values: the document keeps its update time, and yet the write must be confirmed.
    await setDoc(reference, { n: 1 });
    await received.until(({ metadata }) => !metadata.hasPendingWrites);
    await deleteDoc(reference);
    await received.until((snapshot) => !snapshot.exists() && !snapshot.metadata.hasPendingWrites);
    unsubscribe();
  });

  it('follows a query, another client and the server', async () => {
    const [ann, bob] = [client(), client()];
    const received = new Received<QuerySnapshot>();
    const top = query(collection(ann, 'open'), where('n', '>', 0), orderBy('n'), limitToLast(2));
    const unsubscribe = onSnapshot(top, received.next);
    await received.until(({ metadata }) => !metadata.fromCache);
    await setDoc(doc(bob, 'open/a'), { n: 1 });
    await emulator.admin.doc('open/b').set({ n: 2 });
    await emulator.admin.doc('open/c').set({ n: 3 });
    await received.until((snapshot) => numbers(snapshot).join() === '2,3');
    await emulator.admin.doc('open/c').update({ n: 0 });
    await received.until((snapshot) => numbers(snapshot).join() === '1,2');
    await deleteDoc(doc(bob, 'open/a'));
    const last = await received.until((snapshot) => numbers(snapshot).join() === '2');
    expect(last.docChanges().map(({ type }) => type)).toEqual(['removed']);
    unsubscribe();
  });

  it('removes a document from a query without a snapshot from the cache', async () => {
    const firestore = client();
    await emulator.admin.doc('open/a').set({ n: 1 });
    const received = new Received<QuerySnapshot>();
    const positive = query(collection(firestore, 'open'), where('n', '>', 0));
    const unsubscribe = onSnapshot(positive, { includeMetadataChanges: true }, received.next);
    await received.until(({ size, metadata }) => size === 1 && !metadata.fromCache);
    const before = received.values.length;
    await emulator.admin.doc('open/a').set({ n: 0 });
    await received.until(({ size }) => size === 0);
    expect(received.values.slice(before).map(({ metadata }) => metadata.fromCache)).toEqual([
      false,
    ]);
    unsubscribe();
  });

  it('follows a collection group and many documents at once', async () => {
    const firestore = client();
    const group = new Received<QuerySnapshot>();
    const ends = [onSnapshot(collectionGroup(firestore, 'items'), group.next)];
    const single = Array.from({ length: 20 }, (_, n) => {
      const received = new Received<DocumentSnapshot>();
      ends.push(onSnapshot(doc(firestore, `open/x/items/${n}`), received.next));
      return received;
    });
    const batch = emulator.admin.batch();
    for (let n = 0; n < 20; n += 1) batch.set(emulator.admin.doc(`open/x/items/${n}`), { n });
    await batch.commit();
    await group.until(({ size }) => size === 20);
    await Promise.all(single.map((received) => received.until((snapshot) => snapshot.exists())));
    ends.forEach((end) => end());
  });

  it('goes offline and online again', async () => {
    const firestore = client();
    await setDoc(doc(firestore, 'open/a'), { n: 1 });
    await setDoc(doc(firestore, 'open/b'), { n: 2 });
    const received = new Received<QuerySnapshot>();
    const all = query(collection(firestore, 'open'), orderBy('n'));
    const unsubscribe = onSnapshot(all, { includeMetadataChanges: true }, received.next);
    await received.until(
      (snapshot) => numbers(snapshot).join() === '1,2' && !snapshot.metadata.fromCache,
    );
    await disableNetwork(firestore);
    await received.until(({ metadata }) => metadata.fromCache);
    const offline = setDoc(doc(firestore, 'open/d'), { n: 4 });
    await received.until((snapshot) => numbers(snapshot).join() === '1,2,4');
    await emulator.admin.doc('open/c').set({ n: 3 });
    await emulator.admin.doc('open/a').delete();
    await enableNetwork(firestore);
    await offline;
    await waitForPendingWrites(firestore);
    const last = await received.until(
      ({ metadata, size }) => !metadata.fromCache && !metadata.hasPendingWrites && size === 3,
    );
    expect(numbers(last)).toEqual([2, 3, 4]);
    unsubscribe();
  });
});

describe('rules for the web SDK over gRPC', () => {
  it('deny a listener, and only that', async () => {
    const firestore = client(createMockUserToken({ sub: 'ann' }, PROJECT));
    const denied = new Received<{ code: string }>();
    const allowed = new Received<DocumentSnapshot>();
    onSnapshot(collection(firestore, 'byId'), () => undefined, denied.next);
    onSnapshot(doc(firestore, 'byId/bob'), () => undefined, denied.next);
    const unsubscribe = onSnapshot(doc(firestore, 'byId/ann'), allowed.next);
    await denied.until(() => denied.values.length === 2);
    expect(denied.values.map(({ code }) => code)).toEqual([
      'permission-denied',
      'permission-denied',
    ]);
    await emulator.admin.doc('byId/ann').set({ n: 1 });
    await allowed.until((snapshot) => snapshot.get('n') === 1);
    unsubscribe();
  });

  it('end a listener when its document changes so that they deny it', async () => {
    const firestore = client(createMockUserToken({ sub: 'ann' }, PROJECT));
    await emulator.admin.doc('mine/a').set({ owner: 'ann' });
    const received = new Received<DocumentSnapshot>();
    const denied = new Received<{ code: string }>();
    onSnapshot(doc(firestore, 'mine/a'), received.next, denied.next);
    await received.until((snapshot) => snapshot.exists());
    await emulator.admin.doc('mine/a').set({ owner: 'bob' });
    expect(await denied.until(() => true)).toMatchObject({ code: 'permission-denied' });
    expect(received.values).toHaveLength(1);
  });

  it('judge a listener again when its document changes, not when another that they read does', async () => {
    const firestore = client();
    await emulator.admin.doc('open/list').set({ isPublic: true });
    const received = new Received<DocumentSnapshot>();
    const denied = new Received<{ code: string }>();
    onSnapshot(doc(firestore, 'listed/a'), received.next, denied.next);
    await received.until(({ metadata }) => !metadata.fromCache);
    const other = new Received<DocumentSnapshot>();
    const unsubscribe = onSnapshot(doc(firestore, 'open/list'), other.next);
    await emulator.admin.doc('open/list').set({ isPublic: false });
    await other.until((snapshot) => snapshot.get('isPublic') === false);
    expect(denied.values).toEqual([]);
    await emulator.admin.doc('listed/a').set({ n: 1 });
    expect(await denied.until(() => true)).toMatchObject({ code: 'permission-denied' });
    expect(received.values.every((snapshot) => !snapshot.exists())).toBe(true);
    unsubscribe();
  });

  it('follow the user who signs in and out while listeners are open', async () => {
    const app = initializeApp({ projectId: PROJECT }, 'changing-user');
    apps.push(app);
    const user = new ChangingUser(app);
    user.signIn('ann');
    const firestore = initializeFirestore(app, {});
    connectFirestoreEmulator(firestore, emulator.host, emulator.port);
    const own = new Received<DocumentSnapshot>();
    const open = new Received<DocumentSnapshot>();
    const denied = new Received<{ code: string }>();
    onSnapshot(doc(firestore, 'byId/ann'), own.next, denied.next);
    const unsubscribe = onSnapshot(doc(firestore, 'open/a'), open.next);
    await setDoc(doc(firestore, 'byId/ann'), { n: 1 });
    await own.until((snapshot) => snapshot.get('n') === 1);
    await open.until(({ metadata }) => !metadata.fromCache);
    user.signIn('bob');
    expect(await denied.until(() => true)).toMatchObject({ code: 'permission-denied' });
    await expect(setDoc(doc(firestore, 'byId/ann'), {})).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await setDoc(doc(firestore, 'byId/bob'), { n: 2 });
    await emulator.admin.doc('open/a').set({ n: 3 });
    await open.until((snapshot) => snapshot.get('n') === 3);
    user.signIn(null);
    await expect(getDocFromServer(doc(firestore, 'byId/bob'))).rejects.toMatchObject({
      code: 'permission-denied',
    });
    await emulator.admin.doc('open/a').set({ n: 4 });
    await open.until((snapshot) => snapshot.get('n') === 4);
    // What ann has seen is all that the denied listener received.
    expect(own.values.every((snapshot) => (snapshot.get('n') ?? 1) === 1)).toBe(true);
    unsubscribe();
  });
});
