/** The type of the test files in bombs.ts and disguised-files.ts. */
import type { UploadLimits } from '../../functions/src/processing/limits.js';
import type { ImageFailureCode } from '../../functions/src/errors.js';

export interface Bomb {
  name: string;
  /** @param root the repository */
  make: (root: string) => Buffer | Promise<Buffer>;
  /** The acceptable outcomes. */
  expected: readonly ('ready' | ImageFailureCode)[];
  /** Replaces the defaults of the parameters. */
  limits?: Partial<UploadLimits>;
  /** Wall time; many times what it takes on an idle machine. Absent: only PROCESS_LIMITS. */
  maxSeconds?: number;
  /** A valid image within every limit, as a user may upload it: it must become ready. */
  isHonest?: boolean;
}
