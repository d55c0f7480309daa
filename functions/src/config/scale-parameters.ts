/** The parameters that growth needs: how many instances of each function, and dispatches of its queue. See parameter-table.ts. */
import { wholeNumber } from './parameter-kinds.js';
import type { Parameter } from './parameter.js';

const INSTANCES = {
  ...wholeNumber('instances', 1, 1000),
  advanced: true,
  availableIn: 'kit',
} as const;

export const SCALE_PARAMETERS = {
  MAX_PROCESSING_INSTANCES: {
    label: 'Maximum instances of processImage',
    description:
      'Maximum number of uploads that are processed at the same time, one per instance of `processImage`. At most 10 of ' +
      'them are those of one owner.',
    ...INSTANCES,
    default: '50',
    example: '500',
  },
  MAX_EVENT_INSTANCES: {
    label: 'Maximum instances of functions for events',
    description:
      'Maximum number of instances of each function that handles events of the bucket, and of `cleanup`. An instance handles ' +
      'up to 80 events at a time.',
    ...INSTANCES,
    default: '20',
    example: '200',
  },
  MAX_ON_DEMAND_INSTANCES: {
    label: 'Maximum instances of resize',
    description:
      'Maximum number of renditions that are made on demand at the same time (`WIDTHS`), one per instance of `resize`.',
    ...INSTANCES,
    default: '5',
    example: '50',
  },
  MAX_ON_DEMAND_PER_SECOND: {
    label: 'Renditions on demand per second',
    description:
      'Maximum number of renditions that begin to be made on demand per second (`WIDTHS`). It limits what views can cost.',
    ...wholeNumber('tasks', 1, 500),
    default: '10',
    example: '100',
    advanced: true,
    availableIn: 'kit',
  },
  MAX_BACKFILL_INSTANCES: {
    label: 'Maximum instances of backfill',
    description:
      'Maximum number of pages of ten images that a backfill processes at the same time, one per instance.',
    ...INSTANCES,
    default: '5',
    example: '50',
  },
  MAX_SHARING_INSTANCES: {
    label: 'Maximum instances of sharing',
    description:
      'Maximum number of instances of the callable `sharing`. An instance handles up to 80 calls at a time.',
    ...INSTANCES,
    default: '10',
    example: '100',
  },
} as const satisfies Record<string, Parameter>;
