/** Finds the rules files of a Firebase project that apply to an installation. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ServiceName } from 'firebase-rules-check';
import { parse, printParseErrorCode, type ParseError } from 'jsonc-parser';

/** The arguments, or a file that they name, are wrong; the message is for the user. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A rules file, by the name that the user knows it by. */
export interface RulesFile {
  readonly name: string;
  readonly text: string;
  /** The service that firebase.json says it is for. */
  readonly service?: ServiceName;
  /** The buckets that firebase.json and .firebaserc say it is for, if they do. */
  readonly buckets?: readonly string[];
}

/** Reads a UTF-8 file. @throws UsageError */
export function readText(folder: string, name: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(resolve(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : code;
    throw new UsageError(`${name}: expected a readable file, found ${found}`);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`${name}: expected text in UTF-8, found other bytes`);
  }
}

/**
 * Reads the rules files that firebase.json names: `storage` and `firestore`, each an object or an array.
 * Files for another database are left out.
 * @param databaseId DATABASE_ID
 * @throws UsageError
 */
export function readProject(folder: string, databaseId = '(default)'): RulesFile[] {
  const json = readJson(folder, 'firebase.json');
  const buckets = bucketsOfTargets(folder);
  const files: RulesFile[] = [];
  for (const { rules, bucket, target } of entriesOf(json, 'storage')) {
    if (typeof rules !== 'string') continue;
    const ofTarget = typeof target === 'string' ? buckets.get(target) : undefined;
    const names = typeof bucket === 'string' ? [bucket] : ofTarget;
    const file = {
      name: rules,
      text: readText(folder, rules),
      service: 'firebase.storage',
    } as const;
    files.push({ ...file, ...(names && { buckets: names }) });
  }
  for (const { rules, database = '(default)' } of entriesOf(json, 'firestore')) {
    if (typeof rules !== 'string' || database !== databaseId) continue;
    files.push({ name: rules, text: readText(folder, rules), service: 'cloud.firestore' });
  }
  return files;
}

function entriesOf(json: Record<string, unknown>, name: string): Record<string, unknown>[] {
  const value = json[name];
  return (Array.isArray(value) ? value : [value]).filter(isObject);
}

/** The buckets of each storage target, in all projects of .firebaserc. */
function bucketsOfTargets(folder: string): Map<string, string[]> {
  const buckets = new Map<string, string[]>();
  let targets: unknown;
  try {
    ({ targets } = readJson(folder, '.firebaserc'));
  } catch (error) {
    if (error instanceof UsageError) return buckets;
    throw error;
  }
  for (const project of isObject(targets) ? Object.values(targets) : []) {
    const storage = isObject(project) ? project['storage'] : undefined;
    for (const [target, names] of isObject(storage) ? Object.entries(storage) : []) {
      const texts = Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
      buckets.set(target, [...(buckets.get(target) ?? []), ...texts]);
    }
  }
  return buckets;
}

/** Comments and a comma at the end are allowed, as the Firebase CLI allows them. */
function readJson(folder: string, name: string): Record<string, unknown> {
  const text = readText(folder, name).replace(/^\ufeff/, '');
  const errors: ParseError[] = [];
  const json: unknown = parse(text, errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first) {
    const lines = text.slice(0, first.offset).split('\n');
    const place = `${name}:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
    throw new UsageError(`${place}: expected JSON, found ${printParseErrorCode(first.error)}`);
  }
  if (!isObject(json)) throw new UsageError(`${name}: expected an object`);
  return json;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
