/**
 * Simulates random sequences of revocations, rotations, expiries, changes of shares and overwrites, requested through
 * browsers, a shared cache and two instances: no success may be older than REVOCATION_SECONDS.
 */
import fc from 'fast-check';
import { countOf } from '../../test/long-tests.js';
import {
  EVENT_KINDS,
  simulate,
  type Event,
  type SimulatedRequest,
  type Simulation,
} from '../../test/serve/revocation-simulation.js';

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
        kind: fc.constantFrom(...EVENT_KINDS),
        seconds: fc.integer({ min: 1, max: 3 * Math.max(bound, 1) }),
      }),
      { maxLength: 6 },
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
        isSealed: fc.nat({ max: 5 }).map((value) => value === 0),
        instance: fc.constantFrom<0 | 1>(0, 1),
        concurrency: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 5, maxLength: 40 },
    ),
  });
});

const RUNS = countOf(3000, 150);

test(`no success is older than REVOCATION_SECONDS, in ${RUNS} simulations`, async () => {
  let [successes, fromCaches, expired, narrowed] = [0, 0, 0, 0];
  /** Milliseconds, by bound. */
  const latest = new Map(BOUNDS.map((bound) => [bound, 0]));
  await fc.assert(
    fc.asyncProperty(simulations, async (simulation) => {
      const { violations, success, origin, ...refused } = await simulate(simulation);
      const { bound } = simulation;
      latest.set(bound, Math.max(latest.get(bound) ?? 0, refused.latest));
      successes += success;
      expired += refused.refusedAsExpired;
      narrowed += refused.refusedAsNarrowed;
      fromCaches += Math.max(0, success - origin);
      expect(violations).toEqual([]);
    }),
    { seed: 6, numRuns: RUNS },
  );
  const bounds = [...latest].map(([bound, ms]) => `${ms / 1000} of ${bound}`).join(', ');
  process.stderr.write(
    `${RUNS} simulations: ${successes} successes, ${fromCaches} of them from caches; refused ${expired} as expired, ` +
      `${narrowed} as narrowed; seconds from a change to the last success before it: ${bounds}\n`,
  );
  // The caches were used: otherwise the test would prove nothing.
  expect(successes).toBeGreaterThan(10 * RUNS);
  expect(fromCaches).toBeGreaterThan(RUNS / 3);
  expect(expired).toBeGreaterThan(RUNS);
  expect(narrowed).toBeGreaterThan(RUNS / 3);
});

/** One request every so many seconds. */
const requestsEvery = (seconds: number, until: number): SimulatedRequest[] =>
  Array.from({ length: until / seconds }, (_, at) => ({
    at: at * seconds * 1000,
    urlKind: 'exact',
    from: 'no cache',
    usesFirstToken: false,
    instance: 0,
    isSealed: false,
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
      isSealed: false,
      concurrency: 1,
    } as const;
    for (let filledAt = 1; filledAt <= steps; filledAt++) {
      const requests: SimulatedRequest[] = [{ ...request, at: 0, from: 'no cache' }];
      for (let at = filledAt; at <= 4 * steps; at++) {
        requests.push({ ...request, at: Math.ceil(at * step) - 1, from: 'browser' });
      }
      const events: Event[] = [{ at: 1, kind: 'revoke', seconds: 0 }];
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
