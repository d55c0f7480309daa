/** Reads a user's Firebase project: firebase.json, .firebaserc and the files that they name. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { InitError } from './changes.js';
import { isObject, parseObject } from './json.js';

/** Files of the project; paths are relative to its folder and have forward slashes. */
export interface ProjectFiles {
  /** @returns undefined if the file does not exist. @throws InitError if it is not UTF-8 text */
  read: (path: string) => string | undefined;
  /** Names in a folder; empty if it does not exist. */
  list: (folder: string) => string[];
  /** Whether a file of the project has the same bytes as another file. */
  hasCopyOf: (path: string, absolute: string) => boolean;
}

export interface FirebaseProject {
  /** Absolute path of the folder with firebase.json. */
  root: string;
  files: ProjectFiles;
  /** The text of firebase.json. */
  text: string;
  /** The content of firebase.json. */
  config: Record<string, unknown>;
  /** Aliases and their projects, from .firebaserc. */
  projects: Readonly<Record<string, string>>;
  /** Deploy targets, from .firebaserc: project -> kind -> target -> resources. */
  targets: Record<string, unknown>;
}

/**
 * Finds firebase.json in a folder or in one above, as the Firebase CLI does.
 * @throws InitError if there is none, or if a file can't be parsed
 */
export function readProject(cwd: string): FirebaseProject {
  const root = findRoot(cwd);
  if (root === undefined) {
    throw new InitError(
      `expected firebase.json in ${cwd} or in a folder above, found none: run this command in your Firebase ` +
        'project, or create one with "firebase init".',
    );
  }
  const files = projectFiles(root);
  const text = files.read('firebase.json') ?? '';
  const config = parseObject(text, 'firebase.json');
  for (const name of ['functions', 'hosting', 'storage', 'firestore']) {
    if (typeof config[name] === 'string') {
      throw new InitError(
        `firebase.json: expected "${name}" to be an object or an array, found the name of a file: move its content ` +
          'to firebase.json.',
      );
    }
  }
  const rcText = files.read('.firebaserc');
  const rc = rcText === undefined ? {} : parseObject(rcText, '.firebaserc');
  const projects = Object.fromEntries(
    Object.entries(isObject(rc['projects']) ? rc['projects'] : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    ),
  );
  const targets = isObject(rc['targets']) ? rc['targets'] : {};
  return { root, files, text, config, projects, targets };
}

function findRoot(cwd: string): string | undefined {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (isFile(join(folder, 'firebase.json'))) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    // Nothing there, or a file where a folder is expected: writing will say so.
    return false;
  }
}

function projectFiles(root: string): ProjectFiles {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  return {
    read(path) {
      const file = join(root, path);
      if (!isFile(file)) return undefined;
      try {
        return decoder.decode(readFileSync(file));
      } catch (error) {
        const { code = 'bytes that are not UTF-8' } = error as { code?: string };
        throw new InitError(
          `${path}: expected a text file, found ${code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'bytes that are not UTF-8' : code}.`,
        );
      }
    },
    list(folder) {
      try {
        return readdirSync(join(root, folder));
      } catch {
        return [];
      }
    },
    hasCopyOf(path, absolute) {
      const file = join(root, path);
      return isFile(file) && readFileSync(file).equals(readFileSync(absolute));
    },
  };
}

/**
 * A path in firebase.json with forward slashes. A project that was set up on Windows may have backslashes, which
 * are separators unless a file has such a name.
 */
export function toPath(files: ProjectFiles, path: string): string {
  if (!path.includes('\\') || files.read(path) !== undefined) return path;
  return path.replaceAll('\\', '/');
}

/** The resources of a deploy target, such as the buckets of a storage target. */
export function resourcesOf(
  { targets }: FirebaseProject,
  projectId: string,
  kind: 'storage' | 'hosting' | 'firestore',
  target: string,
): string[] {
  const ofProject = targets[projectId];
  const ofKind = isObject(ofProject) ? ofProject[kind] : undefined;
  const resources = isObject(ofKind) ? ofKind[target] : undefined;
  return Array.isArray(resources)
    ? resources.filter((name): name is string => typeof name === 'string')
    : [];
}
