/** Runs `storage-public-variants doctor` in a process of its own on the local stack. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT, type TestStack } from './stack.js';

export interface Doctor {
  run(...argv: string[]): Promise<{ code: number | null; out: string; err: string }>;
  /** Deletes the parameters file. */
  close(): void;
}

/** @param parameters that differ from the defaults */
export function openDoctor(stack: TestStack, parameters: Record<string, string>): Doctor {
  const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  const file = join(folder, '.env');
  writeFileSync(
    file,
    Object.entries(parameters)
      .map((entry) => entry.join('='))
      .join('\n'),
  );
  const { projectId, bucket, firestore, storage } = stack;
  return {
    async run(...argv) {
      const options = ['--project', projectId, '--bucket', bucket, '--params', file];
      const script = join(ROOT, 'functions', 'lib', 'cli', 'main.js');
      const child = spawn(
        process.execPath,
        [script, 'doctor', ...options, '--grace', '0', ...argv],
        {
          stdio: ['ignore', 'pipe', 'pipe'],
          env: {
            ...process.env,
            FIRESTORE_EMULATOR_HOST: firestore,
            STORAGE_EMULATOR_HOST: `http://${storage}`,
            // --project takes precedence over the shell's project.
            GOOGLE_CLOUD_PROJECT: 'somebody-else',
          },
        },
      );
      const closed = once(child, 'close') as Promise<[number | null]>;
      const [out, err, [code]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        closed,
      ]);
      return { code, out, err };
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}
