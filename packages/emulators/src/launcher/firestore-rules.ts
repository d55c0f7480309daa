/** The rules files of the project's Firestore databases: which apply to which database, and changes while running. */
import { existsSync, readFileSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { StartRules } from '../firestore/index.js';

/** One of the databases in firebase.json. */
export interface Database {
  database?: string;
  rules?: string;
}

/** A file of rules; absent `database`: for every database. */
export interface RulesFile {
  /** Absolute path. */
  file: string;
  database?: string;
}

const DEFAULT_DATABASE = '(default)';

let configured: RulesFile[] | undefined;

/**
 * The CLI supports one database: it finds no rules where firebase.json has a list.
 * @returns the default database, or the first
 */
export function mainDatabase(databases: readonly Database[]): Database | undefined {
  return databases.find(({ database }) => database === DEFAULT_DATABASE) ?? databases[0];
}

/** The files of a list of databases that exist. The CLI reports a missing one only for the main database. */
export function rulesFilesOf(
  databases: readonly Database[],
  toAbsolute: (path: string) => string,
): RulesFile[] {
  return databases.flatMap(({ database = DEFAULT_DATABASE, rules }) => {
    if (rules === undefined) return [];
    const file = toAbsolute(rules);
    if (existsSync(file)) return [{ file, database }];
    console.warn(`The rules ${file} of the Firestore database ${database} do not exist.`);
    return [];
  });
}

/** Keeps the files of a list of databases in firebase.json for `rulesFiles`. */
export function setRulesFiles(files: RulesFile[]): void {
  configured = files;
}

/** @param main the file that the CLI passes to the emulator */
export function rulesFiles(main: string | undefined): RulesFile[] {
  return configured ?? (main === undefined ? [] : [{ file: main }]);
}

/** Reads the rules for the start of the emulator. */
export function readRules({ file, database }: RulesFile): StartRules {
  const source = readFileSync(file, 'utf8');
  return { source, file, ...(database !== undefined && { database }) };
}

/**
 * Watches the folders of the files: an editor may replace a file instead of writing to it.
 * @param onChange called with the new rules
 * @returns ends the watch
 */
export function watchRules(
  files: readonly RulesFile[],
  onChange: (rules: StartRules) => void,
): () => void {
  const watchers = files.map((rulesFile) => {
    let last = readFileSync(rulesFile.file, 'utf8');
    return watch(dirname(rulesFile.file), (_event, name) => {
      if (name !== basename(rulesFile.file) || !existsSync(rulesFile.file)) return;
      const rules = readRules(rulesFile);
      if (rules.source === last) return;
      last = rules.source;
      onChange(rules);
    });
  });
  return () => {
    for (const watcher of watchers) watcher.close();
  };
}
