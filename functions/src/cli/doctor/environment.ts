/** What `doctor` needs of a real process: Google Cloud, the image processor and a progress line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Terminal } from '../terminal.js';
import { once } from '../../once.js';
import type { CliEnvironment } from './command.js';
import { toPrintable } from './printable.js';
import { CredentialsError, openRestClient } from './installation/rest.js';

/** Minimum time between two progress lines, milliseconds. */
const PROGRESS_INTERVAL_MS = 100;

/** @param lib folder of the compiled functions */
export function doctorEnvironment({ cwd, env, out, err }: Terminal, lib: string): CliEnvironment {
  /** When the last progress line was written, milliseconds since 1970. */
  let progressAt = 0;
  return {
    env,
    async openBackend(config, project) {
      selectProject(project);
      const { openBackend } = await import('../../gcp/backend.js');
      return openBackend(config, process.env);
    },
    async openProcessor() {
      const [{ openIsolatedProcessor }, { PROCESS_LIMITS }] = await Promise.all([
        import('../../processing/isolated-processor.js'),
        import('../../processing/limits.js'),
      ]);
      const child = join(lib, 'processing', 'isolated-processor-child.js');
      return openIsolatedProcessor(PROCESS_LIMITS, child);
    },
    now: Date.now,
    wait: (ms) => wait(ms),
    out,
    err,
    installation: {
      cwd,
      packageFiles() {
        const read = (file: string) => readFileSync(join(lib, file), 'utf8');
        const { version } = JSON.parse(read('../package.json')) as { version: string };
        return { version, indexes: read('files/firestore.indexes.json') };
      },
      openClient: (projectId) =>
        openRestClient({ projectId, accessToken: openAccessToken(), fetch }),
      onInterrupt(listener) {
        process.once('SIGINT', listener);
        return () => void process.off('SIGINT', listener);
      },
    },
    progress(line) {
      if (!process.stderr.isTTY) return;
      if (line !== '' && Date.now() - progressAt < PROGRESS_INTERVAL_MS) return;
      progressAt = Date.now();
      process.stderr.write(`\r\u001b[K${line}`);
    },
  };
}

/** Sets the variables of this process by which Google's client libraries find the project and emulators. */
export function selectProject(project: string): void {
  // firebase-admin reads the first before the second; the shell may have another project in either.
  for (const name of ['GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT']) process.env[name] = project;
  // Google's client libraries read one variable, firebase-admin the other.
  const emulator = process.env['STORAGE_EMULATOR_HOST'];
  if (emulator)
    process.env['FIREBASE_STORAGE_EMULATOR_HOST'] = emulator.replace(/^https?:\/\//, '');
  else delete process.env['FIREBASE_STORAGE_EMULATOR_HOST'];
}

/** Application Default Credentials: the same that Google's client libraries read records with. */
function openAccessToken(): () => Promise<string> {
  const open = once(async () => (await import('../../gcp/access-token.js')).openAccessTokens());
  return async () => {
    try {
      return await (
        await open()
      )();
    } catch (error) {
      const [reason = ''] = String((error as Error).message).split('\n');
      throw new CredentialsError(
        `expected Application Default Credentials, found none that work (${toPrintable(reason)}): run ` +
          '"gcloud auth application-default login".',
      );
    }
  };
}
