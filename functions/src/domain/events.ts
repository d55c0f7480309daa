/** Events about images that the functions publish on an Eventarc channel, and what each of them holds. */

/** Common beginning of the types; the version changes when a field is removed or gets another meaning. */
export const EVENT_TYPE_PREFIX = 'storage-public-variants.v1.';

/** What follows it. */
export const EVENT_NAMES = [
  'onStart',
  'onReady',
  'onHeld',
  'onFailed',
  'onDeleted',
  'onRevoked',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];

/** What an event holds besides the ids of the image. No event holds a token, a URL, an object name or a label. */
interface EventFields {
  /** An attempt begins to process an upload. */
  onStart: { generation: string; state: 'processing' };
  /** The record is `ready`: all renditions of this generation are written. */
  onReady: { generation: string; state: 'ready' };
  /** The record is `held`: the content filter wants somebody to look at the image first. */
  onHeld: { generation: string; state: 'held' };
  /**
   * An upload can't be processed; `error` is a code of docs/reference/errors.md. An image that was processed again
   * stays `ready` or `held` with the renditions that it has.
   */
  onFailed: { generation: string; state: 'failed' | 'ready' | 'held'; error: string };
  /** The records and tokens are deleted. `generation` is the newest one that was known. */
  onDeleted: { generation: string };
  /** A token was revoked or replaced: the default token, a share, or all tokens of the image. */
  onRevoked: { tokens: 'default' | 'all' } | { tokens: 'share'; shareId: string };
}

/** The data of an event, and its name. */
export type ImageEvent = {
  [Name in EventName]: { name: Name; data: { uid: string; imageId: string } & EventFields[Name] };
}[EventName];

/**
 * @param state that the image record has after an attempt
 * @returns the event about it
 */
export function endEvent(
  data: { uid: string; imageId: string; generation: string },
  state: 'ready' | 'held',
): ImageEvent {
  return state === 'ready'
    ? { name: 'onReady', data: { ...data, state } }
    : { name: 'onHeld', data: { ...data, state } };
}

/** @returns undefined when the text is neither the name of an event nor its type */
export function eventNameOf(text: string): EventName | undefined {
  const name = text.startsWith(EVENT_TYPE_PREFIX) ? text.slice(EVENT_TYPE_PREFIX.length) : text;
  return EVENT_NAMES.find((known) => known === name);
}
