import { deleteApp, initializeApp, type FirebaseApp } from 'firebase/app';
import {
  addDoc,
  Bytes,
  collection,
  collectionGroup,
  connectFirestoreEmulator,
  deleteDoc,
  doc,
  getCount,
  getDoc,
  getDocs,
  getFirestore,
  increment,
  limit,
  orderBy,
  query,
  runTransaction,
  serverTimestamp,
  setLogLevel,
  setDoc,
  terminate,
  Timestamp,
  updateDoc,
  where,
  writeBatch,
  type Firestore,
  type Query,
} from 'firebase/firestore/lite';
import { PROJECT, startTestEmulator, type TestEmulator } from '../testing.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /users/{uid}/images/{image} {
      allow read: if request.auth.uid == uid;
    }
    match /{all=**}/images/{image} {
      allow list: if request.auth.token.admin == true;
    }
    match /posts/{post} {
      allow get: if resource.data.public == true || resource.data.owner == request.auth.uid;
      allow list: if resource.data.public == true && request.query.limit <= 10;
      allow create: if request.resource.data.owner == request.auth.uid
        && request.resource.data.at == request.time && request.resource.id == post;
      allow update: if resource.data.owner == request.auth.uid
        && request.resource.data.likes == resource.data.likes + 1;
      allow delete: if request.resource == null && resource.data.owner == request.auth.uid;
    }
    match /members/{uid} {
      allow read, write: if request.auth.uid == uid
        && getAfter(/databases/$(database)/documents/groups/$(request.resource.data.group)).data.open;
    }
    match /groups/{group} {
      allow get: if exists(/databases/$(database)/documents/members/$(request.auth.uid));
      allow create: if request.auth != null;
    }
    match /tagged/{tagged} { allow list: if 'a' in resource.data.tags; }
    match /exact/{exact} { allow write: if request.resource.data.size() == 1; }
    match /anything/{document=**} { allow read, write; }
  }
}`;

let emulator: TestEmulator;
const apps: FirebaseApp[] = [];

/** A lite SDK, signed in if there is a user ID. */
function client(uid?: string, claims: object = {}): Firestore {
  const app = initializeApp({ projectId: PROJECT }, `client-${apps.length}`);
  apps.push(app);
  const firestore = getFirestore(app);
  const mockUserToken = { sub: uid ?? '', user_id: uid ?? '', ...claims };
  const options = uid === undefined ? {} : { mockUserToken };
  connectFirestoreEmulator(firestore, emulator.host, emulator.port, options);
  return firestore;
}

beforeAll(async () => {
  emulator = await startTestEmulator(RULES);
});
beforeEach(() => emulator.clear());
afterAll(async () => {
  for (const app of apps) await terminate(getFirestore(app)).then(() => deleteApp(app));
  await emulator.stop();
});

setLogLevel('silent');

const denied = { code: 'permission-denied' };

async function ids(query: Query): Promise<string> {
  return (await getDocs(query)).docs.map(({ id }) => id).join(' ');
}

it('returns documents that the rules allow and denies others', async () => {
  await emulator.admin.doc('users/ann/images/1').set({ n: 1 });
  const path = 'users/ann/images/1';
  expect((await getDoc(doc(client('ann'), path))).data()).toEqual({ n: 1 });
  await expect(getDoc(doc(client('bob'), path))).rejects.toMatchObject(denied);
  await expect(getDoc(doc(client(), path))).rejects.toMatchObject(denied);
  const missing = await getDoc(doc(client('ann'), 'users/ann/images/none'));
  expect(missing.exists()).toBe(false);
  await expect(getDoc(doc(client('ann'), 'elsewhere/1'))).rejects.toMatchObject(denied);
});

it('evaluates the rules with the requested document', async () => {
  await emulator.admin.doc('posts/open').set({ public: true });
  await emulator.admin.doc('posts/mine').set({ public: false, owner: 'ann' });
  expect((await getDoc(doc(client(), 'posts/open'))).exists()).toBe(true);
  expect((await getDoc(doc(client('ann'), 'posts/mine'))).exists()).toBe(true);
  await expect(getDoc(doc(client(), 'posts/mine'))).rejects.toMatchObject(denied);
  // A missing document has no data, so the condition is an error.
  await expect(getDoc(doc(client(), 'posts/none'))).rejects.toMatchObject(denied);
});

it('evaluates the rules with the document after the write', async () => {
  const ann = client('ann');
  const post = doc(ann, 'posts/1');
  await setDoc(post, { owner: 'ann', likes: 0, at: serverTimestamp() });
  await expect(
    setDoc(doc(ann, 'posts/2'), { owner: 'bob', at: serverTimestamp() }),
  ).rejects.toMatchObject(denied);
  await expect(
    setDoc(doc(ann, 'posts/2'), { owner: 'ann', at: Timestamp.now() }),
  ).rejects.toMatchObject(denied);
  await updateDoc(post, { likes: increment(1) });
  await expect(updateDoc(post, { likes: increment(2) })).rejects.toMatchObject(denied);
  await expect(updateDoc(post, { likes: 7 })).rejects.toMatchObject(denied);
  await expect(deleteDoc(doc(client('bob'), 'posts/1'))).rejects.toMatchObject(denied);
  expect((await emulator.admin.doc('posts/1').get()).get('likes')).toBe(1);
  await deleteDoc(post);
  expect((await emulator.admin.doc('posts/1').get()).exists).toBe(false);
});

it('evaluates each write independently of earlier ones', async () => {
  const exact = doc(client(), 'exact/1');
  await setDoc(exact, { a: 1 });
  await expect(setDoc(exact, { b: 1 }, { merge: true })).rejects.toMatchObject(denied);
  await emulator.admin.doc('exact/1').delete();
  await setDoc(exact, { b: 1 }, { merge: true });
  expect((await emulator.admin.doc('exact/1').get()).data()).toEqual({ b: 1 });
});

it('denies a whole batch for one denied write, and applies all writes for getAfter', async () => {
  const ann = client('ann');
  const both = writeBatch(ann);
  both.set(doc(ann, 'groups/blue'), { open: true });
  both.set(doc(ann, 'members/ann'), { group: 'blue' });
  await both.commit();
  const bad = writeBatch(ann);
  bad.set(doc(ann, 'anything/1'), {});
  bad.set(doc(ann, 'members/bob'), { group: 'blue' });
  await expect(bad.commit()).rejects.toMatchObject(denied);
  expect((await emulator.admin.doc('anything/1').get()).exists).toBe(false);
  expect((await getDoc(doc(ann, 'groups/blue'))).exists()).toBe(true);
  await expect(getDoc(doc(client('bob'), 'groups/blue'))).rejects.toMatchObject(denied);
});

it('allows a query only when every possible result is allowed', async () => {
  const ann = client('ann');
  const posts = collection(ann, 'posts');
  const open = query(posts, where('public', '==', true), limit(5));
  expect(await ids(open)).toBe('');
  await emulator.admin.doc('posts/1').set({ public: true, n: 1 });
  expect(await ids(open)).toBe('1');
  await expect(ids(query(posts, limit(5)))).rejects.toMatchObject(denied);
  await expect(ids(query(posts, where('public', '==', false), limit(5)))).rejects.toMatchObject(
    denied,
  );
  await expect(ids(query(posts, where('public', '==', true), limit(50)))).rejects.toMatchObject(
    denied,
  );
  expect((await getCount(open)).data().count).toBe(1);
  await expect(getCount(query(posts, limit(5)))).rejects.toMatchObject(denied);
});

it('allows a query whose filters prove the rules, whatever it finds', async () => {
  const tagged = (tag: string): Query =>
    query(collection(client(), 'tagged'), where('tags', 'array-contains', tag));
  await emulator.admin.doc('tagged/1').set({ tags: ['a', 'b'] });
  expect(await ids(tagged('a'))).toBe('1');
  await expect(ids(tagged('b'))).rejects.toMatchObject(denied);
  await expect(ids(tagged('none'))).rejects.toMatchObject(denied);
});

it('allows a collection group query only with a rule for collection groups', async () => {
  await emulator.admin.doc('users/ann/images/2').set({ n: 2 });
  await emulator.admin.doc('users/ann/images/1').set({ n: 1 });
  const mine = (db: Firestore): Query => query(collection(db, 'users/ann/images'), orderBy('n'));
  expect(await ids(mine(client('ann')))).toBe('1 2');
  await expect(ids(mine(client('bob')))).rejects.toMatchObject(denied);
  await expect(ids(collectionGroup(client('ann'), 'images'))).rejects.toMatchObject(denied);
  expect(await ids(collectionGroup(client('root', { admin: true }), 'images'))).toBe('1 2');
});

it('stores and returns every type of value', async () => {
  const reference = doc(client(), 'anything/1');
  const data = {
    f: 0.5,
    i: -3,
    n: null,
    t: new Timestamp(1_700_000_000, 5_000_000),
    l: [[1]].flat(),
  };
  await setDoc(reference, { ...data, b: Bytes.fromUint8Array(Uint8Array.of(0, 255)), nan: NaN });
  const { b, nan, ...rest } = (await getDoc(reference)).data() ?? {};
  expect(rest).toEqual(data);
  expect((b as Bytes).toUint8Array()).toEqual(Uint8Array.of(0, 255));
  expect(nan).toBeNaN();
});

it('runs transactions that only read some documents', async () => {
  const db = client();
  await setDoc(doc(db, 'anything/read'), { n: 5 });
  const add = (): Promise<void> =>
    runTransaction(db, async (transaction) => {
      const read = await transaction.get(doc(db, 'anything/read'));
      const sum = await transaction.get(doc(db, 'anything/sum'));
      const before = (sum.data()?.['n'] as number | undefined) ?? 0;
      transaction.set(sum.ref, { n: before + (read.data()?.['n'] as number) });
    });
  await Promise.all([add(), add()]);
  expect((await emulator.admin.doc('anything/sum').get()).get('n')).toBe(10);
  let attempts = 0;
  await runTransaction(db, async (transaction) => {
    attempts += 1;
    const read = await transaction.get(doc(db, 'anything/read'));
    if (attempts === 1) await emulator.admin.doc('anything/read').set({ n: 6 });
    transaction.set(doc(db, 'anything/copy'), { n: read.data()?.['n'] as number });
  });
  expect(attempts).toBe(2);
  expect((await emulator.admin.doc('anything/copy').get()).get('n')).toBe(6);
});

it('adds documents and updates only existing ones', async () => {
  const db = client();
  const { id } = await addDoc(collection(db, 'anything/1/more'), { n: 1 });
  expect((await emulator.admin.doc(`anything/1/more/${id}`).get()).get('n')).toBe(1);
  await expect(updateDoc(doc(db, 'anything/none'), { n: 1 })).rejects.toMatchObject({
    code: 'not-found',
  });
});

it('applies new rules immediately, and keeps the previous ones when the new ones are invalid', async () => {
  await emulator.admin.doc('users/ann/images/1').set({ n: 1 });
  const read = (): Promise<unknown> => getDoc(doc(client('bob'), 'users/ann/images/1'));
  await expect(read()).rejects.toMatchObject(denied);
  const put = async (content: string): Promise<unknown> => {
    const body = JSON.stringify({ rules: { files: [{ name: 'firestore.rules', content }] } });
    const url = `${emulator.url}/emulator/v1/projects/${PROJECT}:securityRules`;
    return (await fetch(url, { method: 'PUT', body })).json();
  };
  expect(await put(RULES.replace('request.auth.uid == uid;', 'true;'))).toEqual({});
  await expect(read()).resolves.toBeDefined();
  expect(await put('service cloud.firestore {\n  match /a { allow read: if ; }\n}')).toMatchObject({
    error: { code: 400, message: expect.stringMatching(/L2:\d+ expected/) as string },
  });
  await expect(read()).resolves.toBeDefined();
  expect(emulator.loadRules({ source: RULES, file: 'firestore.rules' })).toEqual([]);
  await expect(read()).rejects.toMatchObject(denied);
});
