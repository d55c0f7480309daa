/** The parameters of an instance from a file that the command line names, and the emulators that the environment names. */
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { parseConfig, type Config } from '../../config/config.js';

/** The command line, its files or the environment are wrong; the message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @param file one NAME=value per line @throws UsageError */
export function readParameterFile(file: string): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(parseEnv(readFileSync(file, 'utf8'))).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value] as const],
      ),
    );
  } catch (error) {
    const { code = 'an error' } = error as { code?: string };
    throw new UsageError(`--params: expected a readable file at ${file}, found ${code}`);
  }
}

/**
 * @param values of a file of parameters
 * @param bucket takes precedence over that of the values; the default is that of the project
 * @throws ConfigError
 */
export function configOf(
  values: Readonly<Record<string, string>>,
  bucket: string | undefined,
  projectId: string,
): Config {
  const BUCKET = bucket ?? (values['BUCKET'] || `${projectId || 'project'}.firebasestorage.app`);
  return parseConfig({ ...values, BUCKET, GCLOUD_PROJECT: projectId });
}

type Environment = Readonly<Record<string, string | undefined>>;

export function usesEmulators(env: Environment): boolean {
  return Boolean(env['FIRESTORE_EMULATOR_HOST']);
}

const EMULATORS = ['FIRESTORE_EMULATOR_HOST', 'STORAGE_EMULATOR_HOST'];

/**
 * Records in an emulator must not be compared with objects in the cloud, nor the reverse.
 * @throws UsageError
 */
export function checkEmulators(env: Environment, project: string | undefined): void {
  if (usesEmulators(env) && project === undefined) {
    throw new UsageError('--project: expected the id of a Firebase project, found none');
  }
  const present = EMULATORS.filter((name) => env[name]);
  if (present.length !== 1) return;
  const missing = EMULATORS.find((name) => !present.includes(name)) ?? '';
  throw new UsageError(`expected ${EMULATORS.join(' and ')}, or neither; found no ${missing}`);
}
