/**
 * The journal of `migrate`: one JSON object per line, only ever appended to. It may be read after the command was
 * killed at any moment: a line that was cut is dropped, and what it was about is done once more.
 */
import {
  appendFileSync,
  existsSync,
  fsyncSync,
  openSync,
  closeSync,
  readFileSync,
  truncateSync,
} from 'node:fs';
import { z } from 'zod';
import { MigrateError } from './error.js';

/** What a journal belongs to. */
export interface Scope {
  project: string;
  /** Of the old images. */
  from: string;
  /** Of the new originals, and their path. */
  to: string;
}

const ENTRY = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('begin'),
    version: z.literal(1),
    project: z.string(),
    from: z.string(),
    to: z.string(),
  }),
  z.strictObject({ kind: z.literal('run'), at: z.string() }),
  /** The old object was copied. */
  z.strictObject({
    kind: z.literal('copied'),
    object: z.string(),
    generation: z.string(),
    to: z.string(),
    copy: z.string(),
  }),
  /** The new image is ready or has failed, and what documents need is written. */
  z.strictObject({
    kind: z.literal('done'),
    object: z.string(),
    generation: z.string(),
    state: z.enum(['ready', 'failed']),
    code: z.string().optional(),
  }),
  /** Was left out, once more in every run. */
  z.strictObject({ kind: z.literal('skipped'), of: z.string(), reason: z.string() }),
  z.strictObject({ kind: z.literal('finished'), object: z.string(), generation: z.string() }),
]);
export type Entry = z.infer<typeof ENTRY>;
export type Done = Extract<Entry, { kind: 'done' }>;

export interface Journal {
  /** By object name: the generation that was copied. */
  copied: ReadonlyMap<string, string>;
  done: ReadonlyMap<string, Done>;
  /** Number of runs before this one. */
  runs: number;
  append(entry: Entry): void;
}

/**
 * Opens a journal, or begins one.
 * @throws MigrateError if it belongs to another migration or can't be read
 */
export function openJournal(file: string, scope: Scope): Journal {
  const state = {
    copied: new Map<string, string>(),
    done: new Map<string, Done>(),
    runs: 0,
  };
  const apply = (entry: Entry) => {
    if (entry.kind === 'copied') state.copied.set(entry.object, entry.generation);
    if (entry.kind === 'done') state.done.set(entry.object, entry);
    if (entry.kind === 'run') state.runs += 1;
  };
  const entries = readLines(file, ENTRY);
  const [first] = entries;
  const append = (entry: Entry) => {
    apply(entry);
    appendLines(file, [entry]);
  };
  if (first === undefined) append({ kind: 'begin', version: 1, ...scope });
  else {
    const isSame =
      first.kind === 'begin' &&
      (['project', 'from', 'to'] as const).every((name) => first[name] === scope[name]);
    if (!isSame) {
      const found =
        first.kind === 'begin' ? `${first.project}, ${first.from}, ${first.to}` : 'no beginning';
      throw new MigrateError(
        `${file}: expected the journal of ${scope.project}, ${scope.from}, ${scope.to}; found that of ${found}: name another with --journal`,
      );
    }
  }
  for (const entry of entries) apply(entry);
  return {
    ...state,
    get runs() {
      return state.runs;
    },
    append,
  };
}

/**
 * Reads a file of JSON lines; cuts off a last line that was not written to its end.
 * @returns none if the file does not exist
 * @throws MigrateError
 */
export function readLines<T>(file: string, schema: z.ZodType<T>): T[] {
  if (!existsSync(file)) return [];
  const bytes = readFileSync(file);
  const end = bytes.lastIndexOf(0x0a) + 1;
  if (end < bytes.length) truncateSync(file, end);
  const lines = bytes.subarray(0, end).toString().split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const parsed = schema.safeParse(jsonOf(line));
    if (parsed.success) return parsed.data;
    throw new MigrateError(
      `${file}: expected a line as migrate writes it, found another in line ${index + 1}`,
    );
  });
}

/**
 * Appends JSON lines with one write.
 * @param durable whether to wait until the disk has them
 */
export function appendLines(file: string, lines: readonly object[], durable = false): void {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  // Only its owner may read it: the undo file has download tokens.
  if (!durable) return appendFileSync(file, text, { mode: 0o600 });
  const handle = openSync(file, 'a', 0o600);
  try {
    appendFileSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
