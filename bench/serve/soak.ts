/** `npm run bench -- soak`: a mix of all kinds of requests at a fixed rate for minutes. Memory must not grow. */
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { openClient, sendAll, sendPaced, type ClientRequest } from './load.js';
import { startBackend, startMeasured, usageOf, type Running } from './processes.js';

const PER_SECOND = 200;
const WARM_UP_SECONDS = 15;
/** More keys than any cache or counter of `serve` holds: all are full before memory is measured. */
const FILL_REQUESTS = 25_000;
/** Images that are requested repeatedly. */
const GALLERY_SIZE = 50;
const MEGABYTE = 2 ** 20;

/** @returns whether no request failed */
export async function soakServe(places: BenchPaths, seconds: number): Promise<boolean> {
  const { mintToken } = openProduct(places.root).token();
  const gallery = Array.from({ length: GALLERY_SIZE }, () => mintToken());
  const running: Running[] = [];
  try {
    const backend = await startBackend(places.root);
    running.push(backend);
    // With rate limits, to include their memory. The client address changes with every request.
    const server = await startMeasured('serve', places.root, backend);
    running.push(server);
    const client = openClient(server.port, 200);
    const requestAt = (index: number): ClientRequest => {
      const token = gallery[index % GALLERY_SIZE] as string;
      const headers = {
        'x-forwarded-for': `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`,
      };
      const kinds: ClientRequest[] = [
        { path: `/${token}/w400.webp`, headers },
        { path: `/${token}/thumb`, headers },
        { path: `/${token}/w400.webp`, headers: { ...headers, 'if-none-match': '*' } },
        { path: `/${token}`, headers },
        { path: `/${token}?w=300&dpr=2`, headers },
        { path: `/${mintToken()}/w400.webp`, headers },
        { path: `/${mintToken().slice(0, -1)}_/w400.webp`, headers },
        { path: `/${token}/w4000.webp`, headers },
        { path: `/${token}/w4000.webp`, headers: { ...headers, range: 'bytes=1000-2000' } },
        { path: `/${token}/w4000.webp`, headers, disconnects: true },
      ];
      return kinds[index % kinds.length] as ClientRequest;
    };
    for (const path of [
      () => `/${mintToken()}/w400.webp`,
      () => `/${mintToken().slice(0, -1)}_/w400.webp`,
    ]) {
      await sendAll(client, FILL_REQUESTS, 50, (index) => ({
        path: path(),
        headers: { 'x-forwarded-for': `172.16.${index >> 8}.${index & 255}` },
      }));
    }
    await sendPaced(client, PER_SECOND, WARM_UP_SECONDS, requestAt);
    const before = await usageOf(server);
    let [requests, errors] = [0, 0];
    const rssMegabytes: number[] = [];
    for (let left = seconds; left > 0; left -= 30) {
      const responses = await sendPaced(client, PER_SECOND, Math.min(30, left), (index) =>
        requestAt(index + requests),
      );
      requests += responses.length;
      errors += responses.filter(({ status }) => status === 0 || status >= 500).length;
      rssMegabytes.push(Math.round((await usageOf(server)).rss / MEGABYTE));
    }
    const after = await usageOf(server);
    client.close();
    const results = {
      seconds,
      requests,
      errors,
      rssStartMb: Math.round(before.rss / MEGABYTE),
      rssEndMb: Math.round(after.rss / MEGABYTE),
      rssEvery30sMb: rssMegabytes,
    };
    process.stdout.write(`${JSON.stringify(results)}\n`);
    writeResults(places, 'soak', results);
    return errors === 0;
  } finally {
    for (const { stop } of running) stop();
  }
}
