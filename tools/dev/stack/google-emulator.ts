/** Runs Google's Firestore emulator from its JAR, which Firebase tools or gcloud have downloaded. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePorts } from './ports.js';

/** The first version that current releases of the emulator run on. */
const JAVA_VERSION = 17;
/** Named here because the JAR of gcloud, unlike that of the Firebase CLI, does not name it. */
const MAIN_CLASS = 'com.google.cloud.datastore.emulator.firestore.CloudFirestore';
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 100;

/** A running emulator. */
export interface GoogleEmulator {
  pid: number;
  port: number;
  /** Such as `1.19.9`. */
  version: string;
  stop(): Promise<void>;
}

/**
 * Starts the emulator on a free port.
 * @param jar path of the JAR
 * @param projectId the project of requests without one
 * @param importFile an export that is imported first: path of `NAME.overall_export_metadata`
 * @throws Error with a sentence when the file or Java is missing, or the emulator does not start
 */
export async function startGoogleEmulator(
  jar: string,
  projectId: string,
  importFile?: string,
): Promise<GoogleEmulator> {
  const file = resolve(jar);
  if (!existsSync(file)) {
    throw new Error(
      `--emulator-jar: expected the JAR of Google's Firestore emulator, found no file ${file}. ` +
        '"firebase setup:emulators:firestore" downloads it to ~/.cache/firebase/emulators; gcloud has it in ' +
        'platform/cloud-firestore-emulator.',
    );
  }
  requireJava();
  const { firestore: port } = await findFreePorts();
  const options = ['--host', '127.0.0.1', '--port', `${port}`, '--project_id', projectId];
  if (importFile !== undefined) options.push('--seed_from_export', resolve(importFile));
  const child = spawn('java', ['-cp', file, MAIN_CLASS, ...options], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const append = (text: string): void => void (output = (output + text).slice(-2000));
  child.stdout.setEncoding('utf8').on('data', append);
  child.stderr.setEncoding('utf8').on('data', append);
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await isReady(port))) {
    if (child.exitCode !== null || performance.now() > deadline) {
      await stop(child);
      throw new Error(`Google's Firestore emulator did not start. Its output ends with: ${output}`);
    }
    await delay(POLL_MS);
  }
  const version = versionOf(file);
  return { pid: child.pid as number, port, version, stop: () => stop(child) };
}

function versionOf(jar: string): string {
  const args = ['-cp', jar, MAIN_CLASS, '--version'];
  const { stdout, stderr } = spawnSync('java', args, { encoding: 'utf8' });
  return /firestore-emulator (\S+)/.exec(stdout + stderr)?.[1] ?? basename(jar);
}

function requireJava(): void {
  const { error, stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' });
  if (error) {
    throw new Error(
      `Google's Firestore emulator needs Java ${JAVA_VERSION} or later: expected a program "java" in PATH, found none.`,
    );
  }
  const [, major] = /version "(\d+)/.exec(stderr) ?? [];
  if (Number(major ?? 0) >= JAVA_VERSION) return;
  const found = stderr.split('\n')[0]?.trim();
  throw new Error(
    `Google's Firestore emulator needs Java ${JAVA_VERSION} or later, found: ${found}`,
  );
}

async function isReady(port: number): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/`)).ok;
  } catch {
    // It does not listen yet.
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
