/** Replaces firebase-tools' Firestore emulator, a Java program, with the one of this package. */
import { request } from 'node:http';
import {
  startFirestoreEmulator,
  type FirestoreEmulator,
  type Issue,
  type StartRules,
  type TriggerEvent,
} from '../firestore/index.js';
import type { OnDenied } from 'firebase-rules-check';
import { readRules, rulesFiles, watchRules } from './firestore-rules.js';
import { loadModule, prototypeOf, replace, toCliError } from './patch.js';

/** The arguments of firebase-tools' FirestoreEmulator. */
interface EmulatorArguments {
  host: string;
  port: number;
  project_id: string;
  rules?: string;
  /** Path of the list of files of an export: `--import`. */
  seed_from_export?: string;
}

let emulator: FirestoreEmulator | undefined;
let stopWatching: (() => void) | undefined;

/** The running Firestore emulator; undefined before its start and after its stop. */
export function runningEmulator(): FirestoreEmulator | undefined {
  return emulator;
}

/**
 * Replaces `start` and `stop` of `FirestoreEmulator` and the check for Java.
 * @param onDenied called for each request that the rules deny
 */
export function replaceFirestoreEmulator(onDenied?: OnDenied): void {
  const original = prototypeOf(loadModule('emulator/firestoreEmulator'), 'FirestoreEmulator');
  replace(
    original,
    'start',
    () =>
      async function start(this: unknown) {
        const {
          host,
          port,
          project_id: projectId,
          rules: mainRules,
          seed_from_export: importFile,
        } = (this as { args: EmulatorArguments }).args;
        const files = rulesFiles(mainRules);
        try {
          emulator = await startFirestoreEmulator({
            host,
            port,
            projectId,
            ...(importFile !== undefined && { importFile }),
            onEvent: sendToFunction,
            onWarning: printIssue,
            ...(onDenied && { onDenied }),
            onOpenDatabase: ({ project, database }) =>
              console.warn(
                `No security rules for the Firestore database ${database} of ${project}: every request is allowed.`,
              ),
            rules: files.map(readRules),
          });
        } catch (error) {
          throw toCliError(error as Error);
        }
        stopWatching = watchRules(files, loadRules);
      },
  );
  replace(original, 'stop', () => async () => {
    stopWatching?.();
    await emulator?.stop();
    emulator = undefined;
  });
  const downloadable = loadModule('emulator/downloadableEmulators');
  replace(downloadable, 'requiresJava', () => () => false);
  // The original looks up the process of the Java program.
  replace(downloadable, 'getPID', () => () => process.pid);
}

/** Path as in the Functions emulator, which redelivers the event if the function fails. */
function sendToFunction({ project, key, contentType, body }: TriggerEvent): void {
  const { EmulatorRegistry } = loadModule('emulator/registry') as {
    EmulatorRegistry: { url(name: string): URL };
  };
  const url = new URL(
    `/functions/projects/${project}/triggers/${key}`,
    EmulatorRegistry.url('functions'),
  );
  const headers = { 'Content-Type': contentType };
  const outgoing = request(url, { method: 'POST', headers });
  outgoing.on('response', (response) => response.resume());
  outgoing.on('error', (error) => console.error(`event of ${key} lost: ${error.message}`));
  outgoing.end(JSON.stringify(body));
}

function loadRules(rules: StartRules): void {
  emulator?.loadRules(rules).forEach(printIssue);
}

function printIssue({ sourcePosition, severity, description }: Issue): void {
  const { fileName, line, column } = sourcePosition;
  console.warn(`${fileName}:${line}:${column}: ${severity.toLowerCase()}: ${description}`);
}
