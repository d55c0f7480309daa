/**
 * A bucket whose events a test delivers when and as often as it chooses, task queues, and handlers that a test
 * can pause or kill before and after each call to the backend.
 */
import { parseConfig, type Config } from '../../src/config/config.js';
import type {
  ProcessedImage,
  ProcessSettings,
  Rendition,
} from '../../src/processing/process-image.js';
import { ImageFailure } from '../../src/errors.js';
import type { QueuedTask, TestBackend } from '../gcp/in-memory-backend.js';
import { ownerOf } from '../../src/domain/path.js';
import { backfill } from '../../src/lifecycle/backfill.js';
import { originalFinalized } from '../../src/lifecycle/original-finalized.js';
import { processUpload } from '../../src/lifecycle/process-upload.js';
import { purge } from '../../src/lifecycle/purge.js';
import { releaseHeldImage } from '../../src/gcp/held-images.js';
import { makeWidth } from '../../src/lifecycle/make-width.js';
import { originalDeleted } from '../../src/lifecycle/original-deleted.js';
import type { ProcessingContext } from '../../src/lifecycle/context.js';
import { cleanup } from '../../src/lifecycle/cleanup.js';
import { revokeUserTokens } from '../../src/sharing/revoke-user-tokens.js';
import { handleSharingCall } from '../../src/sharing/sharing.js';

/** The bucket of a test. Generations increase. */
export interface TestBucket {
  /** @returns the generation */
  put(name: string, data: Buffer): Promise<string>;
  delete(name: string): Promise<void>;
}

export type BucketEvent = { name: string; generation: string; time: number } & (
  { kind: 'finalized'; bytes: number } | { kind: 'deleted' }
);

/** A call of the owner: input of `sharing`. */
export interface SharingCall {
  uid: string;
  data: object;
}

/** An event, a task or a call to be handled. */
export type Job =
  | { kind: 'event'; event: BucketEvent }
  | { kind: 'task'; task: QueuedTask }
  | { kind: 'call'; call: SharingCall };

/** A point before or after a call of the backend: `records.begin before`. */
export type Point = `${string}.${string} ${'before' | 'after'}`;

/** Wraps every call of a backend: awaits `at` before and after it. `at` may never resolve. */
export function intercept(backend: TestBackend, at: (point: Point) => Promise<void>): TestBackend {
  const wrap = <T extends object>(group: string, calls: T): T =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]: [string, (...args: unknown[]) => unknown]) => [
        name,
        async (...args: unknown[]) => {
          await at(`${group}.${name} before`);
          const [result] = await Promise.allSettled([call(...args)]);
          await at(`${group}.${name} after`);
          if (result.status === 'rejected') throw result.reason as Error;
          return result.value;
        },
      ]),
    ) as T;
  return {
    objects: wrap('objects', backend.objects),
    records: wrap('records', backend.records),
    shares: wrap('shares', backend.shares),
    widths: wrap('widths', backend.widths),
    held: wrap('held', backend.held),
    queues: wrap('queues', backend.queues),
    jobs: wrap('jobs', backend.jobs),
    events: wrap('events', backend.events),
  };
}

/**
 * A stand-in for `processImage` whose images are text. Text that begins with `bad` is damaged: only the first rendition
 * is made.
 */
export function processText(
  bytes: Buffer,
  { variants, formats, focus }: ProcessSettings,
  onRendition: (rendition: Rendition) => void = () => {},
): Promise<ProcessedImage> {
  const text = bytes.toString();
  const at = focus ? ` at ${focus.x}` : '';
  const renditions = variants.flatMap(({ name, width }) =>
    formats.map((format) => ({
      variants: [name],
      format,
      width,
      height: 30,
      data: Buffer.from(renditionText(text + at, name, format)),
    })),
  );
  const isBad = text.startsWith('bad');
  for (const rendition of isBad ? renditions.slice(0, 1) : renditions) onRendition(rendition);
  if (isBad) return Promise.reject(new ImageFailure('not-an-image', 'found text'));
  return Promise.resolve({
    original: { width: 80, height: 60 },
    placeholder: { thumbhash: 'AAAA', color: '#102030' },
    renditions,
  });
}

/** The bytes of a rendition that `processText` makes. */
export function renditionText(original: string, variant: string, format: string): string {
  return `${original} as ${variant} in ${format}`;
}

export const PARAMETERS = { BUCKET: 'bucket', VARIANTS: 'w40:40,w20:20', FORMATS: 'webp,jpeg' };

type Processing = Pick<ProcessingContext, 'processImage' | 'readWatermark' | 'askFilter'>;

export interface HarnessOptions {
  backend: TestBackend;
  bucket: TestBucket;
  /** The queue that `backend.queues` fills. */
  tasks: QueuedTask[];
  /** Milliseconds since 1970. */
  now: () => number;
  parameters?: Record<string, string>;
}

export class TestHarness {
  readonly events: BucketEvent[] = [];
  /** Calls that the client makes again, because their handler has died. */
  readonly calls: SharingCall[] = [];
  readonly logged: unknown[][] = [];
  readonly #options: HarnessOptions;
  /** Generations of the live objects, by name. */
  readonly #live = new Map<string, string>();
  config: Config;
  /** Called when a function has deleted an original. */
  onDeleted: (name: string) => void = () => {};
  #processing: Processing = {
    processImage: processText,
    askFilter: ({ generation }) => Promise.resolve(this.isHeld(generation) ? 'hold' : 'allow'),
  };

  constructor(options: HarnessOptions) {
    this.#options = options;
    this.config = parseConfig({ ...PARAMETERS, ...options.parameters });
  }

  get backend(): TestBackend {
    return this.#options.backend;
  }
  get tasks(): QueuedTask[] {
    return this.#options.tasks;
  }
  now(): number {
    return this.#options.now();
  }

  reconfigure(parameters: Record<string, string>): void {
    this.config = parseConfig({ ...PARAMETERS, ...this.#options.parameters, ...parameters });
  }

  /** Replaces `processText`. */
  useProcessing(processing: Processing): void {
    this.#processing = { ...this.#processing, ...processing };
  }

  /** Whether the content filter of the tests, which is asked with FILTER_URL, holds an upload: every third. */
  isHeld(generation: string): boolean {
    return this.config.filter !== undefined && BigInt(generation) % 3n === 0n;
  }

  /** @returns the generation */
  async upload(name: string, text: string): Promise<string> {
    const data = Buffer.from(text);
    const before = this.#live.get(name);
    const generation = await this.#options.bucket.put(name, data);
    const time = this.now();
    this.#live.set(name, generation);
    if (before !== undefined) this.events.push({ kind: 'deleted', name, generation: before, time });
    this.events.push({ kind: 'finalized', name, generation, bytes: data.length, time });
    return generation;
  }

  async delete(name: string): Promise<void> {
    const generation = this.#live.get(name);
    if (generation === undefined) return;
    await this.#options.bucket.delete(name);
    this.#live.delete(name);
    this.events.push({ kind: 'deleted', name, generation, time: this.now() });
  }

  /** Adds the event of a deletion by a function. */
  noticeDeleted(name: string): void {
    const generation = this.#live.get(name);
    if (generation === undefined) return;
    this.#live.delete(name);
    this.events.push({ kind: 'deleted', name, generation, time: this.now() });
    this.onDeleted(name);
  }

  /** The context of a handler, with the current parameters. */
  processingContext(backend = this.backend): ProcessingContext {
    return {
      config: this.config,
      backend,
      ...this.#processing,
      now: () => this.now(),
      log: (...line) => this.logged.push(line),
    };
  }

  /** Runs the handler of an event or task, with the current parameters. */
  async handle(job: Job, backend = this.backend): Promise<unknown> {
    const context = this.processingContext(backend);
    if (job.kind === 'event') {
      const { event } = job;
      const { name, generation, time } = event;
      const { bucket, originalsPath } = this.config;
      const owner = ownerOf(originalsPath, name);
      if (owner === undefined) throw new Error(`expected the name of an original, found ${name}`);
      const original = { bucket, name, generation };
      if (event.kind === 'deleted') return originalDeleted({ owner, original, time }, context);
      const { bytes } = event;
      const upload = { ...original, bytes, contentType: 'image/jpeg' };
      const finalized = { hasOwner: true, original: upload, time, hasDownloadToken: true };
      return originalFinalized(finalized, context);
    }
    if (job.kind === 'call') {
      const { uid, data } = job.call;
      return handleSharingCall(uid, data, { ...context, limit: { count: () => {} } });
    }
    const { task } = job;
    if (task.queue === 'processImage') {
      const delivery = { retryCount: task.deliveries ?? 0, random: () => 0.5 };
      return processUpload(task.task, delivery, context);
    }
    if (task.queue === 'cleanup') return cleanup(task.task, context);
    if (task.queue === 'purge') {
      return 'revokeBefore' in task.task
        ? revokeUserTokens(task.task, context)
        : purge(task.task, context);
    }
    if (task.queue === 'resize') return makeWidth(task.task, context);
    if (task.queue === 'release') {
      const { owner, generation } = task.task;
      const { records, held } = backend;
      const { variantsBucket, now } = { ...this.config, now: () => this.now() };
      return releaseHeldImage(owner, generation, { records, held, variantsBucket, now });
    }
    const delivery = { isFinalAttempt: false, isRedelivery: (task.deliveries ?? 0) > 0 };
    return backfill(task.task, { id: task.id ?? 'run', ...delivery }, context);
  }

  /** Delivers an event or a task again, because its handler has died. A client makes its call again. */
  redeliver(job: Job): void {
    if (job.kind === 'event') this.events.push(job.event);
    else if (job.kind === 'call') this.calls.push(job.call);
    else this.tasks.push({ ...job.task, deliveries: (job.task.deliveries ?? 0) + 1 });
  }

  /** Removes the next due task from its queue. */
  takeTask(): QueuedTask | undefined {
    const index = this.tasks.findIndex((task) => task.at <= this.now());
    return index < 0 ? undefined : this.tasks.splice(index, 1)[0];
  }
}

/** All objects and records, with random ids and times replaced by constants. */
export async function takeSnapshot(harness: TestHarness): Promise<object> {
  const { backend, config } = harness;
  const originals = await backend.objects.listOriginals('', 1000);
  const folders = await backend.objects.listFolders(`${config.variantsPath}/`, 1000);
  const renditions = await Promise.all(
    folders.items.map((folder) => backend.objects.listRenditions(folder)),
  );
  const owners = new Map(
    [
      ...(await backend.records.listImages(1000)).items,
      ...(await backend.records.listTokens(1000)).items,
    ].map((owner) => [`${owner.uid}/${owner.imageId}`, owner]),
  );
  const records = await Promise.all(
    [...owners].sort().map(async ([name, owner]) => {
      const { image, tokens } = await backend.records.find(owner);
      const constants = { token: 'any', createdAt: 'any', updatedAt: 'any' };
      const tokenRecords = [...tokens.values()].map((token) => ({
        ...token,
        createdAt: 'any',
        ...(token.image && { image: { ...token.image, attempt: 'any' } }),
      }));
      // Which of two tokens was created first depends on what was repeated.
      tokenRecords.sort((a, b) => ((a.shareId ?? '') < (b.shareId ?? '') ? -1 : 1));
      return { name, image: image && { ...image, ...constants }, tokens: tokenRecords };
    }),
  );
  const shares = (await backend.shares.list(1000)).items.map(({ share, ...id }) => ({
    ...id,
    ...share,
    ...('token' in share && { token: 'any' }),
    tokenHash: 'any',
    createdAt: 'any',
    updatedAt: 'any',
  }));
  return {
    originals: originals.items,
    renditions: renditions
      .flat()
      .map(({ name }) => name)
      .sort(),
    records,
    shares,
  };
}
