/** Entry of an instance that runs `serve` only: loads what a request needs, and nothing that only deployment needs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { write } from 'firebase-functions/logger';
import { limitRequestBodies, type Refusal } from './body-limit.js';
import { parseConfig } from './config/config.js';
import { logLine } from './log-events.js';
import { once } from './once.js';
import { commonHeaders, refuseBody } from './serve/refuse.js';

type HttpHandler = (
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | undefined;

/** Invalid parameters stop the instance here, before it serves a request. */
const config = parseConfig(process.env);

const openQueues = once(async () =>
  (await import('./gcp/open-queues.js')).openProjectQueues(config, process.env),
);

/** Undefined until `loadHandler` has finished. */
let handler: HttpHandler | undefined;

/** Loads the handler. Called at load time, so that the first request does not wait for it. */
export const loadHandler = once(async (): Promise<HttpHandler> => {
  const [{ openHandler }, { openProjectReader }, { handleHttp }] = await Promise.all([
    import('./serve/handler.js'),
    import('./gcp/open-reader.js'),
    import('./serve/http.js'),
  ]);
  const serve = openHandler({
    config,
    reader: openProjectReader(config, process.env),
    enqueueWidth: async (task, id) => (await openQueues()).enqueueWidth(task, id),
    log: (severity, message, details) => write(logLine(severity, message, details)),
  });
  return (handler = (request, response) => handleHttp(request, response, serve));
});

/** Handles a request for a manifest or a rendition; synchronously once the handler is loaded. */
export const handleRequest: HttpHandler = (request, response) =>
  handler ? handler(request, response) : loadHandler().then((loaded) => loaded(request, response));

/** Refuses every request with a body before the framework reads it. For an instance that runs `serve` only. */
export function refuseBodies(): void {
  const refusal = refuseBody({ commonHeaders: commonHeaders(config.noindex) });
  limitRequestBodies({
    maxBytes: 0,
    allowsEncoding: false,
    refuse: () => refusal as Refusal,
  });
}
