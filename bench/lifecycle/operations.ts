/**
 * `npm run bench -- operations`: counts what an upload, a view and a deletion bill, on the local stack with the
 * parameters of a new installation. The counts do not depend on the machine; an integration test holds them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startObserved, type ObservedStack, type Photo } from '../function/measure.js';
import { openOwn } from '../function/subject.js';
import type { OperationCounts, Operations } from '../../functions/src/cli/cost/operations.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import type { Observation } from './observe-function.js';

/** Two numbers of renditions: what each of them adds is the difference. */
const VARIANTS = ['w400:400', 'w200:200,w400:400,w800:800'] as const;
/** What new installations have. */
const PARAMETERS = { FORMATS: 'auto', QUALITY: '70', WIDTHS: '', REVOCATION_SECONDS: '60' };
const TIMEOUT_MS = 200_000;
const POLL_MS = 50;

/** @throws Error when what renditions add is not the same for each */
export async function measureOperations(paths: BenchPaths): Promise<OperationCounts> {
  const [one, several] = [
    await measureWith(paths, VARIANTS[0]),
    await measureWith(paths, VARIANTS[1]),
  ];
  const upload = splitByRendition(one.upload, several.upload, several.renditions);
  const deletion = splitByRendition(one.deletion, several.deletion, several.renditions);
  return {
    upload: upload.fixed,
    rendition: upload.each,
    ...(several.views as Awaited<ReturnType<typeof measureViews>>),
    deletion: deletion.fixed,
    deletedRendition: deletion.each,
  };
}

async function measureWith(paths: BenchPaths, variants: string) {
  const subject = openOwn('operations', { ...PARAMETERS, VARIANTS: variants });
  process.env['COUNT_BILLED'] = 'true';
  const stack = await startObserved(paths, subject);
  delete process.env['COUNT_BILLED'];
  try {
    const photo: Photo = {
      name: 'seeding.jpg',
      data: readFileSync(join(paths.root, 'tests', 'fixtures', 'photos', 'seeding.jpg')),
      contentType: 'image/jpeg',
      extension: 'jpg',
    };
    // The first upload of an instance is like all others, but for what it loads.
    await stack.upload([photo]);
    const observe = openPhases(stack);
    const upload = await observe(async () => void (await stack.upload([photo])));
    const name = subject.objectName(1, photo.extension);
    const renditions = variants.split(',').length;
    const views = renditions > 1 ? await measureViews(paths, stack, name, observe) : undefined;
    const deletion = await observe(() => deleteOriginal(stack, name, renditions));
    return { renditions, upload, views, deletion };
  } finally {
    await stack.close();
  }
}

/** The file that the calculator of costs uses. */
const FILE = 'functions/src/cli/cost/operations.ts';

/** Writes the counts into the source of the calculator. */
export function writeOperations({ root }: BenchPaths, counts: OperationCounts): void {
  const file = join(root, FILE);
  const source = readFileSync(file, 'utf8');
  const json = JSON.stringify(counts, null, 2);
  const literal = json.replaceAll(/"(\w+)":/g, '$1:').replaceAll(/([\d}])\n/g, '$1,\n');
  const start = source.indexOf('export const OPERATIONS');
  const declaration = `export const OPERATIONS: OperationCounts = ${literal};\n`;
  writeFileSync(file, source.slice(0, start) + declaration);
}

type Observe = (work: () => Promise<void>) => Promise<Operations>;

function openPhases(stack: ObservedStack): Observe {
  return async (work) => {
    const before = stack.observations().length;
    await work();
    return summarize(stack.observations().slice(before));
  };
}

function summarize(observations: readonly Observation[]): Operations {
  const operations: Operations = {};
  for (const observation of observations) {
    if (observation.kind === 'billed') {
      const { operation } = observation;
      operations[operation] = (operations[operation] ?? 0) + 1;
    } else if (observation.kind === 'handled') {
      const { target } = observation;
      operations.calls = { ...operations.calls, [target]: (operations.calls?.[target] ?? 0) + 1 };
    } else if (observation.api === 'tasks') operations.tasks = (operations.tasks ?? 0) + 1;
  }
  return operations;
}

/** Views a token that the instance has not seen, then the same, then another size. */
async function measureViews(
  paths: BenchPaths,
  { fixture, observations }: ObservedStack,
  name: string,
  observe: Observe,
) {
  const [, uid, imageId] = name.split('/');
  const record = await fixture.firestore.doc(`users/${uid}/images/${imageId}`).get();
  const token = String(record.get('token'));
  const unknown = openProduct(paths.root).token().mintToken();
  const get = (tokenOf: string, variant: string, status: number) => async () => {
    const handled = countHandled(observations(), 'serve');
    const response = await fetch(fixture.serveUrl(tokenOf, variant));
    await response.arrayBuffer();
    // The function notes a call after the client has the response.
    await until(() => countHandled(observations(), 'serve') > handled, 'a view');
    if (response.status === status) return;
    throw new Error(`expected status ${status} of a view, found ${response.status}`);
  };
  // The first request starts an instance.
  await get('-', 'w400', 404)();
  return {
    view: await observe(get(token, 'w400', 200)),
    viewOfOtherVariant: await observe(get(token, 'w200', 200)),
    viewFromMemory: await observe(get(token, 'w400', 200)),
    viewOfUnknownToken: await observe(get(unknown, 'w400', 404)),
  };
}

/** Deletes an original and waits until its renditions are deleted, and the events of that handled. */
async function deleteOriginal(
  { fixture, observations }: ObservedStack,
  name: string,
  renditions: number,
): Promise<void> {
  const count = (target: string) => countHandled(observations(), target);
  const cleanupsBefore = count('cleanup');
  const before = count('originalDeleted');
  await fixture.bucket.file(name).delete();
  await until(
    () => count('cleanup') > cleanupsBefore && count('originalDeleted') - before > renditions,
    'a deletion',
  );
}

function countHandled(observations: readonly Observation[], target: string): number {
  return observations.filter((o) => o.kind === 'handled' && o.target === target).length;
}

async function until(isOver: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  while (!isOver()) {
    if (Date.now() > deadline) throw new Error(`expected ${what} to be handled, found none`);
    await delay(POLL_MS);
  }
}

/** Splits what two numbers of renditions bill, one and several, into a part of each and the rest. */
function splitByRendition(one: Operations, several: Operations, renditions: number) {
  const parts = (operations: Operations) => ({
    ...Object.fromEntries(
      Object.entries(operations).filter((entry): entry is [string, number] => entry[0] !== 'calls'),
    ),
    ...Object.fromEntries(
      Object.entries(operations.calls ?? {}).map(([name, calls]) => [`calls.${name}`, calls]),
    ),
  });
  const [low, high]: Record<string, number>[] = [parts(one), parts(several)];
  const each: Record<string, number> = {};
  const fixed: Record<string, number> = {};
  for (const key of new Set([...Object.keys(low ?? {}), ...Object.keys(high ?? {})])) {
    const [first, last] = [low?.[key] ?? 0, high?.[key] ?? 0];
    const added = (last - first) / (renditions - 1);
    if (!Number.isInteger(added)) {
      throw new Error(`${key}: expected the same of each rendition, found ${first} and ${last}`);
    }
    each[key] = added;
    fixed[key] = first - added;
  }
  return { fixed: joined(fixed), each: joined(each) };
}

function joined(parts: Record<string, number>): Operations {
  const present = Object.entries(parts).filter(([, count]) => count !== 0);
  const calls = present
    .filter(([key]) => key.startsWith('calls.'))
    .map(([key, count]) => [key.slice('calls.'.length), count] as const);
  return {
    ...(Object.fromEntries(present.filter(([key]) => !key.startsWith('calls.'))) as Operations),
    ...(calls.length > 0 && { calls: Object.fromEntries(calls) }),
  };
}
