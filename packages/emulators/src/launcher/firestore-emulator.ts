/** Stands in for the Firestore emulator, which is a Java program. */
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { startFirestoreEmulator, type FirestoreEmulator } from '../firestore/index.js';
import type { OnDenied } from 'firebase-rules-check';
import { loadModule, prototypeOf, replace } from './patch.js';

/** What firebase-tools gives to its FirestoreEmulator. */
interface EmulatorArguments {
  host: string;
  port: number;
  project_id: string;
  rules?: string;
}

let front: FirestoreEmulator | undefined;
let watcher: FSWatcher | undefined;

/** The front that runs, once it does. */
export function runningFront(): FirestoreEmulator | undefined {
  return front;
}

/** Replaces `FirestoreEmulator`'s start and stop, and the question whether Java is needed. */
export function replaceFirestoreEmulator(onDenied?: OnDenied): void {
  const emulator = prototypeOf(loadModule('emulator/firestoreEmulator'), 'FirestoreEmulator');
  replace(
    emulator,
    'start',
    () =>
      async function start(this: unknown) {
        const {
          host,
          port,
          project_id: projectId,
          rules,
        } = (this as { args: EmulatorArguments }).args;
        front = await startFirestoreEmulator({
          host,
          port,
          projectId,
          ...(onDenied && { onDenied }),
          ...(rules !== undefined && {
            rules: { source: readFileSync(rules, 'utf8'), file: rules },
          }),
        });
        if (rules !== undefined) watchRules(rules);
      },
  );
  replace(emulator, 'stop', () => async () => {
    watcher?.close();
    await front?.stop();
    front = undefined;
  });
  const downloadable = loadModule('emulator/downloadableEmulators');
  replace(downloadable, 'requiresJava', () => () => false);
  // It would look for the process of the Java program.
  replace(downloadable, 'getPID', () => () => process.pid);
}

function watchRules(file: string): void {
  watcher = watch(file, () => {
    const source = readFileSync(file, 'utf8');
    for (const issue of front?.loadRules(source, file) ?? []) console.warn(JSON.stringify(issue));
  });
}
