/** What a month costs, at list prices. Pure. */
import { MEASURED } from './measured.js';
import { OPERATIONS, type Operations } from './operations.js';
import { priceOf } from './prices.js';

/** What a month looks like. */
export interface Scenario {
  /** Images uploaded in the month. */
  uploads: number;
  /** Requests for a rendition in the month. */
  views: number;
  /** Share of the views that a CDN answers, 0 to 1, where there is one. */
  cdn: number;
  /** Share of the views that reach `serve` and are answered from its memory, 0 to 1. */
  memory: number;
  /** Size of a rendition that is viewed, kilobytes. */
  viewKb: number;
  /** Renditions of an image. */
  renditions: number;
  /** All renditions of an image, kilobytes. */
  renditionsKb: number;
  /** An original, kilobytes. */
  originalKb: number;
  /** Images that are stored during the month. */
  stored: number;
}

/** US dollars for the month. */
export interface Cost {
  /** Uploads: operations, events, tasks and instance time. */
  uploads: number;
  storage: number;
  /** Views: requests, reads and instance time. */
  views: number;
  /** Bytes to viewers and caches, and what a CDN asks besides. */
  traffic: number;
  total: number;
}

/** The setups that are compared. */
export const SETUPS = {
  direct: 'this kit, without a CDN',
  cloudflare: 'this kit behind Cloudflare (free plan)',
  hosting: 'this kit behind Firebase Hosting',
  cloudCdn: 'this kit behind a load balancer with Cloud CDN',
  resizeImages: 'storage-resize-images, download URLs',
  cloudflareImages: 'Cloudflare Images, hosted',
  imgproxy: 'imgproxy on Cloud Run, behind Cloudflare',
} as const;

export type Setup = keyof typeof SETUPS;

const KB_PER_GB = 1_000_000;
const KB_PER_GIB = 1_073_741.824;
const MONTH_HOURS = 730;
const MONTH_SECONDS = MONTH_HOURS * 3600;
/** Instance time is rounded up to this, seconds: https://cloud.google.com/run/pricing */
const BILLING_STEP = 0.1;
/** The share of an instance's CPU that requests may use before there is another: https://cloud.google.com/run/docs/about-instance-autoscaling */
const CPU_TARGET = 0.6;
/** An event of Cloud Storage is published and delivered, at about 2 KiB each, TiB. */
const EVENT_TIB = (2 * 2) / 1024 ** 3;

/** CPUs and memory (GiB) of the functions that an upload or a view calls: functions.ts. */
const LIGHT = { cpus: 1, gib: 0.25 };
const PROCESSING = { cpus: 1, gib: 2 };
const SERVE = { cpus: 1, gib: 0.5 };
/** The defaults of storage-resize-images: 1 GiB. */
const PEER = { cpus: 1, gib: 1 };

/** The functions that events of the bucket call. */
const EVENT_FUNCTIONS = ['originalFinalized', 'metadataUpdated', 'originalDeleted'];

/** @returns US dollars for a month of each setup */
export function costOf(setup: Setup, scenario: Scenario): Cost {
  const parts = CALCULATIONS[setup](scenario);
  const total = Object.values(parts).reduce((sum, usd) => sum + usd, 0);
  return { ...parts, total };
}

type Parts = Omit<Cost, 'total'>;

const CALCULATIONS: Record<Setup, (scenario: Scenario) => Parts> = {
  direct: (scenario) => ({
    ...ownUploads(scenario),
    views: viewsOfServe(scenario, scenario.views),
    traffic: priceOf('egressGb', gigabytes(scenario, scenario.views)),
  }),
  cloudflare: (scenario) => ({
    ...ownUploads(scenario),
    views: viewsOfServe(scenario, misses(scenario)),
    traffic:
      priceOf('egressGb', gigabytes(scenario, misses(scenario))) +
      priceOf('cloudflareGb', gigabytes(scenario, scenario.views)),
  }),
  hosting: (scenario) => ({
    ...ownUploads(scenario),
    views: viewsOfServe(scenario, misses(scenario)),
    traffic: priceOf('hostingGb', gigabytes(scenario, scenario.views)),
  }),
  cloudCdn: (scenario) => {
    const missedGib = (misses(scenario) * scenario.viewKb) / KB_PER_GIB;
    return {
      ...ownUploads(scenario),
      views: viewsOfServe(scenario, misses(scenario)),
      traffic:
        priceOf('cdnGb', (scenario.views * scenario.viewKb) / KB_PER_GIB) +
        priceOf('cdnFillGb', missedGib) +
        priceOf('balancerGb', missedGib) +
        priceOf('cdnLookup', scenario.views) +
        priceOf('balancerHour', MONTH_HOURS),
    };
  },
  // Its files are public: a view is a read of Cloud Storage, without a function and without a shared cache.
  resizeImages: (scenario) => {
    const { uploads, renditions, views } = scenario;
    // Each file that it writes calls it again.
    const calls = uploads * (1 + renditions);
    return {
      uploads:
        priceOf('classA', uploads * (1 + renditions)) +
        priceOf('classB', uploads * (1 + renditions) + calls) +
        priceOf('request', calls) +
        priceOf('eventTib', calls * EVENT_TIB) +
        uploads * secondsOf(PEER, roundUp(MEASURED.peerUploadMs / 1000)),
      storage: storageOf(scenario),
      views: priceOf('classB', views),
      traffic: priceOf('egressGb', gigabytes(scenario, views)),
    };
  },
  cloudflareImages: ({ views, stored }) => ({
    uploads: 0,
    storage: priceOf('imageStored', stored),
    views: priceOf('imageDelivered', views),
    traffic: 0,
  }),
  // Nothing is made at the upload; each view that no cache answers decodes the original.
  imgproxy: (scenario) => {
    const requests = misses(scenario);
    return {
      uploads: priceOf('classA', scenario.uploads),
      storage: priceOf('storedGbMonth', (scenario.stored * scenario.originalKb) / KB_PER_GB),
      views:
        priceOf('request', requests) +
        priceOf('classB', requests) +
        instanceTime(SERVE, requests, MEASURED.resizeCpuMs / 1000),
      traffic: priceOf('egressGb', gigabytes(scenario, requests)),
    };
  },
};

function misses({ views, cdn }: Scenario): number {
  return views * (1 - cdn);
}

function gigabytes({ viewKb }: Scenario, views: number): number {
  return (views * viewKb) / KB_PER_GB;
}

function storageOf({ stored, originalKb, renditionsKb }: Scenario): number {
  return priceOf('storedGbMonth', (stored * (originalKb + renditionsKb)) / KB_PER_GB);
}

/** What an upload bills in all, with its renditions: counted. */
export function operationsOfUpload(renditions: number): Required<Operations> {
  const { upload, rendition } = OPERATIONS;
  const sum = (name: Exclude<keyof Operations, 'calls'>) =>
    (upload[name] ?? 0) + renditions * (rendition[name] ?? 0);
  const functions = Object.keys({ ...upload.calls, ...rendition.calls });
  return {
    documentRead: sum('documentRead'),
    documentWrite: sum('documentWrite'),
    documentDelete: sum('documentDelete'),
    // The upload itself, by the user's app.
    classA: sum('classA') + 1,
    classB: sum('classB'),
    tasks: sum('tasks'),
    calls: Object.fromEntries(
      functions.map((name) => [
        name,
        (upload.calls?.[name] ?? 0) + renditions * (rendition.calls?.[name] ?? 0),
      ]),
    ),
  };
}

function ownUploads(scenario: Scenario): Pick<Parts, 'uploads' | 'storage'> {
  const { uploads, renditions } = scenario;
  const { calls, ...operations } = operationsOfUpload(renditions);
  const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
  const events = EVENT_FUNCTIONS.reduce((sum, name) => sum + (calls[name] ?? 0), 0);
  const each =
    documents(operations) +
    priceOf('classA', operations.classA) +
    // Each notification of a bucket is a class B operation, too.
    priceOf('classB', operations.classB + events) +
    priceOf('taskOperation', operations.tasks * 2) +
    priceOf('request', total) +
    priceOf('eventTib', events * EVENT_TIB) +
    secondsOf(PROCESSING, roundUp(MEASURED.processMs / 1000));
  const lightCpu = MEASURED.lightCpuMs / 1000 / events;
  return {
    uploads: uploads * each + instanceTime(LIGHT, uploads * events, lightCpu),
    storage: storageOf(scenario),
  };
}

function documents({ documentRead = 0, documentWrite = 0, documentDelete = 0 }: Operations) {
  return (
    priceOf('documentRead', documentRead) +
    priceOf('documentWrite', documentWrite) +
    priceOf('documentDelete', documentDelete)
  );
}

/** @param requests that reach `serve` */
function viewsOfServe({ memory }: Scenario, requests: number): number {
  const reads = requests * (1 - memory);
  const { view } = OPERATIONS;
  return (
    priceOf('request', requests) +
    reads * documents(view) +
    priceOf('classB', reads * (view.classB ?? 0)) +
    instanceTime(SERVE, requests, MEASURED.viewCpuMs / 1000)
  );
}

interface Machine {
  cpus: number;
  gib: number;
}

function secondsOf({ cpus, gib }: Machine, seconds: number): number {
  return priceOf('cpuSecond', cpus * seconds) + priceOf('memorySecond', gib * seconds);
}

function roundUp(seconds: number): number {
  return Math.ceil(Math.round((seconds / BILLING_STEP) * 1e6) / 1e6) * BILLING_STEP;
}

/**
 * Instance time of requests that share instances and come at random times through the month: an instance is billed
 * while at least one request runs, and there are as many as their CPU time needs.
 * @param cpu seconds of one request
 */
function instanceTime(machine: Machine, requests: number, cpu: number): number {
  const rate = requests / MONTH_SECONDS;
  const isBusy = 1 - Math.exp(-rate * roundUp(cpu));
  const instances = (rate * cpu) / machine.cpus / CPU_TARGET;
  return secondsOf(machine, MONTH_SECONDS * Math.max(isBusy, instances));
}
