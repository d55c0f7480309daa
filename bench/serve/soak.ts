/** `npm run bench -- soak`: a mix of all that can be asked, at a fixed rate, for minutes. Memory must stay flat. */
import type { Places } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { flood, openClient, paced, type Ask } from './load.js';
import { startBackend, startMeasured, usageOf, type Running } from './processes.js';

const PER_SECOND = 200;
const WARM_UP_SECONDS = 15;
/** More than any memory of serve's has room for: whatever is bounded is full before it is measured. */
const FILLING = 25_000;
/** Pictures that are asked for again and again. */
const GALLERY = 50;
const MEGABYTE = 2 ** 20;

/** @returns whether no answer was an error */
export async function soakServe(places: Places, seconds: number): Promise<boolean> {
  const { mintToken } = openProduct(places.root).token();
  const gallery = Array.from({ length: GALLERY }, () => mintToken());
  const running: Running[] = [];
  try {
    const backend = await startBackend(places.root);
    running.push(backend);
    // Limits on: their memory is part of what must stay flat. Addresses change with every request.
    const server = await startMeasured('serve', places.root, backend);
    running.push(server);
    const client = openClient(server.port, 200);
    const make = (at: number): Ask => {
      const known = gallery[at % GALLERY] as string;
      const headers = {
        'x-forwarded-for': `10.${(at >> 16) & 255}.${(at >> 8) & 255}.${at & 255}`,
      };
      const kinds: Ask[] = [
        { path: `/${known}/w400.webp`, headers },
        { path: `/${known}/thumb`, headers },
        { path: `/${known}/w400.webp`, headers: { ...headers, 'if-none-match': '*' } },
        { path: `/${known}`, headers },
        { path: `/${known}?w=300&dpr=2`, headers },
        { path: `/${mintToken()}/w400.webp`, headers },
        { path: `/${mintToken().slice(0, -1)}_/w400.webp`, headers },
        { path: `/${known}/w4000.webp`, headers },
        { path: `/${known}/w4000.webp`, headers: { ...headers, range: 'bytes=1000-2000' } },
        { path: `/${known}/w4000.webp`, headers, leaves: true },
      ];
      return kinds[at % kinds.length] as Ask;
    };
    for (const path of [
      () => `/${mintToken()}/w400.webp`,
      () => `/${mintToken().slice(0, -1)}_/w400.webp`,
    ]) {
      await flood(client, FILLING, 50, (at) => ({
        path: path(),
        headers: { 'x-forwarded-for': `172.16.${at >> 8}.${at & 255}` },
      }));
    }
    await paced(client, PER_SECOND, WARM_UP_SECONDS, make);
    const before = await usageOf(server);
    let [requests, errors] = [0, 0];
    const middle: number[] = [];
    for (let left = seconds; left > 0; left -= 30) {
      const answers = await paced(client, PER_SECOND, Math.min(30, left), (at) =>
        make(at + requests),
      );
      requests += answers.length;
      errors += answers.filter(({ status }) => status === 0 || status >= 500).length;
      middle.push(Math.round((await usageOf(server)).rss / MEGABYTE));
    }
    const after = await usageOf(server);
    client.close();
    const results = {
      seconds,
      requests,
      errors,
      rssStartMb: Math.round(before.rss / MEGABYTE),
      rssEndMb: Math.round(after.rss / MEGABYTE),
      rssEvery30sMb: middle,
    };
    process.stdout.write(`${JSON.stringify(results)}\n`);
    writeResults(places, 'soak', results);
    return errors === 0;
  } finally {
    for (const { stop } of running) stop();
  }
}
