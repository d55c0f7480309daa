/** The page of web-sdk.test.ts: each function uses the web SDK as an app does, and throws if it behaves otherwise. */
import { deleteApp, initializeApp, type FirebaseApp } from 'firebase/app';
import * as sdk from 'firebase/firestore';
import { ChangingUser } from '../../../packages/emulators/src/firestore/testing-user.js';

/** How the page connects. */
export interface Options {
  host: string;
  port: number;
  projectId: string;
  /** How responses arrive. */
  mode: 'streaming' | 'long polling' | 'auto-detect';
  /** Name of the collection that a row may use. */
  collection: string;
  /** Uid of the mock user; absent: signed out. */
  uid?: string;
  persistence?: 'multiple tabs';
}

interface Context {
  options: Options;
  db: sdk.Firestore;
  items: sdk.CollectionReference;
}

function equal(found: unknown, expected: unknown, what = 'value'): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(expected)];
  if (one !== other) throw new Error(`${what}: expected ${other}, found ${one}`);
}

/** The snapshots of a listener, in the order in which they came. */
class Snapshots<T> {
  readonly #all: T[] = [];
  #error: sdk.FirestoreError | undefined;
  #wake = (): void => undefined;
  #end: () => void = () => undefined;

  static ofQuery(query: sdk.Query, options: sdk.SnapshotListenOptions = {}) {
    const snapshots = new Snapshots<sdk.QuerySnapshot>();
    snapshots.#end = sdk.onSnapshot(query, options, snapshots.#next, snapshots.#fail);
    return snapshots;
  }

  static ofDocument(reference: sdk.DocumentReference, options: sdk.SnapshotListenOptions = {}) {
    const snapshots = new Snapshots<sdk.DocumentSnapshot>();
    snapshots.#end = sdk.onSnapshot(reference, options, snapshots.#next, snapshots.#fail);
    return snapshots;
  }

  #next = (snapshot: T): void => {
    this.#all.push(snapshot);
    this.#wake();
  };

  #fail = (error: sdk.FirestoreError): void => {
    this.#error = error;
    this.#wake();
  };

  get all(): readonly T[] {
    return this.#all;
  }

  /** Waits for the first snapshot that has a property. */
  async until(matches: (snapshot: T) => boolean): Promise<T> {
    for (let index = 0; ; index++) {
      const snapshot = this.#all[index];
      if (snapshot === undefined) {
        if (this.#error) throw this.#error;
        await new Promise<void>((resolve) => (this.#wake = resolve));
        index -= 1;
      } else if (matches(snapshot)) return snapshot;
    }
  }

  async error(): Promise<sdk.FirestoreError> {
    while (!this.#error) await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#error;
  }

  end(): void {
    this.#end();
  }
}

const idsOf = (snapshot: sdk.QuerySnapshot): string[] => snapshot.docs.map(({ id }) => id);

async function fill({ items }: Context, documents: Record<string, object>): Promise<void> {
  const batch = sdk.writeBatch(items.firestore);
  for (const [id, fields] of Object.entries(documents)) batch.set(sdk.doc(items, id), fields);
  await batch.commit();
}

const ROWS: Record<string, (context: Context) => Promise<void>> = {
  async 'getDoc asks the server'({ items }) {
    const one = sdk.doc(items, 'one');
    equal((await sdk.getDoc(one)).exists(), false);
    await sdk.setDoc(one, { n: 1 });
    const found = await sdk.getDocFromServer(one);
    equal([found.data(), found.metadata.fromCache], [{ n: 1 }, false]);
    equal((await sdk.getDoc(one)).metadata.hasPendingWrites, false);
  },

  async 'a listener sees its own write at once, then as acknowledged'({ items }) {
    const one = sdk.doc(items, 'one');
    const snapshots = Snapshots.ofDocument(one, { includeMetadataChanges: true });
    await snapshots.until(({ metadata }) => !metadata.fromCache);
    const written = sdk.setDoc(one, { n: 1, at: sdk.serverTimestamp() });
    const local = await snapshots.until((snapshot) => snapshot.exists());
    equal([local.metadata.hasPendingWrites, local.get('at')], [true, null]);
    await written;
    const stored = await snapshots.until(
      (snapshot) => snapshot.exists() && !snapshot.metadata.hasPendingWrites,
    );
    equal(stored.get('at') instanceof sdk.Timestamp, true);
    equal(stored.metadata.fromCache, false);
    await sdk.deleteDoc(one);
    await snapshots.until((snapshot) => snapshot !== stored && snapshots.all.indexOf(snapshot) > snapshots.all.indexOf(stored) && !snapshot.exists()); // prettier-ignore
    snapshots.end();
  },

  async 'a query’s listener gets added, modified and removed documents'({ items }) {
    const query = sdk.query(items, sdk.where('n', '>', 1), sdk.orderBy('n'));
    const snapshots = Snapshots.ofQuery(query);
    await snapshots.until(({ size }) => size === 0);
    await sdk.setDoc(sdk.doc(items, 'a'), { n: 2 });
    await snapshots.until((snapshot) => snapshot.docChanges()[0]?.type === 'added');
    await sdk.updateDoc(sdk.doc(items, 'a'), { n: 3 });
    await snapshots.until((snapshot) => snapshot.docChanges()[0]?.type === 'modified');
    await sdk.updateDoc(sdk.doc(items, 'a'), { n: 0 });
    await snapshots.until((snapshot) => snapshot.docChanges()[0]?.type === 'removed');
    snapshots.end();
  },

  async 'limits: a document comes in when another leaves'(context) {
    await fill(context, { a: { n: 1 }, b: { n: 2 }, c: { n: 3 }, d: { n: 4 } });
    const { items } = context;
    const first = Snapshots.ofQuery(sdk.query(items, sdk.orderBy('n'), sdk.limit(2)));
    const last = Snapshots.ofQuery(sdk.query(items, sdk.orderBy('n'), sdk.limitToLast(2)));
    equal(idsOf(await first.until(({ size }) => size === 2)), ['a', 'b']);
    equal(idsOf(await last.until(({ size }) => size === 2)), ['c', 'd']);
    await sdk.deleteDoc(sdk.doc(items, 'a'));
    await first.until((snapshot) => idsOf(snapshot).join() === 'b,c');
    await sdk.deleteDoc(sdk.doc(items, 'd'));
    await last.until((snapshot) => idsOf(snapshot).join() === 'b,c');
    first.end();
    last.end();
  },

  async 'cursors, or, in, not-in, array-contains'(context) {
    await fill(context, {
      a: { n: 1, tags: ['x'] },
      b: { n: 2, tags: ['y'] },
      c: { n: 3, tags: [] },
    });
    const { items } = context;
    const run = async (...parts: sdk.QueryConstraint[]) =>
      idsOf(await sdk.getDocsFromServer(sdk.query(items, ...parts)));
    equal(await run(sdk.orderBy('n'), sdk.startAfter(1), sdk.endAt(3)), ['b', 'c']);
    equal(await run(sdk.where('n', 'in', [1, 3])), ['a', 'c']);
    equal(await run(sdk.where('n', 'not-in', [1, 3])), ['b']);
    equal(await run(sdk.where('tags', 'array-contains-any', ['x', 'y'])), ['a', 'b']);
    const either = sdk.or(sdk.where('n', '==', 1), sdk.where('tags', 'array-contains', 'y'));
    equal(idsOf(await sdk.getDocsFromServer(sdk.query(items, either))), ['a', 'b']);
    const document = await sdk.getDoc(sdk.doc(items, 'b'));
    equal(await run(sdk.orderBy('n'), sdk.startAfter(document)), ['c']);
  },

  async 'collection groups and aggregates'({ items, options }) {
    const group = `${options.collection}-group`;
    await sdk.setDoc(sdk.doc(items, 'a', group, '1'), { n: 1 });
    await sdk.setDoc(sdk.doc(items, 'b', group, '2'), { n: 2 });
    const query = sdk.query(sdk.collectionGroup(items.firestore, group));
    const snapshots = Snapshots.ofQuery(query);
    equal(idsOf(await snapshots.until(({ size }) => size === 2)), ['1', '2']);
    snapshots.end();
    equal((await sdk.getCountFromServer(query)).data().count, 2);
    const found = await sdk.getAggregateFromServer(query, {
      sum: sdk.sum('n'),
      average: sdk.average('n'),
    });
    equal(found.data(), { sum: 3, average: 1.5 });
  },

  async 'transactions retry until they win'({ items }) {
    const counter = sdk.doc(items, 'counter');
    await sdk.setDoc(counter, { n: 0 });
    const add = () =>
      sdk.runTransaction(items.firestore, async (transaction) => {
        const n = (await transaction.get(counter)).get('n') as number;
        transaction.update(counter, { n: n + 1 });
      });
    await Promise.all([add(), add(), add()]);
    equal((await sdk.getDocFromServer(counter)).get('n'), 3);
  },

  async 'a batch is applied as a whole, or fails as a whole'({ items }) {
    const batch = sdk.writeBatch(items.firestore);
    batch.set(sdk.doc(items, 'a'), { n: 1 });
    batch.update(sdk.doc(items, 'missing'), { n: 1 });
    const code = await batch.commit().then(
      () => 'committed',
      (error: sdk.FirestoreError) => error.code,
    );
    equal(code, 'not-found');
    equal((await sdk.getDocFromServer(sdk.doc(items, 'a'))).exists(), false);
  },

  async transforms({ items }) {
    const one = sdk.doc(items, 'one');
    await sdk.setDoc(one, { n: 1, list: [1] });
    await sdk.updateDoc(one, {
      n: sdk.increment(2),
      list: sdk.arrayUnion(1, 2),
      'map.deep': sdk.serverTimestamp(),
    });
    const found = await sdk.getDocFromServer(one);
    equal([found.get('n'), found.get('list')], [3, [1, 2]]);
    equal(found.get('map.deep') instanceof sdk.Timestamp, true);
  },

  async 'a document that rules hide is permission-denied, and others go on'({ db, items }) {
    const hidden = Snapshots.ofDocument(sdk.doc(db, 'hidden/one'));
    const open = Snapshots.ofQuery(sdk.query(items));
    equal((await hidden.error()).code, 'permission-denied');
    await sdk.setDoc(sdk.doc(items, 'a'), { n: 1 });
    await open.until(({ size }) => size === 1);
    open.end();
    const code = await sdk.setDoc(sdk.doc(db, 'hidden/one'), {}).then(
      () => 'written',
      (error: sdk.FirestoreError) => error.code,
    );
    equal(code, 'permission-denied');
  },

  async 'the signed-in user reads their own document'({ db, options }) {
    const own = sdk.doc(db, 'users', options.uid ?? '');
    await sdk.setDoc(own, { n: 1 });
    const snapshots = Snapshots.ofDocument(own);
    equal((await snapshots.until((snapshot) => snapshot.exists())).get('n'), 1);
    snapshots.end();
    const other = Snapshots.ofDocument(sdk.doc(db, 'users/somebody-else'));
    equal((await other.error()).code, 'permission-denied');
  },

  async 'offline and online again'({ db, items }) {
    const snapshots = Snapshots.ofQuery(sdk.query(items), { includeMetadataChanges: true });
    await snapshots.until(({ metadata }) => !metadata.fromCache);
    await sdk.disableNetwork(db);
    const written = sdk.setDoc(sdk.doc(items, 'a'), { n: 1 });
    const offline = await snapshots.until(({ size }) => size === 1);
    equal(offline.metadata, { hasPendingWrites: true, fromCache: true });
    await sdk.enableNetwork(db);
    await written;
    await snapshots.until(
      ({ size, metadata }) => size === 1 && !metadata.fromCache && !metadata.hasPendingWrites,
    );
    snapshots.end();
  },

  async '20 listeners on missing documents see their creation'({ items, options }) {
    for (let round = 0; round < 5; round++) {
      const references = Array.from({ length: 20 }, (_, index) =>
        sdk.doc(items, `round${round}-${index}`),
      );
      const listeners = references.map((reference) => Snapshots.ofDocument(reference));
      // Created by another client while the listeners start.
      const other = connect(`${options.collection}-other-${round}`);
      const writes = references.map((reference, n) =>
        sdk.setDoc(sdk.doc(other.db, reference.path), { n }),
      );
      await Promise.all(writes);
      for (const [index, listener] of listeners.entries()) {
        const created = await listener.until((snapshot) => snapshot.exists());
        equal(created.get('n'), index);
        equal(listener.all.filter((snapshot) => snapshot.exists()).length, 1, 'snapshots');
        listener.end();
      }
      await deleteApp(other.app);
    }
  },

  async 'the user signs in and out while listeners are open'({ items, options }) {
    const { app, user, db } = connectUser(`${options.collection}-user`);
    user.signIn('alice');
    const own = Snapshots.ofDocument(sdk.doc(db, 'users', 'alice'));
    const open = Snapshots.ofDocument(sdk.doc(db, items.path, 'one'));
    await sdk.setDoc(sdk.doc(db, 'users', 'alice'), { n: 1 });
    await own.until((snapshot) => snapshot.get('n') === 1);
    await open.until(({ metadata }) => !metadata.fromCache);
    user.signIn('bob');
    equal((await own.error()).code, 'permission-denied');
    await sdk.setDoc(sdk.doc(items, 'one'), { n: 2 });
    await open.until((snapshot) => snapshot.get('n') === 2);
    await sdk.setDoc(sdk.doc(db, 'users', 'bob'), { n: 3 });
    user.signIn(null);
    const denied = await sdk.getDocFromServer(sdk.doc(db, 'users', 'bob')).catch((error: unknown) => error); // prettier-ignore
    equal((denied as sdk.FirestoreError).code, 'permission-denied');
    await sdk.setDoc(sdk.doc(items, 'one'), { n: 4 });
    await open.until((snapshot) => snapshot.get('n') === 4);
    open.end();
    await deleteApp(app);
  },

  async 'a large document and many changes'({ items }) {
    const snapshots = Snapshots.ofQuery(sdk.query(items), { includeMetadataChanges: true });
    await snapshots.until(({ size }) => size === 0);
    await sdk.setDoc(sdk.doc(items, 'large'), { text: 'äöü€😀'.repeat(60_000) });
    const [large] = (await snapshots.until(({ size }) => size === 1)).docs;
    equal((large?.get('text') as string).length, 360_000);
    const writes = Array.from({ length: 200 }, (_, n) =>
      sdk.setDoc(sdk.doc(items, `small${n}`), { n }),
    );
    await Promise.all(writes);
    await snapshots.until(({ size, metadata }) => size === 201 && !metadata.hasPendingWrites);
    snapshots.end();
  },
};

let current: Options | undefined;

function connect(name: string): { app: FirebaseApp; db: sdk.Firestore } {
  const options = current as Options;
  const app = initializeApp({ projectId: options.projectId, apiKey: 'none' }, name);
  const db = sdk.initializeFirestore(app, {
    ...(options.mode === 'long polling' && { experimentalForceLongPolling: true }),
    ...(options.mode === 'streaming' && { experimentalAutoDetectLongPolling: false }),
    ...(options.persistence && {
      localCache: sdk.persistentLocalCache({ tabManager: sdk.persistentMultipleTabManager() }),
    }),
  });
  sdk.connectFirestoreEmulator(db, options.host, options.port, {
    ...(options.uid !== undefined && { mockUserToken: { sub: options.uid } }),
  });
  return { app, db };
}

/** A client whose user changes. */
function connectUser(name: string): { app: FirebaseApp; user: ChangingUser; db: sdk.Firestore } {
  const { host, port, projectId, mode } = current as Options;
  const app = initializeApp({ projectId, apiKey: 'none' }, name);
  const user = new ChangingUser(app);
  const db = sdk.initializeFirestore(app, {
    ...(mode === 'long polling' && { experimentalForceLongPolling: true }),
    ...(mode === 'streaming' && { experimentalAutoDetectLongPolling: false }),
  });
  sdk.connectFirestoreEmulator(db, host, port);
  return { app, user, db };
}

/** Runs one row with an app of its own. */
async function run(row: string, options: Options): Promise<void> {
  current = options;
  const { app, db } = connect(options.collection);
  try {
    await ROWS[row]?.({ options, db, items: sdk.collection(db, options.collection) });
  } finally {
    if (options.persistence === undefined) await deleteApp(app);
  }
}

Object.assign(window, {
  rows: Object.keys(ROWS),
  runRow: run,
  sdk,
  connectPage(options: Options) {
    current = options;
    Object.assign(window, { db: connect('page').db });
  },
});
