#!/usr/bin/env node
/** `npx storage-public-variants …`: what an admin runs by hand. */
import { join } from 'node:path';
import { doctor, USAGE, type Surroundings } from './doctor/command.js';

const surroundings: Surroundings = {
  async openLibrary(config, project) {
    process.env['GCLOUD_PROJECT'] = project;
    // Google's clients know the one, firebase-admin the other.
    const emulator = process.env['STORAGE_EMULATOR_HOST'];
    if (emulator)
      process.env['FIREBASE_STORAGE_EMULATOR_HOST'] ??= emulator.replace(/^https?:\/\//, '');
    const { openLibrary } = await import('./library/library.js');
    const library = openLibrary(config, process.env);
    // Nothing is put off here: a sweep within the bound is the functions' own, and they have appointed it.
    return { ...library, queues: { ...library.queues, sweep: () => Promise.resolve() } };
  },
  async openDerive() {
    const [{ openBoundedDerive }, { PROCESS_LIMITS }] = await Promise.all([
      import('./derive/bounded.js'),
      import('./derive/limits.js'),
    ]);
    return openBoundedDerive(PROCESS_LIMITS, join(__dirname, 'derive', 'bounded-process.js'));
  },
  now: Date.now,
  out: (text) => void process.stdout.write(text),
  progress: (line) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  },
};

async function main([command, ...rest]: string[]): Promise<number> {
  if (command === 'doctor') return doctor(rest, surroundings);
  process.stdout.write(USAGE);
  return command === '--help' || command === 'help' ? 0 : 2;
}

main(process.argv.slice(2)).then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
