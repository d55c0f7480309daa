/** The dependencies that the handlers of sharing receive. */
import type { Config } from '../config/config.js';
import type { Backend } from '../gcp/backend.js';
import type { Log } from '../log.js';
import type { CallLimit } from './call-limit.js';

export interface SharingContext {
  config: Config;
  backend: Backend;
  /** Milliseconds since 1970. */
  now: () => number;
  log: Log;
}

export interface SharingCallContext extends SharingContext {
  limit: CallLimit;
}
