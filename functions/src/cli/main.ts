#!/usr/bin/env node
/** The command line tool, `npx storage-public-variants`. */
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { doctor, USAGE, type CliEnvironment } from './doctor/command.js';

/** Minimum time between two progress lines, milliseconds. */
const PROGRESS_INTERVAL_MS = 100;
/** When the last progress line was written, milliseconds since 1970. */
let progressAt = 0;

const cli: CliEnvironment = {
  env: process.env,
  async openBackend(config, project) {
    // firebase-admin reads the first before the second; the shell may have another project in either.
    for (const name of ['GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT']) process.env[name] = project;
    // Google's client libraries read one variable, firebase-admin the other.
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
    if (!process.stderr.isTTY) return;
    if (line !== '' && Date.now() - progressAt < PROGRESS_INTERVAL_MS) return;
    progressAt = Date.now();
    process.stderr.write(`\r\u001b[K${line}`);
  },
};

/** @returns the exit code */
async function main([command, ...rest]: string[]): Promise<number> {
  if (command === 'doctor') return doctor(rest, cli);
  if (command === '--help' || command === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const found = command === undefined ? 'nothing' : `"${command}"`;
  process.stderr.write(`expected the command "doctor", found ${found}\n\n${USAGE}`);
  return 2;
}

void main(process.argv.slice(2)).then((code) => (process.exitCode = code));
