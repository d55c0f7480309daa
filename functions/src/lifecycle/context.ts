/** The dependencies that the lifecycle handlers receive. */
import type { Config } from '../config/config.js';
import type { Backend } from '../gcp/backend.js';
import type { Log } from '../log.js';
import type { Watermark } from '../processing/effects.js';
import type { processImage } from '../processing/process-image.js';

export interface RetryContext {
  /** Milliseconds since 1970. */
  now: () => number;
  log: Log;
}

/** For handlers that do not process images. */
export interface LifecycleContext extends RetryContext {
  config: Config;
  backend: Backend;
}

/** For handlers that process images. */
export interface ProcessingContext extends LifecycleContext {
  processImage: typeof processImage;
  /** Present when WATERMARK is set. */
  readWatermark?: () => Promise<Watermark>;
}
