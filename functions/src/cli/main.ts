#!/usr/bin/env node
/** `npx storage-public-variants …`: what an admin runs by hand. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { doctor, USAGE, type CliEnvironment } from './doctor/command.js';

const surroundings: CliEnvironment = {
  environment: process.env,
  async openLibrary(config, project) {
    // The first is what firebase-admin asks for first; a shell may have another one in it.
    for (const name of ['GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT']) process.env[name] = project;
    // Google's clients know the one, firebase-admin the other.
    const emulator = process.env['STORAGE_EMULATOR_HOST'];
    if (emulator)
      process.env['FIREBASE_STORAGE_EMULATOR_HOST'] = emulator.replace(/^https?:\/\//, '');
    else delete process.env['FIREBASE_STORAGE_EMULATOR_HOST'];
    const { openBackend } = await import('../gcp/backend.js');
    return openBackend(config, process.env);
  },
  async openProcessor() {
    const [{ openIsolatedProcessor }, { PROCESS_LIMITS }] = await Promise.all([
      import('../processing/isolated-processor.js'),
      import('../processing/limits.js'),
    ]);
    return openIsolatedProcessor(
      PROCESS_LIMITS,
      join(__dirname, '..', 'processing', 'isolated-processor-child.js'),
    );
  },
  now: Date.now,
  wait: (ms) => wait(ms),
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  progress(line) {
    if (!process.stderr.isTTY || (line !== '' && Date.now() - shownAt < 100)) return;
    shownAt = Date.now();
    process.stderr.write(`\r\u001b[K${line}`);
  },
};
/** When a person was last shown how far it has come, milliseconds since 1970. */
let shownAt = 0;

async function main([command, ...rest]: string[]): Promise<number> {
  if (command === 'doctor') return doctor(rest, surroundings);
  if (command === '--help' || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const found = command === undefined ? 'nothing' : `"${command}"`;
  process.stderr.write(`expected the command "doctor", found ${found}\n\n${USAGE}`);
  return 2;
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
