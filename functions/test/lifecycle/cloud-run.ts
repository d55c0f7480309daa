/**
 * A simulation of Cloud Run and Cloud Tasks in virtual time, on the backend in memory: functions have instances
 * with a limited number of requests, cold starts, and calls to Google that take a while. The local stack lets
 * one process handle many events at once, and so hides what happens when requests wait for an instance.
 */
import { setImmediate } from 'node:timers/promises';
import { parseConfig, type Config } from '../../src/config/config.js';
import { ownerOf, type Owner } from '../../src/domain/path.js';
import { MAX_UPLOADS } from '../../src/domain/tasks.js';
import { ImageFailure } from '../../src/errors.js';
import type { Backend } from '../../src/gcp/backend.js';
import { runAttempt } from '../../src/lifecycle/attempt.js';
import type { ProcessingContext } from '../../src/lifecycle/context.js';
import { originalFinalized } from '../../src/lifecycle/original-finalized.js';
import { processUpload } from '../../src/lifecycle/process-upload.js';
import { inMemoryBackend, type QueuedTask } from '../gcp/in-memory-backend.js';
import { intercept, PARAMETERS, processText } from './test-harness.js';

/** Milliseconds that each call to Google takes. */
const CALL_MS = 25;
/** Milliseconds that an event takes that is dropped at once. */
const DROPPED_MS = 5;
/** Seconds; a file that takes longer to decode fails as too slow. */
const MAX_DECODE_SECONDS = 60;

/** Virtual time. */
class VirtualClock {
  now = Date.UTC(2026, 0, 1);
  #timers: { at: number; resolve: () => void }[] = [];

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.push({ at: this.now + ms, resolve }));
  }

  /** Advances the time from timer to timer until none is left before the end. */
  async runUntil(end: number): Promise<void> {
    for (;;) {
      await setImmediate();
      const next = this.#timers.reduce((first, { at }) => Math.min(first, at), Infinity);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      const due = this.#timers.filter(({ at }) => at <= next);
      this.#timers = this.#timers.filter(({ at }) => at > next);
      for (const { resolve } of due) resolve();
    }
    this.now = end;
  }
}

interface InstanceOptions {
  max: number;
  /** Requests per instance at the same time. */
  concurrency: number;
  coldStartMs: number;
}

/** The instances of one function. */
class Instances {
  requests = 0;
  #free = 0;
  #instances = 0;
  #starting = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    readonly clock: VirtualClock,
    readonly options: InstanceOptions,
  ) {}

  /** Runs a request when an instance has a free slot. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.requests += 1;
    if (this.#free > 0) this.#free -= 1;
    else {
      const started = new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.#startIfNeeded();
      await started;
    }
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  #startIfNeeded(): void {
    const { max, concurrency, coldStartMs } = this.options;
    if (this.#instances === max || this.#waiting.length <= this.#starting * concurrency) return;
    this.#instances += 1;
    this.#starting += 1;
    void this.clock.sleep(coldStartMs).then(() => {
      this.#starting -= 1;
      for (let slot = 0; slot < concurrency; slot++) this.#release();
    });
  }

  #release(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#free += 1;
  }
}

/** What happened to one upload: milliseconds after its event; absent: not yet. */
export interface SimulatedUpload {
  owner: Owner;
  eventAt: number;
  revokedAfter?: number;
  /** The start of decoding. */
  startedAfter?: number;
  /** The end of decoding. */
  endedAfter?: number;
}

/**
 * - `queue`: what is deployed
 * - `one-function`: one function revokes, decodes and gets the events of the renditions; for comparison
 */
export type Shape = 'queue' | 'one-function';

export class CloudRunSimulation {
  readonly clock = new VirtualClock();
  readonly uploads: SimulatedUpload[] = [];
  readonly backend = inMemoryBackend({ now: () => this.clock.now });
  readonly config: Config = parseConfig(PARAMETERS);
  readonly light = new Instances(this.clock, { max: 20, concurrency: 80, coldStartMs: 1000 });
  readonly heavy = new Instances(this.clock, {
    max: MAX_UPLOADS,
    concurrency: 1,
    coldStartMs: 3000,
  });
  /** The most images of each owner that were decoded at the same time. */
  readonly mostRunning = new Map<string, number>();
  readonly #running = new Map<string, number>();
  readonly #remote: Backend;
  #generation = 0;
  #random = 1;

  constructor(readonly shape: Shape = 'queue') {
    const { backend, clock } = this;
    this.#remote = intercept(backend, async (point) => {
      if (point.endsWith(' before')) await clock.sleep(CALL_MS);
    });
    const objects = { ...backend.objects };
    // Renditions in the same bucket cause events of their own.
    backend.objects.writeRendition = (...rendition) => {
      const events = shape === 'queue' ? this.light : this.heavy;
      void events.run(() => clock.sleep(DROPPED_MS));
      return objects.writeRendition(...rendition);
    };
  }

  /** Uploads an original that takes so many seconds to decode, and delivers its event. */
  upload(name: string, decodeSeconds: number): SimulatedUpload {
    const { bucket, originalsPath } = this.config;
    const owner = ownerOf(originalsPath, name) as Owner;
    const generation = String((this.#generation += 1));
    const data = Buffer.from(`${this.uploads.length} ${decodeSeconds}`);
    this.backend.originals.set(name, { generation, data, hasDownloadToken: true });
    const eventAt = this.clock.now;
    const upload: SimulatedUpload = { owner, eventAt };
    this.uploads.push(upload);
    const original = { bucket, name, generation, contentType: 'image/jpeg', bytes: data.length };
    const revokeDownloadTokens = async () => {
      const isRevoked = await this.#remote.objects.revokeDownloadTokens(name, generation);
      upload.revokedAfter ??= this.clock.now - eventAt;
      return isRevoked;
    };
    const objects = { ...this.#remote.objects, revokeDownloadTokens };
    const context = { ...this.#context(), backend: { ...this.#remote, objects } };
    const event = { hasOwner: true, original, hasDownloadToken: true, time: eventAt };
    if (this.shape === 'queue') {
      void this.light.run(async () => {
        await originalFinalized(event, context);
        this.#takeTasks();
      });
    } else {
      void this.heavy.run(async () => {
        await revokeDownloadTokens();
        await runAttempt(owner, original, { isFinalAttempt: false, reprocess: 'never' }, context);
      });
    }
    return upload;
  }

  #context(): ProcessingContext {
    return {
      config: this.config,
      backend: this.#remote,
      now: () => this.clock.now,
      log: () => {},
      processImage: (bytes, settings) => this.#decode(bytes, settings as Config),
    };
  }

  async #decode(bytes: Buffer, settings: Config) {
    const [index, seconds] = bytes.toString().split(' ').map(Number) as [number, number];
    const upload = this.uploads[index] as SimulatedUpload;
    const { uid } = upload.owner;
    const running = (this.#running.get(uid) ?? 0) + 1;
    this.#running.set(uid, running);
    this.mostRunning.set(uid, Math.max(running, this.mostRunning.get(uid) ?? 0));
    upload.startedAfter ??= this.clock.now - upload.eventAt;
    await this.clock.sleep(seconds * 1000);
    this.#running.set(uid, (this.#running.get(uid) ?? 0) - 1);
    upload.endedAfter = this.clock.now - upload.eventAt;
    if (seconds > MAX_DECODE_SECONDS) throw new ImageFailure('too-slow', 'expected less time');
    return processText(bytes, settings);
  }

  /** Takes all tasks from the queue, and delivers each when it is due. */
  #takeTasks(): void {
    for (const task of this.backend.tasks.splice(0)) void this.#deliver(task);
  }

  async #deliver(queued: QueuedTask): Promise<void> {
    if (queued.queue !== 'processImage') return;
    await this.clock.sleep(Math.max(0, queued.at - this.clock.now));
    const delivery = { retryCount: 0, random: () => this.#nextRandom() };
    // The queue dispatches as many tasks as there are instances.
    await this.heavy.run(() => processUpload(queued.task, delivery, this.#context()));
    this.#takeTasks();
  }

  /** Reproducible numbers from 0 to 1: a multiplicative generator. */
  #nextRandom(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return this.#random / 2_147_483_647;
  }
}
