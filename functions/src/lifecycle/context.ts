/** The dependencies that the lifecycle handlers receive. */
import type { Config } from '../config/config.js';
import type { Backend } from '../gcp/backend.js';
import type { AskFilter } from '../gcp/filter.js';
import type { LightBackend } from '../gcp/light-backend.js';
import type { Log } from '../log.js';
import type { Watermark } from '../processing/effects.js';
import type { ProcessedImage, ProcessSettings, Rendition } from '../processing/process-image.js';

export interface RetryContext {
  /** Milliseconds since 1970. */
  now: () => number;
  log: Log;
}

/** For handlers that need no records. */
export interface LightContext extends RetryContext {
  config: Config;
  backend: LightBackend;
}

/** For handlers that do not process images. */
export interface LifecycleContext extends LightContext {
  backend: Backend;
}

/** For handlers that process images. */
export interface ProcessingContext extends LifecycleContext {
  /**
   * Makes the renditions of an original.
   * @param onRendition called with each one when it is made; maybe more than once with the same
   */
  processImage: (
    bytes: Buffer,
    settings: ProcessSettings,
    onRendition: (rendition: Rendition) => void,
  ) => Promise<ProcessedImage>;
  /** Present when FILTER_URL is set. */
  askFilter?: AskFilter;
  /** Present when WATERMARK is set. */
  readWatermark?: () => Promise<Watermark>;
}
