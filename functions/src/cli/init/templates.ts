/** The files that `init` writes or merges; the published package has copies of those of the repository. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Templates {
  storageRules: string;
  firestoreRules: string;
  /** JSON. */
  indexes: string;
}

/** @param folder that has them all */
export function readTemplates(folder: string): Templates {
  // A checkout on Windows may have CRLF.
  const read = (file: string) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n');
  return {
    storageRules: read('storage.rules'),
    firestoreRules: read('firestore.rules'),
    indexes: read('firestore.indexes.json'),
  };
}
