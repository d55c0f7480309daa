/** Publishes the events that EVENTS selects. An event is an addition: no work fails because of it. */
import type { Config } from '../config/config.js';
import type { ImageEvent } from '../domain/events.js';
import type { Events } from './events.js';
import { logDetails, type Log } from '../log.js';

export interface PublishContext {
  config: Pick<Config, 'events'>;
  backend: { events: Events };
  log: Log;
}

/**
 * Publishes an event if it is selected. Called after the transaction that it is about, so that a function that receives it
 * finds the record. An error is logged.
 */
export async function publish(
  event: ImageEvent,
  { config, backend, log }: PublishContext,
): Promise<void> {
  if (!config.events?.names.includes(event.name)) return;
  try {
    await backend.events.publish(event);
  } catch (error) {
    log('ERROR', 'failed to publish an event', logDetails({ error }, { type: event.name }));
  }
}
