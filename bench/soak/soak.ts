/**
 * `npm run bench -- soak`: an hour's worth of mixed traffic in ten minutes, on the local stack: views of all kinds,
 * junk, long headers, bodies, disconnects, and uploads of photos, damaged and malicious files. The memory of
 * `serve` and of image processing must not grow, no request may exceed its timeout, nothing may be unhandled.
 */
import { readFileSync } from 'node:fs';
import { median } from 'simple-statistics';
import { table } from '../figures.js';
import { openBenchFixture, percentile, type BenchFixture } from '../lifecycle/fixture.js';
import { functionProcesses, ownResidentBytes } from '../lifecycle/workers.js';
import type { BenchPaths } from '../paths.js';
import { openProduct } from '../product.js';
import { writeResults } from '../results.js';
import { openClient, sendPaced, type ClientResponse } from '../serve/load.js';
import { startServe } from '../serve/processes.js';
import { fillTables } from './fill.js';
import { watchMemory } from './memory.js';
import { soakRequest, type SoakRequest } from './requests.js';
import { readUploads, uploadOne, type UploadOutcome } from './uploads.js';

/** 60,000 requests in ten minutes: what a busy instance of `serve` gets in an hour. */
const REQUESTS_PER_SECOND = 100;
const CONNECTIONS = 200;
/** Consecutive requests for one token; not a divisor of the number of kinds, so that each token gets all. */
const KINDS_PER_TOKEN = 7;
const UPLOADS_AT_A_TIME = 2;
/** The timeout of `serve`, milliseconds. */
const SERVE_TIMEOUT_MS = 30_000;
const MEBIBYTE = 2 ** 20;
/** The memory of the deployed functions, bytes. */
const LIMITS = { serve: 512 * MEBIBYTE, processing: 2048 * MEBIBYTE };
/** Largest ratio of the median memory in the last tenth of the run to that of the third tenth. */
const MAX_GROWTH = 1.1;
const PARAMETERS = { REVOCATION_SECONDS: '5' };

/** @returns whether every check passed */
export async function soak(places: BenchPaths, seconds: number): Promise<boolean> {
  const fixture = await openBenchFixture(places.root, PARAMETERS);
  const serve = await startServe(places.root, fixture.stack, PARAMETERS);
  try {
    const files = await readUploads(places.root);
    await fillTables(fixture, places.root, serve.port);
    const memory = {
      serve: watchMemory(() => [serve.pid]),
      processing: watchMemory(() => functionProcesses('processImage')),
      // The decoder is replaced after 50 uploads; the function's own process is not.
      withoutDecoder: watchMemory(() => functionProcesses('processImage'), ownResidentBytes),
    };
    const tokens: string[] = [];
    const isOver = stopwatch(seconds);
    const [outcomes, responses] = await Promise.all([
      uploadContinuously(fixture, files, tokens, isOver),
      requestContinuously(places.root, serve.port, tokens, seconds),
    ]);
    Object.values(memory).forEach(({ stop }) => stop());
    const usage = {
      serve: summarize(memory.serve.samples, LIMITS.serve),
      processing: summarize(memory.processing.samples, LIMITS.processing),
      withoutDecoder: summarize(memory.withoutDecoder.samples, LIMITS.processing),
    };
    const unexpected = responses.filter(({ isExpected }) => !isExpected);
    const log = `${readFileSync(fixture.logFile, 'utf8')}${serve.errors()}`;
    const results = {
      seconds,
      requests: responses.length,
      unexpected: countBy(unexpected.map(({ kind, status }) => `${kind}: ${status}`)),
      slowestRequestMs: Math.round(Math.max(...responses.map(({ ms }) => ms))),
      statuses: countBy(responses.map(({ status }) => String(status))),
      uploads: countBy(outcomes.map(({ state }) => state)),
      uploadP50Ms: percentile(
        outcomes.map(({ ms }) => ms),
        0.5,
      ),
      unhandled: log.split(/unhandled/i).length - 1,
      memory: usage,
    };
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n\n${memoryTable(usage)}`);
    writeResults(places, 'soak', results);
    return (
      unexpected.length === 0 &&
      results.slowestRequestMs < SERVE_TIMEOUT_MS &&
      !outcomes.some(({ state }) => state === 'lost') &&
      results.unhandled === 0 &&
      Object.values(usage).every(
        ({ isWithinLimit, growth }) => isWithinLimit && growth <= MAX_GROWTH,
      )
    );
  } catch (error) {
    // Printed before anything is closed: what still runs fails then, and Node ends at its unhandled rejection.
    console.error(error);
    throw error;
  } finally {
    serve.stop();
    await fixture.close();
  }
}

/** @returns a function that returns whether the time is over */
function stopwatch(seconds: number): () => boolean {
  const end = performance.now() + seconds * 1000;
  return () => performance.now() > end;
}

/** @param tokens receives the tokens of images that are ready */
async function uploadContinuously(
  fixture: BenchFixture,
  files: readonly Buffer[],
  tokens: string[],
  isOver: () => boolean,
): Promise<UploadOutcome[]> {
  const outcomes: UploadOutcome[] = [];
  let next = 0;
  const uploadInTurn = async () => {
    while (!isOver()) {
      const index = next++;
      const outcome = await uploadOne(fixture, index, files[index % files.length] as Buffer);
      outcomes.push(outcome);
      if (outcome.token !== undefined && !tokens.includes(outcome.token))
        tokens.push(outcome.token);
    }
  };
  await Promise.all(Array.from({ length: UPLOADS_AT_A_TIME }, uploadInTurn));
  return outcomes;
}

interface SoakResponse extends ClientResponse {
  kind: string;
  isExpected: boolean;
}

/** Sends requests of all kinds at a fixed rate. */
async function requestContinuously(
  root: string,
  port: number,
  tokens: readonly string[],
  seconds: number,
): Promise<SoakResponse[]> {
  const { mintToken } = openProduct(root).token();
  const client = openClient(port, CONNECTIONS);
  const requests: SoakRequest[] = [];
  const responses = await sendPaced(client, REQUESTS_PER_SECOND, seconds, (index) => {
    const token = tokens[Math.floor(index / KINDS_PER_TOKEN) % tokens.length] ?? mintToken();
    return (requests[index] = soakRequest(index, token, mintToken));
  });
  client.close();
  return responses.map((response, index) => {
    const { kind, expected } = requests[index] as SoakRequest;
    return { ...response, kind, isExpected: expected.includes(response.status) };
  });
}

/** Medians of the third and of the last tenth: minutes 3 and 10 of a run of ten minutes. */
function summarize(samples: readonly number[], limit: number) {
  const tenth = (number: number) =>
    samples.slice(
      Math.floor(((number - 1) * samples.length) / 10),
      Math.ceil((number * samples.length) / 10),
    );
  const [early, late] = [median(tenth(3)), median(tenth(10))];
  const mebibytes = (bytes: number) => Math.round(bytes / MEBIBYTE);
  return {
    minute3Mib: mebibytes(early),
    minute10Mib: mebibytes(late),
    growth: Math.round((late / early) * 1000) / 1000,
    peakMib: mebibytes(Math.max(...samples)),
    limitMib: mebibytes(limit),
    isWithinLimit: Math.max(...samples) <= limit,
  };
}

/** Formats the memory of each function as a table. */
function memoryTable(usage: Record<string, ReturnType<typeof summarize>>): string {
  const head = ['memory, MiB', 'minute 3', 'minute 10', 'growth', 'peak', 'limit'];
  const rows = Object.entries(usage).map(([name, of]) =>
    [name, of.minute3Mib, of.minute10Mib, of.growth, of.peakMib, of.limitMib].map(String),
  );
  return table(head, rows);
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
