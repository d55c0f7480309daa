/**
 * The part of the model checker that is about what views show: renditions that they ask for (WIDTHS), and images that
 * the content filter holds until a server releases them.
 */
import { SharingFailure } from '../../src/errors.js';
import { isWhole, sourceOfWidth, sourceRendition } from '../../src/domain/widths.js';
import type { Owner } from '../../src/domain/path.js';
import type { ImageRecord, TokenRecord } from '../../src/domain/records.js';
import { widthTaskId, type WidthTask } from '../../src/domain/tasks.js';
import type { QueuedTask } from '../gcp/in-memory-backend.js';
import { assertThat, type State, type Subject } from './model-subject.js';
import { renditionText, type Job } from './test-harness.js';

const FORMATS = ['webp', 'jpeg', 'avif'] as const;
/** What is sometimes in the text of a rendition: the focal point of the time it was made. */
const FOCUS = / at [0-9.]+(?= as )/;

type TokenImage = NonNullable<TokenRecord['image']>;

export class ViewModel {
  readonly counts = { made: 0, released: 0 };
  /** The text of each upload, by generation. */
  readonly texts = new Map<string, string>();
  /** Generations of held uploads that somebody has looked at and chosen to release. */
  readonly #chosen = new Set<string>();
  /** Generations whose release was answered with true. */
  readonly #released = new Set<string>();
  /** Image records that had the rendition of a task when its handler began. */
  readonly #recorded = new Map<Job, ImageRecord<number>>();

  constructor(readonly subject: Subject) {}

  /** A view through a token asks for a width, as `serve` does: the queue ignores a task that it had before. */
  async view(pick: number): Promise<void> {
    const { tokens } = await this.subject.readState();
    const [hash, token] = [...tokens].sort()[pick % Math.max(1, tokens.size)] ?? [];
    if (hash === undefined || token?.image === undefined) return;
    const missing = this.#missing(hash, token.image);
    const task = missing[pick % Math.max(1, missing.length)];
    if (task) await this.subject.harness.backend.queues.enqueueWidth(task, widthTaskId(task));
  }

  /** Tasks for everything that a view through a token could ask for. */
  #missing(hash: string, { renditions, widths = {} }: TokenImage): WidthTask[] {
    const whole = Object.values(renditions).filter(isWhole);
    whole.sort((a, b) => a.width - b.width);
    return (this.subject.harness.config.widths ?? []).flatMap((width) => {
      const variant = sourceOfWidth(whole, width);
      const source = variant && sourceRendition(variant)?.object;
      if (source === undefined) return [];
      return FORMATS.flatMap((format) =>
        variant?.[format] && !widths[width]?.[format] ? [{ hash, width, format, source }] : [],
      );
    });
  }

  /** A server releases an image that is held now. @returns false if there is none */
  async release(pick: number): Promise<boolean> {
    const { images } = await this.subject.readState();
    const held = [...images].filter(([, { state }]) => state === 'held');
    const [name, image] = held[pick % Math.max(1, held.length)] ?? [];
    if (name === undefined || image === undefined) return false;
    // Somebody looks at it first; meanwhile another upload may come, which is held too.
    this.#enqueueRelease(name, image.original.generation, (pick % 4) * 30_000);
    return true;
  }

  async viewOrRelease(pick: number): Promise<void> {
    const isRelease = pick % 2 === 0 && (await this.release(pick));
    if (!isRelease) await this.view(pick);
  }

  /** @param delay milliseconds */
  #enqueueRelease(name: string, generation: string, delay = 0): QueuedTask {
    this.#chosen.add(generation);
    const { harness, owners } = this.subject;
    const owner = owners.get(name) as Owner;
    const at = harness.now() + delay;
    const task: QueuedTask = { queue: 'release', task: { owner, generation }, at };
    harness.tasks.push(task);
    return task;
  }

  /** Before a handler starts. Reads the records of the backend in memory, at no cost. */
  async started(job: Job): Promise<void> {
    if (!this.subject.checksEveryCall || job.kind !== 'task' || job.task.queue !== 'resize') return;
    const { hash, width, format } = job.task.task;
    const image = (await this.subject.harness.backend.widths.find(hash))?.image;
    if (image?.widths?.[width]?.formats[format]) this.#recorded.set(job, image);
  }

  /** After a handler that was not killed has ended. */
  async answered(job: Job, result: unknown): Promise<void> {
    if (job.kind !== 'task') return;
    if (job.task.queue === 'release' && result === true) {
      this.#released.add(job.task.task.generation);
      this.counts.released += 1;
    }
    if (job.task.queue !== 'resize' || result !== 'made') return;
    this.counts.made += 1;
    const before = this.#recorded.get(job);
    if (before === undefined) return;
    // Records are replaced when an image is processed again: then its renditions on demand are made again.
    const now = (await this.subject.harness.backend.widths.find(job.task.task.hash))?.image;
    assertThat(now !== before, 'a rendition on demand to be made once', job.task.task.width);
  }

  /** No token shows a held upload that nobody has chosen to release; renditions on demand are the same everywhere. */
  check({ images, tokens }: State): void {
    const byId = new Map(
      [...this.subject.owners].map(([name, { imageId }]) => [imageId, images.get(name)]),
    );
    for (const { imageId, image } of tokens.values()) {
      if (!image) continue;
      const { generation, widths = {} } = image;
      const mayShow = !this.subject.harness.isHeld(generation) || this.#chosen.has(generation);
      assertThat(mayShow, 'no held upload', generation);
      // On the stack, the records are not read at the same moment.
      if (!this.subject.checksEveryCall) continue;
      for (const [width, variant] of Object.entries(widths)) {
        const recorded = byId.get(imageId)?.widths?.[width]?.formats ?? {};
        for (const format of FORMATS) {
          const [mine, other] = [variant[format], recorded[format]];
          if (mine && other) assertThat(mine.object === other.object, other.object, mine.object);
        }
      }
    }
  }

  /** Each rendition of a token was made from the upload of the token's generation. */
  async checkBytes({ generation, renditions, widths = {} }: TokenImage): Promise<void> {
    const text = this.texts.get(generation) ?? 'an upload';
    for (const [name, variant] of Object.entries(renditions)) {
      for (const format of FORMATS) {
        const rendition = variant[format];
        if (!rendition) continue;
        const bytes = await this.#read(rendition.object);
        const isExpected = bytes === renditionText(text, name, format);
        assertThat(isExpected, `${rendition.object} to be ${text}`, bytes);
      }
    }
    for (const [width, variant] of Object.entries(widths)) {
      for (const format of FORMATS) {
        const rendition = variant[format];
        if (!rendition) continue;
        const bytes = (await this.#read(rendition.object)) ?? '';
        const end = renditionText('', `w${width}`, format);
        const isExpected = bytes.startsWith(`${text} as w`) && bytes.endsWith(end);
        assertThat(isExpected, `${rendition.object} to be ${text}${end}`, bytes);
      }
    }
  }

  async #read(object: string): Promise<string | undefined> {
    return (await this.subject.readRendition(object))?.replace(FOCUS, '');
  }

  /** Whether an upload must be held, may be either, or must be ready. */
  expectedState(generation: string): readonly string[] {
    if (!this.subject.harness.isHeld(generation) || this.#released.has(generation))
      return ['ready'];
    return this.#chosen.has(generation) ? ['held', 'ready'] : ['held'];
  }

  /** Once all work is done: a release publishes what is held, and views get everything that they ask for, made once. */
  async finish(): Promise<void> {
    const { harness, owners } = this.subject;
    const run = (task: QueuedTask) => harness.handle({ kind: 'task', task });
    for (const name of owners.keys()) {
      const image = (await this.subject.readState()).images.get(name);
      if (image?.state !== 'held') continue;
      this.#enqueueRelease(name, image.original.generation);
      assertThat((await run(harness.tasks.pop() as QueuedTask)) === true, 'a release', name);
      this.#released.add(image.original.generation);
    }
    const { tokens } = await this.subject.readState();
    for (const [hash, { image }] of tokens) {
      for (const task of image ? this.#missing(hash, image) : []) {
        const ofQueue: QueuedTask = { queue: 'resize', task, at: harness.now() };
        const first = await run(ofQueue);
        assertThat(first === 'made' || first === 'existing', 'a rendition on demand', first);
        const second = await run(ofQueue);
        assertThat(second === 'existing', 'a rendition on demand that exists', second);
      }
    }
    for (const [hash, { image }] of (await this.subject.readState()).tokens) {
      if (image) assertThat(this.#missing(hash, image).length === 0, 'all widths', hash);
    }
  }
}

/** A release fails when its image was deleted meanwhile. */
export function isNoImage(job: Job, error: unknown): boolean {
  const isRelease = job.kind === 'task' && job.task.queue === 'release';
  return isRelease && error instanceof SharingFailure && error.reason === 'no-image';
}
