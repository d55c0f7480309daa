/** The Node build of the full web SDK, which speaks gRPC: Listen and Write streams. */
import { deleteApp, type FirebaseApp, initializeApp } from 'firebase/app';
import {
  addDoc,
  collection,
  connectFirestoreEmulator,
  doc,
  type Firestore,
  getDoc,
  getDocs,
  initializeFirestore,
  query,
  setDoc,
  terminate,
  where,
} from 'firebase/firestore';
import { PROJECT, startTestEmulator, type TestEmulator } from '../testing.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /open/{document=**} { allow read, write; }
    match /mine/{id} { allow read, write: if request.auth.uid == id; }
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

/** A client of its own, with an own cache. */
function client(uid?: string): Firestore {
  const app = initializeApp({ projectId: PROJECT }, `app-${Math.random()}`);
  apps.push(app);
  const firestore = initializeFirestore(app, {});
  connectFirestoreEmulator(
    firestore,
    emulator.host,
    emulator.port,
    uid ? { mockUserToken: { sub: uid } } : {},
  );
  return firestore;
}

describe('the web SDK over gRPC', () => {
  it('reads and writes documents', async () => {
    const firestore = client();
    const reference = await addDoc(collection(firestore, 'open'), { n: 1 });
    expect((await getDoc(reference)).data()).toEqual({ n: 1 });
    await setDoc(doc(firestore, 'open/b'), { n: 2 });
    const found = await getDocs(query(collection(firestore, 'open'), where('n', '>', 0)));
    expect(found.docs.map((document) => document.get('n') as number).sort()).toEqual([1, 2]);
    await terminate(firestore);
  });
});
