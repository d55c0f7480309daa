/**
 * Random histories of uploads, overwrites, deletions, changed parameters, shares, revocations and users who
 * go; their events late, twice and in any order; handlers side by side, one call at a time, and killed in
 * the middle. Held against a simple model of what must be true then, and at rest. One model for the backend
 * in memory and for the real one on the local stack.
 *
 * Over 400 lines: what is done and what must hold then are one model, and read side by side.
 */
import fc from 'fast-check';
import { renditionsFolder, type Owner } from '../../src/domain/path.js';
import type { ImageRecord, TokenRecord } from '../../src/domain/records.js';
import type { Backend } from '../../src/gcp/backend.js';
import { hashToken, mintToken } from '../../src/domain/token.js';
import { referencedRenditions } from '../../src/lifecycle/cleanup.js';
import { intercept, renditionText, type Job, type TestHarness } from './test-harness.js';

/** All there is of the images of a history. */
export interface State {
  /** By name; whether each is locked. */
  originals: ReadonlyMap<string, { locked: boolean }>;
  /** By name of the original. */
  images: ReadonlyMap<string, ImageRecord<number>>;
  /** By hash. */
  tokens: ReadonlyMap<string, TokenRecord<number>>;
  renditions: ReadonlySet<string>;
}

/** What a history is played on. */
export interface Subject {
  world: TestHarness;
  /** Originals of one owner, `{ uid, imageId }` by name. */
  owners: ReadonlyMap<string, Owner>;
  see: () => Promise<State>;
  bytesOf: (rendition: string) => Promise<string | undefined>;
  addToken: (hash: string, record: TokenRecord<number>) => Promise<void>;
  deleteToken: (hash: string) => Promise<void>;
  now: () => number;
  /** Lets time pass, milliseconds. */
  pass: (ms: number) => void;
  /** Whether all is looked at after each call, and the bytes as well; where a look costs nothing. */
  looksOften: boolean;
}

const PARAMETERS: Record<string, string>[] = [
  {},
  { VARIANTS: 'w40:40,w30:30' },
  { VARIANTS: 'w20:21', FORMATS: 'avif' },
  { MAX_MEGAPIXELS: '10' },
];
/** Events that are older are given up, which is another test. */
const LONGEST_MS = 50 * 60_000;

/** What must be true of one original. */
interface Expected {
  live?: { generation: string; text: string };
  wasDeleted: boolean;
  /** Tokens beside the default one, by hash. */
  shares: Set<string>;
}

/** A call that a handler stands before or after. */
interface Gate {
  isBefore: boolean;
  release: () => void;
}

/** A handler that is at work. */
interface Running {
  job: Job;
  gates: Gate[];
  /** Calls that were let through and have not come back. */
  underWay: number;
  hasEnded: boolean;
}

export class ModelChecker {
  readonly #expected: Map<string, Expected>;
  readonly #revoked = new Set<string>();
  /** By generation. */
  readonly #texts = new Map<string, string>();
  /** When each object was last named by a token record. */
  readonly #named = new Map<string, number>();
  /** What was shown as it should, and is never changed. */
  readonly #looked = new WeakSet<object>();
  readonly #running: Running[] = [];
  readonly #errors: unknown[] = [];
  readonly #names: readonly string[];
  readonly #startedAt: number;
  #runs = 0;
  /** Told whenever a call has come back or a handler has ended. */
  #onChange = () => {};

  constructor(readonly subject: Subject) {
    this.#startedAt = subject.now();
    this.#names = [...subject.owners.keys()];
    this.#expected = new Map(
      this.#names.map((name) => [name, { wasDeleted: false, shares: new Set() }]),
    );
    subject.world.onDeleted = (name) => this.#forget(name);
  }

  get world(): TestHarness {
    return this.subject.world;
  }

  nameOf(which: number): string {
    return this.#names[which % this.#names.length] as string;
  }

  start(job: Job): void {
    const running: Running = { job, gates: [], underWay: 0, hasEnded: false };
    const backend: Backend = intercept(this.world.backend, async (point) => {
      const isBefore = point.endsWith(' before');
      if (!isBefore) running.underWay -= 1;
      await new Promise<void>((resolve) => {
        running.gates.push({ isBefore, release: resolve });
        this.#onChange();
      });
    });
    this.#running.push(running);
    const end = (): boolean => {
      running.hasEnded = true;
      this.#onChange();
      const at = this.#running.indexOf(running);
      if (at >= 0) this.#running.splice(at, 1);
      return at >= 0;
    };
    this.world.handle(job, backend).then(end, (error: unknown) => {
      // Nothing here fails by itself.
      if (end()) this.#errors.push(error);
    });
  }

  /** Lets one handler make its next call, or hear of its last one, and waits until it stands again. */
  async step(pick: number): Promise<void> {
    const running = this.#running[pick % this.#running.length];
    const [gate] = running?.gates.splice(pick % Math.max(1, running.gates.length), 1) ?? [];
    if (running === undefined || gate === undefined) return;
    if (gate.isBefore) running.underWay += 1;
    gate.release();
    while (running.underWay > 0 && !running.hasEnded) {
      await new Promise<void>((resolve) => (this.#onChange = resolve));
    }
    await flush();
  }

  /** Kills one; what it was at comes again. */
  kill(pick: number): void {
    const [killed] = this.#running.splice(pick % Math.max(1, this.#running.length), 1);
    if (killed?.job.kind === 'event') this.world.events.push(killed.job.event);
    else if (killed) this.world.tasks.push(killed.job.task);
  }

  /** What holds at every moment. */
  async check(): Promise<void> {
    must(this.#errors.length === 0, 'no error', this.#errors[0]);
    const { images, tokens, renditions } = await this.subject.see();
    const now = this.subject.now();
    for (const { image } of tokens.values()) {
      if (!image) continue;
      const named = referencedRenditions({ tokens: new Map([['', { image }]]) } as never);
      for (const object of named) {
        this.#named.set(object, now);
        must(renditions.has(object), 'what a token shows to be there', object);
        const isOfIt = object.includes(`/${image.generation}/`);
        must(isOfIt, `a rendition of generation ${image.generation}`, object);
      }
      if (this.subject.looksOften && !this.#looked.has(image)) {
        await this.#checkShown(image);
        this.#looked.add(image);
      }
    }
    const bound = this.world.config.revocationSeconds * 1000;
    const lasting = this.#names
      .filter((name) => !this.#expected.get(name)?.wasDeleted)
      .map((name) => this.#folderOf(name));
    for (const [object, at] of this.#named) {
      if (at <= now - bound) this.#named.delete(object);
      else if (!renditions.has(object)) {
        const mayBeGone = !lasting.some((folder) => object.startsWith(folder));
        must(mayBeGone, 'what was shown within the bound to be there', object);
      }
    }
    for (const hash of this.#revoked) must(!tokens.has(hash), 'a revoked token to stay dead', hash);
    for (const image of images.values()) {
      must(image.token.startsWith('spv_'), 'a token', image.token);
    }
  }

  /** Each picture that a token shows was made of the upload that it says. */
  async #checkShown({ generation, renditions }: NonNullable<TokenRecord['image']>): Promise<void> {
    const text = this.#texts.get(generation) ?? 'an upload';
    for (const [name, variant] of Object.entries(renditions)) {
      for (const format of ['webp', 'jpeg', 'avif'] as const) {
        const shown = variant[format];
        if (!shown) continue;
        const bytes = await this.subject.bytesOf(shown.object);
        const isRight = bytes === renditionText(text, name, format);
        must(isRight, `${shown.object} to be ${text}`, bytes);
      }
    }
  }

  /**
   * Lets everything that waits happen, many handlers side by side, with some more uploads and deletions
   * under their hands, until nothing is left.
   */
  async rest(seed: number): Promise<void> {
    const random = randomOf(seed);
    let more = Math.floor(random() * 5);
    const bound = this.world.config.revocationSeconds * 1000;
    for (let steps = 0; ; steps++) {
      must(steps < 10_000, 'an end', steps);
      const { events, tasks } = this.world;
      const isStarting = this.#running.length < 4 && random() < 0.2;
      const [event] = isStarting ? events.splice(Math.floor(random() * events.length), 1) : [];
      const task = isStarting && event === undefined ? this.world.takeTask() : undefined;
      if (event) this.start({ kind: 'event', event });
      else if (task) this.start({ kind: 'task', task });
      else if (this.#running.length > 0) await this.step(Math.floor(random() * 1e6));
      else if (events.length === 0 && tasks.length === 0) break;
      // Nothing but tasks whose time has not come.
      else if (events.length === 0) this.#passUntil(Math.min(...tasks.map(({ at }) => at)));
      if (random() < 0.02) this.wait(random() * Math.max(bound * 1.2, 10_000));
      if (random() < 0.03 && more > 0) {
        more -= 1;
        const name = this.#names[0] as string;
        if (random() < 0.2) await this.delete(name);
        else await this.upload(name, random() < 0.2 ? 'bad' : 'good');
      }
      if (random() < 0.01) this.kill(Math.floor(random() * 20));
      await flush();
      if (this.subject.looksOften) await this.check();
    }
    await this.check();
    const state = await this.subject.see();
    for (const name of this.#names) await this.#checkAtRest(name, state);
  }

  async upload(name: string, kind: 'good' | 'bad'): Promise<void> {
    const text = `${kind} ${this.#texts.size + 1}`;
    const generation = await this.world.upload(name, text);
    this.#texts.set(generation, text);
    (this.#expected.get(name) as Expected).live = { generation, text };
  }

  async delete(name: string): Promise<void> {
    if (this.#expected.get(name)?.live === undefined) return;
    this.#forget(name);
    await this.world.delete(name);
  }

  #forget(name: string): void {
    const expected = this.#expected.get(name);
    if (expected === undefined) return;
    delete expected.live;
    expected.wasDeleted = true;
  }

  wait(ms: number): void {
    const left = this.#startedAt + LONGEST_MS - this.subject.now();
    this.subject.pass(Math.max(0, Math.min(Math.round(ms), left)));
  }

  #passUntil(at: number): void {
    this.subject.pass(Math.max(0, at - this.subject.now()));
  }

  /** @param pick which parameters; the backfill that follows is all that is done about them */
  async reconfigure(pick: number): Promise<void> {
    this.world.reconfigure(PARAMETERS[pick % PARAMETERS.length] as Record<string, string>);
    await this.world.backend.queues.enqueueBackfill({}, `run-${(this.#runs += 1)}`);
  }

  async purge(): Promise<void> {
    const [{ uid }] = this.subject.owners.values() as Iterable<Owner> as [Owner];
    await this.world.backend.queues.enqueuePurge({ uid });
  }

  /** As the owner's own call will do it: a further token of what can be seen. */
  async share(name: string): Promise<void> {
    const { images, tokens } = await this.subject.see();
    const shown = tokens.get(hashToken(images.get(name)?.token ?? ''));
    if (shown?.image === undefined) return;
    const hash = hashToken(mintToken());
    await this.subject.addToken(hash, { ...shown, kind: 'share' });
    this.#expected.get(name)?.shares.add(hash);
  }

  async revoke(pick: number): Promise<void> {
    const { tokens } = await this.subject.see();
    const hash = [...tokens.keys()].sort()[pick % tokens.size];
    if (hash === undefined) return;
    await this.subject.deleteToken(hash);
    this.#revoked.add(hash);
  }

  #folderOf(name: string): string {
    const { config } = this.world;
    return renditionsFolder(config.variantsPath, config.bucket, name);
  }

  async #checkAtRest(name: string, { originals, images, tokens, renditions }: State) {
    const { live, wasDeleted, shares } = this.#expected.get(name) as Expected;
    const { imageId } = this.subject.owners.get(name) as Owner;
    const image = images.get(name);
    const own = [...tokens].filter(([, token]) => token.imageId === imageId);
    const folder = this.#folderOf(name);
    const stored = [...renditions].filter((object) => object.startsWith(folder));
    if (live === undefined) {
      expect({ name, image, own, stored }).toEqual({ name, image: undefined, own: [], stored: [] });
      return;
    }
    expect(originals.get(name)?.locked).toBe(true);
    expect(image).toMatchObject({ original: { generation: live.generation } });
    expect(image).not.toHaveProperty('attempt');
    const records = { ...(image && { image }), tokens: new Map(own) };
    expect(new Set(stored)).toEqual(referencedRenditions(records));
    const token = hashToken(image?.token ?? '');
    const hashes = own.map(([hash]) => hash);
    expect(hashes.includes(token)).toBe(!this.#revoked.has(token));
    // Whether an upload was an overwrite or came after a deletion is for Storage's events to say.
    if (!wasDeleted) {
      const living = [...shares].filter((hash) => !this.#revoked.has(hash));
      expect(new Set(hashes.filter((hash) => hash !== token))).toEqual(new Set(living));
    }
    for (const [, { image: shown }] of own) if (shown) await this.#checkShown(shown);
    if (live.text.startsWith('bad')) {
      expect(image).toMatchObject({ state: 'failed', error: { code: 'not-an-image' } });
      return;
    }
    expect(image?.state).toBe('ready');
    const { variants, formats } = this.world.config;
    const names = variants.map((variant) => variant.name).sort();
    expect(Object.keys(image?.variants ?? {}).sort()).toEqual(names);
    for (const [, { image: shown }] of own) {
      expect(shown?.generation).toBe(live.generation);
      expect(Object.keys(shown?.renditions ?? {}).sort()).toEqual(names);
      for (const variant of names) {
        for (const format of formats) {
          expect(shown?.renditions[variant]).toHaveProperty(format);
        }
      }
    }
  }
}

/** A thousand times as fast as `expect`, which is asked at every step. */
function must(holds: boolean, expected: string, found: unknown): void {
  if (!holds) throw new Error(`expected ${expected}, found ${String(found)}`);
}

function flush(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Numbers from 0 to 1, the same for the same seed (https://en.wikipedia.org/wiki/Lehmer_random_number_generator). */
function randomOf(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

type Model = Record<string, never>;

/** A command that may always be given. */
function command(text: string, run: (system: ModelChecker) => Promise<void> | void) {
  return {
    check: () => true,
    async run(_model: Model, system: ModelChecker) {
      await run(system);
      await flush();
      await system.check();
    },
    toString: () => text,
  } satisfies fc.AsyncCommand<Model, ModelChecker>;
}

/**
 * @param originals how many a subject has; the first one is chosen more often
 * @param maxCommands of one history
 */
export function operationSequences(originals: number, maxCommands: number) {
  const which = fc.nat(originals).map((number) => Math.max(0, number - 1));
  const pick = fc.nat(20);
  const upload = (kind: 'good' | 'bad') =>
    which.map((at) =>
      command(`upload a ${kind} one, ${at}`, (system) => system.upload(system.nameOf(at), kind)),
    );
  /** Some calls of one handler, with others standing where they are. */
  const steps = fc.tuple(pick, fc.integer({ min: 1, max: 24 })).map(([at, count]) =>
    command(`${count} steps of ${at}`, async (system) => {
      for (let step = 0; step < count; step++) {
        await system.step(at);
        if (system.subject.looksOften) await system.check();
      }
    }),
  );
  const deliveries = fc.tuple(pick, fc.boolean()).map(([at, isTwice]) =>
    command(`deliver event ${at}${isTwice ? ', and again later' : ''}`, (system) => {
      const { events } = system.world;
      const [event] = events.splice(at % Math.max(1, events.length), 1);
      if (event === undefined) return;
      if (isTwice) events.push(event);
      system.start({ kind: 'event', event });
    }),
  );
  const task = fc.constant(0).map(() =>
    command('deliver a task', (system) => {
      const next = system.world.takeTask();
      if (next) system.start({ kind: 'task', task: next });
    }),
  );
  const commands = [
    ...[upload('good'), upload('good'), upload('good'), upload('bad')],
    which.map((at) => command(`delete ${at}`, (system) => system.delete(system.nameOf(at)))),
    ...[deliveries, deliveries, deliveries, task, steps, steps, steps],
    pick.map((at) => command(`kill ${at}`, (system) => system.kill(at))),
    fc
      .integer({ min: 1, max: 90_000 })
      .map((ms) => command(`wait ${ms} ms`, (system) => system.wait(ms))),
    pick.map((at) => command(`change parameters to ${at}`, (system) => system.reconfigure(at))),
    which.map((at) => command(`share ${at}`, (system) => system.share(system.nameOf(at)))),
    pick.map((at) => command(`revoke ${at}`, (system) => system.revoke(at))),
    // Rarely: it takes all with it.
    fc
      .nat(3)
      .map((at) =>
        command(at === 0 ? 'purge' : 'nothing', (system) =>
          at === 0 ? system.purge() : undefined,
        ),
      ),
  ];
  return fc.commands(commands, { maxCommands, size: 'max' });
}

/** Plays a history and what is left of it, and looks at the end. */
export async function runSequence(
  subject: Subject,
  history: Iterable<fc.AsyncCommand<Model, ModelChecker>>,
  seed: number,
): Promise<void> {
  const system = new ModelChecker(subject);
  await fc.asyncModelRun(() => ({ model: {}, real: system }), history);
  await system.rest(seed);
}
