/** Resource names: projects/{project}/databases/{database}/documents/{path}. */
import { Code, StatusError } from './errors.js';

/** The parts of a resource name; `path` is empty for the database itself. */
export interface ResourceName {
  project: string;
  database: string;
  path: string[];
}

/**
 * Splits the resource name of a database, a collection or a document.
 * @throws StatusError INVALID_ARGUMENT
 */
export function parseName(name: string): ResourceName {
  const match = /^projects\/([^/]+)\/databases\/([^/]+)(?:\/documents(?:\/(.+))?)?$/s.exec(name);
  const [, project, database, rest] = match ?? [];
  if (!project || !database) {
    throw new StatusError(Code.INVALID_ARGUMENT, `Not a resource name of Firestore: "${name}".`);
  }
  return { project, database, path: rest ? rest.split('/') : [] };
}

/** The prefix of the names of all documents in a database. */
export function documentsRoot(name: { project: string; database: string }): string {
  return `projects/${name.project}/databases/${name.database}/documents`;
}

/** The full name of a document or a collection. */
export function formatName(name: ResourceName): string {
  return [documentsRoot(name), ...name.path].join('/');
}

/** The path that security rules match: ['databases', database, 'documents', …]. */
export function rulesPath(name: string): string[] {
  const { database, path } = parseName(name);
  return ['databases', database, 'documents', ...path];
}
