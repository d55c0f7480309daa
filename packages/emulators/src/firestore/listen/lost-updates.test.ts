/**
 * For a document that does not exist, the web SDK remembers a delete at the read time of the
 * snapshot, and ignores an earlier creation that comes later.
 */
import { deleteApp, initializeApp } from 'firebase/app';
import {
  collection,
  connectFirestoreEmulator,
  doc,
  type Firestore,
  initializeFirestore,
  onSnapshot,
  query,
  setDoc,
  terminate,
  where,
} from 'firebase/firestore';
import { PROJECT, startTestEmulator, type TestEmulator } from '../testing.js';

const LISTENERS = 20;
const ROUNDS = 20;
const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents { match /{document=**} { allow read, write; } }
}`;

let emulator: TestEmulator;
let reader: Firestore;
let writer: Firestore;
const apps = ['reader', 'writer'].map((name) => initializeApp({ projectId: PROJECT }, name));

beforeAll(async () => {
  emulator = await startTestEmulator(RULES);
  [reader, writer] = apps.map((app) => {
    const firestore = initializeFirestore(app, {});
    connectFirestoreEmulator(firestore, emulator.host, emulator.port);
    return firestore;
  }) as [Firestore, Firestore];
});
afterAll(async () => {
  await Promise.all([terminate(reader), terminate(writer)]);
  await Promise.all(apps.map((app) => deleteApp(app)));
  await emulator.stop();
});

/** Counts how often each document was seen to exist. `settled` resolves when each was seen. */
class Sightings {
  readonly counts = new Map<string, number>();
  #resolve: () => void = () => undefined;
  readonly settled = new Promise<void>((resolve) => (this.#resolve = resolve));

  add(path: string, size: number): void {
    this.counts.set(path, (this.counts.get(path) ?? 0) + 1);
    if (this.counts.size === size) this.#resolve();
  }
}

async function round(
  paths: string[],
  create: (path: string) => Promise<unknown>,
): Promise<Sightings> {
  const sightings = new Sightings();
  const written: Promise<unknown>[] = [];
  const ends = paths.map((path, index) => {
    // Some documents are created before their listener, some with it, some when it has answered.
    if (index % 3 === 0) written.push(create(path));
    let isFirst = true;
    const end = onSnapshot(doc(reader, path), (snapshot) => {
      if (snapshot.exists()) sightings.add(path, paths.length);
      if (isFirst && index % 3 === 2) written.push(create(path));
      isFirst = false;
    });
    if (index % 3 === 1) written.push(create(path));
    return end;
  });
  // Another target on the same stream, whose snapshots have read times of their own.
  const others = query(collection(reader, 'other'), where('n', '==', 1));
  ends.push(onSnapshot(others, () => undefined));
  await sightings.settled;
  await Promise.all(written);
  ends.forEach((end) => end());
  return sightings;
}

it.each([
  ['the Admin SDK', (path: string) => emulator.admin.doc(path).set({ path })],
  ['another client', (path: string) => setDoc(doc(writer, path), { path })],
])(
  `loses and doubles no document that %s creates`,
  async (name, create) => {
    for (let number = 0; number < ROUNDS; number += 1) {
      const paths = Array.from({ length: LISTENERS }, (_, n) => `c/${name}-${number}-${n}`);
      const { counts } = await round(paths, create);
      expect(paths.map((path) => counts.get(path))).toEqual(paths.map(() => 1));
    }
  },
  120_000,
);
