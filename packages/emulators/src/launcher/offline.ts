/** Runs any project without Google: no login, no look-ups, and defaults for the emulators that firebase.json lacks. */
import { loadModule, prototypeOf, replace } from './patch.js';

interface CliConfig {
  get(path: string, fallback?: unknown): unknown;
  set(path: string, value: unknown): void;
}

/**
 * Treats every project as a demo project, for which the emulators send no requests to Google.
 * @see https://firebase.google.com/docs/emulator-suite/connect_and_prototype#choose_a_firebase_project
 */
export function treatAsDemoProject(): void {
  describeProject();
  const { Constants } = loadModule('emulator/constants') as {
    Constants: Record<string, unknown>;
  };
  let readsRules = false;
  replace(
    Constants,
    'isDemoProject',
    (original) =>
      (...args) =>
        // A demo project may lack a storage target, and everything is open then: others get an error.
        readsRules ? original.apply(Constants, args) : true,
  );
  replace(
    loadModule('emulator/storage/rules/config'),
    'getStorageRulesConfig',
    (original) =>
      (...args) => {
        readsRules = true;
        try {
          return original(...args);
        } finally {
          readsRules = false;
        }
      },
  );
}

/** The CLI asks npm for the newest firebase-functions, only to recommend it. */
export function skipVersionLookup(): void {
  replace(
    loadModule('deploy/functions/runtimes/node/versioning'),
    'getLatestSDKVersion',
    () => () => undefined,
  );
}

/** The CLI would call the project a demo project. */
function describeProject(): void {
  const logger = prototypeOf(loadModule('emulator/emulatorLogger'), 'EmulatorLogger');
  replace(
    logger,
    'logLabeled',
    (original) =>
      function logLabeled(type, label, text) {
        const [, project] = /^Detected demo project ID "([^"]*)"/.exec(String(text)) ?? [];
        const described =
          project === undefined ? text : `Project ${project}: no request is sent to Google.`;
        return original.call(this, type, label, described);
      },
  );
}

/**
 * Adds the default settings of emulators to the project's configuration, without which the CLI does not start them, and
 * turns off the Emulator UI, which is a download.
 * @param emulators selectors as in `--only`
 */
export function addEmulators(emulators: readonly string[]): void {
  const { Config } = loadModule('config') as { Config: Record<string, unknown> };
  replace(Config, 'load', (original) => (...args) => {
    const config = original.apply(Config, args) as CliConfig | null;
    if (config === null) return config;
    for (const selector of emulators) {
      const [name = ''] = selector.split(':');
      const path = `emulators.${name}`;
      if (config.get(path) === undefined) config.set(path, {});
    }
    config.set('emulators.ui', { enabled: false });
    useDefaultDatabase(config);
    return config;
  });
}

/** Where there are several databases, the emulator has the default one, whose rules the CLI would not find. */
function useDefaultDatabase(config: CliConfig): void {
  const databases = config.get('firestore');
  if (!Array.isArray(databases)) return;
  const isDefault = ({ database }: { database?: string }) => database === '(default)';
  config.set('firestore', (databases as { database?: string }[]).find(isDefault) ?? {});
}
