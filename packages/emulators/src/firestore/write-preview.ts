/** What a commit would leave behind, found out in a scratch database of the same make. */
import { MemoryDatabase } from './database.js';
import type { CommitClock } from './clock.js';
import type { Change, Read } from './rules-gate.js';
import type * as v1 from './v1.js';

/** The changes that writes would make, and the commit's time in them. */
export interface Preview {
  changes: Change[];
  time: v1.Timestamp;
}

/**
 * Tries writes out. Preconditions are left to the commit, but one tells what the client means: who
 * updates a document that must exist is asked about an update.
 */
export class WritePreview {
  readonly #scratch: MemoryDatabase;

  constructor(project: string, database: string, clock: CommitClock) {
    this.#scratch = new MemoryDatabase(project, database, clock);
  }

  /** One change for each document, however many writes it gets. */
  async preview(writes: readonly v1.Write[], read: Read): Promise<Preview> {
    const names = [...new Set(writes.map(writtenName))];
    const before = new Map(names.map((name) => [name, read(name)]));
    this.#scratch.clear();
    const present = [...before.values()].filter((document) => document !== undefined);
    if (present.length > 0) {
      const copies = present.map(({ name, fields }) => ({ update: { name, fields } }));
      await this.#scratch.commit({ writes: copies });
    }
    const tried = writes.map((write) => ({ ...write, currentDocument: null }));
    const { commitTime } = await this.#scratch.commit({ writes: tried });
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

/** The document that a write is about. */
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
