/** Finds the parameters of storage-resize-images in the user's project. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MigrateError } from './error.js';
import { isExtensionFile, parseExtension, type ExtensionParameters } from './extension.js';

/**
 * @param file of the command line; absent: the only one in `extensions/` that has its parameters
 * @returns undefined if there is none
 * @throws MigrateError
 */
export function findExtension(
  cwd: string,
  file: string | undefined,
  project: string,
): ExtensionParameters | undefined {
  if (file !== undefined) {
    const text = read(resolve(cwd, file));
    if (text !== undefined && isExtensionFile(text)) return parseExtension(text, project);
    const found = text === undefined ? 'no such file' : 'a file without IMG_SIZES';
    throw new MigrateError(
      `--extension: expected the parameters of storage-resize-images at ${file}, found ${found}`,
    );
  }
  const folder = join(resolve(cwd), 'extensions');
  const texts = new Map(
    list(folder)
      .filter((name) => name.endsWith('.env'))
      .map((name) => [name, read(join(folder, name)) ?? '']),
  );
  const found = [...texts].filter(([, text]) => isExtensionFile(text));
  if (found.length > 1) {
    const names = found.map(([name]) => `extensions/${name}`).join(', ');
    throw new MigrateError(`--extension: expected one of ${names}, found none named`);
  }
  const text = found[0]?.[1];
  return text === undefined ? undefined : parseExtension(text, project);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
