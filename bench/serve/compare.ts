/** `npm run bench -- serve`: what a view costs the server, beside the least that a server costs. */
import { median, table } from '../figures.js';
import type { Places } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { SIZES } from './backend.js';
import { flood, openClient, paced, type Ask } from './load.js';
import { countsOf, startBackend, startMeasured, usageOf, type Running } from './processes.js';

const ROUNDS = 9;
const REQUESTS = 4000;
const TOGETHER = 20;
/** Of each kind of "no". */
const REFUSALS = 300;
const RATE = { perSecond: 200, seconds: 5 };
const NO_LIMITS = { VIEWS_PER_MINUTE: '0', FAILURES_PER_MINUTE: '0', TOKEN_VIEWS_PER_MINUTE: '0' };

interface Subject {
  name: string;
  server: Running;
  ask: Ask;
}

/** Prints the tables and writes serve.json. */
export async function compareServe(places: Places): Promise<void> {
  const { mintToken } = openProduct(places.root).token();
  const running: Running[] = [];
  const run = async (starting: Promise<Running>) => {
    const started = await starting;
    running.push(started);
    return started;
  };
  try {
    const backend = await run(startBackend(places.root));
    const bare = await run(startMeasured('bare', places.root, backend));
    const framework = await run(startMeasured('framework', places.root, backend));
    const start = () => run(startMeasured('serve', places.root, backend, NO_LIMITS));
    // A day: what is warm stays warm for as long as this takes.
    const day = { ...NO_LIMITS, REVOCATION_SECONDS: '86400' };
    const serve = await run(startMeasured('serve', places.root, backend, day));
    const token = mintToken();
    const etag = await etagOf(serve, `/${token}/w400.webp`);
    const view = (name: string) => ({ path: `/${token}/${name}.webp` });
    const headers = { 'if-none-match': etag };
    const subjects: Subject[] = [
      { name: 'bare', server: bare, ask: view('w400') },
      { name: 'framework', server: framework, ask: view('w400') },
      { name: 'warm', server: serve, ask: view('w400') },
      { name: 'warmLarger', server: serve, ask: view('w800') },
      { name: 'notModified', server: serve, ask: { ...view('w400'), headers } },
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

/** The median of the rounds' ratios: what disturbs one round disturbs both. */
function ratio(cost: Cost, name: string, to: string): number {
  const [ours, theirs] = [cost.get(name) ?? [], cost.get(to) ?? []];
  return median(ours.map((value, round) => value / (theirs[round] as number)));
}

/** Microseconds of CPU a request, of each subject in each round. */
async function measureCost(subjects: Subject[]): Promise<Cost> {
  const cost: Cost = new Map(subjects.map(({ name }) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    for (const { name, server, ask } of subjects) {
      const client = openClient(server.port);
      const before = await usageOf(server);
      const answers = await flood(client, REQUESTS, TOGETHER, () => ask);
      const used = (await usageOf(server)).cpu - before.cpu;
      client.close();
      const wrong = answers.find(({ status }) => status !== (name === 'notModified' ? 304 : 200));
      if (wrong)
        throw new Error(`${name}: expected every answer to be right, found ${wrong.status}`);
      // The first round only warms up.
      if (round >= 0) cost.get(name)?.push(used / REQUESTS);
    }
  }
  return cost;
}

async function measureLatency(subjects: Subject[]) {
  const latency: Record<string, { p50: number; p99: number }> = {};
  for (const { name, server, ask } of subjects) {
    const client = openClient(server.port);
    const answers = await paced(client, RATE.perSecond, RATE.seconds, () => ask);
    client.close();
    const times = answers.map(({ ms }) => ms);
    latency[name] = { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
  }
  return latency;
}

async function measureColdView(server: Running, backend: Running, token: string) {
  const before = await countsOf(backend);
  const client = openClient(server.port);
  await client.ask({ path: `/${token}/w400.webp` });
  client.close();
  return since(before, await countsOf(backend));
}

/** One picture, seen by a thousand clients. */
async function measureShared(server: Running, backend: Running, token: string) {
  const before = await countsOf(backend);
  const client = openClient(server.port);
  const views = 10_000;
  const answers = await flood(client, views, 100, (at) => ({
    path: `/${token}/w400.webp`,
    headers: { 'x-forwarded-for': `10.0.${at % 4}.${at % 250}` },
  }));
  client.close();
  const shown = answers.filter(({ status }) => status === 200).length;
  return { views: shown, clients: 1000, ...since(before, await countsOf(backend)) };
}

/** Every kind of "no", in turn: how long each takes, milliseconds. */
async function measureOracle(server: Running, backend: Running, { root }: Places) {
  const { mintToken, hashToken } = openProduct(root).token();
  const make = (kind?: 'unknown' | 'expired') => {
    const tokens = Array.from({ length: REFUSALS }, () => mintToken());
    const told = kind ? tokens.map((token) => [hashToken(token), kind]) : [];
    return { tokens, told: Object.fromEntries(told) as Record<string, string> };
  };
  // A revoked token has no record, as an unknown one; they are told apart here only to be compared.
  const cases = {
    unknown: make('unknown'),
    revoked: make('unknown'),
    expired: make('expired'),
    'wrong variant': make(),
  };
  for (const { told } of Object.values(cases)) await backend.ask(told);
  const client = openClient(server.port);
  const times = new Map<string, number[]>();
  const time = async (name: string, path: string) => {
    const { status, ms } = await client.ask({ path });
    if (status !== 404) throw new Error(`${name}: expected 404, found ${status}`);
    times.set(name, [...(times.get(name) ?? []), ms]);
  };
  for (let at = 0; at < REFUSALS; at++) {
    const all = Object.entries(cases).map(([name, { tokens }]) => [name, tokens[at] as string]);
    for (const when of ['first', 'again']) {
      for (const [name, token] of all) await time(`${name}, ${when}`, `/${token}/none.webp`);
      if (when === 'again') await time('junk', `/${mintToken().slice(0, -1)}_/none.webp`);
    }
  }
  client.close();
  return Object.fromEntries(
    [...times].map(([name, all]) => [
      name,
      { p10: quantile(all, 0.1), p50: quantile(all, 0.5), p90: quantile(all, 0.9) },
    ]),
  );
}

async function etagOf(server: Running, path: string): Promise<string> {
  const client = openClient(server.port);
  const { headers } = await client.ask({ path });
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

/** Of unsorted figures; rounded to microseconds. */
export function quantile(figures: readonly number[], q: number): number {
  const sorted = [...figures].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? NaN;
  return Math.round(value * 1000) / 1000;
}

function print(results: Record<string, unknown>, subjects: Subject[]): void {
  const cpu = results['cpuMicroseconds'] as Record<string, number>;
  const latency = results['latency'] as Record<string, { p50: number; p99: number }>;
  const x = (value: number | undefined) => (value === undefined ? '' : `${value.toFixed(2)}x`);
  const rows = subjects.map(({ name }) => {
    const to = results[name] as { toFramework?: number; toBare?: number } | undefined;
    const { p50, p99 } = latency[name] as { p50: number; p99: number };
    const figures = [x(to?.toFramework), x(to?.toBare), p50.toFixed(2), p99.toFixed(2)];
    return [name, (cpu[name] as number).toFixed(1), ...figures];
  });
  const head = ['server', 'CPU µs', 'framework', 'bare', 'p50 ms', 'p99 ms'];
  process.stdout.write(`CPU: ${ROUNDS} rounds of ${REQUESTS} requests in turn, ratios by round; `);
  process.stdout.write(
    `latency at ${RATE.perSecond} a second; warm is w400 with ${SIZES.w400} bytes, warmLarger w800 with ${SIZES.w800}\n`,
  );
  process.stdout.write(table(head, rows));
  process.stdout.write(`cold view: ${JSON.stringify(results['coldView'])}\n`);
  process.stdout.write(`shared: ${JSON.stringify(results['shared'])}\n`);
  const oracle = results['oracle'] as Record<string, { p10: number; p50: number; p90: number }>;
  const kinds = Object.entries(oracle).map(([kind, { p10, p50, p90 }]) => [
    kind,
    ...[p10, p50, p90].map((value) => value.toFixed(2)),
  ]);
  process.stdout.write(table(['404, ms', 'p10', 'p50', 'p90'], kinds));
}
