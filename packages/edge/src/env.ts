/** Variables and secrets of the image worker: docs/guides/edge.md. Without types of other packages, so that its own are complete. */
import type { EdgeCaches, Fetcher, ImagesBinding, RateLimitBinding } from './platform.js';

export interface ImageWorkerEnv {
  /** The file worker. */
  FILES: Fetcher;
  /** Name of the bucket of the originals: sealed links are bound to it. */
  BUCKET?: string;
  /** The keys of sealed links, the same as those of `serve`. Absent: sealed links get a 404. */
  SEALING_KEYS?: string;
  /** Rations how many sealed links a client may have opened. Absent: as many as it wants. */
  SEAL_LIMIT?: RateLimitBinding;
  /** `off` (the default), `binding` or `cf.image`: what makes other widths than those of VARIANTS. */
  RESIZING?: string;
  /** Widths that are made, comma-separated, pixels. */
  WIDTHS?: string;
  /** For `binding`: the Images binding. */
  IMAGES?: ImagesBinding;
  /** For `cf.image`: the public URL of the file worker, and the secret that it expects. */
  FILES_URL?: string;
  CALLER_SECRET?: string;
  /** `false` when search engines may index images, as the parameter NOINDEX. */
  NOINDEX?: string;
  /** How long the origin may take for a response, milliseconds; 15 000 by default. */
  ORIGIN_TIMEOUT_MS?: string;
  /** Where there is no global `caches`. */
  CACHES?: EdgeCaches;
}
