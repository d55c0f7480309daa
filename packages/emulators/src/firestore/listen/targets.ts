/** The targets of a Listen stream: what a client asks for, and the results to begin with. */
import { Code, StatusError } from '../errors.js';
import { type CompiledQuery, compileQuery } from '../store/compiled-query.js';
import { checkDocumentName } from '../store/validation.js';
import type * as v1 from '../v1.js';
import type { ListenHub } from './hub.js';
import { decodeResumeToken } from './resume-token.js';
import type { ResultChange, ResultListener } from './types.js';
import { compareResults } from './views.js';

/** What a target listens to. */
export type TargetScope =
  | { kind: 'documents'; names: string[] }
  | {
      kind: 'query';
      /** Equal for equal queries. */
      key: string;
      parent: string;
      query: v1.Query;
      compiled: CompiledQuery;
    };

/** The results that a target begins with. */
export interface InitialResults {
  changes: readonly ResultChange[];
  /** The client must forget what it knows: it can't resume. */
  reset: boolean;
  /** For a query that resumes: the number of results, with which the client checks its own. */
  count?: number;
}

/**
 * Reads what a target listens to.
 * @param root prefix of the names of the stream's database: `projects/…/documents`
 * @throws StatusError INVALID_ARGUMENT
 */
export function parseTarget(target: v1.ListenTarget, root: string): TargetScope {
  if (target.documents) {
    const names = [...new Set(target.documents.documents ?? [])];
    if (names.length === 0) throw invalid('A documents target must name a document.');
    for (const name of names) {
      checkDocumentName(name);
      if (!name.startsWith(`${root}/`)) throw invalid(`${name} is in another database.`);
    }
    return { kind: 'documents', names };
  }
  const { parent, structuredQuery: query } = target.query ?? {};
  if (!query) throw invalid('A target must have documents or a structured query.');
  const compiled = compileQuery(parent ?? '', query);
  const scope = compiled.scope.parent;
  if (scope !== root && !scope.startsWith(`${root}/`)) {
    throw invalid(`${parent} is in another database.`);
  }
  const key = JSON.stringify([scope, query]);
  return { kind: 'query', key, parent: parent ?? '', query, compiled };
}

/**
 * Starts listening. Call the hub's `flush` just before: the results are as of its read time.
 * @returns the results, and a function that ends listening
 */
export function startTarget(
  hub: ListenHub,
  scope: TargetScope,
  target: v1.ListenTarget,
  listener: ResultListener,
): { initial: InitialResults; detach: () => void } {
  if (scope.kind === 'documents') {
    const ends = scope.names.map((name) => hub.listenToDocument(name, listener));
    const initial = initialDocuments(hub, scope.names, target);
    return { initial, detach: () => ends.forEach((end) => end()) };
  }
  const { view, detach } = hub.listenToQuery(scope.key, scope.compiled, listener);
  const current = new Map<string, v1.Document>();
  for (const document of view.results()) current.set(document.name ?? '', document);
  return { initial: initialResults(hub, scope.compiled, current, target), detach };
}

function initialDocuments(
  hub: ListenHub,
  names: readonly string[],
  target: v1.ListenTarget,
): InitialResults {
  const { since, reset } = resumption(hub, target);
  const { store } = hub;
  const changeOf = (name: string): ResultChange => {
    const document = store.read(name);
    return { name, document, matches: document !== undefined, modified: true };
  };
  const known = since && attempt(() => names.map((name) => store.read(name, since)));
  if (!known) return { changes: names.map(changeOf), reset: reset || since !== undefined };
  const changed = names.filter((name, index) => store.read(name) !== known[index]);
  return { changes: changed.map(changeOf), reset: false };
}

function initialResults(
  hub: ListenHub,
  query: CompiledQuery,
  current: ReadonlyMap<string, v1.Document>,
  target: v1.ListenTarget,
): InitialResults {
  const { since, reset } = resumption(hub, target);
  const { store } = hub;
  const read = (name: string): v1.Document | undefined => store.read(name);
  const before = since && attempt(() => store.query(query, since));
  const expected = target.expectedCount?.value;
  // The client counts otherwise: it holds other results than it had at that time.
  const isOutOfStep = before && expected != null && expected !== before.length;
  if (!before || isOutOfStep) {
    const changes = compareResults(new Map(), current, read);
    return { changes, reset: reset || since !== undefined };
  }
  const known = new Map(before.map((document) => [document.name ?? '', document]));
  return { changes: compareResults(known, current, read), reset: false, count: current.size };
}

/** The time from which a target resumes; `reset` when the client has one that can't be used. */
function resumption(
  hub: ListenHub,
  { resumeToken, readTime }: v1.ListenTarget,
): { since?: v1.Timestamp; reset: boolean } {
  if (resumeToken && resumeToken.length > 0) {
    const since = decodeResumeToken(hub.source, resumeToken);
    return since ? { since, reset: false } : { reset: true };
  }
  return readTime ? { since: readTime, reset: false } : { reset: false };
}

/** The result; undefined when the store does not have that time. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof StatusError) return undefined;
    throw error;
  }
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
