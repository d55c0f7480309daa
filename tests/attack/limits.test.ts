/** Junk URLs and downloads in a loop, sent to `serve` of the built package on functions-framework. */
import pLimit from 'p-limit';
import { mintToken } from '../../functions/src/domain/token.js';
import { get, statusOf } from '../support/http.js';
import { startFunction, type RunningFunction } from './framework.js';
import { openGoogleApis, RENDITIONS, type GoogleApis } from './google-apis.js';

let apis: GoogleApis;
let serve: RunningFunction;

beforeAll(async () => {
  apis = await openGoogleApis();
  serve = await startFunction('serve', apis, { TOKEN_MEGABYTES_PER_MINUTE: '1' });
});
afterAll(async () => {
  await serve.stop();
  apis.close();
});

test('600 junk URLs cost no read, and do not refuse the next view of the same client', async () => {
  const statuses = new Set<number>();
  for (let sent = 0; sent < 300; sent++) {
    statuses.add(await statusOf(`${serve.url}/junk-${sent}`));
    statuses.add(await statusOf(`${serve.url}/${mintToken().slice(0, -1)}-/w400`));
  }
  expect([...statuses]).toEqual([404]);
  expect(apis.requests).toBe(0);
  expect(await statusOf(`${serve.url}/${mintToken()}/w400.webp`)).toBe(200);
});

test('a page of 500 broken images costs one read for each, and does not lock out its visitors', async () => {
  const urls = Array.from({ length: 500 }, () => `${serve.url}/${mintToken()}/w400.webp`);
  const before = apis.requests;
  apis.hasTokens = false;
  for (let visit = 0; visit < 2; visit++) {
    const visits = pLimit(20).map(urls, statusOf);
    expect(new Set(await visits)).toEqual(new Set([404]));
  }
  apis.hasTokens = true;
  // An unknown token is cached for ten seconds, which the second visit may exceed.
  expect(apis.requests - before).toBeLessThanOrEqual(2 * urls.length);
  expect(await statusOf(`${serve.url}/${mintToken()}/w400.webp`)).toBe(200);
}, 60_000);

test('a download in a loop gets one megabyte from memory, then 429; other images are not affected', async () => {
  const url = `${serve.url}/${mintToken()}/w800.webp`;
  const allowed = Math.floor(1_000_000 / RENDITIONS.w800.length);
  const statuses: number[] = [];
  for (let sent = 0; sent < 5 * allowed; sent++) statuses.push(await statusOf(url));
  const served = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  expect(served).toBeGreaterThanOrEqual(allowed);
  // A minute may end during the loop.
  expect(served).toBeLessThanOrEqual(2 * allowed);
  const { headers } = await get(url);
  expect(headers.get('ratelimit-policy')).toBe('"token-bytes";q=1000000;qu="content-bytes";w=60');
  expect(await statusOf(`${serve.url}/${mintToken()}/w800.webp`)).toBe(200);
}, 60_000);
