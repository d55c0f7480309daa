/** What comes from a queue -> a task, or one clear sentence: a person may have written it by hand. */
import { z } from 'zod';
import { isDocumentId } from '../domain/path.js';
import {
  IMAGES_PER_PAGE,
  type BackfillTask,
  type PurgeTask,
  type CleanupTask,
} from '../domain/tasks.js';

const cursor = z.string().optional();
const whole = z.number().int().min(0);
const NAMES = z.array(z.string()).max(IMAGES_PER_PAGE);
const SWEEP = z.strictObject({ name: z.string().min(1) });
const PURGE = z.strictObject({ uid: z.string().refine(isDocumentId), after: cursor });
const BACKFILL = z.union([
  z.strictObject({ step: z.undefined().optional(), onlyIfChanged: z.boolean().optional() }),
  z.strictObject({
    ...{ step: z.literal('count'), run: z.string(), part: whole, total: whole, after: cursor },
  }),
  z.strictObject({
    ...{ step: z.literal('make'), run: z.string(), page: whole, names: NAMES, after: cursor },
  }),
  z.strictObject({ step: z.literal('again'), run: z.string(), names: NAMES }),
]);

/** The sentence says which fields there were, and no value: one may be a file's name. */
export type Parsed<T> = { task: T } | { problem: string };

function parserOf<T>(schema: z.ZodType<T>, expected: string): (data: unknown) => Parsed<T> {
  return (data) => {
    const result = schema.safeParse(data ?? {});
    if (result.success) return { task: result.data };
    const found = Object.keys(Object(data) as object).join(', ');
    return { problem: `expected ${expected}; found ${found ? `fields: ${found}` : 'no fields'}` };
  };
}

export const parseCleanupTask = parserOf<CleanupTask>(SWEEP, '{ name: the name of an original }');
export const parsePurgeTask = parserOf<PurgeTask>(PURGE, '{ uid: the id of a user }');
export const parseBackfillTask = parserOf<BackfillTask>(
  BACKFILL,
  '{}, { onlyIfChanged: true } or what the backfill has sent itself',
);
