#!/usr/bin/env node
/**
 * Runs the Firebase CLI (arguments: `emulators:start …`) on a machine without Java. Replaces the two
 * Java programs in memory (unless the official ones are requested), patches known faults of the
 * emulators, and reports progress to the parent process. No file of firebase-tools is changed.
 */
import { rmSync } from 'node:fs';
import { describeDenial, type Denial, type OnDenied } from 'firebase-rules-check';
import { keepConnectionsOpen } from './connections.js';
import { patchDownloadTokens } from './download-tokens.js';
import { replaceFirestoreEmulator, runningEmulator } from './firestore-emulator.js';
import { discoverOldFunctionsOverHttp } from './function-discovery.js';
import { allowConcurrentRequests } from './function-workers.js';
import { patchGenerations } from './generations.js';
import { readOptions, sendToParent } from './messages.js';
import {
  prepareAuthSchemasLazily,
  skipConfigValidation,
  skipExternalReferences,
} from './schemas.js';
import { announceHub } from './hub-locator.js';
import { addEmulators, skipVersionLookup, treatAsDemoProject } from './offline.js';
import { resolveParametersWithoutPrompts } from './parameters.js';
import { loadDependency, loadModule, prototypeOf, replace } from './patch.js';
import { loadModulesLazily } from './lazy-modules.js';
import { redeliverEvents } from './redelivery.js';
import { sendNoRequests } from './requests.js';
import { runCli } from './run-cli.js';
import { readSecretsFromFiles } from './secrets.js';
import { replaceStorageRulesRuntime } from './storage-rules.js';
import { patchTasks } from './tasks.js';

/** firebase-tools 15.34.2 reads `resource`, which the Storage trigger of an extension's v2 function lacks. */
function patchExtensionStorageTrigger(): void {
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
        const patched = {
          ...(trigger as object),
          resource: resource ?? eventFilters?.bucket ?? '',
        };
        return original.call(this, projectId, key, patched);
      },
  );
}

/** Reports each emulator that is running, and the end of the start. */
function reportSteps(): void {
  const registry = loadModule('emulator/registry')['EmulatorRegistry'] as Record<string, unknown>;
  replace(registry, 'start', (original) => async (emulator) => {
    await original.call(registry, emulator);
    sendToParent({ kind: 'step', name: (emulator as { getName(): string }).getName() });
  });
  replace(loadModule('emulator/controller'), 'startAll', (original) => async (...options) => {
    try {
      const result = await original(...options);
      sendToParent({ kind: 'ready' });
      return result;
    } catch (error) {
      sendToParent({
        kind: 'problem',
        message: error instanceof Error ? error.message : 'unknown',
      });
      throw error;
    }
  });
}

/**
 * Ends the emulators when the parent process dies. Nothing reads this process's output then, so an
 * orderly shutdown may hang: its process group, which includes the functions' processes, is killed.
 */
function exitWithParent(temporaryFolders: readonly string[]): void {
  process.on('disconnect', () => {
    for (const folder of temporaryFolders) rmSync(folder, { recursive: true, force: true });
    process.kill(-process.pid, 'SIGKILL');
  });
}

/** Google's Firestore emulator would get its own process group and outlive a parent that is killed. */
function keepJavaInGroup(): void {
  replace(loadDependency('node:child_process'), 'spawn', (original) => (command, args, options) => {
    const patched = command === 'java' ? { ...(options as object), detached: false } : options;
    return original(command, args, patched);
  });
}

function replaceJavaPrograms(onDenied: OnDenied | undefined): void {
  replaceFirestoreEmulator(onDenied);
  const reader = () => {
    const emulator = runningEmulator();
    return emulator && { get: (path: string[]) => emulator.readDocument(path) };
  };
  replaceStorageRulesRuntime(reader, onDenied);
}

function explainDenial(denial: Denial): void {
  const explanation = describeDenial(denial);
  if (process.send) sendToParent({ kind: 'denied', explanation });
  else console.error(explanation);
}

function main(): void {
  loadModulesLazily();
  const { official, explain, temporaryFolders, single, offline } = readOptions();
  exitWithParent(temporaryFolders);
  // The CLI itself prints only "An unexpected error has occurred."
  process.on('uncaughtException', (error) => console.error(error.stack));
  if (official) keepJavaInGroup();
  else replaceJavaPrograms(explain ? explainDenial : undefined);
  keepConnectionsOpen();
  if (offline) {
    sendNoRequests();
    announceHub(offline.hubFolder);
    treatAsDemoProject();
    skipVersionLookup();
    addEmulators(offline.emulators);
    resolveParametersWithoutPrompts();
    readSecretsFromFiles();
  }
  discoverOldFunctionsOverHttp();
  prepareAuthSchemasLazily();
  skipExternalReferences();
  skipConfigValidation();
  patchExtensionStorageTrigger();
  patchDownloadTokens();
  patchGenerations();
  allowConcurrentRequests(single);
  redeliverEvents(single);
  patchTasks(single);
  reportSteps();
  runCli();
}

main();
