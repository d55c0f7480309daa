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

/** What the actions need. */
export interface SharingActionContext {
  config: Pick<Config, 'events'>;
  backend: {
    shares: Backend['shares'];
    queues: Pick<Backend['queues'], 'enqueuePurge'>;
    events: Backend['events'];
  };
  /** Milliseconds since 1970. */
  now: () => number;
  log: Log;
}

/** What the revocation of all tokens of a user needs. */
export interface RevocationContext {
  config: SharingActionContext['config'];
  backend: SharingActionContext['backend'] & { records: Pick<Backend['records'], 'listImages'> };
  log: Log;
}

export interface SharingCallContext extends SharingContext {
  limit: CallLimit;
}
