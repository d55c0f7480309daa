/** The door for views by itself: what a request passes, and nothing that only deploying needs. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { write } from 'firebase-functions/logger';
import { parseConfig } from './config/config.js';
import { once } from './once.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | undefined;

/** Wrong parameters end the process here, before anything is served with half of them. */
const config = parseConfig(process.env);

/** The room that answers, once it is open. */
let answer: Handler | undefined;

/** Opens the room that answers; called early, the first view does not wait for it. */
export const loadHandler = once(async (): Promise<Handler> => {
  const [{ openHandler }, { openProjectReader }, { handleHttp }] = await Promise.all([
    import('./serve/handler.js'),
    import('./gcp/open-reader.js'),
    import('./serve/http.js'),
  ]);
  const serve = openHandler({
    config,
    reader: openProjectReader(config, process.env),
    log: (severity, message, details) => write({ severity, message, ...details }),
  });
  return (answer = (request, response) => handleHttp(request, response, serve));
});

/** Answers a view. */
export const handleRequest: Handler = (request, response) =>
  answer ? answer(request, response) : loadHandler().then((open) => open(request, response));
