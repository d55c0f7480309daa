/** Publishes events on an Eventarc channel. */
import type { Config, Environment } from '../config/config.js';
import { EVENT_TYPE_PREFIX, type ImageEvent } from '../domain/events.js';
import { once } from '../once.js';
import { within } from '../within.js';

/** How long a handler waits for Eventarc, milliseconds. */
const TIMEOUT_MS = 10_000;

export interface Events {
  /**
   * Publishes an event; Eventarc delivers it at least once.
   * @throws Error when it is not accepted within ten seconds
   */
  publish(event: ImageEvent): Promise<void>;
}

/** The part of a channel of the Admin SDK that is used. */
export interface EventChannel {
  publish(event: object): Promise<void>;
}

/**
 * @param environment usually `process.env`; names the instance
 * @param openChannel for tests; the default loads the Admin SDK when the first event is published
 * @param timeoutMs for tests; how long a handler waits for Eventarc
 */
export function openEvents(
  { events, projectId }: Pick<Config, 'events' | 'projectId'>,
  environment: Environment,
  openChannel = (name: string): Promise<EventChannel> =>
    openAdminChannel(name, projectId, environment),
  timeoutMs = TIMEOUT_MS,
): Events {
  const channel = once(() => openChannel(events?.channel ?? ''));
  const instance = environment['FIREBASE_KIT_INSTANCE_ID'] ?? environment['EXT_INSTANCE_ID'] ?? '-';
  // Set by the platform for functions that are deployed.
  const source =
    environment['EVENTARC_CLOUD_EVENT_SOURCE'] ?? `projects/${projectId}/instances/${instance}`;
  return {
    async publish({ name, data }) {
      const type = `${EVENT_TYPE_PREFIX}${name}`;
      const subject = `${data.uid}/${data.imageId}`;
      const published = (await channel()).publish({ type, source, subject, data });
      await within(AbortSignal.timeout(timeoutMs), published);
    },
  };
}

async function openAdminChannel(
  name: string,
  projectId: string,
  environment: Environment,
): Promise<EventChannel> {
  const [{ getApps, initializeApp }, { getEventarc }] = await Promise.all([
    import('firebase-admin/app'),
    import('firebase-admin/eventarc'),
  ]);
  if (environment['CLOUD_EVENTARC_EMULATOR_HOST']) {
    // The SDK asks for credentials even for an emulator, where there may be none.
    const accessToken = { access_token: 'owner', expires_in: 3600 };
    const credential = { getAccessToken: () => Promise.resolve(accessToken) };
    return getEventarc(initializeApp({ credential, projectId }, 'events')).channel(name);
  }
  if (getApps().length === 0) initializeApp();
  return getEventarc().channel(name);
}
