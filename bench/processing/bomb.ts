/** What a bomb is; bombs.ts has them all. */
import type { Bounds } from '../../functions/src/processing/limits.js';
import type { ImageFailureCode } from '../../functions/src/errors.js';

export interface Bomb {
  name: string;
  /** @param root the repository */
  make: (root: string) => Buffer | Promise<Buffer>;
  /** Each is a good end of it. */
  expected: readonly ('ready' | ImageFailureCode)[];
  /** Other than the parameters' defaults. */
  bounds?: Partial<Bounds>;
  /** A picture that is within every limit: it must become ready. */
  isHonest?: boolean;
}
