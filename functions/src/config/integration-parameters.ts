/** The parameters that connect an instance with other parts of a project: see parameter-table.ts. */
import { EVENT_NAMES } from '../domain/events.js';
import type { Parameter } from './parameter.js';

const EVENT = `(${EVENT_NAMES.join('|')})`;

export const INTEGRATION_PARAMETERS = {
  DATABASE_ID: {
    label: 'Firestore database',
    description:
      'Id of the Firestore database of all records. Deploy your Firestore rules and indexes to this database, and let your ' +
      'app open it.',
    type: 'string',
    default: '(default)',
    example: 'photos',
    expected: '(default), or 4 to 63 lowercase letters, digits and hyphens',
    pattern: '^([(]default[)]|[a-z][a-z0-9-]{2,61}[a-z0-9])$',
    advanced: true,
    immutable: true,
    availableIn: 'both',
  },
  EVENTS: {
    label: 'Events',
    description:
      'Comma-separated names of the events that are published on the Eventarc channel: `onStart`, `onReady` and `onFailed` ' +
      'of processing, `onDeleted` of an image, `onRevoked` of its tokens. See the guide on events. An extension asks for its ' +
      'events when it is installed.',
    type: 'list',
    default: '',
    defaultText: 'none',
    example: 'onReady,onFailed',
    expected: `names of events: ${EVENT_NAMES.join(', ')}`,
    pattern: `^(${EVENT}(,${EVENT})*)?$`,
    availableIn: 'kit',
  },
  EVENTARC_CHANNEL: {
    label: 'Eventarc channel',
    description:
      'Channel that the events of EVENTS are published on. The Firebase CLI creates the default one when it deploys a ' +
      'function that listens on it.',
    type: 'string',
    default: 'locations/us-central1/channels/firebase',
    example: 'locations/europe-west1/channels/firebase',
    expected: 'the name of a channel, such as locations/us-central1/channels/firebase',
    pattern: '^(projects/[^/ ]{1,100}/)?locations/[a-z0-9-]{1,40}/channels/[A-Za-z0-9_-]{1,100}$',
    advanced: true,
    availableIn: 'kit',
  },
} as const satisfies Record<string, Parameter>;
