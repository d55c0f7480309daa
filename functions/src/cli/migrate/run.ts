/** `migrate run`: copies old images to where the new installation has its originals, and waits until they are ready. */
import { MigrateError } from './error.js';
import { HELD, stateOf, type Access, type ImageState } from './image-state.js';
import type { Journal } from './journal.js';
import { forEachOf } from './pool.js';
import { fieldName, type Link, type OldImage, type Survey } from './survey.js';

export interface RunOptions {
  /** Images in progress at the same time. */
  concurrency: number;
  /** How long to wait for one image, milliseconds. */
  waitMs: number;
}

export interface RunContext extends Access {
  journal: Pick<Journal, 'append' | 'copied' | 'done'>;
  /** Milliseconds since 1970. */
  now: () => number;
  wait: (ms: number) => Promise<void>;
  onProgress: (done: number, total: number, counts: RunCounts) => void;
}

export interface RunCounts {
  /** Done in an earlier run, ready or failed. */
  before: number;
  copied: number;
  ready: number;
  failed: number;
  /** By the content filter. */
  held: number;
  /** Not ready within the time. */
  waiting: number;
  /** Tokens in documents. */
  tokens: number;
}

export interface RunReport {
  counts: RunCounts;
  /** Images and documents that need a look, with what was found. */
  problems: { of: string; what: string }[];
}

/** Before the first look at a record again, milliseconds; increases by half each time. */
const FIRST_POLL_MS = 250;
const MAX_POLL_MS = 4000;
/** After so many images that nothing has processed, and none that is ready, the functions do not run. */
const MAX_UNPROCESSED = 5;

type Outcome = 'ready' | 'failed' | 'held' | 'waiting' | 'deleted' | 'gone';

/**
 * Migrates all images of a survey. May be killed at any moment and run again: a copy is recognized by its name and its
 * metadata, and what the journal has as done is not looked at.
 * @throws MigrateError if nothing processes the copies
 */
export async function run(
  { images, exceptions }: Survey,
  { concurrency, waitMs }: RunOptions,
  context: RunContext,
): Promise<RunReport> {
  const { journal, onProgress } = context;
  const counts: RunCounts = {
    before: 0,
    copied: 0,
    ready: 0,
    failed: 0,
    held: 0,
    waiting: 0,
    tokens: 0,
  };
  const problems: RunReport['problems'] = [];
  for (const { of, reason } of exceptions) journal.append({ kind: 'skipped', of, reason });
  const open: OldImage[] = [];
  for (const image of images) {
    if (!isDone(image, journal)) {
      open.push(image);
      continue;
    }
    counts.before += 1;
    const { name } = image.object;
    const entry = journal.done.get(name);
    if (entry?.state === 'failed') problems.push(failure(name, entry.code));
  }
  let finished = counts.before;
  onProgress(finished, images.length, counts);
  await forEachOf(open, concurrency, async (image) => {
    const { object } = image;
    const found = await migrateImage(image, waitMs, counts, context);
    if (found.outcome === 'ready' || found.outcome === 'failed') {
      counts[found.outcome] += 1;
      const { record } = found;
      const code = record.error?.code;
      if (found.outcome === 'failed') problems.push(failure(object.name, code));
      problems.push(...(await writeTokens(image, record.token, counts, context)));
      const { name, generation } = object;
      const state = found.outcome;
      journal.append({
        ...{ kind: 'done', object: name, generation, state },
        ...(code !== undefined && { code }),
      });
    } else {
      if (found.outcome === 'waiting' || found.outcome === 'held') counts[found.outcome] += 1;
      problems.push({ of: object.name, what: OUTCOMES[found.outcome] });
    }
    if (
      counts.waiting >= MAX_UNPROCESSED &&
      counts.ready + counts.failed + counts.held + counts.before === 0
    ) {
      throw new MigrateError(
        `expected the functions to process the copies in gs://${context.bucket}, found none processed after ${waitMs / 1000} s: ` +
          'deploy the function kit, and look at its logs. Run this command again then.',
      );
    }
    finished += 1;
    onProgress(finished, images.length, counts);
  });
  return { counts, problems };
}

function failure(of: string, code = 'unknown'): RunReport['problems'][number] {
  return { of, what: `failed: ${code}` };
}

const OUTCOMES: Readonly<Record<Exclude<Outcome, 'ready' | 'failed'>, string>> = {
  held: HELD,
  waiting: 'copied, not ready yet',
  deleted: 'its copy was deleted since, and is not made again',
  gone: 'was deleted since it was listed',
};

/** A document that has no token yet may have been added since. */
function isDone({ object, links }: OldImage, { done }: Pick<Journal, 'done'>): boolean {
  const entry = done.get(object.name);
  if (entry?.generation !== object.generation) return false;
  return entry.state === 'failed' || links.every(({ token }) => token === undefined || token.value);
}

type Found =
  | { outcome: 'ready' | 'failed'; record: Extract<ImageState, { record: object }>['record'] }
  | { outcome: Exclude<Outcome, 'ready' | 'failed'> };

async function migrateImage(
  image: OldImage,
  waitMs: number,
  counts: RunCounts,
  context: RunContext,
): Promise<Found> {
  const { journal, migration, bucket, now, wait, findImage } = context;
  const { object, target } = image;
  const deadline = now() + waitMs;
  let pause = FIRST_POLL_MS;
  for (;;) {
    const found = await stateOf(image, context);
    if (found.state === 'ready' || found.state === 'failed') {
      return { outcome: found.state, record: found.record };
    }
    if (found.state === 'held') return { outcome: 'held' };
    if (found.state === 'processing') {
      if (now() >= deadline) return { outcome: 'waiting' };
      await wait(pause);
      pause = Math.min(pause * 1.5, MAX_POLL_MS);
      continue;
    }
    if (found.state === 'absent' && journal.copied.get(object.name) === object.generation) {
      const record = await findImage(image);
      // The functions delete the original of an upload that they refuse.
      return record?.state === 'failed' && record.original.deleted
        ? { outcome: 'failed', record }
        : { outcome: 'deleted' };
    }
    const replaced = found.state === 'outdated' ? found.copy.generation : undefined;
    const copy = await migration.copyObject(object, { bucket, name: target }, replaced);
    if (copy === 'missing') return { outcome: 'gone' };
    // Somebody else has written the target at the same time: see what it is.
    if (copy === 'conflict') continue;
    counts.copied += 1;
    journal.append({
      kind: 'copied',
      object: object.name,
      generation: object.generation,
      to: target,
      copy: copy.generation,
    });
  }
}

/** Writes the public token beside the URLs of the image. @returns what could not be written */
async function writeTokens(
  { links }: OldImage,
  token: string,
  counts: RunCounts,
  { migration }: RunContext,
): Promise<RunReport['problems']> {
  const problems: RunReport['problems'] = [];
  if (token === '') return problems;
  for (const link of links) {
    if (link.token === undefined) continue;
    const of = fieldName(link, link.token.field);
    const result = await writeToken(link, link.token, token, migration);
    if (result === 'done') counts.tokens += 1;
    else problems.push({ of, what: NOT_WRITTEN[result] });
  }
  return problems;
}

const NOT_WRITTEN = {
  missing: 'the document was deleted since it was listed',
  conflict: 'the URL or the token in the document was changed since it was listed',
  'no-text': 'expected a text or nothing in the field for the token, found another value',
};

async function writeToken(
  { database, document, field, value }: Link,
  place: NonNullable<Link['token']>,
  token: string,
  migration: RunContext['migration'],
): Promise<'done' | keyof typeof NOT_WRITTEN> {
  if (place.value === null) return 'no-text';
  return migration.changeFields({ database, path: document }, [
    // Only while the document still refers to this image.
    { field, from: value, to: value },
    { field: place.field, from: place.value, to: token },
  ]);
}
