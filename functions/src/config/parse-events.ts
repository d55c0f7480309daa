/** Which events are published, and where: a kit has parameters of its own, an extension what its installer asked for. */
import { EVENT_NAMES, eventNameOf, type EventName } from '../domain/events.js';
import { PARAMETERS } from './parameter-table.js';
import { parseItems, type Parsed } from './parse-values.js';

/** See EVENTS and EVENTARC_CHANNEL. */
export interface EventsConfig {
  /** `locations/LOCATION/channels/CHANNEL`, with or without `projects/PROJECT/` before it. */
  channel: string;
  names: EventName[];
}

/** Parses EVENTS. */
export function parseEvents(text: string): Parsed<EventName[]> {
  if (text === '') return { value: [] };
  return parseItems<EventName>(text, EVENT_NAMES.length, (item) => {
    const name = eventNameOf(item);
    return name === undefined ? { expected: PARAMETERS.EVENTS.expected } : { value: name };
  });
}

/**
 * @param values EVENTS and EVENTARC_CHANNEL
 * @param environment an extension has a channel only if its installer has chosen events. `firebase ext:migrate` writes both
 *   to the parameters of the kit
 * @see https://firebase.google.com/docs/extensions/publishers/functions#eventarc
 */
export function eventsConfig(
  values: { EVENTS: EventName[]; EVENTARC_CHANNEL: string },
  environment: Readonly<Record<string, string | undefined>>,
): { events?: EventsConfig } {
  const channel = values.EVENTARC_CHANNEL;
  if (values.EVENTS.length > 0) return { events: { channel, names: values.EVENTS } };
  const isSet = Boolean(environment['EVENTARC_CHANNEL']?.trim());
  // The emulator has another name for it.
  const selected = environment['EXT_SELECTED_EVENTS'] ?? environment['ALLOWED_EVENT_TYPES'];
  if (!isSet || selected === undefined) return {};
  const names = selected.split(',').flatMap((type) => eventNameOf(type.trim()) ?? []);
  return names.length > 0 ? { events: { channel, names } } : {};
}
