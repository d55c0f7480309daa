/** Computes the result of a commit by applying its writes to a scratch database. */
import { MemoryDatabase } from './database.js';
import type { CommitClock } from './clock.js';
import type { Change, Read } from '../rules/authorizer.js';
import type * as v1 from '../v1.js';

/** The changes that the writes would make, and the commit time. */
export interface Preview {
  changes: Change[];
  time: v1.Timestamp;
}

/**
 * Previews writes. The commit checks the preconditions; the preview uses them only to distinguish an
 * update from a create: a write to a document that must exist is an update.
 */
export class WritePreview {
  readonly #scratch: MemoryDatabase;

  constructor(project: string, database: string, clock: CommitClock) {
    this.#scratch = new MemoryDatabase(project, database, clock);
  }

  /** Returns one change per document, regardless of the number of writes to it. */
  async preview(writes: readonly v1.Write[], read: Read): Promise<Preview> {
    const names = [...new Set(writes.map(writtenName))];
    const before = new Map(names.map((name) => [name, read(name)]));
    this.#scratch.clear();
    const existing = [...before.values()].filter((document) => document !== undefined);
    if (existing.length > 0) {
      const copies = existing.map(({ name, fields }) => ({ update: { name, fields } }));
      await this.#scratch.commit({ writes: copies });
    }
    const unconditional = writes.map((write) => ({ ...write, currentDocument: null }));
    const { commitTime } = await this.#scratch.commit({ writes: unconditional });
    const changes = names.map((name) => {
      const after = this.#scratch.read(name);
      const firstWrite = writes.find((write) => writtenName(write) === name);
      return {
        name,
        before: before.get(name),
        after,
        method: methodOf(firstWrite, before.get(name), after),
      };
    });
    return { changes, time: commitTime ?? {} };
  }
}

/** The name of the document that a write affects. */
export function writtenName(write: v1.Write): string {
  return write.update?.name ?? write.delete ?? write.verify ?? '';
}

function methodOf(
  write: v1.Write | undefined,
  before: v1.Document | undefined,
  after: v1.Document | undefined,
): Change['method'] {
  if (!after) return 'delete';
  const mustExist = write?.currentDocument?.exists === true || write?.currentDocument?.updateTime;
  return before || mustExist ? 'update' : 'create';
}
