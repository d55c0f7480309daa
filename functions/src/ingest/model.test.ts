/**
 * Random histories of uploads, overwrites, deletions, changed parameters, shares and revocations; their
 * events late, twice and in any order; handlers side by side, one call at a time, and killed in the
 * middle. Held against a simple model of what must be true then, and at rest.
 */
import fc from 'fast-check';
import { renditionsFolder } from '../images/path.js';
import type { Library } from '../library/library.js';
import type { FakeLibrary } from '../library/library.fake.js';
import { hashToken, mintToken } from '../tokens/token.js';
import { NOW, openMemory, settle } from './memory.fake.js';
import { namedBy } from './sweep.js';
import { intercept, renditionText, type Job, type World } from './world.fake.js';

/** The same histories each time; others for who looks for more: `SEED=7 SCHEDULES=20000`. */
const SEED = Number(process.env['SEED'] ?? 6);
const SCHEDULES = Number(process.env['SCHEDULES'] ?? 2000);
const NAMES = ['originals/alice/cat', 'originals/alice/dog'];
const PARAMETERS: Record<string, string>[] = [
  {},
  { VARIANTS: 'w40:40,w30:30' },
  { VARIANTS: 'w20:21', FORMATS: 'avif' },
  { MAX_MEGAPIXELS: '10' },
];
const BOUND_MS = 60_000;
/** Events that are older are given up, which is another test. */
const LONGEST_MS = 50 * 60_000;

/** What must be true of one original. */
interface Expected {
  live?: { generation: string; text: string };
  wasDeleted: boolean;
  /** Tokens beside the default one, by hash. */
  shares: Set<string>;
}

/** A handler that is at work; each gate is a call that it stands before or after. */
interface Running {
  job: Job;
  gates: (() => void)[];
}

class System {
  readonly memory = openMemory();
  readonly expected = new Map<string, Expected>(
    NAMES.map((name) => [name, { wasDeleted: false, shares: new Set() }]),
  );
  readonly revoked = new Set<string>();
  /** When each object was last named by a token record. */
  readonly #named = new Map<string, number>();
  readonly #running: Running[] = [];
  readonly #errors: unknown[] = [];
  #uploads = 0;
  wasChanged = false;

  get world(): World {
    return this.memory.world;
  }
  get library(): FakeLibrary {
    return this.memory.library;
  }

  start(job: Job): void {
    const running: Running = { job, gates: [] };
    const library: Library = intercept(this.world.library, async () => {
      await new Promise<void>((release) => running.gates.push(release));
    });
    this.#running.push(running);
    const end = (): boolean => {
      const at = this.#running.indexOf(running);
      if (at >= 0) this.#running.splice(at, 1);
      return at >= 0;
    };
    this.world.handle(job, library).then(end, (error: unknown) => {
      // Nothing here fails by itself.
      if (end()) this.#errors.push(error);
    });
  }

  /** Lets one handler make its next call, or hear of its last one. */
  step(pick: number): void {
    const gates = this.#running[pick % this.#running.length]?.gates ?? [];
    const [release] = gates.splice(pick % Math.max(1, gates.length), 1);
    release?.();
  }

  /** Kills one; what it was at comes again. */
  kill(pick: number): void {
    const [killed] = this.#running.splice(pick % Math.max(1, this.#running.length), 1);
    if (killed?.job.kind === 'event') this.world.events.push(killed.job.event);
    else if (killed) this.world.tasks.push(killed.job.task);
  }

  /** What holds at every moment. */
  check(): void {
    expect(this.#errors).toEqual([]);
    const { images, tokens, renditions } = this.library;
    for (const { image } of tokens.values()) {
      if (!image) continue;
      const named = namedBy({ tokens: new Map([['', { image }]]) } as never);
      for (const object of named) {
        this.#named.set(object, this.memory.time.now);
        // What a token shows is there, and of one generation.
        expect(renditions.has(object)).toBe(true);
        expect(object).toContain(`/${image.generation}/`);
      }
    }
    const mayVanish = [...this.expected.values()].some(({ wasDeleted }) => wasDeleted);
    for (const [object, at] of mayVanish ? [] : this.#named) {
      if (at > this.memory.time.now - BOUND_MS) expect(renditions.has(object)).toBe(true);
    }
    for (const hash of this.revoked) expect(tokens.has(hash)).toBe(false);
    for (const image of images.values()) expect(image.token).toMatch(/^spv_/);
  }

  /**
   * Lets everything that waits happen, many handlers side by side, with some more uploads and deletions
   * under their hands, until nothing is left. Only changed parameters need the backfill for that.
   */
  async rest(seed: number): Promise<void> {
    const random = randomOf(seed);
    let more = Math.floor(random() * 5);
    for (let steps = 0; ; steps++) {
      expect(steps).toBeLessThan(10_000);
      const { events } = this.world;
      const isStarting = this.#running.length < 4 && random() < 0.2;
      const [event] = isStarting ? events.splice(Math.floor(random() * events.length), 1) : [];
      const task = isStarting && event === undefined ? this.world.takeTask() : undefined;
      if (event) this.start({ kind: 'event', event });
      else if (task) this.start({ kind: 'task', task });
      else if (this.#running.length > 0) this.step(Math.floor(random() * 1e6));
      else if (events.length === 0) break;
      if (random() < 0.02) this.wait(random() * BOUND_MS * 0.7);
      if (random() < 0.03 && more > 0) {
        more -= 1;
        const name = NAMES[0] as string;
        if (random() < 0.2) await this.delete(name);
        else await this.upload(name, random() < 0.2 ? 'bad' : 'good');
      }
      if (random() < 0.01) this.kill(Math.floor(random() * 20));
      await flush();
      this.check();
    }
    await settle(this.memory);
    if (this.wasChanged) await this.library.queues.backfill({}, 'last');
    await settle(this.memory);
    this.check();
    for (const name of NAMES) this.#checkAtRest(name, this.expected.get(name) as Expected);
  }

  async upload(name: string, kind: 'good' | 'bad'): Promise<void> {
    const text = `${kind} ${(this.#uploads += 1)}`;
    const generation = await this.world.upload(name, text);
    (this.expected.get(name) as Expected).live = { generation, text };
  }

  async delete(name: string): Promise<void> {
    const expected = this.expected.get(name) as Expected;
    if (expected.live === undefined) return;
    delete expected.live;
    expected.wasDeleted = true;
    await this.world.delete(name);
  }

  wait(ms: number): void {
    const { time } = this.memory;
    time.now = Math.max(time.now, Math.min(time.now + Math.round(ms), NOW + LONGEST_MS));
  }

  #checkAtRest(name: string, { live, wasDeleted, shares }: Expected): void {
    const { images, tokens, renditions, originals } = this.library;
    const [, uid = '', imageId = ''] = name.split('/');
    const image = images.get(`users/${uid}/images/${imageId}`);
    const own = [...tokens].filter(([, token]) => token.imageId === imageId);
    const folder = folderOf(this.world, name);
    const stored = [...renditions.keys()].filter((object) => object.startsWith(folder));
    if (live === undefined) {
      expect({ name, image, own, stored }).toEqual({ name, image: undefined, own: [], stored: [] });
      return;
    }
    expect(originals.get(name)?.locked).toBe(true);
    expect(image).toMatchObject({ original: { generation: live.generation } });
    expect(image).not.toHaveProperty('attempt');
    const records = { ...(image && { image }), tokens: new Map(own) };
    expect(new Set(stored)).toEqual(namedBy(records));
    if (!wasDeleted) {
      const hashes = own.map(([hash]) => hash).filter((hash) => !isDefault(hash, image?.token));
      expect(new Set(hashes)).toEqual(
        new Set([...shares].filter((hash) => !this.revoked.has(hash))),
      );
      expect(own.some(([hash]) => isDefault(hash, image?.token))).toBe(
        !this.revoked.has(hashToken(image?.token ?? '')),
      );
    }
    if (live.text.startsWith('bad')) {
      expect(image).toMatchObject({ state: 'failed', error: { code: 'not-an-image' } });
      return;
    }
    expect(image?.state).toBe('ready');
    const { variants, formats } = this.world.config;
    const names = variants.map((variant) => variant.name).sort();
    expect(Object.keys(image?.variants ?? {}).sort()).toEqual(names);
    for (const [, token] of own) {
      expect(token.image?.generation).toBe(live.generation);
      for (const variant of names) {
        for (const format of formats) {
          const shown = token.image?.renditions[variant]?.[format]?.object ?? '';
          const bytes = renditions.get(shown)?.toString();
          expect(bytes).toBe(renditionText(live.text, variant, format));
        }
      }
    }
  }

  /** As the owner's own call will do it: a further token of what can be seen. */
  share(name: string): void {
    const [, uid = '', imageId = ''] = name.split('/');
    const imagePath = `users/${uid}/images/${imageId}`;
    const image = this.library.images.get(imagePath);
    const shown = this.library.tokens.get(hashToken(image?.token ?? ''))?.image;
    if (image === undefined || shown === undefined) return;
    const hash = hashToken(mintToken());
    const record = { uid, imageId, imagePath, kind: 'share' as const, createdAt: 0, image: shown };
    this.library.tokens.set(hash, record);
    this.expected.get(name)?.shares.add(hash);
  }

  revoke(pick: number): void {
    const hash = [...this.library.tokens.keys()].sort()[pick % this.library.tokens.size];
    if (hash === undefined) return;
    this.library.tokens.delete(hash);
    this.revoked.add(hash);
  }
}

function isDefault(hash: string, token: string | undefined): boolean {
  return token !== undefined && hash === hashToken(token);
}

function folderOf({ config }: World, name: string): string {
  return renditionsFolder(config.variantsPath, config.bucket, name);
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
function command(text: string, run: (system: System) => Promise<void> | void) {
  return {
    check: () => true,
    async run(_model: Model, system: System) {
      await run(system);
      await flush();
      system.check();
    },
    toString: () => text,
  } satisfies fc.AsyncCommand<Model, System>;
}

const name = fc.constantFrom(NAMES[0] as string, ...NAMES);
const pick = fc.nat(20);
const upload = (kind: 'good' | 'bad') => (at: string) =>
  command(`upload a ${kind} ${at}`, (system) => system.upload(at, kind));

/** Some calls of one handler, with others standing where they are. */
const steps = fc.tuple(pick, fc.integer({ min: 1, max: 24 })).map(([at, count]) =>
  command(`${count} steps of ${at}`, async (system) => {
    for (let step = 0; step < count; step++) {
      system.step(at);
      await flush();
      system.check();
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

const commands = [
  name.map(upload('good')),
  name.map(upload('good')),
  name.map(upload('good')),
  name.map(upload('bad')),
  name.map((at) => command(`delete ${at}`, (system) => system.delete(at))),
  deliveries,
  deliveries,
  deliveries,
  fc.constant(0).map(() =>
    command('deliver a task', (system) => {
      const task = system.world.takeTask();
      if (task) system.start({ kind: 'task', task });
    }),
  ),
  steps,
  steps,
  steps,
  pick.map((at) => command(`kill ${at}`, (system) => system.kill(at))),
  fc
    .integer({ min: 1, max: 90_000 })
    .map((ms) => command(`wait ${ms} ms`, (system) => system.wait(ms))),
  fc.constantFrom(...PARAMETERS).map((parameters) =>
    command(`change ${JSON.stringify(parameters)}`, async (system) => {
      system.world.reconfigure(parameters);
      system.wasChanged = true;
      await system.library.queues.backfill(
        {},
        `run-${system.world.logged.length}-${system.memory.time.now}`,
      );
    }),
  ),
  name.map((at) => command(`share ${at}`, (system) => system.share(at))),
  pick.map((at) => command(`revoke ${at}`, (system) => system.revoke(at))),
];

const histories = fc.commands(commands, { maxCommands: 60, size: 'max' });

test(`${SCHEDULES} histories end as they must`, async () => {
  await fc.assert(
    fc.asyncProperty(histories, fc.nat(), async (history, seed) => {
      const system = new System();
      await fc.asyncModelRun(() => ({ model: {}, real: system }), history);
      await system.rest(seed);
    }),
    { numRuns: SCHEDULES, seed: SEED },
  );
}, 300_000);
