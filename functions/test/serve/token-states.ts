/** The states that the conformance cases run in, and the type of a case. */
import type { TokenRecord } from '../../src/domain/records.js';
import type { SealLimits } from '../../src/domain/seal.js';
import {
  neverAborted,
  NOW,
  openServeFixture,
  SEALING_KEYS,
  sealFor,
  type FixtureOptions,
} from './serve-fixture.js';

type ServeFixture = ReturnType<typeof openServeFixture>;

export interface StateInfo {
  about: string;
  config?: FixtureOptions['config'];
  set: (fixture: ServeFixture) => unknown;
  /** Present: the URL has a sealed token with these limits. */
  sealed?: SealLimits;
}

const SEALED = { config: { sealingKeys: SEALING_KEYS }, set: () => {} };

export interface ConformanceCase {
  state: State;
  /** Method and path. `T` is the token, `U` an unknown one; in headers `E` is the entity tag of w800.webp. */
  request: string;
  headers?: Record<string, string>;
  status: number;
  /** Expected headers; `null`: the header must be absent. */
  response?: Record<string, string | null>;
  /** Expected body, or its length in bytes. */
  body?: string | number;
}

/** Each state, and how to set it up. */
export const STATES = {
  ready: { about: 'the token grants every variant', set: () => {} },
  limited: {
    about: 'the token grants only `thumb`',
    set: ({ backend, hash }: ServeFixture) => change(backend, hash, { variants: ['thumb'] }),
  },
  expiring: {
    about: 'the token expires in 10 s',
    set: ({ backend, hash, time }: ServeFixture) =>
      change(backend, hash, { expiresAt: time.now + 10_000 }),
  },
  expired: {
    about: 'the token has expired',
    set: ({ backend, hash, time }: ServeFixture) => change(backend, hash, { expiresAt: time.now }),
  },
  revoked: {
    about: 'the token is revoked',
    set: ({ backend }: ServeFixture) => backend.tokens.clear(),
  },
  processing: {
    about: 'the image has no renditions yet',
    set: ({ backend, hash }: ServeFixture) => {
      const record = { ...backend.tokens.get(hash) } as TokenRecord<number>;
      delete record.image;
      backend.tokens.set(hash, record);
    },
  },
  'firestore down': {
    about: 'Firestore is unavailable and nothing is cached',
    set: ({ backend }: ServeFixture) => {
      backend.reader.findToken = () => Promise.reject(new Error('down'));
    },
  },
  'storage down': {
    about: 'Cloud Storage is unavailable and nothing is cached',
    set: ({ backend }: ServeFixture) => {
      backend.reader.readRendition = () => Promise.reject(new Error('down'));
    },
  },
  missing: {
    about: 'the renditions are missing although the token record refers to them',
    set: ({ backend }: ServeFixture) => backend.renditions.clear(),
  },
  'over quota': {
    about: 'the token is over its quota of bytes',
    config: { quotas: { views: 0, token: 0, tokenBytes: 1 } },
    // The first response may exceed the quota.
    set: ({ serve, token }: ServeFixture) =>
      serve({ method: 'GET', url: `/${token}/w800.webp`, headers: {}, signal: neverAborted() }),
  },
  sealed: { about: '`T` is a sealed token without limits', sealed: {}, ...SEALED },
  'sealed with limits': {
    about: '`T` is a sealed token for `w800` and `w1600`, up to 800 pixels',
    sealed: { variants: ['w800', 'w1600'], maxWidth: 800 },
    ...SEALED,
  },
  'sealed and expiring': {
    about: '`T` is a sealed token that expires in 10 s',
    sealed: { notAfter: NOW / 1000 + 10 },
    ...SEALED,
  },
  'sealed and expired': {
    about: '`T` is a sealed token that has expired',
    sealed: { notAfter: NOW / 1000 },
    ...SEALED,
  },
  'sealed and revoked': {
    about: '`T` is a sealed token whose token is revoked',
    sealed: {},
    ...SEALED,
    set: ({ backend }: ServeFixture) => backend.tokens.clear(),
  },
  'sealed for others': {
    about: '`T` is a sealed token of another installation',
    sealed: {},
    config: { sealingKeys: SEALING_KEYS, bucket: 'another' },
    set: () => {},
  },
  'sealed without keys': {
    about: '`T` is a sealed token, and SEALING_KEYS is empty',
    sealed: {},
    set: () => {},
  },
} satisfies Record<string, StateInfo>;

export type State = keyof typeof STATES;

/** Opens the fixture in a state. */
export async function openInState(state: State): Promise<ServeFixture> {
  const { config = {}, set, sealed }: StateInfo = STATES[state];
  const fixture = openServeFixture({ config });
  await set(fixture);
  return sealed ? { ...fixture, token: sealFor(fixture.token, sealed) } : fixture;
}

function change({ tokens }: ServeFixture['backend'], hash: string, changes: object): void {
  tokens.set(hash, {
    ...(tokens.get(hash) as NonNullable<ReturnType<typeof tokens.get>>),
    ...changes,
  });
}
