/** A project's rules tests with `@firebase/rules-unit-testing` on the emulators that `firebase-local-stack start` runs. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  assertFails,
  assertSucceeds,
  initializeTestEnvironment,
  type RulesTestEnvironment,
} from '@firebase/rules-unit-testing';
import { setLogLevel } from 'firebase/firestore';
import { findFreePorts } from '../../tools/dev/stack/ports.js';

const COMMAND = join(
  dirname(require.resolve('firebase-local-stack/package.json')),
  'lib/command/main.js',
);
const FIRESTORE_RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents/albums/{uid} {
    allow read, write: if request.auth.uid == uid;
  }
}`;
const STORAGE_RULES = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o/photos/{uid}/{photo} {
    allow get: if request.auth.uid == uid || firestore.get(/databases/(default)/documents/albums/$(uid)).data.open;
    allow write: if request.auth.uid == uid && request.resource.size < 10
      && request.resource.contentType.matches('image/.*');
  }
}`;
const CLOSED_STORAGE = `rules_version = '2';
service firebase.storage { match /b/{bucket}/o/{file=**} { allow read, write: if false; } }`;
const IMAGE = { contentType: 'image/png' };

let folder: string;
let stack: ChildProcess;
let test: RulesTestEnvironment;

/** Also the project of the emulators, whose documents `firestore.get()` in Storage rules reads. */
const PROJECT = 'demo-local';

/** Starts Firestore and Storage of a project whose rules deny everything, and waits until they are ready. */
async function startStack(): Promise<void> {
  const names = ['auth', 'firestore', 'storage', 'hub', 'logging'] as const;
  const ports = await findFreePorts();
  const emulators = Object.fromEntries(
    names.map((name) => [name, { host: '127.0.0.1', port: ports[name] }]),
  );
  const closed = FIRESTORE_RULES.replace('request.auth.uid == uid', 'false');
  writeFileSync(join(folder, 'firestore.rules'), closed);
  writeFileSync(join(folder, 'storage.rules'), CLOSED_STORAGE);
  const config = {
    firestore: { rules: 'firestore.rules' },
    storage: { rules: 'storage.rules' },
    emulators,
  };
  writeFileSync(join(folder, 'firebase.json'), JSON.stringify(config));
  stack = spawn(process.execPath, [COMMAND, 'start', '--only', 'firestore,storage'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve, reject) => {
    stack.stdout?.on('data', (chunk) => {
      output += String(chunk);
      if (output.includes('All emulators ready')) resolve();
    });
    stack.once('exit', () => reject(new Error(`the emulators have ended: ${output}`)));
  });
  process.env['FIREBASE_EMULATOR_HUB'] = `127.0.0.1:${emulators['hub']?.port}`;
}

setLogLevel('silent');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rules-tests-'));
  await startStack();
  test = await initializeTestEnvironment({
    projectId: PROJECT,
    firestore: { rules: FIRESTORE_RULES },
    storage: { rules: STORAGE_RULES },
  });
}, 60_000);
afterEach(async () => {
  await test.clearFirestore();
  await test.clearStorage();
});
afterAll(async () => {
  delete process.env['FIREBASE_EMULATOR_HUB'];
  await test.cleanup();
  stack.kill('SIGINT');
  if (stack.exitCode === null) await once(stack, 'exit');
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

const bytes = (length: number): Uint8Array => new Uint8Array(length);

it('finds the emulators by their hub, and judges users by rules from strings', async () => {
  const [ann, bob] = [test.authenticatedContext('ann'), test.authenticatedContext('bob')];
  await assertSucceeds(ann.firestore().doc('albums/ann').set({ open: false }));
  await assertFails(bob.firestore().doc('albums/ann').get());
  const photo = ann.storage().ref('photos/ann/1.png');
  await assertSucceeds(photo.put(bytes(5), IMAGE).then());
  await assertFails(photo.put(bytes(20), IMAGE).then());
  await assertFails(photo.put(bytes(5), { contentType: 'text/plain' }).then());
  await assertSucceeds(photo.getMetadata());
  await assertFails(bob.storage().ref('photos/ann/1.png').getMetadata());
  await assertFails(test.unauthenticatedContext().storage().ref('photos/ann/1.png').getMetadata());
  await assertFails(ann.storage().ref('photos/ann').listAll());
  await ann.firestore().doc('albums/ann').set({ open: true });
  await assertSucceeds(bob.storage().ref('photos/ann/1.png').getMetadata());
});

it('empties Storage and Firestore, and disables the rules for a while', async () => {
  await test.withSecurityRulesDisabled(async (context) => {
    await context.firestore().doc('albums/ann').set({ open: true });
    await context.storage().ref('1.png').put(bytes(5), IMAGE).then();
    expect((await context.storage().ref().listAll()).items).toHaveLength(1);
  });
  await test.clearStorage();
  await test.clearFirestore();
  await test.withSecurityRulesDisabled(async (context) => {
    expect((await context.storage().ref().listAll()).items).toEqual([]);
    expect((await context.firestore().collection('albums').get()).size).toBe(0);
  });
});

it('applies Storage rules that are set again; after ones with an error everything is denied', async () => {
  const loadStorageRules = async (rules: string): Promise<void> => {
    const again = await initializeTestEnvironment({ projectId: PROJECT, storage: { rules } });
    await again.cleanup();
  };
  const anyone = () => test.unauthenticatedContext().storage().ref('any');
  await loadStorageRules(CLOSED_STORAGE.replace('false', 'true'));
  await assertSucceeds(anyone().put(bytes(1)).then());
  // As Google's Storage emulator does, and in its words.
  await expect(loadStorageRules('nonsense')).rejects.toThrow('error updating rules');
  await assertFails(anyone().getMetadata());
  await loadStorageRules(CLOSED_STORAGE.replace('false', 'true'));
  await assertSucceeds(anyone().getMetadata());
});
