/** Long and malicious headers, sent to `serve` of the built package on functions-framework. */
import { mintToken } from '../../functions/src/domain/token.js';
import { get } from '../support/http.js';
import { startFunction, type RunningFunction } from './framework.js';
import { openGoogleApis, type GoogleApis } from './google-apis.js';

/** Close to the 16 KiB of headers that Node's HTTP server accepts in total. */
const LONG = 15_000;
const VIEWS = 100;
/** Time of views with a malicious header compared with that of plain ones: before, up to 100,000 times. */
const MAX_RATIO = 5;
const ROUNDS = 5;

let apis: GoogleApis;
let serve: RunningFunction;
let url: string;

beforeAll(async () => {
  apis = await openGoogleApis();
  serve = await startFunction('serve', apis, { TOKEN_MEGABYTES_PER_MINUTE: '0' });
  url = `${serve.url}/${mintToken()}/w400`;
  await get(url);
});
afterAll(async () => {
  await serve.stop();
  apis.close();
});

/** @returns how long `VIEWS` requests one after the other take, milliseconds */
async function measure(headers: Record<string, string>): Promise<number> {
  const start = performance.now();
  for (let sent = 0; sent < VIEWS; sent++) {
    expect([200, 304, 412, 416]).toContain((await get(url, { headers })).status);
  }
  return performance.now() - start;
}

test.each<[string, Record<string, string>]>([
  ['121 bytes of Range', { Range: `bytes=0-${' ,0-'.repeat(28)}x` }],
  ['15,000 spaces in Range', { Range: `bytes=0-${' '.repeat(LONG)}x` }],
  ['15 KB of Range', { Range: `bytes=0-${' ,0-'.repeat(LONG / 4)}x` }],
  ['15 KB of Accept', { Accept: 'image/x;q=0.1,'.repeat(LONG / 14) }],
  ['15,000 spaces in Accept', { Accept: `image/webp${' '.repeat(LONG)};q=0.1` }],
  ['15 KB of If-None-Match', { 'If-None-Match': '"a",W/"b",'.repeat(LONG / 10) }],
  ['15,000 spaces in If-None-Match', { 'If-None-Match': `"a"${' '.repeat(LONG)}x` }],
  ['15 KB of If-Match', { 'If-Match': '"a","b",'.repeat(LONG / 8) }],
  ['15 KB of X-Forwarded-For', { 'X-Forwarded-For': '1.2.3.4, '.repeat(LONG / 9) }],
])(
  'views with %s cost as much as plain ones, within a factor of five',
  async (_title, headers) => {
    // The shortest of interleaved rounds: other processes only add time.
    const times = { plain: Infinity, malicious: Infinity };
    for (let round = 0; round < ROUNDS; round++) {
      times.plain = Math.min(times.plain, await measure({}));
      times.malicious = Math.min(times.malicious, await measure(headers));
    }
    expect(times.malicious / times.plain).toBeLessThan(MAX_RATIO);
  },
  120_000,
);
