/** What one stream sends for one read time: the changes of all its targets, each document once. */
import type { Caller } from '../caller.js';
import { toStatusError } from '../errors.js';
import type { Authorizer } from '../rules/authorizer.js';
import type * as v1 from '../v1.js';
import { estimateBytes, type MessageCache, targetChange } from './messages.js';
import type { BatchTarget, ResultChange } from './types.js';

type Read = (name: string) => v1.Document | undefined;

/** One document, for all targets whose results it changes. */
interface DocumentGroup {
  target: BatchTarget;
  name: string;
  document: v1.Document | undefined;
  targetIds: number[];
  removedTargetIds: number[];
  modified: boolean;
}

export class Batch<T extends BatchTarget = BatchTarget> {
  readonly #changes = new Map<T, Map<string, ResultChange>>();
  /** Targets that the rules ended. */
  readonly #denied: v1.ListenResponse[] = [];
  /** Documents that left a query's results and that the client may still get. */
  readonly #readable = new Set<string>();
  bytes = 0;

  constructor(
    private readonly caller: Caller,
    private readonly authorizer: Pick<Authorizer, 'authorizeGet'>,
  ) {}

  /** Adds changes of a target; they replace earlier ones of the same documents. */
  add(target: T, changes: Iterable<ResultChange>): void {
    let known = this.#changes.get(target);
    if (!known) this.#changes.set(target, (known = new Map<string, ResultChange>()));
    for (const change of changes) {
      const earlier = known.get(change.name);
      if (earlier) this.bytes -= estimateBytes(earlier.document);
      this.bytes += estimateBytes(change.document);
      known.set(change.name, earlier?.modified ? { ...change, modified: true } : change);
    }
  }

  /** Adds a later batch of the same stream. */
  merge(later: Batch<T>): void {
    for (const [target, changes] of later.#changes) this.add(target, changes.values());
  }

  /** Whether the rules have to be asked: for changed documents of documents targets and for leavers. */
  get needsRules(): boolean {
    return (
      this.caller.kind === 'client' &&
      [...this.#changes].some(
        ([target, changes]) =>
          target.scope.kind === 'documents' || [...changes.values()].some(leaves),
      )
    );
  }

  /**
   * Asks the rules, as Firestore does: when a document changes that a target names, or when it leaves a query.
   * @param onDenied called for each target that ends
   */
  async applyRules(read: Read, time: v1.Timestamp, onDenied: (target: T) => void): Promise<void> {
    for (const [target, changes] of this.#changes) {
      for (const change of changes.values()) {
        if (!target.active) break;
        const isNamed = target.scope.kind === 'documents';
        if (!isNamed && !leaves(change)) continue;
        const readThen: Read = (name) => (name === change.name ? change.document : read(name));
        try {
          await this.authorizer.authorizeGet(this.caller, change.name, readThen, time);
          this.#readable.add(change.name);
        } catch (error) {
          if (!isNamed || !target.active) continue;
          const { code, message } = toStatusError(error);
          this.#denied.push(targetChange('REMOVE', target.id, { code, message }));
          onDenied(target);
        }
      }
    }
  }

  /** The messages, with the read time last. */
  *messages(cache: MessageCache): Iterable<v1.ListenResponse> {
    yield* this.#denied;
    for (const group of this.#groups()) {
      const { name, document, target, targetIds } = group;
      if (!document) {
        yield cache.delete(name, group);
      } else if (targetIds.length > 0 || (group.modified && this.#mayReveal(name))) {
        yield cache.change(target.project(document), target.variant, group);
      } else {
        yield cache.remove(name, group);
      }
    }
    yield cache.snapshot();
  }

  #groups(): Iterable<DocumentGroup> {
    const groups = new Map<string, DocumentGroup>();
    for (const [target, changes] of this.#changes) {
      if (!target.active) continue;
      for (const { name, document, matches, modified } of changes.values()) {
        const key = name + target.variant;
        let group = groups.get(key);
        if (!group) {
          group = { target, name, document, targetIds: [], removedTargetIds: [], modified };
          groups.set(key, group);
        }
        (matches ? group.targetIds : group.removedTargetIds).push(target.id);
        group.modified ||= modified;
      }
    }
    return groups.values();
  }

  #mayReveal(name: string): boolean {
    return this.caller.kind === 'owner' || this.#readable.has(name);
  }
}

/** Whether a document left the results but exists, changed. */
function leaves({ document, matches, modified }: ResultChange): boolean {
  return !matches && modified && document !== undefined;
}
