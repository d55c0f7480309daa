/** A target that receives changes. */
import type * as v1 from '../v1.js';
import type { TargetScope } from './targets.js';
import type { BatchTarget, Publisher, ResultChange, ResultListener } from './types.js';

/** The stream of a target. */
export interface TargetStream extends Publisher {
  /** Takes the changes of a target; `publish` follows. */
  collect(target: ActiveTarget, changes: readonly ResultChange[]): void;
}

export class ActiveTarget implements ResultListener, BatchTarget {
  detach: (() => void) | undefined;
  active = true;
  /** Distinguishes projections of one document; empty for whole documents. */
  readonly variant: string;

  constructor(
    readonly id: number,
    readonly scope: TargetScope,
    readonly publisher: TargetStream,
  ) {
    const select = scope.kind === 'query' ? scope.query.select : undefined;
    this.variant = select ? JSON.stringify(select) : '';
  }

  /** How much of the limit on targets it takes. */
  get size(): number {
    return this.scope.kind === 'documents' ? this.scope.names.length : 1;
  }

  project(document: v1.Document): v1.Document {
    return this.variant && this.scope.kind === 'query'
      ? this.scope.compiled.project(document)
      : document;
  }

  onChanges(changes: readonly ResultChange[]): void {
    this.publisher.collect(this, changes);
  }

  stop(): void {
    this.active = false;
    this.detach?.();
    this.detach = undefined;
  }
}
