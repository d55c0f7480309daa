/**
 * Runs handlers concurrently, one backend call at a time, and compares the state of the backend with a simple
 * model of what must hold at every moment and once all work has completed.
 */
import { setImmediate } from 'node:timers/promises';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { renditionsFolder, type Owner } from '../../src/domain/path.js';
import type { ImageRecord } from '../../src/domain/records.js';
import { isRefused } from '../../src/gcp/backend.js';
import { hashToken } from '../../src/domain/token.js';
import { referencedRenditions } from '../../src/lifecycle/cleanup.js';
import { assertThat, type State, type Subject } from './model-subject.js';
import { SharingModel } from './sharing-model.js';
import { isNoImage, ViewModel } from './view-model.js';
import { intercept, type Job, type SharingCall, type TestHarness } from './test-harness.js';

const PARAMETERS: Record<string, string>[] = [
  {},
  { VARIANTS: 'w40:40,w30:30' },
  { VARIANTS: 'w20:21', FORMATS: 'avif' },
  { MAX_MEGAPIXELS: '10' },
  { VARIANTS: 'w20:20x20:cover:focal', FORMATS: 'jpeg' },
];
/** Stays below the retry window; process-upload-retry.test.ts covers later tasks. */
const MAX_DURATION_MS = 50 * 60_000;
const MAX_RUNNING = 4;

/** What must be true of one original. */
interface Expected {
  upload?: { generation: string; text: string };
  wasDeleted: boolean;
}

/** The point before or after a call at which a handler is paused. */
interface PausedCall {
  isBefore: boolean;
  resume: () => void;
}

interface RunningHandler {
  job: Job;
  paused: PausedCall[];
  /** Calls that were resumed and have not returned. */
  pendingCalls: number;
  hasEnded: boolean;
}

export class ModelChecker {
  readonly #expected: Map<string, Expected>;
  readonly #revoked = new Set<string>();
  /** When a token record last referenced each rendition. */
  readonly #lastReferenced = new Map<string, number>();
  /** The field `image` of token records whose renditions were checked. */
  readonly #checkedImages = new WeakSet<object>();
  /** Refused uploads, as `name generation`: see MAX_IMAGES_PER_USER. */
  readonly #refused = new Set<string>();
  readonly #running: RunningHandler[] = [];
  readonly #errors: unknown[] = [];
  readonly #names: readonly string[];
  readonly #startedAt: number;
  #runs = 0;
  /** What was run: states that were checked, handlers, calls of the backend, and handlers that were killed. */
  readonly counts = { states: 0, handlers: 0, backendCalls: 0, kills: 0 };
  /** Called when a call has returned or a handler has ended. */
  #onProgress = () => {};

  readonly sharing: SharingModel;
  readonly views: ViewModel;

  constructor(readonly subject: Subject) {
    this.sharing = new SharingModel(subject, (job) => this.start(job));
    this.views = new ViewModel(subject);
    this.#startedAt = subject.now();
    this.#names = [...subject.owners.keys()];
    this.#expected = new Map(this.#names.map((name) => [name, { wasDeleted: false }]));
    subject.harness.onDeleted = (name) => this.#expectDeleted(name);
  }

  get harness(): TestHarness {
    return this.subject.harness;
  }

  nameOf(index: number): string {
    return this.#names[index % this.#names.length] as string;
  }

  /** Starts a handler, which pauses at its first call. */
  start(job: Job): void {
    const handler: RunningHandler = { job, paused: [], pendingCalls: 0, hasEnded: false };
    this.counts.handlers += 1;
    const backend = intercept(this.harness.backend, async (point) => {
      const isBefore = point.endsWith(' before');
      if (isBefore) this.counts.backendCalls += 1;
      if (!isBefore) handler.pendingCalls -= 1;
      await new Promise<void>((resolve) => {
        handler.paused.push({ isBefore, resume: resolve });
        this.#onProgress();
      });
    });
    this.#running.push(handler);
    const end = (): boolean => {
      handler.hasEnded = true;
      this.#onProgress();
      const index = this.#running.indexOf(handler);
      if (index >= 0) this.#running.splice(index, 1);
      return index >= 0;
    };
    const answered = async (result: unknown) => {
      if (!end()) return;
      if (job.kind === 'call') this.sharing.count(job.call, result);
      await this.views.answered(job, result);
    };
    // The backend never fails, so an error of a handler that was not killed is a defect.
    const failed = (error: unknown) => {
      if (!isNoImage(job, error)) this.#errors.push(error);
    };
    void this.views
      .started(job)
      .then(() => this.harness.handle(job, backend))
      .then(answered, (error: unknown) => void (end() && failed(error)))
      .catch(failed);
  }

  /** Lets one handler continue until it is paused again or has ended. */
  async step(pick: number): Promise<void> {
    const handler = this.#running[pick % this.#running.length];
    const [call] = handler?.paused.splice(pick % Math.max(1, handler.paused.length), 1) ?? [];
    if (handler === undefined || call === undefined) return;
    if (call.isBefore) handler.pendingCalls += 1;
    call.resume();
    while (handler.pendingCalls > 0 && !handler.hasEnded) {
      await new Promise<void>((resolve) => (this.#onProgress = resolve));
    }
    await setImmediate();
  }

  /** Kills a handler; its event or task will be delivered again. */
  kill(pick: number): void {
    const [killed] = this.#running.splice(pick % Math.max(1, this.#running.length), 1);
    if (killed === undefined) return;
    this.counts.kills += 1;
    this.harness.redeliver(killed.job);
  }

  /** Checks what must hold at every moment. */
  async check(): Promise<void> {
    assertThat(this.#errors.length === 0, 'no error', this.#errors[0]);
    this.counts.states += 1;
    const state = await this.subject.readState();
    this.views.check(state);
    const { images, tokens, renditions } = state;
    const now = this.subject.now();
    for (const { image } of tokens.values()) {
      if (!image) continue;
      const referenced = referencedRenditions({ tokens: new Map([['', { image }]]) } as never);
      for (const object of referenced) {
        this.#lastReferenced.set(object, now);
        assertThat(renditions.has(object), 'referenced renditions to exist', object);
        const hasGeneration = object.includes(`/${image.generation}/`);
        assertThat(hasGeneration, `a rendition of generation ${image.generation}`, object);
      }
      if (this.subject.checksEveryCall && !this.#checkedImages.has(image)) {
        await this.views.checkBytes(image);
        this.#checkedImages.add(image);
      }
    }
    this.#checkRevocationBound(renditions, now);
    for (const hash of this.#revoked) {
      assertThat(!tokens.has(hash), 'a revoked token to stay revoked', hash);
    }
    this.#checkQuota(images);
    const wasDeleted = (name: string) => this.#expected.get(name)?.wasDeleted === true;
    this.sharing.check(state, this.#revoked, wasDeleted);
  }

  /** How many uploads were refused, because their owner had too many images. */
  get refused(): number {
    return this.#refused.size;
  }

  /** An image has a token unless it was refused, and no image is refused while another fits. */
  #checkQuota(images: ReadonlyMap<string, ImageRecord<number>>): void {
    const { maxImagesPerUser: max } = this.harness.config;
    const counted = [...images.values()].filter((image) => !isRefused(image));
    assertThat(max === 0 || counted.length <= max, `at most ${max} images`, counted.length);
    for (const [name, image] of images) {
      const { token, original } = image;
      if (!isRefused(image)) assertThat(token.startsWith('spv_'), 'a token', token);
      else {
        assertThat(token === '', 'no token of a refused upload', token);
        const upload = `${name} ${original.generation}`;
        const isNew = this.subject.checksEveryCall && !this.#refused.has(upload);
        if (isNew) assertThat(counted.length === max, `${max} other images`, counted.length);
        this.#refused.add(upload);
      }
    }
  }

  /** Renditions that were referenced within the revocation bound exist, unless the image was deleted. */
  #checkRevocationBound(renditions: ReadonlySet<string>, now: number): void {
    const bound = this.harness.config.revocationSeconds * 1000;
    const keptFolders = this.#names
      .filter((name) => !this.#expected.get(name)?.wasDeleted)
      .map((name) => this.#folderOf(name));
    for (const [object, at] of this.#lastReferenced) {
      if (at <= now - bound) this.#lastReferenced.delete(object);
      else if (!renditions.has(object)) {
        const mayBeDeleted = !keptFolders.some((folder) => object.startsWith(folder));
        assertThat(mayBeDeleted, 'renditions referenced within the bound to exist', object);
      }
    }
  }

  /**
   * Delivers all events and tasks to concurrent handlers, in random order, with a few more uploads, deletions and
   * kills, until none are left. Then checks the final state.
   */
  async runToCompletion(seed: number): Promise<void> {
    const generator = xoroshiro128plus(seed);
    const random = () => uniformFloat64(generator);
    const randomIndex = (length: number) => Math.floor(random() * length);
    let remainingChanges = randomIndex(5);
    let remainingCalls = randomIndex(20);
    let remainingViews = randomIndex(20);
    const bound = this.harness.config.revocationSeconds * 1000;
    for (let steps = 0; ; steps++) {
      assertThat(steps < 10_000, 'all work to complete', steps);
      const { calls, events, tasks } = this.harness;
      const isStarting = this.#running.length < MAX_RUNNING && random() < 0.2;
      const [event] = isStarting ? events.splice(randomIndex(events.length), 1) : [];
      const task = isStarting && event === undefined ? this.harness.takeTask() : undefined;
      if (event) this.start({ kind: 'event', event });
      else if (task) this.start({ kind: 'task', task });
      else if (isStarting && calls[0]) this.sharing.call(calls.shift()?.data ?? {});
      else if (this.#running.length > 0) await this.step(randomIndex(1e6));
      else if (calls.length > 0) continue;
      else if (events.length === 0 && tasks.length === 0) {
        if (remainingViews <= 0) break;
        // Now images are ready or held; sometimes an upload comes at the same time.
        for (let views = 0; views < 3; views++) await this.views.viewOrRelease(randomIndex(1e6));
        if (random() < 0.3) await this.upload(this.nameOf(randomIndex(2)), 'good');
        remainingViews -= 3;
      }
      // Only tasks that are not due.
      else if (events.length === 0) this.#advanceTo(Math.min(...tasks.map(({ at }) => at)));
      if (random() < 0.02) this.wait(random() * Math.max(bound * 1.2, 10_000));
      if (random() < 0.03 && remainingChanges > 0) {
        remainingChanges -= 1;
        const name = this.#names[0] as string;
        if (random() < 0.2) await this.delete(name);
        else await this.upload(name, random() < 0.2 ? 'bad' : 'good');
      }
      // Now there are images: most calls of a random sequence come before them.
      if (random() < 0.05 && remainingCalls > 0) {
        remainingCalls -= 1;
        await this.sharing.callAny(randomIndex(20), randomIndex(20), this.#runningCalls());
      }
      if (random() < 0.05 && remainingViews > 0) {
        remainingViews -= 1;
        await this.views.viewOrRelease(randomIndex(1e6));
      }
      if (random() < 0.01) this.kill(randomIndex(20));
      await setImmediate();
      if (this.subject.checksEveryCall) await this.check();
    }
    await this.check();
    const state = await this.subject.readState();
    for (const name of this.#names) await this.#checkFinal(name, state);
    await this.views.finish();
    await this.check();
    const last = await this.subject.readState();
    for (const name of this.#names) await this.#checkFinal(name, last);
  }

  async upload(name: string, kind: 'good' | 'bad'): Promise<void> {
    const { texts } = this.views;
    const text = `${kind} ${texts.size + 1}`;
    const generation = await this.harness.upload(name, text);
    texts.set(generation, text);
    (this.#expected.get(name) as Expected).upload = { generation, text };
  }

  async delete(name: string): Promise<void> {
    if (this.#expected.get(name)?.upload === undefined) return;
    this.#expectDeleted(name);
    await this.harness.delete(name);
  }

  #expectDeleted(name: string): void {
    const expected = this.#expected.get(name);
    if (expected === undefined) return;
    delete expected.upload;
    expected.wasDeleted = true;
  }

  wait(ms: number): void {
    const remaining = this.#startedAt + MAX_DURATION_MS - this.subject.now();
    this.subject.advanceTime(Math.max(0, Math.min(Math.round(ms), remaining)));
  }

  #advanceTo(at: number): void {
    this.subject.advanceTime(Math.max(0, at - this.subject.now()));
  }

  /** @param pick index of the parameters; a backfill follows */
  async reconfigure(pick: number): Promise<void> {
    this.harness.reconfigure(PARAMETERS[pick % PARAMETERS.length] as Record<string, string>);
    await this.harness.backend.queues.enqueueBackfill({}, `run-${(this.#runs += 1)}`);
  }

  async purge(): Promise<void> {
    const [{ uid }] = this.subject.owners.values() as Iterable<Owner> as [Owner];
    await this.harness.backend.queues.enqueuePurge({ uid });
  }

  /** @param index of the original; `isAgain` repeats the previous call */
  share(index: number, isAgain: boolean): void {
    this.sharing.share(index, isAgain, this.#runningCalls());
  }

  #runningCalls(): SharingCall[] {
    return this.#running.flatMap(({ job }) => (job.kind === 'call' ? [job.call] : []));
  }

  async revoke(pick: number): Promise<void> {
    const { tokens } = await this.subject.readState();
    const hash = [...tokens.keys()].sort()[pick % tokens.size];
    if (hash === undefined) return;
    await this.subject.deleteToken(hash);
    this.#revoked.add(hash);
  }

  #folderOf(name: string): string {
    const { config } = this.harness;
    return renditionsFolder(config.variantsPath, config.bucket, name);
  }

  /** Checks one image after all events and tasks were handled. */
  async #checkFinal(name: string, { originals, images, tokens, shares, renditions }: State) {
    const { upload } = this.#expected.get(name) as Expected;
    const { imageId } = this.subject.owners.get(name) as Owner;
    const image = images.get(name);
    const own = [...tokens].filter(([, token]) => token.imageId === imageId);
    const ownShares = [...shares.values()].filter((share) => share.imageId === imageId);
    const folder = this.#folderOf(name);
    const stored = [...renditions].filter((object) => object.startsWith(folder));
    if (image && isRefused(image)) {
      const none = { name, own: [], ownShares: [], stored: [] };
      expect({ name, own, ownShares, stored }).toEqual(none);
      // A record without an original stays only if the functions deleted it.
      expect(originals.has(name)).toBe(!image.original.deleted);
      expect(image.original.generation).toBe(upload?.generation ?? image.original.generation);
      return;
    }
    if (upload === undefined) {
      const none = { name, image: undefined, own: [], ownShares: [], stored: [] };
      expect({ name, image, own, ownShares, stored }).toEqual(none);
      return;
    }
    expect(originals.get(name)?.hasDownloadToken).toBe(false);
    expect(image).toMatchObject({ original: { generation: upload.generation } });
    expect(image).not.toHaveProperty('attempt');
    const records = { ...(image && { image }), tokens: new Map(own) };
    expect(new Set(stored)).toEqual(referencedRenditions(records));
    const token = hashToken(image?.token ?? '');
    const hashes = own.map(([hash]) => hash);
    expect(hashes.includes(token)).toBe(!this.#revoked.has(token));
    const active = ownShares.filter(({ state }) => state === 'active');
    const now = this.subject.now();
    const valid = active.flatMap(({ tokenHash, expiresAt = Infinity }) =>
      this.#revoked.has(tokenHash) || (expiresAt <= now && !hashes.includes(tokenHash))
        ? []
        : [tokenHash],
    );
    expect(new Set(hashes.filter((hash) => hash !== token))).toEqual(new Set(valid));
    for (const [, token] of own) if (token.image) await this.views.checkBytes(token.image);
    if (upload.text.startsWith('bad')) {
      expect(image).toMatchObject({ state: 'failed', error: { code: 'not-an-image' } });
      return;
    }
    expect(this.views.expectedState(upload.generation)).toContain(image?.state);
    const isHeld = image?.state === 'held';
    if (isHeld) expect(own.filter(([, token]) => token.image)).toEqual([]);
    const { variants, formats } = this.harness.config;
    const usesFocus = variants.some(({ crop }) => crop === 'focal');
    if (usesFocus) expect(image?.original.focus).toEqual(originals.get(name)?.focus);
    const names = variants.map((variant) => variant.name).sort();
    expect(Object.keys(image?.variants ?? {}).sort()).toEqual(names);
    for (const [, token] of isHeld ? [] : own) {
      expect(token.image?.generation).toBe(upload.generation);
      expect(Object.keys(token.image?.renditions ?? {}).sort()).toEqual(names);
      for (const variant of names) {
        for (const format of formats) {
          expect(token.image?.renditions[variant]).toHaveProperty(format);
        }
      }
    }
  }
}
