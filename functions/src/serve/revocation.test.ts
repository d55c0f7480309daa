/**
 * Simulates random sequences of revocations, rotations, expiries and overwrites, requested through browsers,
 * a shared cache and two instances: no success may be older than REVOCATION_SECONDS.
 */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { entityTag } from '../domain/entity-tag.js';
import type { TokenRecord } from '../domain/records.js';
import type { Reader } from '../gcp/reader.js';
import { hashToken, mintToken } from '../domain/token.js';
import { randomRuns } from '../../test/long-tests.js';
import { openCache, type Upstream } from '../../test/serve/http-cache.js';
import { neverAborted } from '../../test/serve/serve-fixture.js';
import { openHandler } from './handler.js';

interface Event {
  at: number;
  kind: 'revoke' | 'rotate' | 'overwrite' | 'overwrite and delete';
}
interface SimulatedRequest {
  at: number;
  urlKind: 'exact' | 'negotiated' | 'manifest' | 'by width';
  from: 'browser' | 'other browser' | 'no cache';
  /** Whether to use the first token instead of the latest. */
  usesFirstToken: boolean;
  instance: 0 | 1;
  /** How many identical requests are sent at once. */
  concurrency: number;
}
interface Simulation {
  /** REVOCATION_SECONDS. */
  bound: number;
  sendsAge: boolean;
  /** Seconds until the first token expires. */
  expiresIn: number | undefined;
  /** Milliseconds of a read before and after its value is determined. */
  delays: [number, number][];
  events: Event[];
  requests: SimulatedRequest[];
}

interface TokenState {
  token: string;
  /** Milliseconds; Infinity for never. */
  revokedAt: number;
  expiresAt: number;
}

const ACCEPT = { browser: 'image/webp,*/*', 'other browser': '*/*', 'no cache': 'image/webp' };
const PATHS = { exact: '/w800.webp', negotiated: '/w800', manifest: '', 'by width': '?w=700' };

/** Runs one simulation. @returns violations, and how many reads and requests there were */
async function simulate(simulation: Simulation) {
  const { bound, delays } = simulation;
  const time = { now: 0 };
  const records = new Map<string, TokenRecord<number>>();
  const objects = new Map<string, Buffer>();
  const tokens: TokenState[] = [];
  /** When each generation was overwritten. */
  const overwrittenAt: number[] = [];
  const events = [...simulation.events].sort((a, b) => a.at - b.at);
  const counts = { findToken: 0, origin: 0, success: 0, violations: [] as string[] };
  let generation = 0;
  let reads = 0;

  function writeRecord() {
    const { token, expiresAt } = tokens.at(-1) as TokenState;
    const put = (format: string) => {
      const bytes = Buffer.from(`generation ${generation} ${format}`);
      const object = `${generation}/${format}`;
      objects.set(object, bytes);
      return { object, bytes: bytes.length, etag: entityTag(bytes) };
    };
    records.set(hashToken(token), {
      uid: 'u',
      imageId: 'i',
      imagePath: 'users/u/images/i',
      kind: 'share',
      createdAt: 0,
      ...(expiresAt < Infinity && { expiresAt }),
      image: {
        attempt: 'a',
        bucket: 'b',
        generation: String(generation),
        placeholder: { thumbhash: `generation ${generation} `, color: '#000000' },
        renditions: { w800: { width: 800, height: 600, webp: put('webp'), jpeg: put('jpeg') } },
      },
    });
  }
  function mint(expiresAt = Infinity) {
    tokens.push({ token: mintToken(), revokedAt: Infinity, expiresAt });
    writeRecord();
  }
  function apply({ kind }: Event) {
    if (kind === 'revoke' || kind === 'rotate') {
      const last = tokens.at(-1) as TokenState;
      if (last.revokedAt === Infinity) last.revokedAt = time.now;
      records.delete(hashToken(last.token));
      if (kind === 'rotate') mint();
      return;
    }
    if (tokens.at(-1)?.revokedAt !== Infinity) return;
    overwrittenAt[generation] = time.now;
    if (kind === 'overwrite and delete') objects.clear();
    generation += 1;
    writeRecord();
  }
  let applied = 0;
  function advance(to: number) {
    while (events[0] && events[0].at <= to) {
      const event = events.shift() as Event;
      time.now = Math.max(time.now, event.at);
      apply(event);
      applied += 1;
    }
    time.now = Math.max(time.now, to);
  }
  /** A read: time passes before its value is determined, and again before it arrives. */
  async function read<T>(getValue: () => T): Promise<T> {
    const [before, after] = delays[reads++ % delays.length] as [number, number];
    await Promise.resolve();
    advance(time.now + before);
    const value = getValue();
    await Promise.resolve();
    advance(time.now + after);
    return value;
  }
  const reader: Reader = {
    findToken: (hash) => {
      counts.findToken += 1;
      return read(() => records.get(hash));
    },
    readRendition: (_bucket, object) =>
      read(() => {
        const bytes = objects.get(object);
        return bytes && { bytes: bytes.length, body: Readable.from([bytes]) };
      }),
  };
  const instances = [0, 1].map(() =>
    openHandler({
      config: {
        revocationSeconds: bound,
        noindex: true,
        trustedProxies: [],
        quotas: { views: 0, token: 0, tokenBytes: 0 },
        variants: [],
        formats: [],
      },
      reader,
      log: (_severity, message) => counts.violations.push(message),
      now: () => time.now,
      clock: () => time.now,
    }),
  );
  let instance: 0 | 1 = 0;
  const origin: Upstream = async ({ url, accept, ifNoneMatch }) => {
    counts.origin += 1;
    const serve = instances[instance] as (typeof instances)[number];
    const requestHeaders = {
      accept,
      ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }),
    };
    const { status, headers, body } = await serve({
      method: 'GET',
      url,
      headers: requestHeaders,
      signal: neverAborted(),
    });
    const named: Record<string, string> = {};
    for (let at = 0; at < headers.length; at += 2) {
      named[(headers[at] as string).toLowerCase()] = headers[at + 1] as string;
    }
    const text = Buffer.isBuffer(body) || typeof body === 'string' ? body.toString() : undefined;
    return { status, headers: named, ...(text !== undefined && { body: text }) };
  };
  const now = () => time.now;
  const shared = openCache(origin, { isShared: true, sendsAge: simulation.sendsAge, now });
  const browserOptions = { isShared: false, sendsAge: false, now };
  const caches = {
    browser: openCache(shared, browserOptions),
    'other browser': openCache(shared, browserOptions),
    'no cache': shared,
  };

  async function check(request: SimulatedRequest) {
    const state = (request.usesFirstToken ? tokens[0] : tokens.at(-1)) as TokenState;
    const start = time.now;
    const before = applied;
    instance = request.instance;
    const url = `/${state.token}${PATHS[request.urlKind]}`;
    const { status, body = '' } = await caches[request.from]({ url, accept: ACCEPT[request.from] });
    const isSuccess = status === 200;
    const report = (violation: string) =>
      counts.violations.push(
        `${violation} (${status}), from ${request.from}, ${request.urlKind}, start ${start}`,
      );
    if (isSuccess) {
      counts.success += 1;
      const generationSent = Number(/generation (\d+)/.exec(body)?.[1]);
      if (!(generationSent >= 0)) report(`unexpected body: ${body}`);
      if (start > state.revokedAt + bound * 1000) report(`revoked at ${state.revokedAt}`);
      if (start >= state.expiresAt) report(`expired at ${state.expiresAt}`);
      const until = overwrittenAt[generationSent] ?? Infinity;
      if (start > until + bound * 1000)
        report(`generation ${generationSent}, overwritten at ${until}`);
    } else if (
      // Nothing changed during the request: it must succeed.
      applied === before &&
      state.revokedAt === Infinity &&
      time.now < state.expiresAt
    ) {
      report('not served');
    }
  }

  mint(simulation.expiresIn === undefined ? Infinity : simulation.expiresIn * 1000);
  for (const request of [...simulation.requests].sort((a, b) => a.at - b.at)) {
    advance(Math.max(time.now, request.at));
    await Promise.all(Array.from({ length: request.concurrency }, () => check(request)));
  }
  return counts;
}

const BOUNDS = [0, 1, 2, 3, 5, 10, 60, 61, 3600];

/** Milliseconds from 0 to four times the bound; many of them at multiples of a quarter of the bound. */
function timesOf(bound: number): fc.Arbitrary<number> {
  const whole = Math.max(bound, 1) * 1000;
  return fc.oneof(
    fc.integer({ min: 0, max: 4 * whole }),
    fc
      .tuple(fc.integer({ min: 0, max: 16 }), fc.integer({ min: -2, max: 2 }))
      .map(([quarters, off]) => Math.max(0, Math.round((quarters * whole) / 4) + off)),
  );
}

const simulations: fc.Arbitrary<Simulation> = fc.constantFrom(...BOUNDS).chain((bound) => {
  const at = timesOf(bound);
  const delay = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 }));
  return fc.record({
    bound: fc.constant(bound),
    sendsAge: fc.boolean(),
    expiresIn: fc.option(fc.integer({ min: 1, max: 3 * Math.max(bound, 1) }), {
      nil: undefined,
      freq: 2,
    }),
    delays: fc.array(fc.tuple(delay, delay), { minLength: 1, maxLength: 5 }),
    events: fc.array(
      fc.record({
        at,
        kind: fc.constantFrom<Event['kind']>(
          'revoke',
          'rotate',
          'overwrite',
          'overwrite and delete',
        ),
      }),
      { maxLength: 4 },
    ),
    requests: fc.array(
      fc.record({
        at,
        urlKind: fc.constantFrom<SimulatedRequest['urlKind']>(
          'exact',
          'negotiated',
          'manifest',
          'by width',
        ),
        from: fc.constantFrom<SimulatedRequest['from']>('browser', 'other browser', 'no cache'),
        usesFirstToken: fc.boolean(),
        instance: fc.constantFrom<0 | 1>(0, 1),
        concurrency: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 5, maxLength: 40 },
    ),
  });
});

const RUNS = randomRuns(3000);

test(`no success is older than REVOCATION_SECONDS, in ${RUNS} simulations`, async () => {
  let [successes, fromCaches] = [0, 0];
  await fc.assert(
    fc.asyncProperty(simulations, async (simulation) => {
      const { violations, success, origin } = await simulate(simulation);
      successes += success;
      fromCaches += Math.max(0, success - origin);
      expect(violations).toEqual([]);
    }),
    { seed: 5, numRuns: RUNS },
  );
  // The caches were used: otherwise the test would prove nothing.
  expect(successes).toBeGreaterThan(10 * RUNS);
  expect(fromCaches).toBeGreaterThan(RUNS / 2);
});

/** One request every so many seconds. */
const requestsEvery = (seconds: number, until: number): SimulatedRequest[] =>
  Array.from({ length: until / seconds }, (_, at) => ({
    at: at * seconds * 1000,
    urlKind: 'exact',
    from: 'no cache',
    usesFirstToken: false,
    instance: 0,
    concurrency: 1,
  }));
const withoutEvents = {
  sendsAge: false,
  expiresIn: undefined,
  delays: [[0, 0]] as [number, number][],
  events: [],
};

test.each(BOUNDS.flatMap((bound) => [true, false].map((sendsAge) => [bound, sendsAge] as const)))(
  'REVOCATION_SECONDS %i, Age %p: holds for a browser that is filled late from the shared cache',
  async (bound, sendsAge) => {
    // Random times seldom hit the last moment of one cache and then that of the next.
    const steps = 16;
    const step = (bound * 1000) / steps;
    const request = {
      urlKind: 'exact',
      usesFirstToken: true,
      instance: 0,
      concurrency: 1,
    } as const;
    for (let filledAt = 1; filledAt <= steps; filledAt++) {
      const requests: SimulatedRequest[] = [{ ...request, at: 0, from: 'no cache' }];
      for (let at = filledAt; at <= 4 * steps; at++) {
        requests.push({ ...request, at: Math.ceil(at * step) - 1, from: 'browser' });
      }
      const events: Event[] = [{ at: 1, kind: 'revoke' }];
      const simulation = { ...withoutEvents, bound, sendsAge, events, requests };
      expect((await simulate(simulation)).violations).toEqual([]);
    }
  },
);

test.each([60, 300, 3600, 86_400])(
  'REVOCATION_SECONDS %i: in that time one instance reads once and a shared cache revalidates three times',
  async (bound) => {
    // The README's figures per day follow from these.
    const bounds = 24;
    const requests = requestsEvery(bound / 120, bounds * bound);
    const { violations, findToken, origin } = await simulate({ ...withoutEvents, bound, requests });
    expect(violations).toEqual([]);
    expect([findToken, origin]).toEqual([bounds, 3 * bounds]);
  },
);

test('REVOCATION_SECONDS 0: every request reaches the origin and is read', async () => {
  const requests = requestsEvery(1, 1000);
  const { violations, findToken, origin } = await simulate({
    ...withoutEvents,
    bound: 0,
    requests,
  });
  expect(violations).toEqual([]);
  expect([findToken, origin]).toEqual([1000, 1000]);
});
