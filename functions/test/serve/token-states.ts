/** The states of the world that the conformance table asks in, and what a row of it is. */
import type { TokenRecord } from '../../src/domain/records.js';
import type { openScene } from './serve-fixture.js';

type Scene = ReturnType<typeof openScene>;

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
    set: ({ library, hash }: Scene) => change(library, hash, { variants: ['thumb'] }),
  },
  expiring: {
    about: 'the token expires in 10 s',
    set: ({ library, hash, time }: Scene) =>
      change(library, hash, { expiresAt: time.now + 10_000 }),
  },
  expired: {
    about: 'the token has expired',
    set: ({ library, hash, time }: Scene) => change(library, hash, { expiresAt: time.now }),
  },
  revoked: {
    about: 'the token’s record is deleted',
    set: ({ library }: Scene) => library.tokens.clear(),
  },
  making: {
    about: 'the picture is being made for the first time',
    set: ({ library, hash }: Scene) => {
      const record = { ...library.tokens.get(hash) } as TokenRecord<number>;
      delete record.image;
      library.tokens.set(hash, record);
    },
  },
  'firestore down': {
    about: 'Firestore does not answer, nothing is in memory',
    set: ({ library }: Scene) => {
      library.reader.findToken = () => Promise.reject(new Error('down'));
    },
  },
  'storage down': {
    about: 'Storage does not answer, nothing is in memory',
    set: ({ library }: Scene) => {
      library.reader.readRendition = () => Promise.reject(new Error('down'));
    },
  },
  vanished: {
    about: 'the renditions are gone, though the record names them',
    set: ({ library }: Scene) => library.renditions.clear(),
  },
} as const satisfies Record<string, { about: string; set: (scene: Scene) => void }>;

export type State = keyof typeof STATES;

function change({ tokens }: Scene['library'], hash: string, changes: object): void {
  tokens.set(hash, {
    ...(tokens.get(hash) as NonNullable<ReturnType<typeof tokens.get>>),
    ...changes,
  });
}
