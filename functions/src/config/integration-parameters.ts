/** The parameters that connect an instance with other parts of a project: see parameter-table.ts. */
import { EVENT_NAMES } from '../domain/events.js';
import { wholeNumber } from './parameter-kinds.js';
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
  FILTER_URL: {
    label: 'Content filter',
    description:
      'URL of a function of yours that is asked about each upload before it becomes public: it answers `allow`, `hold` or ' +
      '`reject`. The request has an identity token of the functions. See the guide on the content filter.',
    type: 'string',
    default: '',
    defaultText: 'none',
    example: 'https://europe-west1-my-project.cloudfunctions.net/filter',
    expected: 'an https URL without a user and a fragment, or nothing',
    pattern: '^(https?://[^/ #@]{1,255}(/[^ #]{0,1000})?)?$',
    advanced: true,
    availableIn: 'both',
  },
  FILTER_TIMEOUT_SECONDS: {
    label: 'Timeout of the content filter (seconds)',
    description: 'How long an upload waits for the answer of FILTER_URL.',
    ...wholeNumber('seconds', 1, 60),
    default: '10',
    example: '30',
    advanced: true,
    availableIn: 'both',
  },
  FILTER_FAILURE: {
    label: 'Without an answer of the content filter',
    description:
      'What happens to an upload when FILTER_URL fails or does not answer in time: it is held for review, or allowed.',
    type: 'string',
    default: 'hold',
    example: 'allow',
    expected: 'hold or allow',
    pattern: '^(hold|allow)$',
    options: [
      { label: 'Hold', value: 'hold' },
      { label: 'Allow', value: 'allow' },
    ],
    advanced: true,
    availableIn: 'both',
  },
  EVENTS: {
    label: 'Events',
    description:
      'Comma-separated names of the events that are published on the Eventarc channel: `onStart`, `onReady`, `onHeld` and ' +
      '`onFailed` of processing, `onDeleted` of an image, `onRevoked` of its tokens. See the guide on events. An extension asks for its ' +
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
