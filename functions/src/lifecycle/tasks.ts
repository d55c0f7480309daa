/** Parses the payloads of tasks. Anyone with access to the queue may have written one. */
import { z } from 'zod';
import { COMMON_FORMATS } from '../domain/format.js';
import { isDocumentId } from '../domain/path.js';
import {
  IMAGES_PER_PAGE,
  type BackfillTask,
  type CleanupTask,
  type ProcessTask,
  type PurgeTask,
  type RevokeTask,
  type WidthTask,
} from '../domain/tasks.js';
import { MAX_WIDTH } from '../domain/widths.js';

const pageToken = z.string().optional();
const count = z.number().int().min(0);
const names = z.array(z.string()).max(IMAGES_PER_PAGE);
const run = z.string();
/** Milliseconds since 1970. */
const time = count;
const generation = z.string().regex(/^\d{1,20}$/);

const PROCESS = z.strictObject({
  name: z.string().min(1).max(1024),
  generation,
  contentType: z.string(),
  bytes: count,
  cropAgain: z.string().max(40).optional(),
  turn: count.optional(),
  triedSince: time.optional(),
  waitingSince: time.optional(),
});
const CLEANUP = z.strictObject({
  name: z.string().min(1),
  replaced: z.strictObject({ before: generation, until: time }).optional(),
});
const PURGE = z.strictObject({ uid: z.string().refine(isDocumentId), after: pageToken });
const WIDTH = z.strictObject({
  hash: z.string().regex(/^[\w-]{43}$/),
  width: z.number().int().min(1).max(MAX_WIDTH),
  format: z.enum(COMMON_FORMATS),
  source: z.string().min(1).max(1024),
});
const REVOKE = z.strictObject({
  uid: z.string().refine(isDocumentId),
  revokeBefore: time,
  after: pageToken,
});
const BACKFILL = z.union([
  z.strictObject({ step: z.undefined().optional(), onlyIfChanged: z.boolean().optional() }),
  z.strictObject({
    step: z.literal('count'),
    run,
    part: count,
    total: count,
    after: pageToken,
  }),
  z.strictObject({ step: z.literal('process'), run, page: count, names, after: pageToken }),
  z.strictObject({ step: z.literal('recheck'), run, names }),
]);

/** A task, or a description of the problem that contains field names and no values. */
export type Parsed<T> = { task: T } | { problem: string };

function parserOf<T>(schema: z.ZodType<T>, expected: string): (data: unknown) => Parsed<T> {
  return (data) => {
    const result = schema.safeParse(data ?? {});
    if (result.success) return { task: result.data };
    const fields = Object.keys(Object(data) as object).join(', ');
    return {
      problem: `expected ${expected}; found ${fields ? `fields: ${fields}` : 'no fields'}`,
    };
  };
}

export const parseProcessTask = parserOf<ProcessTask>(
  PROCESS,
  '{ name, generation, contentType, bytes } of an original',
);
export const parseCleanupTask = parserOf<CleanupTask>(
  CLEANUP,
  '{ name: the object name of an original, replaced?: { before: a generation, until: a time } }',
);
export const parsePurgeTask = parserOf<PurgeTask>(PURGE, '{ uid: the id of a user }');
/** A task of the queue `purge`. */
export const parsePurgeQueueTask = parserOf<PurgeTask | RevokeTask>(
  z.union([PURGE, REVOKE]),
  '{ uid: the id of a user, revokeBefore?: a time }',
);
export const parseWidthTask = parserOf<WidthTask>(
  WIDTH,
  '{ hash: the id of a token record, width: pixels, format, source: the object name of a rendition }',
);
export const parseBackfillTask = parserOf<BackfillTask>(
  BACKFILL,
  '{}, { onlyIfChanged: true } or a task that the backfill has enqueued',
);
