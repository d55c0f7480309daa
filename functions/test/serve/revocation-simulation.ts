/**
 * Simulates a sequence of revocations, rotations, expiries, changes of a share and overwrites, requested through
 * browsers, a shared cache and two instances.
 */
import { Readable } from 'node:stream';
import { entityTag } from '../../src/domain/entity-tag.js';
import type { ShareRecord, TokenRecord } from '../../src/domain/records.js';
import {
  deadBy,
  revokeShare,
  updateShare,
  type Moment,
  type ShareChanges,
} from '../../src/domain/sharing.js';
import type { Reader } from '../../src/gcp/reader.js';
import { hashToken, mintToken } from '../../src/domain/token.js';
import { openCache, type Upstream } from './http-cache.js';
import { neverAborted, SEALING_KEYS, sealFor } from './serve-fixture.js';
import { openHandler } from '../../src/serve/handler.js';

/** What happens to the latest token. */
export interface Event {
  /** Milliseconds. */
  at: number;
  /** `narrow` leaves one of two variants, `widen` gives both back, `expire` sets another expiry, `never` removes it. */
  kind: (typeof EVENT_KINDS)[number];
  /** Of `expire`: seconds until the token expires. */
  seconds: number;
}
export const EVENT_KINDS = [
  'revoke',
  'rotate',
  'overwrite',
  'overwrite and delete',
  'narrow',
  'widen',
  'expire',
  'never',
] as const;

export interface SimulatedRequest {
  /** Milliseconds. */
  at: number;
  urlKind: 'exact' | 'negotiated' | 'manifest' | 'by width';
  from: 'browser' | 'other browser' | 'no cache';
  /** Whether to use the first token instead of the latest. */
  usesFirstToken: boolean;
  /** Whether to use a sealed link of the token. */
  isSealed: boolean;
  instance: 0 | 1;
  /** How many identical requests are sent at once. */
  concurrency: number;
}
export interface Simulation {
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
  /** Made when it is used first. */
  sealed?: string;
  share: ShareRecord<number>;
  /** Milliseconds; Infinity for never. From then on no request may succeed. */
  deadAt: number;
  /** When the share lost a variant, and from when on no request may get that variant. */
  narrowedFrom: number;
  narrowedAt: number;
  /** When the share was last changed. */
  changedAt: number;
}

const ACCEPT = { browser: 'image/webp,*/*', 'other browser': '*/*', 'no cache': 'image/webp' };
const PATHS = { exact: '/w800.webp', negotiated: '/w800', manifest: '', 'by width': '?w=700' };

/** Runs one simulation. @returns violations, and how many reads and requests there were */
export async function simulate(simulation: Simulation) {
  const { bound, delays } = simulation;
  const time = { now: 0 };
  const records = new Map<string, TokenRecord<number>>();
  const objects = new Map<string, Buffer>();
  const tokens: TokenState[] = [];
  /** When each generation was overwritten. */
  const overwrittenAt: number[] = [];
  const events = [...simulation.events].sort((a, b) => a.at - b.at);
  const counts = {
    findToken: 0,
    origin: 0,
    success: 0,
    /** Milliseconds from a revocation, a narrowing or an overwrite to the last success that it should prevent. */
    latest: 0,
    /** Refused because the token had expired, or did not allow the variant. */
    refusedAsExpired: 0,
    refusedAsNarrowed: 0,
    violations: [] as string[],
  };
  let generation = 0;
  let reads = 0;

  function writeRecord() {
    const { token, share } = tokens.at(-1) as TokenState;
    const put = (variant: string, format: string) => {
      const bytes = Buffer.from(`generation ${generation} ${variant} ${format}`);
      const object = `${generation}/${variant}/${format}`;
      objects.set(object, bytes);
      return { object, bytes: bytes.length, etag: entityTag(bytes) };
    };
    records.set(hashToken(token), {
      uid: 'u',
      imageId: 'i',
      imagePath: 'users/u/images/i',
      kind: 'share',
      createdAt: 0,
      ...(share.expiresAt !== undefined && { expiresAt: share.expiresAt }),
      ...(share.variants && { variants: share.variants }),
      image: {
        attempt: 'a',
        bucket: 'b',
        generation: String(generation),
        placeholder: { thumbhash: `generation ${generation} `, color: '#000000' },
        renditions: {
          w400: { width: 400, height: 300, webp: put('w400', 'webp'), jpeg: put('w400', 'jpeg') },
          w800: { width: 800, height: 600, webp: put('w800', 'webp'), jpeg: put('w800', 'jpeg') },
        },
      },
    });
  }
  function mint(expiresAt?: number) {
    const token = mintToken();
    const share: ShareRecord<number> = {
      imageId: 'i',
      state: 'active',
      tokenHash: hashToken(token),
      ...(expiresAt !== undefined && { expiresAt }),
      createdAt: time.now,
      updatedAt: time.now,
    };
    const [deadAt, never] = [expiresAt ?? Infinity, Infinity];
    const narrowed = { narrowedFrom: never, narrowedAt: never };
    tokens.push({ token, share, deadAt, ...narrowed, changedAt: -Infinity });
    writeRecord();
  }
  const context = () => ({ clock: time.now, revocationSeconds: bound, variantsBucket: 'b' });
  const withTimes = (share: ShareRecord<Moment>) =>
    Object.fromEntries(
      Object.entries(share).map(([name, value]) => [name, value === 'now' ? time.now : value]),
    ) as unknown as ShareRecord<number>;
  /** As `sharing` changes a share: what it answers is what must hold. */
  function update(state: TokenState, changes: ShareChanges) {
    const { tokenHash } = state.share;
    const own = new Map([[tokenHash, { kind: 'share' as const }]]);
    const { share, deadBy: end } = updateShare('s', changes, state.share, own, context());
    state.share = withTimes(share);
    if (changes.variants === null) state.narrowedFrom = state.narrowedAt = Infinity;
    else if (changes.variants && end !== undefined) {
      state.narrowedFrom = time.now;
      state.narrowedAt = end;
    }
    if (changes.expiresIn !== undefined) {
      state.deadAt = end ?? state.share.expiresAt ?? Infinity;
    }
    state.changedAt = time.now;
    writeRecord();
  }
  function apply({ kind, seconds }: Event) {
    const last = tokens.at(-1) as TokenState;
    const isRevoked = last.share.state === 'revoked';
    if (kind === 'revoke' || kind === 'rotate') {
      if (!isRevoked) {
        last.share = withTimes(revokeShare('s', last.share, context()).share);
        last.deadAt = deadBy(last.share);
      }
      records.delete(hashToken(last.token));
      if (kind === 'rotate') mint();
      return;
    }
    if (isRevoked) return;
    if (kind === 'narrow') return update(last, { variants: ['w400'] });
    if (kind === 'widen') return update(last, { variants: null });
    if (kind === 'expire') return update(last, { expiresIn: seconds });
    if (kind === 'never') return update(last, { expiresIn: null });
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
        edgeKeyHashes: [],
        quotas: { views: 0, token: 0, tokenBytes: 0 },
        variants: [],
        formats: [],
        bucket: 'bucket',
        sealingKeys: SEALING_KEYS,
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
    const token = request.isSealed ? (state.sealed ??= sealFor(state.token)) : state.token;
    const url = `/${token}${PATHS[request.urlKind]}`;
    const { status, body = '' } = await caches[request.from]({ url, accept: ACCEPT[request.from] });
    const isSuccess = status === 200;
    const report = (violation: string) =>
      counts.violations.push(
        `${violation} (${status}), from ${request.from}, ${request.urlKind}, start ${start}`,
      );
    const needsWide = request.urlKind === 'exact' || request.urlKind === 'negotiated';
    const isNarrow = state.share.variants !== undefined;
    const isExpired = time.now >= (state.share.expiresAt ?? Infinity);
    if (isSuccess) {
      counts.success += 1;
      const generationSent = Number(/generation (\d+)/.exec(body)?.[1]);
      if (!(generationSent >= 0)) report(`unexpected body: ${body}`);
      // An expired token is dead at its second; a revoked one when the bound has passed.
      const { expiresAt = Infinity } = state.share;
      if (start > state.deadAt || (start === state.deadAt && start === expiresAt)) {
        report(`dead at ${state.deadAt}`);
      }
      const isWide = body.includes('w800');
      if (isWide && start > state.narrowedAt) report(`narrowed, dead at ${state.narrowedAt}`);
      const until = overwrittenAt[generationSent] ?? Infinity;
      if (start > until + bound * 1000)
        report(`generation ${generationSent}, overwritten at ${until}`);
      const changes = [state.share.revokedAt ?? Infinity, until];
      if (isWide) changes.push(state.narrowedFrom);
      counts.latest = Math.max(counts.latest, ...changes.map((at) => start - at));
    } else if (
      // Nothing changed during the request: it must succeed.
      applied === before &&
      state.share.state === 'active' &&
      start > state.changedAt + bound * 1000 &&
      !isExpired &&
      !(needsWide && isNarrow)
    ) {
      report('not served');
    } else if (state.share.state === 'active') {
      if (isExpired) counts.refusedAsExpired += 1;
      else if (needsWide && isNarrow) counts.refusedAsNarrowed += 1;
    }
  }

  mint(simulation.expiresIn === undefined ? undefined : simulation.expiresIn * 1000);
  for (const request of [...simulation.requests].sort((a, b) => a.at - b.at)) {
    advance(Math.max(time.now, request.at));
    await Promise.all(Array.from({ length: request.concurrency }, () => check(request)));
  }
  return counts;
}
