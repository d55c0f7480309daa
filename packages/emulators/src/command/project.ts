/** Reads of a Firebase project which emulators it needs. */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { isLocalExtension } from '../launcher/offline.js';
import { loadModule } from '../launcher/patch.js';
import { UsageError, type Arguments } from './arguments.js';

/** For a project that names none. The prefix `demo-` means that there is no such project at Google. */
export const DEFAULT_PROJECT = 'demo-local';

/** Sections of firebase.json that are emulated where they exist. */
const SECTIONS = ['firestore', 'storage', 'functions', 'hosting', 'extensions'] as const;
/** Emulators of Google that are not replaced. */
const NOT_REPLACED = ['database', 'pubsub', 'dataconnect', 'apphosting'];

export interface LocalProject {
  /** Absolute path of firebase.json. */
  config: string;
  /** Selectors for `--only`. */
  only: string[];
  /** Project id or alias; absent if .firebaserc has a default. */
  project?: string;
  /** One sentence each. */
  notes: string[];
}

/**
 * @param cwd where the command was started
 * @throws UsageError if there is no firebase.json, or one that is not an object
 */
export function readLocalProject(cwd: string, args: Arguments): LocalProject {
  const config = findConfig(cwd, args.config);
  const content = readObject(config);
  const emulators = isObject(content['emulators']) ? content['emulators'] : {};
  const isUsed = (name: string) => Object.hasOwn(content, name) || Object.hasOwn(emulators, name);
  const only = args.only ?? ['auth', ...SECTIONS.filter(isUsed)];
  const notes = NOT_REPLACED.filter((name) => args.only === undefined && isUsed(name)).map(
    (name) => `The ${name} emulator is not started: this package does not replace it.`,
  );
  const { extensions } = content;
  for (const [id, source] of isObject(extensions) ? Object.entries(extensions) : []) {
    if (isLocalExtension(source)) continue;
    notes.push(`The extension ${id} is not started: only one in a folder works without Google.`);
  }
  const databases = content['firestore'];
  for (const entry of Array.isArray(databases) ? (databases as unknown[]) : []) {
    if (!isObject(entry) || typeof entry['rules'] === 'string') continue;
    const { database } = entry;
    const name = typeof database === 'string' ? database : '(default)';
    notes.push(`The Firestore database ${name} has no rules: every request is allowed.`);
  }
  const project = args.project ?? (hasDefault(dirname(config)) ? undefined : DEFAULT_PROJECT);
  return { config, only, notes, ...(project !== undefined && { project }) };
}

function findConfig(cwd: string, option: string | undefined): string {
  if (option !== undefined) {
    const file = resolve(cwd, option);
    if (existsSync(file)) return file;
    throw new UsageError(`--config: expected a file, found none at ${file}.`);
  }
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, 'firebase.json');
    if (existsSync(file)) return file;
    if (folder === dirname(folder)) {
      throw new UsageError(
        `expected firebase.json in ${cwd} or a folder above, found none: run this command in a Firebase project.`,
      );
    }
  }
}

function hasDefault(folder: string): boolean {
  const file = join(folder, '.firebaserc');
  if (!existsSync(file)) return false;
  const { projects } = readObject(file);
  return isObject(projects) && typeof projects['default'] === 'string';
}

/** Reads a file as the Firebase CLI does, which allows comments. */
function readObject(file: string): Record<string, unknown> {
  const { loadCJSON } = loadModule('loadCJSON') as { loadCJSON: (path: string) => unknown };
  let value: unknown;
  try {
    value = loadCJSON(file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  if (!isObject(value)) throw new UsageError(`${file}: expected an object, found something else.`);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
