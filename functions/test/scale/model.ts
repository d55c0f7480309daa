/** What uploads and views a second need, compared with the limits of the platform and of this kit. For docs/design/scale.md. */
import {
  costOf,
  operationsOfUpload,
  type Scenario,
  type Setup,
} from '../../src/cli/cost/calculator.js';
import { MEASURED } from '../../src/cli/cost/measured.js';
import { OPERATIONS } from '../../src/cli/cost/operations.js';
import { DEFAULTS } from '../../src/config/config.js';
import { UPLOADS_PER_OWNER } from '../../src/domain/tasks.js';
import { DEFAULT_SCENARIO } from '../cost-page.js';

/** A limit: of the platform, or of a parameter's default. */
export interface Limit {
  what: string;
  value: number;
  unit: string;
  /** Per bucket or queue: several instances of the kit have several. Per region: not. */
  scope: 'bucket' | 'queue' | 'function' | 'region';
  /** What raises it; absent: nothing. */
  raise?: string;
  source: string;
}

const STORAGE = 'https://cloud.google.com/storage/docs/request-rate';
const TASKS = 'https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues';
const RUN = 'https://cloud.google.com/run/quotas';

function parameterLimit(name: keyof typeof DEFAULTS, what: string): Limit {
  return {
    what,
    value: Number(DEFAULTS[name]),
    unit: 'instances',
    scope: 'function',
    raise: `\`${name}\`, up to 1,000; more is a quota`,
    source: RUN,
  };
}

const EASED = 'by itself: doubles in about 20 minutes of growing load';

/** By name. */
export const LIMITS = {
  processing: parameterLimit('MAX_PROCESSING_INSTANCES', 'instances of `processImage`'),
  events: parameterLimit('MAX_EVENT_INSTANCES', 'instances of `originalFinalized`'),
  serve: parameterLimit('MAX_INSTANCES', 'instances of `serve`'),
  dispatches: {
    what: 'dispatches of a queue',
    ...{ value: 500, unit: 'a second', scope: 'queue', source: TASKS },
  },
  objectWrites: {
    what: 'writes to a bucket, at first',
    ...{ value: 1000, unit: 'a second', scope: 'bucket', raise: EASED, source: STORAGE },
  },
  objectReads: {
    what: 'reads of a bucket, at first',
    ...{ value: 5000, unit: 'a second', scope: 'bucket', raise: EASED, source: STORAGE },
  },
  eventMessages: {
    what: 'events of buckets, as Pub/Sub messages of 2 KiB',
    ...{ value: 200_000_000 / 2048, unit: 'a second', scope: 'region', raise: 'a quota' },
    source: 'https://cloud.google.com/pubsub/quotas',
  },
  documentWrites: {
    what: 'writes to a Firestore collection, at first',
    ...{ value: 500, unit: 'a second', scope: 'region', raise: '50 % more every 5 minutes' },
    source: 'https://firebase.google.com/docs/firestore/best-practices',
  },
  documentReads: {
    what: 'reads of a Firestore collection, at first',
    ...{ value: 500, unit: 'a second', scope: 'region', raise: '50 % more every 5 minutes' },
    source: 'https://firebase.google.com/docs/firestore/best-practices',
  },
} as const satisfies Record<string, Limit>;

export type LimitName = keyof typeof LIMITS;

/** How much of each limit something needs, in its unit. */
export type Demand = Partial<Record<LimitName, number>>;

const EVENT_FUNCTIONS = ['originalFinalized', 'metadataUpdated'];
/** The share of an instance's CPU that requests may use: as the calculator. */
const CPU_TARGET = 0.6;
/** Writes of an upload that go to the collection of token records: the others are of its user's own collections. */
const TOKEN_WRITES = 2;

/** @param rate uploads a second */
export function demandOfUploads(rate: number): Demand {
  const { calls, classA, classB, tasks } = operationsOfUpload(DEFAULT_SCENARIO.renditions);
  const events = EVENT_FUNCTIONS.reduce((sum, name) => sum + (calls[name] ?? 0), 0);
  return {
    processing: (rate * MEASURED.processMs) / 1000,
    events: (rate * MEASURED.lightCpuMs) / 1000 / CPU_TARGET,
    dispatches: rate * tasks,
    objectWrites: rate * classA,
    objectReads: rate * classB,
    eventMessages: rate * events,
    documentWrites: rate * TOKEN_WRITES,
  };
}

/**
 * @param rate views a second
 * @param cdn share that a CDN answers
 */
export function demandOfViews(rate: number, cdn: number): Demand {
  const requests = rate * (1 - cdn);
  const reads = requests * (1 - DEFAULT_SCENARIO.memory);
  return {
    serve: (requests * MEASURED.viewCpuMs) / 1000 / CPU_TARGET,
    objectReads: reads * (OPERATIONS.view.classB ?? 0),
    documentReads: reads * (OPERATIONS.view.documentRead ?? 0),
  };
}

/** The limit of which the largest share is needed. */
export function firstToBind(demand: Demand): { name: LimitName; share: number } {
  const shares = (Object.entries(demand) as [LimitName, number][]).map(([name, needed]) => ({
    name,
    share: needed / LIMITS[name].value,
  }));
  return shares.reduce((most, one) => (one.share > most.share ? one : most));
}

/** The most that a parameter may be set to, and what it may need above the mean. */
const MAX_SETTING = 1000;
const HEADROOM = 1.5;

/** What to set, and how many instances of the kit are needed, each with a bucket and queues of its own. */
export function settingsFor(demand: Demand): { settings: Record<string, number>; kits: number } {
  const kits = Math.max(
    1,
    ...(Object.entries(demand) as [LimitName, number][]).map(([name, needed]) => {
      const limit: Limit = LIMITS[name];
      if (limit.scope === 'queue') return Math.ceil(needed / limit.value);
      return limit.scope === 'function' ? Math.ceil((needed * HEADROOM) / MAX_SETTING) : 1;
    }),
  );
  const names = {
    processing: 'MAX_PROCESSING_INSTANCES',
    events: 'MAX_EVENT_INSTANCES',
    serve: 'MAX_INSTANCES',
  } as const;
  const settings = (Object.keys(names) as (keyof typeof names)[]).flatMap((name) => {
    const needed = Math.ceil(((demand[name] ?? 0) * HEADROOM) / kits);
    return needed > LIMITS[name].value ? [[names[name], needed] as const] : [];
  });
  return { settings: Object.fromEntries(settings), kits };
}

const MONTH_SECONDS = 730 * 3600;

/** US dollars a month of a rate that lasts all month. */
export function costOfRate(
  { uploads = 0, views = 0, cdn = 0 }: { uploads?: number; views?: number; cdn?: number },
  setup: Setup,
): number {
  const scenario: Scenario = {
    ...DEFAULT_SCENARIO,
    cdn,
    uploads: uploads * MONTH_SECONDS,
    views: views * MONTH_SECONDS,
    // Storage is what grows: not part of a rate.
    stored: 0,
  };
  return costOf(setup, scenario).total;
}

/** Uploads of one owner that are processed in a second. */
export const UPLOADS_OF_OWNER = UPLOADS_PER_OWNER / (MEASURED.processMs / 1000);
