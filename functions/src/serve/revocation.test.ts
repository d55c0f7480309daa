/**
 * The bound, played: random histories of revocations, rotations, expiries and overwrites, seen through
 * browsers, a shared cache and two instances. No success may be older than REVOCATION_SECONDS.
 */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { entityTag } from '../domain/entity-tag.js';
import type { TokenRecord } from '../domain/records.js';
import type { Reader } from '../gcp/reader.js';
import { hashToken, mintToken } from '../domain/token.js';
import { openCache, type Upstream } from '../../test/serve/cache-models.js';
import { openHandler } from './handler.js';

interface Event {
  at: number;
  kind: 'revoke' | 'rotate' | 'overwrite' | 'overwrite and delete';
}
interface View {
  at: number;
  what: 'exact' | 'negotiated' | 'manifest' | 'by width';
  from: 'browser' | 'other browser' | 'no cache';
  /** Of an address that was given away before, if there is one. */
  old: boolean;
  instance: 0 | 1;
  together: number;
}
interface History {
  bound: number;
  tellsAge: boolean;
  /** Seconds that the first token lives. */
  lives: number | undefined;
  /** Milliseconds that a read takes until it is true, and from there until it has come. */
  delays: [number, number][];
  events: Event[];
  views: View[];
}

interface Truth {
  token: string;
  /** When it ended, milliseconds, and by what. */
  revokedAt: number;
  expiresAt: number;
}

const ACCEPT = { browser: 'image/webp,*/*', 'other browser': '*/*', 'no cache': 'image/webp' };
const PATHS = { exact: '/w800.webp', negotiated: '/w800', manifest: '', 'by width': '?w=700' };

/** Runs one history. @returns what was wrong, and how much was asked */
async function play(history: History) {
  const { bound, delays } = history;
  const time = { now: 0 };
  const records = new Map<string, TokenRecord<number>>();
  const objects = new Map<string, Buffer>();
  const tokens: Truth[] = [];
  /** When each generation was overwritten. */
  const overwrittenAt: number[] = [];
  const events = [...history.events].sort((a, b) => a.at - b.at);
  const counts = { findToken: 0, origin: 0, success: 0, wrong: [] as string[] };
  let generation = 0;
  let reads = 0;

  function show() {
    const { token, expiresAt } = tokens.at(-1) as Truth;
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
    show();
  }
  function happen({ kind }: Event) {
    if (kind === 'revoke' || kind === 'rotate') {
      const last = tokens.at(-1) as Truth;
      if (last.revokedAt === Infinity) last.revokedAt = time.now;
      records.delete(hashToken(last.token));
      if (kind === 'rotate') mint();
      return;
    }
    if (tokens.at(-1)?.revokedAt !== Infinity) return;
    overwrittenAt[generation] = time.now;
    if (kind === 'overwrite and delete') objects.clear();
    generation += 1;
    show();
  }
  let happened = 0;
  function advance(to: number) {
    while (events[0] && events[0].at <= to) {
      const event = events.shift() as Event;
      time.now = Math.max(time.now, event.at);
      happen(event);
      happened += 1;
    }
    time.now = Math.max(time.now, to);
  }
  /** A read: some time goes by until it is true, and some until its answer is here. */
  async function read<T>(look: () => T): Promise<T> {
    const [before, after] = delays[reads++ % delays.length] as [number, number];
    await Promise.resolve();
    advance(time.now + before);
    const value = look();
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
        trustedProxies: 1,
        quotas: { views: 0, failures: 0, token: 0 },
        variants: [],
        formats: [],
      },
      reader,
      log: (_severity, message) => counts.wrong.push(message),
      now: () => time.now,
      clock: () => time.now,
    }),
  );
  let instance: 0 | 1 = 0;
  const origin: Upstream = async ({ url, accept, ifNoneMatch }) => {
    counts.origin += 1;
    const serve = instances[instance] as (typeof instances)[number];
    const asked = { accept, ...(ifNoneMatch !== undefined && { 'if-none-match': ifNoneMatch }) };
    const { status, headers, body } = await serve({ method: 'GET', url, headers: asked });
    const named: Record<string, string> = {};
    for (let at = 0; at < headers.length; at += 2) {
      named[(headers[at] as string).toLowerCase()] = headers[at + 1] as string;
    }
    const text = Buffer.isBuffer(body) || typeof body === 'string' ? body.toString() : undefined;
    return { status, headers: named, ...(text !== undefined && { body: text }) };
  };
  const now = () => time.now;
  const shared = openCache(origin, { isShared: true, tellsAge: history.tellsAge, now });
  const browserOptions = { isShared: false, tellsAge: false, now };
  const caches = {
    browser: openCache(shared, browserOptions),
    'other browser': openCache(shared, browserOptions),
    'no cache': shared,
  };

  async function look(view: View) {
    const truth = (view.old ? tokens[0] : tokens.at(-1)) as Truth;
    const begun = time.now;
    const before = happened;
    instance = view.instance;
    const url = `/${truth.token}${PATHS[view.what]}`;
    const { status, body = '' } = await caches[view.from]({ url, accept: ACCEPT[view.from] });
    const isSuccess = status === 200;
    const wrong = (what: string) =>
      counts.wrong.push(`${what} (${status}) by ${view.from}, ${view.what}, begun at ${begun}`);
    if (isSuccess) {
      counts.success += 1;
      const shown = Number(/generation (\d+)/.exec(body)?.[1]);
      if (!(shown >= 0)) wrong(`something else: ${body}`);
      if (begun > truth.revokedAt + bound * 1000) wrong(`revoked at ${truth.revokedAt}`);
      if (begun >= truth.expiresAt) wrong(`expired at ${truth.expiresAt}`);
      const until = overwrittenAt[shown] ?? Infinity;
      if (begun > until + bound * 1000) wrong(`generation ${shown}, overwritten at ${until}`);
    } else if (
      // What was true all the time is shown.
      happened === before &&
      truth.revokedAt === Infinity &&
      time.now < truth.expiresAt
    ) {
      wrong('not shown');
    }
  }

  mint(history.lives === undefined ? Infinity : history.lives * 1000);
  for (const view of [...history.views].sort((a, b) => a.at - b.at)) {
    advance(Math.max(time.now, view.at));
    await Promise.all(Array.from({ length: view.together }, () => look(view)));
  }
  return counts;
}

const BOUNDS = [0, 1, 2, 3, 5, 10, 60, 61, 3600];

/** Times within four bounds, as fine as milliseconds; many at the very edges. */
function timesOf(bound: number): fc.Arbitrary<number> {
  const whole = Math.max(bound, 1) * 1000;
  return fc.oneof(
    fc.integer({ min: 0, max: 4 * whole }),
    fc
      .tuple(fc.integer({ min: 0, max: 16 }), fc.integer({ min: -2, max: 2 }))
      .map(([quarters, off]) => Math.max(0, Math.round((quarters * whole) / 4) + off)),
  );
}

const histories: fc.Arbitrary<History> = fc.constantFrom(...BOUNDS).chain((bound) => {
  const at = timesOf(bound);
  const delay = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 }));
  return fc.record({
    bound: fc.constant(bound),
    tellsAge: fc.boolean(),
    lives: fc.option(fc.integer({ min: 1, max: 3 * Math.max(bound, 1) }), {
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
    views: fc.array(
      fc.record({
        at,
        what: fc.constantFrom<View['what']>('exact', 'negotiated', 'manifest', 'by width'),
        from: fc.constantFrom<View['from']>('browser', 'other browser', 'no cache'),
        old: fc.boolean(),
        instance: fc.constantFrom<0 | 1>(0, 1),
        together: fc.integer({ min: 1, max: 3 }),
      }),
      { minLength: 5, maxLength: 40 },
    ),
  });
});

const SCHEDULES = 3000;

test(`no success outlives the bound, in ${SCHEDULES} histories`, async () => {
  let [successes, fromCaches] = [0, 0];
  await fc.assert(
    fc.asyncProperty(histories, async (history) => {
      const { wrong, success, origin } = await play(history);
      successes += success;
      fromCaches += Math.max(0, success - origin);
      expect(wrong).toEqual([]);
    }),
    { seed: 5, numRuns: SCHEDULES },
  );
  // The caches do keep, or this would prove nothing.
  expect(successes).toBeGreaterThan(10 * SCHEDULES);
  expect(fromCaches).toBeGreaterThan(SCHEDULES / 2);
});

const every = (seconds: number, until: number, view: Partial<View> = {}): View[] =>
  Array.from({ length: until / seconds }, (_, at) => ({
    at: at * seconds * 1000,
    what: 'exact',
    from: 'no cache',
    old: false,
    instance: 0,
    together: 1,
    ...view,
  }));
const quiet = {
  tellsAge: false,
  lives: undefined,
  delays: [[0, 0]] as [number, number][],
  events: [],
};

test.each([60, 300, 3600, 86_400])(
  'a bound of %i s: one instance reads once in it, and one shared cache asks three times',
  async (bound) => {
    // The README's figures for a day are these by as many bounds as a day has.
    const bounds = 24;
    const views = every(bound / 120, bounds * bound);
    const { wrong, findToken, origin } = await play({ ...quiet, bound, views });
    expect(wrong).toEqual([]);
    expect([findToken, origin]).toEqual([bounds, 3 * bounds]);
  },
);

test('a bound of 0: every view is asked for and read', async () => {
  const { wrong, findToken, origin } = await play({ ...quiet, bound: 0, views: every(1, 1000) });
  expect(wrong).toEqual([]);
  expect([findToken, origin]).toEqual([1000, 1000]);
});
