/** The states of the world that the conformance table asks in, and what a row of it is. */
import type { TokenRecord } from '../../src/domain/records.js';
import type { openServeFixture } from './serve-fixture.js';

type Scene = ReturnType<typeof openServeFixture>;

export interface Row {
  state: State;
  /** `T` stands for the token, `U` for an unknown one, `E` for the entity tag of w800.webp in headers. */
  ask: string;
  headers?: Record<string, string>;
  status: number;
  /** Headers that the answer has, or, with `null`, has not. */
  answer?: Record<string, string | null>;
  /** The body, or how many bytes it has. */
  body?: string | number;
}

/** What the world is like when a request comes. */
export const STATES = {
  shown: { about: 'the token shows the picture', set: () => {} },
  limited: {
    about: 'the token may show `thumb` only',
    set: ({ backend, hash }: Scene) => change(backend, hash, { variants: ['thumb'] }),
  },
  expiring: {
    about: 'the token expires in 10 s',
    set: ({ backend, hash, time }: Scene) =>
      change(backend, hash, { expiresAt: time.now + 10_000 }),
  },
  expired: {
    about: 'the token has expired',
    set: ({ backend, hash, time }: Scene) => change(backend, hash, { expiresAt: time.now }),
  },
  revoked: {
    about: 'the token’s record is deleted',
    set: ({ backend }: Scene) => backend.tokens.clear(),
  },
  making: {
    about: 'the picture is being made for the first time',
    set: ({ backend, hash }: Scene) => {
      const record = { ...backend.tokens.get(hash) } as TokenRecord<number>;
      delete record.image;
      backend.tokens.set(hash, record);
    },
  },
  'firestore down': {
    about: 'Firestore does not answer, nothing is in memory',
    set: ({ backend }: Scene) => {
      backend.reader.findToken = () => Promise.reject(new Error('down'));
    },
  },
  'storage down': {
    about: 'Storage does not answer, nothing is in memory',
    set: ({ backend }: Scene) => {
      backend.reader.readRendition = () => Promise.reject(new Error('down'));
    },
  },
  vanished: {
    about: 'the renditions are gone, though the record names them',
    set: ({ backend }: Scene) => backend.renditions.clear(),
  },
} as const satisfies Record<string, { about: string; set: (scene: Scene) => void }>;

export type State = keyof typeof STATES;

function change({ tokens }: Scene['backend'], hash: string, changes: object): void {
  tokens.set(hash, {
    ...(tokens.get(hash) as NonNullable<ReturnType<typeof tokens.get>>),
    ...changes,
  });
}
