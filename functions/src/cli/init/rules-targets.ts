/** Which entries of firebase.json name the rules that protect originals and records. */
import { InitError } from './changes.js';
import { isObject } from './json.js';
import type { Questioner } from './questioner.js';
import { resourcesOf, toPath, type FirebaseProject } from './project.js';

export interface RulesTarget {
  /** Whether firebase.json has the section. */
  isPresent: boolean;
  /** Position in the section; absent if it is an object. */
  index?: number;
  /** Path of the rules file. */
  rules: string;
  /** Whether firebase.json names the rules file. */
  isNamed: boolean;
  /** Buckets of a storage target. */
  buckets?: string[];
}

/** @throws InitError if there are several targets and none is chosen */
export async function storageTarget(
  { project, args, ask }: Questioner,
  projectId: string,
  storedBucket: string | undefined,
): Promise<RulesTarget> {
  const section = project.config['storage'];
  if (!Array.isArray(section)) {
    if (args.storageTarget !== undefined) {
      throw new InitError(
        `--storage-target: expected none, because "storage" in firebase.json is not an array; found "${args.storageTarget}".`,
      );
    }
    return rulesTarget(project, 'storage', section, undefined);
  }
  const entries = section.map((entry: unknown, index) => ({ entry, index }));
  const bucketsOf = (entry: unknown) => {
    const { target, bucket } = isObject(entry) ? entry : {};
    if (typeof bucket === 'string') return [bucket];
    return typeof target === 'string' ? resourcesOf(project, projectId, 'storage', target) : [];
  };
  const nameOf = (entry: unknown) => {
    const { target, bucket } = isObject(entry) ? entry : {};
    return typeof target === 'string' ? target : typeof bucket === 'string' ? bucket : '';
  };
  const names = entries.map(({ entry }) => nameOf(entry));
  const bucket = storedBucket ?? args.bucket;
  let name = args.storageTarget;
  name ??= names.length === 1 ? names[0] : undefined;
  if (name === undefined && bucket !== undefined) {
    const matching = entries.filter(({ entry }) => bucketsOf(entry).includes(bucket));
    if (matching.length === 1) name = nameOf(matching[0]?.entry);
  }
  if (name === undefined) {
    const list = names.join(', ');
    if (ask === undefined) {
      throw new InitError(
        `--storage-target: expected one of ${list}, because firebase.json has several storage targets; found none.`,
      );
    }
    const choices = names.map((value) => ({ label: value, value }));
    name = await ask({ message: 'Storage target of the bucket', choices });
  }
  const found = entries.filter(({ entry }) => nameOf(entry) === name);
  const [chosen] = found;
  if (chosen === undefined || found.length > 1) {
    throw new InitError(
      `--storage-target: expected one of ${names.join(', ')} from firebase.json, found "${name}".`,
    );
  }
  const buckets = bucketsOf(chosen.entry);
  if (bucket !== undefined && buckets.length > 0 && !buckets.includes(bucket)) {
    throw new InitError(
      `--storage-target: expected the target of the bucket ${bucket}, found "${name}", whose buckets are ${buckets.join(', ')}.`,
    );
  }
  return { ...rulesTarget(project, 'storage', chosen.entry, chosen.index), buckets };
}

/**
 * @param database DATABASE_ID
 * @throws InitError if firebase.json has other databases only
 */
export function firestoreTarget(
  project: FirebaseProject,
  projectId: string,
  database: string,
): RulesTarget & { indexes: string } {
  const section = project.config['firestore'];
  const entries: unknown[] = Array.isArray(section) ? section : [section ?? {}];
  const index = entries.findIndex((entry) =>
    databasesOf(project, projectId, entry).includes(database),
  );
  if (index < 0) {
    throw new InitError(
      `firebase.json: expected an entry of "firestore" for the database ${database}, which the functions use; found ` +
        'only other databases.',
    );
  }
  const entry = entries[index];
  const indexes = isObject(entry) ? entry['indexes'] : undefined;
  return {
    ...rulesTarget(project, 'firestore', entry, Array.isArray(section) ? index : undefined),
    indexes: typeof indexes === 'string' ? toPath(project.files, indexes) : '',
    isPresent: section !== undefined,
  };
}

function databasesOf(project: FirebaseProject, projectId: string, entry: unknown): string[] {
  const { database, target } = isObject(entry) ? entry : {};
  if (typeof target === 'string') return resourcesOf(project, projectId, 'firestore', target);
  return [typeof database === 'string' ? database : '(default)'];
}

function rulesTarget(
  { files }: FirebaseProject,
  section: 'storage' | 'firestore',
  entry: unknown,
  index: number | undefined,
): RulesTarget {
  const rules = isObject(entry) ? entry['rules'] : undefined;
  return {
    isPresent: entry !== undefined,
    ...(index !== undefined && { index }),
    rules: typeof rules === 'string' ? toPath(files, rules) : `${section}.rules`,
    isNamed: typeof rules === 'string',
  };
}
