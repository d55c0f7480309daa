/** Writes all changes, or none. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { InitError, type FileChange } from './changes.js';

interface Step {
  change: FileChange;
  /** Absolute path; that of its target if the file is a symbolic link. */
  file: string;
  /** New content beside the file; absent if the file is deleted. */
  staged?: string;
  /** Copy of the current content beside the file; absent if there is no file. */
  saved?: string;
}

/**
 * Writes new contents beside the files first, then renames them all: a full disk or a missing permission changes
 * nothing. If a rename fails, those before it are undone.
 * @throws InitError if a file changed since it was read, or can't be written
 */
export function writeChanges(root: string, changes: readonly FileChange[]): void {
  const steps: Step[] = [];
  const folders: string[] = [];
  let done = 0;
  try {
    for (const change of changes) steps.push(stage(root, change, folders));
    for (const step of steps) {
      if (step.staged !== undefined) renameSync(step.staged, step.file);
      else rmSync(step.file, { force: true });
      done++;
    }
  } catch (error) {
    for (const { file, saved } of steps.slice(0, done).reverse()) {
      if (saved !== undefined) renameSync(saved, file);
      else rmSync(file, { force: true });
    }
    removeTemporary(steps);
    for (const folder of folders.reverse()) rmSync(folder, { recursive: true, force: true });
    if (error instanceof InitError) throw error;
    const { code = 'an error', path = root } = error as { code?: string; path?: string };
    throw new InitError(`${path}: expected to write the file, found ${code}; nothing was changed.`);
  }
  removeTemporary(steps);
}

function stage(root: string, change: FileChange, folders: string[]): Step {
  const path = join(root, change.path);
  const exists = existsSync(path);
  const file = exists ? realpathSync(path) : path;
  if (change.copyOf === undefined && change.after !== undefined) {
    const current = exists ? readFileSync(file, 'utf8') : undefined;
    if (current !== change.before) {
      throw new InitError(
        `${change.path}: expected the content that was read before, found another: run the command again.`,
      );
    }
  }
  const folder = dirname(file);
  const created = mkdirSync(folder, { recursive: true });
  if (created !== undefined) folders.push(created);
  const suffix = `.${process.pid}.tmp`;
  const step: Step = { change, file };
  try {
    if (exists) {
      copyFileSync(file, `${file}.old${suffix}`);
      step.saved = `${file}.old${suffix}`;
    }
    if (change.copyOf !== undefined) copyFileSync(change.copyOf, `${file}${suffix}`);
    else if (change.after !== undefined) writeFileSync(`${file}${suffix}`, change.after);
    else return step;
    step.staged = `${file}${suffix}`;
    if (exists) chmodSync(step.staged, statSync(file).mode);
    return step;
  } catch (error) {
    rmSync(`${file}${suffix}`, { force: true });
    rmSync(`${file}.old${suffix}`, { force: true });
    throw error;
  }
}

function removeTemporary(steps: readonly Step[]): void {
  for (const { staged, saved } of steps) {
    if (staged !== undefined) rmSync(staged, { force: true });
    if (saved !== undefined) rmSync(saved, { force: true });
  }
}
