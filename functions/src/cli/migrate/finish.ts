/** `migrate finish` and `migrate undo`: removes what the old images were public by, and restores it. */
import { z } from 'zod';
import type { ForeignObject, Migration } from '../../gcp/migration.js';
import { MigrateError } from './error.js';
import { stateOf, type Access } from './image-state.js';
import type { Journal } from './journal.js';
import { forEachOf } from './pool.js';
import { fieldName, tokensOf, type OldImage, type Survey } from './survey.js';
import { problemOf } from './verify.js';

/** What may be removed. */
export const PARTS = ['tokens', 'thumbnails', 'fields', 'originals'] as const;
export type Part = (typeof PARTS)[number];
/** Without --only: old originals stay, private once they have no download tokens. */
export const DEFAULT_PARTS: readonly Part[] = ['tokens', 'thumbnails', 'fields'];

/** A line of the undo file, written before the change. */
export const UNDO = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('tokens'),
    ...{ bucket: z.string(), name: z.string(), generation: z.string(), tokens: z.string() },
  }),
  z.strictObject({
    kind: z.literal('object'),
    ...{ bucket: z.string(), name: z.string(), generation: z.string() },
  }),
  z.strictObject({
    kind: z.literal('field'),
    /** Absent in files of versions that knew the default database only. */
    database: z.string().default('(default)'),
    ...{ document: z.string(), field: z.string(), value: z.string() },
  }),
]);
export type Undo = z.infer<typeof UNDO>;

export interface FinishContext extends Access {
  journal: Pick<Journal, 'append'>;
  /** Appends to the undo file, and waits until the disk has it. */
  writeUndo: (lines: Undo[]) => void;
  onProgress: (done: number, total: number) => void;
}

export interface FinishReport {
  tokens: number;
  objects: number;
  fields: number;
  /** Images whose new one is not ready: nothing of theirs was removed. */
  kept: { of: string; what: string }[];
  /** Changed since they were listed. */
  changed: { of: string; what: string }[];
}

/** Images of one batch: their undo lines are on the disk before the first change. */
const BATCH = 50;
const CONCURRENCY = 20;

/**
 * Whether objects are to be deleted that nothing could restore.
 * @throws MigrateError
 */
export async function checkRetention(
  { images, bucket }: Survey,
  parts: readonly Part[],
  migration: Pick<Migration, 'retention'>,
): Promise<void> {
  if (!images.some((image) => deletedOf(image, parts).length > 0)) return;
  if ((await migration.retention(bucket)) !== undefined) return;
  throw new MigrateError(
    `expected soft delete or object versioning on gs://${bucket}, found neither: deleted objects could not be restored. ` +
      `Turn soft delete on ("gcloud storage buckets update gs://${bucket} --soft-delete-duration=7d"), or add --irreversible. ` +
      'Nothing was changed.',
  );
}

/** What `finish` would remove, without reading anything more. */
export function plannedRemovals({ images }: Survey, parts: readonly Part[]) {
  const sum = (of: (image: OldImage) => number) =>
    images.reduce((total, image) => total + of(image), 0);
  return {
    tokens: sum((image) => withTokens(image, parts).length),
    objects: sum((image) => deletedOf(image, parts).length),
    fields: parts.includes('fields') ? sum(({ links }) => links.length) : 0,
  };
}

/** Removes the parts of all images whose new one is ready. May be killed and run again. */
export async function finish(
  { images }: Survey,
  parts: readonly Part[],
  context: FinishContext,
): Promise<FinishReport> {
  const report: FinishReport = { tokens: 0, objects: 0, fields: 0, kept: [], changed: [] };
  let done = 0;
  for (let start = 0; start < images.length; start += BATCH) {
    const ready: OldImage[] = [];
    await forEachOf(images.slice(start, start + BATCH), CONCURRENCY, async (image) => {
      const what = problemOf(image, await stateOf(image, context));
      if (what === undefined) ready.push(image);
      else report.kept.push({ of: image.object.name, what });
    });
    const lines = ready.flatMap((image) => undoOf(image, parts));
    if (lines.length > 0) context.writeUndo(lines);
    await forEachOf(ready, CONCURRENCY, async (image) => {
      await removeParts(image, parts, report, context.migration);
      const { name, generation } = image.object;
      context.journal.append({ kind: 'finished', object: name, generation });
    });
    done += Math.min(BATCH, images.length - start);
    context.onProgress(done, images.length);
  }
  return report;
}

/** Objects that are deleted. */
function deletedOf({ object, resized }: OldImage, parts: readonly Part[]): ForeignObject[] {
  return [
    ...(parts.includes('thumbnails') ? resized : []),
    ...(parts.includes('originals') ? [object] : []),
  ];
}

/** Objects whose download tokens are removed: those of an object that is deleted end with it. */
function withTokens(image: OldImage, parts: readonly Part[]): ForeignObject[] {
  if (!parts.includes('tokens')) return [];
  const deleted = deletedOf(image, parts);
  return [image.object, ...image.resized].filter(
    (object) => tokensOf(object) !== undefined && !deleted.includes(object),
  );
}

function undoOf(image: OldImage, parts: readonly Part[]): Undo[] {
  const { links } = image;
  return [
    ...withTokens(image, parts).map(({ bucket, name, generation, ...rest }): Undo => ({
      ...{ kind: 'tokens', bucket, name, generation, tokens: tokensOf(rest) ?? '' },
    })),
    ...deletedOf(image, parts).map(({ bucket, name, generation }): Undo => ({
      kind: 'object',
      bucket,
      name,
      generation,
    })),
    ...(parts.includes('fields') ? links : []).map(
      ({ database, document, field, value }): Undo => ({
        kind: 'field',
        database,
        document,
        field,
        value,
      }),
    ),
  ];
}

/** Fields first: a document must not show a URL that no longer works. */
async function removeParts(
  image: OldImage,
  parts: readonly Part[],
  report: FinishReport,
  migration: Migration,
): Promise<void> {
  const changed = (of: string) =>
    void report.changed.push({ of, what: 'was changed or deleted since it was listed' });
  for (const link of parts.includes('fields') ? image.links : []) {
    const { database, document, field, value } = link;
    const change = { field, from: value, to: undefined };
    const result = await migration.changeFields({ database, path: document }, [change]);
    if (result === 'done') report.fields += 1;
    else changed(fieldName(link, field));
  }
  for (const object of withTokens(image, parts)) {
    if (await migration.setDownloadTokens(object, undefined)) report.tokens += 1;
    else changed(object.name);
  }
  for (const object of deletedOf(image, parts)) {
    if (await migration.deleteObject(object)) report.objects += 1;
    else changed(object.name);
  }
}

export interface UndoReport {
  tokens: number;
  fields: number;
  /** Deleted objects, which Cloud Storage restores. */
  objects: Extract<Undo, { kind: 'object' }>[];
  /** Not restored, because it was changed since. */
  changed: { of: string; what: string }[];
}

/** Restores download tokens and fields from the lines of an undo file. May be run again. */
export async function undo(lines: readonly Undo[], migration: Migration): Promise<UndoReport> {
  const report: UndoReport = { tokens: 0, fields: 0, objects: [], changed: [] };
  await forEachOf(lines, CONCURRENCY, async (line) => {
    if (line.kind === 'object') return void report.objects.push(line);
    if (line.kind === 'tokens') {
      if (await migration.setDownloadTokens(line, line.tokens)) report.tokens += 1;
      else report.changed.push({ of: line.name, what: 'was overwritten or deleted' });
      return;
    }
    const { database, document, field, value } = line;
    const change = { field, from: undefined, to: value };
    const result = await migration.changeFields({ database, path: document }, [change]);
    if (result === 'done') report.fields += 1;
    else
      report.changed.push({
        of: fieldName(line, field),
        what: 'has another value, or no document',
      });
  });
  return report;
}
