/** `npm run bench -- serve`: CPU time and latency of a request, compared with an empty handler. */
import { median, quantile, table } from '../figures.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { SIZES, type TokenKind } from './backend.js';
import { openClient, sendAll, sendPaced, type ClientRequest } from './load.js';
import { countsOf, startBackend, startMeasured, usageOf, type Running } from './processes.js';

const ROUNDS = 9;
const REQUESTS = 4000;
const CONCURRENCY = 20;
/** Requests for each kind of 404. */
const REFUSALS = 300;
const RATE = { perSecond: 200, seconds: 5 };
const NO_LIMITS = {
  VIEWS_PER_MINUTE: '0',
  TOKEN_VIEWS_PER_MINUTE: '0',
  TOKEN_MEGABYTES_PER_MINUTE: '0',
};

interface Subject {
  name: string;
  server: Running;
  request: ClientRequest;
}

/** Prints the tables and writes serve.json. */
export async function compareServe(places: BenchPaths): Promise<void> {
  const { mintToken } = openProduct(places.root).token();
  const running: Running[] = [];
  const track = async (starting: Promise<Running>) => {
    const started = await starting;
    running.push(started);
    return started;
  };
  try {
    const backend = await track(startBackend(places.root));
    const bare = await track(startMeasured('bare', places.root, backend));
    const framework = await track(startMeasured('framework', places.root, backend));
    const start = () => track(startMeasured('serve', places.root, backend, NO_LIMITS));
    // One day, so that cached records stay valid during the benchmark.
    const day = { ...NO_LIMITS, REVOCATION_SECONDS: '86400' };
    const serve = await track(startMeasured('serve', places.root, backend, day));
    const token = mintToken();
    const etag = await etagOf(serve, `/${token}/w400.webp`);
    const requestFor = (name: string) => ({ path: `/${token}/${name}.webp` });
    const headers = { 'if-none-match': etag };
    const subjects: Subject[] = [
      { name: 'bare', server: bare, request: requestFor('w400') },
      { name: 'framework', server: framework, request: requestFor('w400') },
      { name: 'warm', server: serve, request: requestFor('w400') },
      { name: 'warmLarger', server: serve, request: requestFor('w800') },
      { name: 'notModified', server: serve, request: { ...requestFor('w400'), headers } },
    ];
    const cost = await measureCost(subjects);
    const latency = await measureLatency(subjects);
    const coldView = await measureColdView(await start(), backend, mintToken());
    const shared = await measureShared(await start(), backend, mintToken());
    const oracle = await measureOracle(await start(), backend, places);

    const ratios = (name: string) => ({
      toFramework: ratio(cost, name, 'framework'),
      toBare: ratio(cost, name, 'bare'),
    });
    const results = {
      warm: ratios('warm'),
      warmLarger: ratios('warmLarger'),
      notModified: ratios('notModified'),
      framework: { toBare: ratio(cost, 'framework', 'bare') },
      cpuMicroseconds: Object.fromEntries(
        [...cost].map(([name, rounds]) => [name, median(rounds)]),
      ),
      latency,
      coldView,
      shared,
      oracle,
    };
    print(results, subjects);
    writeResults(places, 'serve', results);
  } finally {
    for (const { stop } of running) stop();
  }
}

type Cost = Map<string, number[]>;

/** The median of the rounds' ratios: noise on the machine affects all servers of a round. */
function ratio(cost: Cost, name: string, to: string): number {
  const [values, reference] = [cost.get(name) ?? [], cost.get(to) ?? []];
  return median(values.map((value, round) => value / (reference[round] as number)));
}

/** CPU time per request, microseconds, of each subject in each round. */
async function measureCost(subjects: Subject[]): Promise<Cost> {
  const cost: Cost = new Map(subjects.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const { name, server, request } of subjects) {
      const client = openClient(server.port);
      const before = await usageOf(server);
      const responses = await sendAll(client, REQUESTS, CONCURRENCY, () => request);
      const used = (await usageOf(server)).cpu - before.cpu;
      client.close();
      const expected = name === 'notModified' ? 304 : 200;
      const unexpected = responses.find(({ status }) => status !== expected);
      if (unexpected) {
        throw new Error(`${name}: expected status ${expected}, found ${unexpected.status}`);
      }
      // The first round is a warm-up.
      if (round >= 0) cost.get(name)?.push(used / REQUESTS);
    }
  }
  return cost;
}

async function measureLatency(subjects: Subject[]) {
  const latency: Record<string, { p50: number; p99: number }> = {};
  for (const { name, server, request } of subjects) {
    const client = openClient(server.port);
    const responses = await sendPaced(client, RATE.perSecond, RATE.seconds, () => request);
    client.close();
    const times = responses.map(({ ms }) => ms);
    latency[name] = { p50: quantileOf(times, 0.5), p99: quantileOf(times, 0.99) };
  }
  return latency;
}

async function measureColdView(server: Running, backend: Running, token: string) {
  const before = await countsOf(backend);
  const client = openClient(server.port);
  await client.send({ path: `/${token}/w400.webp` });
  client.close();
  return since(before, await countsOf(backend));
}

/** One image, requested by a thousand clients. */
async function measureShared(server: Running, backend: Running, token: string) {
  const before = await countsOf(backend);
  const client = openClient(server.port);
  const count = 10_000;
  const responses = await sendAll(client, count, 100, (index) => ({
    path: `/${token}/w400.webp`,
    headers: { 'x-forwarded-for': `10.0.${index % 4}.${index % 250}` },
  }));
  client.close();
  const views = responses.filter(({ status }) => status === 200).length;
  return { views, clients: 1000, ...since(before, await countsOf(backend)) };
}

/** Latency of each kind of 404, milliseconds: they must not be distinguishable by time. */
async function measureOracle(server: Running, backend: Running, { root }: BenchPaths) {
  const { mintToken, hashToken } = openProduct(root).token();
  const mintTokens = (kind?: TokenKind) => {
    const tokens = Array.from({ length: REFUSALS }, () => mintToken());
    const kinds = kind ? tokens.map((token) => [hashToken(token), kind]) : [];
    return { tokens, kinds: Object.fromEntries(kinds) as Record<string, TokenKind> };
  };
  // A revoked token has no record, like an unknown one; they are separate here only to be compared.
  const cases = {
    unknown: mintTokens('unknown'),
    revoked: mintTokens('unknown'),
    expired: mintTokens('expired'),
    'wrong variant': mintTokens(),
  };
  for (const { kinds } of Object.values(cases)) await backend.send(kinds);
  const client = openClient(server.port);
  const times = new Map<string, number[]>();
  const measure = async (name: string, path: string) => {
    const { status, ms } = await client.send({ path });
    if (status !== 404) throw new Error(`${name}: expected 404, found ${status}`);
    times.set(name, [...(times.get(name) ?? []), ms]);
  };
  for (let index = 0; index < REFUSALS; index++) {
    const all = Object.entries(cases).map(([name, { tokens }]) => [name, tokens[index] as string]);
    for (const when of ['first', 'again']) {
      for (const [name, token] of all) await measure(`${name}, ${when}`, `/${token}/none.webp`);
      if (when === 'again') await measure('junk', `/${mintToken().slice(0, -1)}_/none.webp`);
    }
  }
  client.close();
  return Object.fromEntries(
    [...times].map(([name, all]) => [
      name,
      { p10: quantileOf(all, 0.1), p50: quantileOf(all, 0.5), p90: quantileOf(all, 0.9) },
    ]),
  );
}

async function etagOf(server: Running, path: string): Promise<string> {
  const client = openClient(server.port);
  const { headers } = await client.send({ path });
  client.close();
  return String(headers['etag']);
}

const since = (
  before: { firestoreReads: number; storageReads: number },
  after: { firestoreReads: number; storageReads: number },
) => ({
  firestoreReads: after.firestoreReads - before.firestoreReads,
  storageReads: after.storageReads - before.storageReads,
});

/** @returns the `q` quantile of milliseconds, rounded to microseconds; NaN without values */
function quantileOf(times: readonly number[], q: number): number {
  return times.length === 0 ? NaN : Math.round(quantile([...times], q) * 1000) / 1000;
}

function print(results: Record<string, unknown>, subjects: Subject[]): void {
  const cpu = results['cpuMicroseconds'] as Record<string, number>;
  const latency = results['latency'] as Record<string, { p50: number; p99: number }>;
  const times = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(2)}x`);
  const rows = subjects.map(({ name }) => {
    const ratios = results[name] as { toFramework?: number; toBare?: number } | undefined;
    const { p50, p99 } = latency[name] as { p50: number; p99: number };
    const figures = [
      times(ratios?.toFramework),
      times(ratios?.toBare),
      p50.toFixed(2),
      p99.toFixed(2),
    ];
    return [name, (cpu[name] as number).toFixed(1), ...figures];
  });
  const head = ['server', 'CPU µs', 'framework', 'bare', 'p50 ms', 'p99 ms'];
  process.stdout.write(
    `CPU: ${ROUNDS} rounds of ${REQUESTS} requests each, median of the ratios by round; `,
  );
  process.stdout.write(
    `latency at ${RATE.perSecond} requests per second; warm: ${SIZES.w400} bytes, warmLarger: ${SIZES.w800} bytes\n`,
  );
  process.stdout.write(table(head, rows));
  process.stdout.write(`uncached request: ${JSON.stringify(results['coldView'])}\n`);
  process.stdout.write(`requests by many clients: ${JSON.stringify(results['shared'])}\n`);
  const oracle = results['oracle'] as Record<string, { p10: number; p50: number; p90: number }>;
  const kinds = Object.entries(oracle).map(([kind, { p10, p50, p90 }]) => [
    kind,
    ...[p10, p50, p90].map((value) => value.toFixed(2)),
  ]);
  process.stdout.write(table(['404, ms', 'p10', 'p50', 'p90'], kinds));
}
