/** Keeps the connections to the emulators open. */
import { Server } from 'node:http';
import { replace } from './patch.js';

/**
 * Sets every HTTP server of this process, from its `listen` on, to keep idle connections open until the client
 * closes them. Node closes them after 5 seconds by default, and a request that a busy client sends at that moment
 * fails with ECONNRESET or EPIPE. The client libraries repeat only requests that are safe to repeat, and an upload
 * is not.
 * @see https://nodejs.org/api/http.html#serverkeepalivetimeout
 */
export function keepConnectionsOpen(prototype: object = Server.prototype): void {
  replace(
    prototype as Record<string, unknown>,
    'listen',
    (original) =>
      function listen(this: unknown, ...args) {
        (this as Server).keepAliveTimeout = 0;
        return original.apply(this, args);
      },
  );
}
