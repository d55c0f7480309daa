/** `@firebase/rules-unit-testing` with the Firestore emulator, as a project's own rules tests use it. */
import {
  assertFails,
  assertSucceeds,
  initializeTestEnvironment,
  type RulesTestEnvironment,
  type TokenOptions,
} from '@firebase/rules-unit-testing';
import { serverTimestamp, setLogLevel } from 'firebase/firestore';
import { startTestEmulator, type TestEmulator } from './testing.js';

const RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    function isMember(group) {
      return exists(/databases/$(database)/documents/groups/$(group)/members/$(request.auth.uid));
    }
    match /users/{uid} {
      allow read: if request.auth != null;
      allow create, update: if request.auth.uid == uid
        && request.resource.data.keys().hasOnly(['name', 'at'])
        && request.resource.data.at == request.time;
    }
    match /groups/{group} {
      allow get: if isMember(group);
      match /messages/{message} {
        allow read: if isMember(group);
        allow create: if isMember(group) && request.auth.token.email_verified == true;
      }
    }
    match /notes/{note} {
      allow read, delete: if resource.data.owner == request.auth.uid;
      allow create: if request.resource.data.owner == request.auth.uid;
    }
  }
}`;
const CLOSED = `rules_version = '2'; service cloud.firestore {
  match /databases/{database}/documents/{document=**} { allow read, write: if false; } }`;

let emulator: TestEmulator;
const environments: RulesTestEnvironment[] = [];

setLogLevel('silent');

/** Without rules, the emulator's own apply. */
async function environment(projectId: string, rules?: string): Promise<RulesTestEnvironment> {
  const { host, port } = emulator;
  const created = await initializeTestEnvironment({
    projectId,
    firestore: { host, port, ...(rules !== undefined && { rules }) },
  });
  environments.push(created);
  return created;
}

beforeAll(async () => {
  emulator = await startTestEmulator(CLOSED);
});
afterEach(async () => {
  for (const created of environments.splice(0)) {
    await created.clearFirestore();
    await created.cleanup();
  }
});
afterAll(() => emulator.stop());

it('judges gets, lists, writes and listeners of users by rules from a string', async () => {
  const test = await environment('demo-one', RULES);
  const ann = test.authenticatedContext('ann').firestore();
  const nobody = test.unauthenticatedContext().firestore();
  const at = serverTimestamp();
  await assertSucceeds(ann.doc('users/ann').set({ name: 'Ann', at }));
  await assertFails(ann.doc('users/bob').set({ name: 'Bob', at }));
  await assertFails(ann.doc('users/ann').set({ name: 'Ann', at, admin: true }));
  await assertFails(ann.doc('users/ann').delete());
  const read = await assertSucceeds(ann.doc('users/ann').get());
  expect(read.get('name')).toBe('Ann');
  await assertFails(nobody.doc('users/ann').get());
  await assertSucceeds(ann.collection('users').get());
  await assertFails(nobody.collection('users').get());
  await assertFails(ann.doc('elsewhere/1').get());

  await assertSucceeds(ann.doc('notes/1').set({ owner: 'ann', text: 'x' }));
  const mine = await assertSucceeds(ann.collection('notes').where('owner', '==', 'ann').get());
  expect(mine.docs.map(({ id }) => id)).toEqual(['1']);
  await assertFails(ann.collection('notes').get());
  // A new client: the first snapshot of a client that has read the note comes from its cache.
  const again = test.authenticatedContext('ann').firestore();
  await assertFails(
    new Promise((resolve, reject) => {
      again.collection('notes').onSnapshot(resolve, reject);
    }),
  );
  await assertSucceeds(
    new Promise((resolve, reject) => {
      again.collection('notes').where('owner', '==', 'ann').onSnapshot(resolve, reject);
    }),
  );
});

it('gives users the claims of the token options', async () => {
  const test = await environment('demo-one', RULES);
  await test.withSecurityRulesDisabled(async (context) => {
    await context.firestore().doc('groups/g/members/ann').set({});
  });
  const messages = (claims: TokenOptions) =>
    test.authenticatedContext('ann', claims).firestore().collection('groups/g/messages');
  await assertSucceeds(messages({ email_verified: true }).add({ text: 'x' }));
  await assertFails(messages({ email_verified: false }).add({ text: 'x' }));
  await assertFails(messages({}).add({ text: 'x' }));
  const bob = test.authenticatedContext('bob').firestore();
  await assertFails(bob.doc('groups/g').get());
});

it('disables the rules for a while', async () => {
  const test = await environment('demo-one', CLOSED);
  await test.withSecurityRulesDisabled(async (context) => {
    await context.firestore().doc('any/1').set({ n: 1 });
    expect((await context.firestore().doc('any/1').get()).data()).toEqual({ n: 1 });
    expect((await context.firestore().collection('any').get()).size).toBe(1);
    expect((await context.firestore().collectionGroup('any').get()).size).toBe(1);
  });
  await assertFails(test.unauthenticatedContext().firestore().doc('any/1').get());
});

it('judges batches and transactions', async () => {
  const test = await environment('demo-one', RULES);
  const ann = test.authenticatedContext('ann').firestore();
  const batch = ann.batch();
  batch.set(ann.doc('notes/1'), { owner: 'ann' });
  batch.set(ann.doc('notes/2'), { owner: 'bob' });
  await assertFails(batch.commit());
  await assertSucceeds(ann.doc('notes/1').set({ owner: 'ann' }));
  await assertSucceeds(
    ann.runTransaction(async (transaction) => {
      const note = await transaction.get(ann.doc('notes/1'));
      transaction.delete(note.ref);
    }),
  );
  await assertFails(ann.runTransaction((transaction) => transaction.get(ann.doc('notes/none'))));
});

it('separates the rules and the documents of projects', async () => {
  const [open, closed, unset] = [
    await environment('demo-open', CLOSED.replace('false', 'true')),
    await environment('demo-closed', CLOSED),
    await environment('demo-unset'),
  ];
  const documentOf = (test: RulesTestEnvironment) =>
    test.unauthenticatedContext().firestore().doc('any/1');
  await assertSucceeds(documentOf(open).set({ n: 1 }));
  await assertFails(documentOf(closed).set({ n: 1 }));
  await assertFails(documentOf(unset).set({ n: 1 }));
  await closed.withSecurityRulesDisabled(async (context) => {
    expect((await context.firestore().doc('any/1').get()).exists).toBe(false);
  });
});

it('applies rules that are set a second time, and deletes all documents', async () => {
  await environment('demo-one', CLOSED);
  const test = await environment('demo-one', CLOSED.replace('false', 'true'));
  const anyone = test.unauthenticatedContext().firestore();
  await assertSucceeds(anyone.doc('any/1').set({ n: 1 }));
  await assertSucceeds(anyone.doc('any/1/deep/2').set({ n: 1 }));
  await test.clearFirestore();
  expect((await anyone.doc('any/1').get()).exists).toBe(false);
  expect((await anyone.collectionGroup('deep').get()).size).toBe(0);
});

it('refuses rules with an error, with its line, and keeps the previous ones', async () => {
  const test = await environment('demo-one', CLOSED);
  await expect(
    environment('demo-one', "rules_version = '2';\nservice cloud.firestore { nonsense }"),
  ).rejects.toThrow(/L2:\d+ /);
  await assertFails(test.unauthenticatedContext().firestore().doc('any/1').get());
});
