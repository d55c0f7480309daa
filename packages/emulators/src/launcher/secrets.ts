/** Reads the secrets of functions from files alone: the CLI asks Google's Secret Manager for those that have no value. */
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { loadModule, prototypeOf, replace } from './patch.js';

interface Secret {
  key: string;
}

interface Backend {
  secretEnv: Secret[];
}

interface Emulator {
  args: { projectDir: string };
  logger: { logLabeled(type: string, label: string, text: string): void };
}

/** Names the secrets without a value; the functions run without them. */
export function readSecretsFromFiles(): void {
  const emulator = prototypeOf(loadModule('emulator/functionsEmulator'), 'FunctionsEmulator');
  const { getSecretLocalPath } = loadModule('emulator/functionsEmulatorShared') as {
    getSecretLocalPath: (backend: unknown, projectDir: string) => string;
  };
  const { parseStrict } = loadModule('functions/env') as {
    parseStrict: (text: string) => Record<string, string>;
  };
  replace(
    emulator,
    'resolveSecretEnvs',
    (original) =>
      function resolveSecretEnvs(this: unknown, backend, trigger) {
        const { args, logger } = this as Emulator;
        const { secretEnv } = backend as Backend;
        const { secretEnvironmentVariables: secrets = secretEnv } = (trigger ?? {}) as {
          secretEnvironmentVariables?: Secret[];
        };
        const file = getSecretLocalPath(backend, args.projectDir);
        const values = existsSync(file) ? parseStrict(readFileSync(file, 'utf8')) : {};
        const missing = secrets.filter(({ key }) => !values[key]);
        if (missing.length === 0) return original.call(this, backend, trigger);
        const names = missing.map(({ key }) => key).join(', ');
        logger.logLabeled(
          'WARN',
          'functions',
          `expected a value of the secret ${names} in ${relative(args.projectDir, file)}, found none`,
        );
        const present = secrets.filter((secret) => !missing.includes(secret));
        return original.call(
          this,
          { ...(backend as Backend), secretEnv: present },
          { ...(trigger as object | undefined), secretEnvironmentVariables: present },
        );
      },
  );
}
