/**
 * List prices in US dollars: us-central1, without free tiers and discounts. The only place for prices: the calculator,
 * docs/guides/cost.md and docs/design/scale.md use it.
 */

/** A list price, and where it was read. */
export interface Price {
  /** US dollars for one `unit`. */
  usd: number;
  unit: string;
  what: string;
  /** The page of the vendor that states it. */
  url: string;
  /** When it was compared with that page, or with the newest stored copy of it: YYYY-MM-DD. */
  read: string;
}

const READ = '2026-11-27';
const RUN = { url: 'https://cloud.google.com/run/pricing', read: READ };
const FIRESTORE = { url: 'https://cloud.google.com/firestore/pricing', read: READ };
const STORAGE = { url: 'https://cloud.google.com/storage/pricing', read: READ };
const CDN = { url: 'https://cloud.google.com/cdn/pricing', read: READ };
const BALANCING = { url: 'https://cloud.google.com/load-balancing/pricing', read: READ };
const IMAGES = { url: 'https://developers.cloudflare.com/images/pricing', read: READ };

const TABLE = {
  request: { usd: 0.4, unit: 'million', what: 'request to a function', ...RUN },
  cpuSecond: { usd: 0.000024, unit: 'vCPU-second', what: 'CPU of an instance', ...RUN },
  memorySecond: { usd: 0.0000025, unit: 'GiB-second', what: 'memory of an instance', ...RUN },
  documentRead: { usd: 0.3, unit: 'million', what: 'Firestore document read', ...FIRESTORE },
  documentWrite: { usd: 0.9, unit: 'million', what: 'Firestore document write', ...FIRESTORE },
  documentDelete: { usd: 0.1, unit: 'million', what: 'Firestore document delete', ...FIRESTORE },
  classA: { usd: 5, unit: 'million', what: 'Cloud Storage class A operation', ...STORAGE },
  classB: { usd: 0.4, unit: 'million', what: 'Cloud Storage class B operation', ...STORAGE },
  storedGbMonth: { usd: 0.02, unit: 'GB and month', what: 'Cloud Storage, standard', ...STORAGE },
  taskOperation: {
    usd: 0.4,
    unit: 'million',
    what: 'Cloud Tasks operation: creation or delivery',
    url: 'https://cloud.google.com/tasks/pricing',
    read: READ,
  },
  eventTib: {
    usd: 40,
    unit: 'TiB',
    what: 'Pub/Sub, which transports the events of a bucket',
    url: 'https://cloud.google.com/pubsub/pricing',
    read: READ,
  },
  egressGb: {
    usd: 0.12,
    unit: 'GB',
    what: 'traffic to the internet',
    url: 'https://cloud.google.com/vpc/network-pricing',
    read: READ,
  },
  hostingGb: {
    usd: 0.15,
    unit: 'GB',
    what: 'traffic of Firebase Hosting',
    url: 'https://firebase.google.com/pricing',
    read: READ,
  },
  balancerHour: { usd: 0.025, unit: 'hour', what: 'load balancer, forwarding rule', ...BALANCING },
  balancerGb: { usd: 0.008, unit: 'GiB', what: 'load balancer, data processed', ...BALANCING },
  cdnGb: { usd: 0.08, unit: 'GiB', what: 'Cloud CDN, traffic to North America', ...CDN },
  cdnFillGb: { usd: 0.01, unit: 'GiB', what: 'Cloud CDN, cache fill', ...CDN },
  cdnLookup: { usd: 0.75, unit: 'million', what: 'Cloud CDN, cache look-up', ...CDN },
  cloudflareGb: {
    usd: 0,
    unit: 'GB',
    what: 'traffic of Cloudflare, free plan',
    url: 'https://www.cloudflare.com/plans/free/',
    read: READ,
  },
  imageStored: { usd: 50, unit: 'million and month', what: 'Cloudflare Images, stored', ...IMAGES },
  imageDelivered: { usd: 10, unit: 'million', what: 'Cloudflare Images, delivered', ...IMAGES },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof TABLE;

export const PRICES: Readonly<Record<PriceName, Price>> = TABLE;

const MILLION = 1_000_000;

/** US dollars for a number of units; for a single thing where the unit is a million. */
export function priceOf(name: PriceName, amount: number): number {
  const { usd, unit } = PRICES[name];
  return (usd * amount) / (unit.startsWith('million') ? MILLION : 1);
}
