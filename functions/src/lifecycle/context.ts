/** What the handlers of this context are handed. */
import type { Config } from '../config/config.js';
import type { processImage } from '../processing/process-image.js';
import type { Backend } from '../gcp/backend.js';
import type { Handler } from './retry.js';

/** What tidies up; it makes nothing. */
export interface LifecycleContext extends Handler {
  config: Config;
  backend: Backend;
}

/** What makes pictures. */
export interface ProcessingContext extends LifecycleContext {
  processImage: typeof processImage;
}
