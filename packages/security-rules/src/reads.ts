import type { ServiceName } from './ast.js';
import { EvaluationError, LimitError } from './errors.js';
import { LIMITS } from './limits.js';
import { bool, type RulesValue } from './values.js';

/** Reads the documents that rules ask for; paths are whole, starting with 'databases'. */
export interface DocumentReader {
  /** The document as `resource` has it, `{ data, id, __name__ }`; undefined if there is none. */
  get(path: string[]): Promise<RulesValue | undefined>;
  /** The same once the writes that are asked for have happened. */
  getAfter?(path: string[]): Promise<RulesValue | undefined>;
}

type Documents = Map<string, Promise<RulesValue | undefined>>;

/**
 * What the requests of one batch, transaction or read of several documents read together: each
 * document once, and no more than the limit. They all see the same state of the database.
 */
export class SharedReads {
  private readonly cache: Documents = new Map();

  /** What is known of a document, or else what `reading` finds; LimitError past the limit. */
  document(key: string, reading: () => Promise<RulesValue | undefined>) {
    return readOnce(this.cache, key, LIMITS.firestoreReadsTogether, 'these requests', reading);
  }
}

/** The document reads of one request: each document once, and no more than the limit. */
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
      throw new EvaluationError(`/${segments.join('/')} is no path of a document`);
    }
    if (segments.length < 5) {
      throw new EvaluationError(`/${segments.join('/')} is no path of a document`);
    }
    const after = name.endsWith('After');
    const document = await this.document(segments, after);
    if (name.startsWith('exists')) return bool(document !== undefined);
    if (document) return document;
    // Not null: whoever asks for what may be missing asks exists() first.
    throw new EvaluationError(`there is no document /${segments.slice(3).join('/')}`);
  }

  private document(segments: readonly string[], after: boolean): Promise<RulesValue | undefined> {
    const key = JSON.stringify([after, segments]);
    const most = this.service === 'cloud.firestore' ? LIMITS.firestoreReads : LIMITS.storageReads;
    return readOnce(this.cache, key, most, 'this request', () => {
      const reading = (): Promise<RulesValue | undefined> => this.ask([...segments], after);
      return this.shared ? this.shared.document(key, reading) : reading();
    });
  }

  private ask(path: string[], after: boolean): Promise<RulesValue | undefined> {
    const { reader } = this;
    if (!reader) throw new EvaluationError('there is no Firestore to read documents from');
    if (!after) return reader.get(path);
    if (reader.getAfter) return reader.getAfter(path);
    throw new EvaluationError('documents as they will be are known for writes only');
  }
}

/** A document from the cache, which does not count, or else read and remembered. */
function readOnce(
  cache: Documents,
  key: string,
  most: number,
  what: string,
  reading: () => Promise<RulesValue | undefined>,
): Promise<RulesValue | undefined> {
  const known = cache.get(key);
  if (known) return known;
  if (cache.size >= most) {
    throw new LimitError(`the rules read more than ${most} documents for ${what}`);
  }
  const document = reading();
  cache.set(key, document);
  return document;
}
