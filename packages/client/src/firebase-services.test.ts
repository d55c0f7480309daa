import { deleteApp, initializeApp } from 'firebase/app';
import { getFirestore } from 'firebase/firestore';
import { getFirestore as getLite } from 'firebase/firestore/lite';
import { getStorage } from 'firebase/storage';
import { createImages as createLite } from './firebase-lite.js';
import { openServices, type FirebaseServices } from './firebase-services.js';
import { createImages } from './firebase.js';

const app = initializeApp({ apiKey: 'x', projectId: 'demo-app', storageBucket: 'demo-app' });
const auth = { currentUser: { uid: 'alice' } } as FirebaseServices['auth'];
const services = { auth, storage: getStorage(app), baseUrl: '/i' };
afterAll(() => deleteApp(app));

test('each entry takes its own Firestore, and names the other entry for the other one', () => {
  expect(() => createImages({ ...services, firestore: getFirestore(app) })).not.toThrow();
  expect(() => createLite({ ...services, firestore: getLite(app) })).not.toThrow();
  expect(() => createImages({ ...services, firestore: getLite(app) })).toThrow(
    new TypeError(
      'Expected a Firestore of type "firestore", found "firestore-lite": ' +
        'import createImages from storage-public-variants-client/firebase-lite',
    ),
  );
  expect(() => createLite({ ...services, firestore: getFirestore(app) })).toThrow(
    new TypeError(
      'Expected a Firestore of type "firestore-lite", found "firestore": ' +
        'import createImages from storage-public-variants-client/firebase',
    ),
  );
});

test('the user is the one who is signed in now', () => {
  const changing = { currentUser: null } as FirebaseServices['auth'];
  const { uid } = openServices({ ...services, auth: changing });
  expect(uid()).toBeUndefined();
  Object.assign(changing, { currentUser: { uid: 'bob' } });
  expect(uid()).toBe('bob');
});

test('sharing without `functions` says what is missing', async () => {
  const { call } = openServices(services);
  await expect(call({})).rejects.toThrow('pass getFunctions(app, region)');
});
