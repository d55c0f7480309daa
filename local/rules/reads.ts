import type { ServiceName } from './ast.js';
import { EvaluationError, LimitError } from './errors.js';
import { LIMITS } from './limits.js';
import { bool, NULL, type RulesValue } from './values.js';

/** Reads the documents that rules ask for; paths are whole, starting with 'databases'. */
export interface DocumentReader {
  /** The document as `resource` has it, `{ data, id, __name__ }`; undefined if there is none. */
  get(path: string[]): Promise<RulesValue | undefined>;
  /** The same once the writes that are asked for have happened. */
  getAfter?(path: string[]): Promise<RulesValue | undefined>;
}

/** The document reads of one request: each document once, and no more than the limit. */
export class Reads {
  private readonly cache = new Map<string, Promise<RulesValue | undefined>>();

  constructor(
    private readonly service: ServiceName,
    private readonly reader: DocumentReader | undefined,
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
    return name.startsWith('exists') ? bool(document !== undefined) : (document ?? NULL);
  }

  private document(segments: readonly string[], after: boolean): Promise<RulesValue | undefined> {
    const key = JSON.stringify([after, segments]);
    const known = this.cache.get(key);
    if (known) return known;
    const { reader } = this;
    if (!reader) throw new EvaluationError('there is no Firestore to read documents from');
    if (after && !reader.getAfter) {
      throw new EvaluationError('documents as they will be are known for writes only');
    }
    const most = this.service === 'cloud.firestore' ? LIMITS.firestoreReads : LIMITS.storageReads;
    if (this.cache.size >= most) {
      throw new LimitError(`the rules read more than ${most} documents for this request`);
    }
    const path = [...segments];
    const reading = after ? reader.getAfter?.(path) : reader.get(path);
    const document = Promise.resolve(reading);
    this.cache.set(key, document);
    return document;
  }
}
