/** Time to first byte of widths on demand on the local stack: the first view, the wait until the width is there, and later views. */
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { median, table } from '../figures.js';
import { openBenchFixture } from '../lifecycle/fixture.js';
import type { BenchPaths } from '../paths.js';
import { writeResults } from '../results.js';

/** Made of the variants of 400, 800 and 1600 pixels. */
const WIDTHS = [160, 240, 320, 480, 640, 960];
const PHOTO = join('tests', 'fixtures', 'photos', 'seeding.jpg');
const VIEWS = 20;
/** Views until the width is there, and the pause between them, milliseconds. */
const MAX_POLLS = 600;
const POLL_MS = 50;

interface View {
  status: number;
  cacheControl: string | undefined;
  /** Milliseconds from the request to the headers. */
  firstByteMs: number;
}

interface Row {
  width: number;
  /** Answered with the nearest existing size. */
  firstMs: number;
  /** From the first view until a view gets the width itself. */
  madeAfterMs: number;
  /** Median. */
  laterMs: number;
}

/** Prints a table and writes ondemand-first-byte.json. */
export async function measureFirstByte(paths: BenchPaths): Promise<void> {
  const parameters = { WIDTHS: WIDTHS.join(), FORMATS: 'webp,jpeg', REVOCATION_SECONDS: '60' };
  const fixture = await openBenchFixture(paths.root, parameters);
  try {
    const photo = readFileSync(join(paths.root, PHOTO));
    const upload = async () => {
      const { record } = await fixture.upload(await fixture.user(), photo);
      return fixture.serveUrl(record.token);
    };
    // Starts the functions, which the figures are not about.
    await measureWidth(await upload(), WIDTHS[0] as number);
    const url = await upload();
    await view(`${url}/w800.webp`);
    const rows: Row[] = [];
    for (const width of WIDTHS) rows.push(await measureWidth(url, width));
    writeResults(paths, 'ondemand-first-byte', { rows });
    const lines = rows.map(({ width, firstMs, madeAfterMs, laterMs }) =>
      [width, firstMs.toFixed(1), madeAfterMs.toFixed(0), laterMs.toFixed(1)].map(String),
    );
    const head = ['width', 'first view, ms', 'there after, ms', 'later views, ms'];
    process.stdout.write(`time to first byte, WebP, local stack\n${table(head, lines)}`);
  } finally {
    await fixture.close();
  }
}

async function measureWidth(base: string, width: number): Promise<Row> {
  const url = `${base}?w=${width}&f=webp`;
  const start = performance.now();
  const first = await view(url);
  if (first.cacheControl !== 'no-store') {
    throw new Error(`expected no-store for a missing width, found ${first.cacheControl}`);
  }
  for (let poll = 0; (await view(url)).cacheControl === 'no-store'; poll++) {
    if (poll === MAX_POLLS) throw new Error(`expected the width ${width} to be made`);
    await delay(POLL_MS);
  }
  const madeAfterMs = performance.now() - start;
  const later: number[] = [];
  for (let at = 0; at < VIEWS; at++) later.push((await view(url)).firstByteMs);
  return { width, firstMs: first.firstByteMs, madeAfterMs, laterMs: median(later) };
}

function view(url: string): Promise<View> {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const sent = request(url, (response) => {
      const { statusCode: status = 0, headers } = response;
      const firstByteMs = performance.now() - start;
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        if (status === 200)
          resolve({ status, cacheControl: headers['cache-control'], firstByteMs });
        else reject(new Error(`expected status 200, found ${status}`));
      });
    });
    sent.on('error', reject).end();
  });
}
