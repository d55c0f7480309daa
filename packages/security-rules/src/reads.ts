import type { ServiceName } from './ast.js';
import { EvaluationError, LimitError } from './errors.js';
import { LIMITS } from './limits.js';
import { bool, type RulesValue } from './values.js';

/** Reads documents for rules. Paths are full paths as segments, starting with 'databases'. */
export interface DocumentReader {
  /** The document as a `resource`, `{ data, id, __name__ }`; undefined if it does not exist. */
  get(path: string[]): Promise<RulesValue | undefined>;
  /** The document after the requested writes. */
  getAfter?(path: string[]): Promise<RulesValue | undefined>;
}

type Documents = Map<string, Promise<RulesValue | undefined>>;

/**
 * The document reads of all requests of one batch, transaction or multi-document read. Each document
 * is read once, up to the limit, so that all requests see the same state of the database.
 */
export class SharedReads {
  private readonly cache: Documents = new Map();

  /**
   * The cached document, or the result of `read`.
   * @throws LimitError past the limit
   */
  document(key: string, read: () => Promise<RulesValue | undefined>) {
    return readOnce(this.cache, key, LIMITS.firestoreReadsTogether, 'these requests', read);
  }
}

/** The document reads of one request. Each document is read once, up to the limit. */
export class Reads {
  private readonly cache: Documents = new Map();

  constructor(
    private readonly service: ServiceName,
    private readonly reader: DocumentReader | undefined,
    private readonly shared: SharedReads | undefined,
  ) {}

  /** The value of `get(path)`, `exists(path)`, `getAfter(path)` or `existsAfter(path)`. */
  async read(name: string, target: RulesValue): Promise<RulesValue> {
    if (target.type !== 'path') {
      throw new EvaluationError(`${name}() expects a path, found ${target.type}`);
    }
    const { segments } = target;
    if (segments[0] !== 'databases' || segments[2] !== 'documents' || !(segments.length % 2)) {
      throw new EvaluationError(`/${segments.join('/')} is not a document path`);
    }
    if (segments.length < 5) {
      throw new EvaluationError(`/${segments.join('/')} is not a document path`);
    }
    const after = name.endsWith('After');
    const document = await this.document(segments, after);
    if (name.startsWith('exists')) return bool(document !== undefined);
    if (document) return document;
    // An error, not null: rules use exists() for a document that may be missing.
    throw new EvaluationError(`there is no document /${segments.slice(3).join('/')}`);
  }

  private document(segments: readonly string[], after: boolean): Promise<RulesValue | undefined> {
    const key = JSON.stringify([after, segments]);
    const max = this.service === 'cloud.firestore' ? LIMITS.firestoreReads : LIMITS.storageReads;
    return readOnce(this.cache, key, max, 'this request', () => {
      const read = (): Promise<RulesValue | undefined> => this.fetch([...segments], after);
      return this.shared ? this.shared.document(key, read) : read();
    });
  }

  private fetch(path: string[], after: boolean): Promise<RulesValue | undefined> {
    const { reader } = this;
    if (!reader) throw new EvaluationError('there is no Firestore to read documents from');
    if (!after) return reader.get(path);
    if (reader.getAfter) return reader.getAfter(path);
    throw new EvaluationError('getAfter() and existsAfter() are available for writes only');
  }
}

/** The cached document, or the result of `read`. Cached documents do not count towards the limit. */
function readOnce(
  cache: Documents,
  key: string,
  max: number,
  subject: string,
  read: () => Promise<RulesValue | undefined>,
): Promise<RulesValue | undefined> {
  const cached = cache.get(key);
  if (cached) return cached;
  if (cache.size >= max) {
    throw new LimitError(`the rules read more than ${max} documents for ${subject}`);
  }
  const document = read();
  cache.set(key, document);
  return document;
}
