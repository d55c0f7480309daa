/**
 * A bucket whose events come when and as often as a test likes, task queues, and handlers that can be
 * stopped before and after each call to the library, or killed there.
 */
import { parseConfig, type Config } from '../../src/config/config.js';
import type { Derived, Plan } from '../../src/processing/process-image.js';
import { ImageFailure } from '../../src/errors.js';
import type { Library } from '../../src/gcp/backend.js';
import type { QueuedTask } from '../gcp/in-memory-backend.js';
import { backfill } from '../../src/lifecycle/backfill.js';
import { ingest } from '../../src/lifecycle/original-finalized.js';
import { purge } from '../../src/lifecycle/purge.js';
import { remove } from '../../src/lifecycle/original-deleted.js';
import type { Maker } from '../../src/lifecycle/context.js';
import { sweep } from '../../src/lifecycle/cleanup.js';

/** What a test does to the bucket. Generations grow. */
export interface TestBucket {
  /** @returns the generation */
  put(name: string, data: Buffer): Promise<string>;
  delete(name: string): Promise<void>;
}

export type BucketEvent = { name: string; generation: string; time: number } & (
  { kind: 'finalized'; bytes: number } | { kind: 'deleted' }
);

/** An event or a task that waits for its handler. */
export type Job = { kind: 'event'; event: BucketEvent } | { kind: 'task'; task: QueuedTask };

/** A call of the library by name, `records.begin`, and whether it is about to be made or was. */
export type Point = `${string}.${string} ${'before' | 'after'}`;

/** Wraps every call: `at` is awaited before and after it, and may never end. */
export function intercept(library: Library, at: (point: Point) => Promise<void>): Library {
  const wrap = <T extends object>(room: string, calls: T): T =>
    Object.fromEntries(
      Object.entries(calls).map(([name, call]: [string, (...args: unknown[]) => unknown]) => [
        name,
        async (...args: unknown[]) => {
          await at(`${room}.${name} before`);
          const result = await call(...args);
          await at(`${room}.${name} after`);
          return result;
        },
      ]),
    ) as T;
  return {
    objects: wrap('objects', library.objects),
    records: wrap('records', library.records),
    queues: wrap('queues', library.queues),
    jobs: wrap('jobs', library.jobs),
  };
}

/** A picture of any variants and formats; what begins with `bad` is none. */
export function deriveText(bytes: Buffer, { variants, formats }: Plan): Promise<Derived> {
  const text = bytes.toString();
  if (text.startsWith('bad')) return Promise.reject(new ImageFailure('not-an-image', 'found text'));
  return Promise.resolve({
    original: { width: 80, height: 60 },
    placeholder: { thumbhash: 'AAAA', color: '#102030' },
    renditions: variants.flatMap(({ name, width }) =>
      formats.map((format) => ({
        ...{ variants: [name], format, width, height: 30 },
        data: Buffer.from(renditionText(text, name, format)),
      })),
    ),
  });
}

export function renditionText(original: string, variant: string, format: string): string {
  return `${original} as ${variant} in ${format}`;
}

export const PARAMETERS = { BUCKET: 'bucket', VARIANTS: 'w40:40,w20:20', FORMATS: 'webp,jpeg' };

export interface WorldOptions {
  library: Library;
  bucket: TestBucket;
  /** The queue that `library.queues` fills. */
  tasks: QueuedTask[];
  /** Milliseconds since 1970. */
  now: () => number;
  parameters?: Record<string, string>;
}

export class World {
  readonly events: BucketEvent[] = [];
  readonly logged: unknown[][] = [];
  readonly #options: WorldOptions;
  readonly #live = new Map<string, string>();
  config: Config;
  /** Told when the product itself has deleted an original. */
  onDeleted: (name: string) => void = () => {};

  constructor(options: WorldOptions) {
    this.#options = options;
    this.config = parseConfig({ ...PARAMETERS, ...options.parameters });
  }

  get library(): Library {
    return this.#options.library;
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

  /** Takes the event that a deletion by the product itself causes. */
  noticeDeleted(name: string): void {
    const generation = this.#live.get(name);
    if (generation === undefined) return;
    this.#live.delete(name);
    this.events.push({ kind: 'deleted', name, generation, time: this.now() });
    this.onDeleted(name);
  }

  /** Runs the handler of an event or task as it was configured when it began. */
  async handle(job: Job, library = this.library): Promise<unknown> {
    const room: Maker = {
      config: this.config,
      library,
      derive: deriveText,
      now: () => this.now(),
      log: (...line) => this.logged.push(line),
    };
    if (job.kind === 'event') {
      const { event } = job;
      const { name, generation, time } = event;
      const object = { bucket: this.config.bucket, name, generation, time };
      if (event.kind === 'deleted') return remove(object, room);
      return ingest({ ...object, bytes: event.bytes, contentType: 'image/jpeg' }, room);
    }
    const { task } = job;
    if (task.queue === 'sweep') return sweep(task.task, room);
    if (task.queue === 'purge') return purge(task.task, room);
    return backfill(task.task, { id: task.id ?? 'run', isLast: false }, room);
  }

  /** The next task whose time has come, taken off its queue. */
  takeTask(): QueuedTask | undefined {
    const at = this.tasks.findIndex((task) => task.at <= this.now());
    return at < 0 ? undefined : this.tasks.splice(at, 1)[0];
  }
}

/** All that there is, in words that don't depend on random ids or times. */
export async function describe(world: World): Promise<object> {
  const { library, config } = world;
  const originals = await library.objects.listOriginals('', 1000);
  const folders = await library.objects.listFolders(`${config.variantsPath}/`, 1000);
  const renditions = await Promise.all(
    folders.items.map((folder) => library.objects.listRenditions(folder)),
  );
  const owners = new Map(
    [
      ...(await library.records.listImages(1000)).items,
      ...(await library.records.listTokens(1000)).items,
    ].map((owner) => [`${owner.uid}/${owner.imageId}`, owner]),
  );
  const records = await Promise.all(
    [...owners].sort().map(async ([name, owner]) => {
      const { image, tokens } = await library.records.find(owner);
      const same = { token: 'any', createdAt: 'any', updatedAt: 'any' };
      const shown = [...tokens.values()].map((token) => ({
        ...token,
        createdAt: 'any',
        ...(token.image && { image: { ...token.image, attempt: 'any' } }),
      }));
      return { name, image: image && { ...image, ...same }, tokens: shown };
    }),
  );
  return {
    originals: originals.items,
    renditions: renditions
      .flat()
      .map(({ name }) => name)
      .sort(),
    records,
  };
}
