/**
 * Runs the ordinary Firebase CLI (`emulators:start …` in the arguments) on a machine without Java:
 * the two Java programs are replaced in memory (unless the official ones are asked for), a few faults
 * of the emulators are mended there, too, and the parent is told of each step. No file of
 * firebase-tools is changed.
 */
import { rmSync } from 'node:fs';
import { describeDenial, type Denial, type OnDenied } from 'firebase-rules-check';
import { patchDownloadTokens } from './download-tokens.js';
import { replaceFirestoreEmulator, runningFront } from './firestore-emulator.js';
import { patchGenerations } from './generations.js';
import { readOptions, tellParent } from './messages.js';
import { loadDependency, loadModule, prototypeOf, replace } from './patch.js';
import { redeliverEvents } from './redelivery.js';
import { replaceStorageRulesRuntime } from './storage-rules.js';
import { patchTasks } from './tasks.js';
import { shareWorkers } from './function-workers.js';

/** The auth emulator compiles hundreds of JSON schemas at start; most are never used. */
function compileAuthSchemasLazily(): void {
  replace(
    loadDependency('exegesis-express'),
    'middleware',
    (original) => (description, options) =>
      original(description, { ...(options as object), lazyCompileValidationSchemas: true }),
  );
}

/** 15.34.2 reads `resource`, which the storage trigger of an extension's v2 function has not. */
function mendExtensionStorageTrigger(): void {
  const emulator = prototypeOf(loadModule('emulator/functionsEmulator'), 'FunctionsEmulator');
  replace(
    emulator,
    'addStorageTrigger',
    (original) =>
      function addStorageTrigger(projectId, key, trigger) {
        const { resource, eventFilters } = trigger as {
          resource?: string;
          eventFilters?: { bucket?: string };
        };
        const mended = { ...(trigger as object), resource: resource ?? eventFilters?.bucket ?? '' };
        return original.call(this, projectId, key, mended);
      },
  );
}

/** Tells the parent as each emulator comes up, and when all have. */
function reportSteps(): void {
  const registry = loadModule('emulator/registry')['EmulatorRegistry'] as Record<string, unknown>;
  replace(registry, 'start', (original) => async (emulator) => {
    await original.call(registry, emulator);
    tellParent({ kind: 'step', name: (emulator as { getName(): string }).getName() });
  });
  replace(loadModule('emulator/controller'), 'startAll', (original) => async (...options) => {
    try {
      const result = await original(...options);
      tellParent({ kind: 'ready' });
      return result;
    } catch (error) {
      tellParent({ kind: 'problem', message: error instanceof Error ? error.message : 'unknown' });
      throw error;
    }
  });
}

/**
 * A parent that dies must not leave its stack behind. Nobody reads this process's output then, so an
 * orderly end may hang: it and the functions' processes, which are one group, are ended at once. The
 * folder it runs in and that for temporary files were made for this run alone.
 */
function endWithParent(): void {
  process.on('disconnect', () => {
    for (const folder of [process.cwd(), process.env['TMPDIR']]) {
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    }
    process.kill(-process.pid, 'SIGKILL');
  });
}

/** The official Firestore emulator would get a group of its own, and outlive a parent that is killed. */
function keepJavaInGroup(): void {
  replace(loadDependency('node:child_process'), 'spawn', (original) => (command, args, options) => {
    const own = command === 'java' ? { ...(options as object), detached: false } : options;
    return original(command, args, own);
  });
}

function replaceJavaPrograms(onDenied: OnDenied | undefined): void {
  replaceFirestoreEmulator(onDenied);
  const reader = () => {
    const front = runningFront();
    return front && { get: (path: string[]) => front.readDocument(path) };
  };
  replaceStorageRulesRuntime(reader, onDenied);
}

function explainDenial(denial: Denial): void {
  tellParent({ kind: 'denied', explanation: describeDenial(denial) });
}

function main(): void {
  endWithParent();
  // The CLI says only that something unexpected has happened.
  process.on('uncaughtException', (error) => console.error(error.stack));
  const { official, explain } = readOptions();
  if (official) keepJavaInGroup();
  else replaceJavaPrograms(explain ? explainDenial : undefined);
  compileAuthSchemasLazily();
  mendExtensionStorageTrigger();
  patchDownloadTokens();
  patchGenerations();
  shareWorkers();
  redeliverEvents();
  patchTasks();
  reportSteps();
  loadModule('bin/firebase');
}

main();
