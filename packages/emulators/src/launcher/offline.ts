/** Runs any project without Google: no login, no look-ups, and defaults for the emulators that firebase.json lacks. */
import { readFileSync } from 'node:fs';
import { mainDatabase, rulesFilesOf, setRulesFiles, type Database } from './firestore-rules.js';
import { loadModule, prototypeOf, replace, toCliError } from './patch.js';

interface CliConfig {
  data: Record<string, unknown>;
  get(path: string, fallback?: unknown): unknown;
  set(path: string, value: unknown): void;
  /** Absolute path of a file of the project. */
  path(name: string): string;
}

interface CliOptions {
  config: CliConfig;
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
    (original) => (projectId, options) => {
      readsRules = true;
      try {
        return rulesByBucket(options as CliOptions) ?? original(projectId, options);
      } finally {
        readsRules = false;
      }
    },
  );
}

/** The emulator knows only deploy targets; a deploy takes the names of buckets as well. */
function rulesByBucket({ config }: CliOptions): object[] | undefined {
  const entries = config.get('storage') as { bucket?: string; rules?: string; target?: string }[];
  if (!Array.isArray(entries) || entries.some(({ bucket, target }) => !bucket || target)) {
    return undefined;
  }
  return entries.map(({ bucket, rules = '' }) => {
    const name = config.path(rules);
    return { resource: bucket, rules: { name, content: readRules(name) } };
  });
}

function readRules(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw toCliError(error as Error);
  }
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
    removePublishedExtensions(config.data);
    useForwardSlashes(config.data);
    const databases = config.get('firestore');
    if (Array.isArray(databases)) {
      setRulesFiles(rulesFilesOf(databases as Database[], (path) => config.path(path)));
      config.set('firestore', mainDatabase(databases) ?? {});
    }
    return config;
  });
}

/** Whether an extension comes from a folder, as the Firebase CLI decides it; the others come from Google. */
export function isLocalExtension(source: unknown): boolean {
  return typeof source === 'string' && /^(?:~|\.{1,2})?[/\\]/.test(source.trim());
}

/** Removes the extensions whose source only Google has: the CLI would start nothing. */
export function removePublishedExtensions(data: Record<string, unknown>): void {
  const { extensions } = data;
  if (!isObject(extensions)) return;
  const local = Object.entries(extensions).filter(([, source]) => isLocalExtension(source));
  data['extensions'] = Object.fromEntries(local);
}

/** Members of the sections of firebase.json whose values are paths. */
const PATHS = {
  firestore: ['rules', 'indexes'],
  storage: ['rules'],
  functions: ['source', 'configDir'],
  hosting: ['source', 'public'],
} as const;

/**
 * Replaces the backslashes in paths, with which the Firebase CLI writes them on Windows: only there it finds such files.
 * @param data content of firebase.json; it is changed
 */
export function useForwardSlashes(data: Record<string, unknown>): void {
  const { extensions } = data;
  if (isObject(extensions)) replaceBackslashes(extensions, Object.keys(extensions));
  for (const [section, names] of Object.entries(PATHS)) {
    for (const entry of [data[section]].flat()) {
      if (!isObject(entry)) continue;
      replaceBackslashes(entry, names);
      const { instances } = entry;
      if (isObject(instances)) replaceBackslashes(instances, Object.keys(instances));
    }
  }
}

function replaceBackslashes(object: Record<string, unknown>, names: readonly string[]): void {
  for (const name of names) {
    const value = object[name];
    if (typeof value === 'string') object[name] = value.replaceAll('\\', '/');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
