/**
 * `npm run bench -- listen`: 200 listeners on one collection with 100 writes per second. With `--emulator-jar`, the same
 * with Google's emulator, which needs minutes for it on two cores: `--listeners 20` is a number that it keeps up with.
 */
import { median, quantile } from 'simple-statistics';
import { startGoogleEmulator, type GoogleEmulator } from '../../tools/dev/stack/google-emulator.js';
import { ownResidentBytes } from '../lifecycle/workers.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';
import { openClient, sendPaced, type Client, type ClientRequest } from '../serve/load.js';
import { watchMemory } from '../soak/memory.js';
import { Child, cpuSeconds } from './children.js';
import { nowMicros } from './clock.js';
import type { ClientsReport } from './messages.js';

/** The number of listeners by default. */
export const LISTENERS = 200;
const WRITES_PER_SECOND = 100;
const SECONDS = 10;
/** Each is written every five seconds, so that no listener may skip a version. */
const DOCUMENTS = 500;
const PROJECT = 'demo-listen';
const DATABASE = `projects/${PROJECT}/databases/(default)`;
const COLLECTION = 'listened';
/** How much more memory the last minute may use than the second one. */
const MAX_GROWTH = 0.1;
const MIB = 2 ** 20;

/** What one emulator did. */
interface Measurement extends Omit<ClientsReport, 'cpuSeconds'> {
  emulator: string;
  listeners: number;
  /** Of one listener on an idle emulator, ms. */
  firstSnapshotAloneMs: number;
  /** Of all listeners at the same time, ms. */
  firstSnapshotMedianMs: number;
  firstSnapshotP95Ms: number;
  writes: number;
  failedWrites: number;
  /** Median of each minute, or of the whole run when it is shorter, bytes. */
  memory: number[];
  serverCpuSeconds: number;
  clientCpuSeconds: number;
}

export interface ListenOptions {
  /** Default: ten seconds. */
  minutes?: number;
  listeners: number;
  /** The JAR of Google's emulator. */
  emulatorJar?: string;
}

/** @returns whether no change was missed or doubled, and memory did not grow */
export async function measureListen(paths: BenchPaths, options: ListenOptions): Promise<boolean> {
  const { listeners } = options;
  const seconds = options.minutes === undefined ? SECONDS : options.minutes * 60;
  const load = { seconds, listeners };
  // Started first: without the file or Java there is nothing to wait for.
  const peer =
    options.emulatorJar === undefined
      ? undefined
      : await startGoogleEmulator(options.emulatorJar, PROJECT);
  const measurements: Measurement[] = [];
  try {
    const { child, first: port } = await Child.start<number>('server.js', [paths.root, PROJECT]);
    try {
      measurements.push(await measure('firebase-local-stack', child.pid, port, load, paths));
    } finally {
      await child.stop();
    }
    if (peer) measurements.push(await measurePeer(peer, load, paths));
  } finally {
    await peer?.stop();
  }
  const [own] = measurements as [Measurement];
  for (const measurement of measurements) print(measurement);
  writeResults(paths, 'listen', { seconds, measurements });
  return own.missed + own.doubled + own.failedWrites + own.ended.length === 0 && isFlat(own.memory);
}

/** How long and how many. */
interface Load {
  seconds: number;
  listeners: number;
}

function measurePeer(peer: GoogleEmulator, load: Load, paths: BenchPaths) {
  return measure(`Google's emulator ${peer.version}`, peer.pid, peer.port, load, paths);
}

async function measure(
  emulator: string,
  pid: number,
  port: number,
  { seconds, listeners }: Load,
  paths: BenchPaths,
): Promise<Measurement> {
  const url = `http://127.0.0.1:${port}`;
  const args = [paths.root, url, DATABASE, COLLECTION];
  const { child: clients } = await Child.start('clients.js', args);
  const writer = openClient(port);
  try {
    await seed(writer);
    const writes = seconds * WRITES_PER_SECOND;
    // The first one also loads code on both sides.
    await openListeners(clients, 1, writes);
    const [alone = 0] = await openListeners(clients, 1, writes);
    const together = await openListeners(clients, listeners, writes);
    const cpuBefore = cpuSeconds(pid);
    const clientCpuBefore = cpuSeconds(clients.pid);
    const memory = watchMemory(() => [pid], ownResidentBytes);
    const responses = await sendPaced(writer, WRITES_PER_SECOND, seconds, write);
    const report = await clients.ask<ClientsReport>({ kind: 'report', writes });
    memory.stop();
    return {
      ...report,
      emulator,
      listeners,
      firstSnapshotAloneMs: alone,
      firstSnapshotMedianMs: median(together),
      firstSnapshotP95Ms: quantile(together, 0.95),
      writes,
      failedWrites: responses.filter(({ status }) => status !== 200).length,
      memory: perMinute(memory.samples),
      serverCpuSeconds: cpuSeconds(pid) - cpuBefore,
      clientCpuSeconds: cpuSeconds(clients.pid) - clientCpuBefore,
    };
  } finally {
    writer.close();
    await clients.stop();
  }
}

/** @returns milliseconds until the first snapshot of each; listeners from before are closed */
async function openListeners(clients: Child, count: number, writes: number): Promise<number[]> {
  await clients.ask({ kind: 'close' });
  return clients.ask<number[]>({ kind: 'open', count, writes });
}

async function seed(writer: Client): Promise<void> {
  const writes = Array.from({ length: DOCUMENTS }, (_, index) => update(index, -1));
  const { status } = await writer.send(commit(writes));
  if (status !== 200) throw new Error(`expected status 200 for a commit, found ${status}`);
}

function write(number: number): ClientRequest {
  return commit([update(number % DOCUMENTS, number)]);
}

/** @param number of the write; -1: one that listeners do not count */
function update(id: number, number: number): object {
  const fields = {
    n: { integerValue: `${number}` },
    at: { integerValue: `${nowMicros()}` },
    text: { stringValue: 'A field of a usual length in a document of a chat or a list.' },
  };
  return { update: { name: `${DATABASE}/documents/${COLLECTION}/${id}`, fields } };
}

function commit(writes: object[]): ClientRequest {
  return {
    method: 'POST',
    path: `/v1/${DATABASE}/documents:commit`,
    headers: { authorization: 'Bearer owner', 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify({ writes })),
  };
}

/** @param samples one per second */
function perMinute(samples: number[]): number[] {
  const count = Math.max(1, Math.floor(samples.length / 60));
  const length = count === 1 ? samples.length : 60;
  return Array.from({ length: count }, (_, minute) =>
    median(samples.slice(minute * length, (minute + 1) * length)),
  );
}

/** Whether the fifth minute uses about as much memory as the second one; true for shorter runs. */
function isFlat(memory: number[]): boolean {
  const [, second, , , fifth] = memory;
  return second === undefined || fifth === undefined || fifth <= second * (1 + MAX_GROWTH);
}

function print(measurement: Measurement): void {
  const { missed, doubled, ended, failedWrites, memory, writes } = measurement;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const lines = [
    `${measurement.emulator}: ${measurement.listeners} listeners, ${writes} writes, ${WRITES_PER_SECOND} per second`,
    `  first snapshot: alone ${ms(measurement.firstSnapshotAloneMs)}, all at once median ${ms(measurement.firstSnapshotMedianMs)}, p95 ${ms(measurement.firstSnapshotP95Ms)}`,
    `  write to snapshot: median ${ms(measurement.medianMs)}, p95 ${ms(measurement.p95Ms)}, most ${ms(measurement.maxMs)}`,
    `  changes: ${missed} missed, ${doubled} doubled; ${failedWrites} failed writes; ${ended.length} ended streams ${ended[0] ?? ''}`,
    `  memory: ${memory.map((bytes) => `${Math.round(bytes / MIB)} MiB`).join(', ')}`,
    `  CPU time: emulator ${measurement.serverCpuSeconds.toFixed(1)} s, clients ${measurement.clientCpuSeconds.toFixed(1)} s`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
