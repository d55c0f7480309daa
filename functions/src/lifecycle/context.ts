/** What the handlers of this room are handed. */
import type { Config } from '../config/config.js';
import type { derive } from '../processing/process-image.js';
import type { Library } from '../gcp/backend.js';
import type { Handler } from './retry.js';

/** What tidies up; it makes nothing. */
export interface Keeper extends Handler {
  config: Config;
  library: Library;
}

/** What makes pictures. */
export interface Maker extends Keeper {
  derive: typeof derive;
}
