/** A child process with the listeners of the benchmark: `clients.js ROOT URL DATABASE COLLECTION`. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type * as Protocol from '../../packages/emulators/src/firestore/transport/protocol.js';
import type * as v1 from '../../packages/emulators/src/firestore/v1.js';
import { Listener, type ListenCodec } from './listener.js';
import { nowMicros } from './clock.js';
import type { ClientsReport, ClientsRequest } from './messages.js';

/** How long the last changes may take to arrive, ms. */
const PATIENCE_MS = 15_000;
const POLL_MS = 20;

const [root = '', url = '', database = '', collectionId = ''] = process.argv.slice(2);
const load = createRequire(join(root, 'packages', 'emulators', 'package.json'));
const protocol = load('./lib/firestore/transport/protocol.js') as typeof Protocol;
const { requestType, responseType } = protocol.methodShape('Listen');
const codec: ListenCodec = {
  encode: (request) => protocol.encode(requestType, request),
  decode: (bytes) => responseType.decode(bytes) as v1.ListenResponse,
};

/** Microseconds from the write to the snapshot, of all listeners. */
const latencies = createHistogram();
const listeners: Listener[] = [];
/** For each listener how often each write arrived. */
const seen: Uint8Array[] = [];
let received = 0;
const ended: string[] = [];

/** @returns milliseconds until the first snapshot */
function open(writes: number): Promise<number> {
  const start = performance.now();
  return new Promise((resolve) => {
    const counts = new Uint8Array(writes);
    seen.push(counts);
    let isFirst = true;
    listeners.push(
      new Listener({
        url,
        database,
        collectionId,
        codec,
        onEnd: (reason) => {
          ended.push(reason);
          resolve(performance.now() - start);
        },
        onSnapshot: (changed) => {
          if (isFirst) resolve(performance.now() - start);
          isFirst = false;
          const now = nowMicros();
          for (const { fields } of changed) {
            const number = Number(fields?.['n']?.integerValue ?? -1);
            if (number < 0) continue;
            counts[number] = (counts[number] ?? 0) + 1;
            // Google's emulator sends the whole result of a query again with each change.
            if (counts[number] !== 1) continue;
            received += 1;
            latencies.record(Math.max(1, now - Number(fields?.['at']?.integerValue)));
          }
        },
      }),
    );
  });
}

async function report(writes: number): Promise<ClientsReport> {
  const deadline = performance.now() + PATIENCE_MS;
  while (received < writes * listeners.length && performance.now() < deadline) await delay(POLL_MS);
  const counts = seen.flatMap((each) => [...each.subarray(0, writes)]);
  const { user, system } = process.cpuUsage();
  return {
    medianMs: latencies.percentile(50) / 1000,
    p95Ms: latencies.percentile(95) / 1000,
    maxMs: latencies.max / 1000,
    missed: counts.filter((count) => count === 0).length,
    doubled: counts.filter((count) => count > 1).length,
    ended,
    cpuSeconds: (user + system) / 1e6,
  };
}

process.on('message', (request: ClientsRequest) => {
  const reply = async (): Promise<unknown> => {
    switch (request.kind) {
      case 'open':
        return Promise.all(Array.from({ length: request.count }, () => open(request.writes)));
      case 'close':
        await Promise.all(listeners.splice(0).map((listener) => listener.close()));
        seen.length = 0;
        return undefined;
      case 'report':
        return report(request.writes);
    }
  };
  reply().then(
    (value) => process.send?.({ value }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.once('disconnect', () => process.exit());
process.send?.({});
