/** What the model checker runs against, and how it states what must hold. */
import type { Owner } from '../../src/domain/path.js';
import type { ImageRecord, ShareRecord, TokenRecord } from '../../src/domain/records.js';
import type { Point } from '../../src/domain/variant.js';
import type { TestHarness } from './test-harness.js';

/** All objects and records of the images under test. */
export interface State {
  /** By name. */
  originals: ReadonlyMap<string, { hasDownloadToken: boolean; focus?: Point }>;
  /** By name of the original. */
  images: ReadonlyMap<string, ImageRecord<number>>;
  /** By token hash. */
  tokens: ReadonlyMap<string, TokenRecord<number>>;
  /** By id; the images under test have one owner. */
  shares: ReadonlyMap<string, ShareRecord<number>>;
  /** Object names. */
  renditions: ReadonlySet<string>;
}

/** What the operations run against. */
export interface Subject {
  harness: TestHarness;
  /** The originals of one user, by name. */
  owners: ReadonlyMap<string, Owner>;
  readState: () => Promise<State>;
  readRendition: (name: string) => Promise<string | undefined>;
  deleteToken: (hash: string) => Promise<void>;
  /** Milliseconds since 1970. */
  now: () => number;
  advanceTime: (ms: number) => void;
  /** Whether reading the state is cheap: then it is checked after every call, bytes included. */
  checksEveryCall: boolean;
}

/** Used instead of `expect` at every step, because it is a thousand times faster. */
export function assertThat(holds: boolean, expected: string, found: unknown): void {
  if (!holds) throw new Error(`expected ${expected}, found ${String(found)}`);
}
