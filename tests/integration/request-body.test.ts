/** Bodies are refused before the functions emulator's runtime parses them. */
import { gzipSync } from 'node:zlib';
import { functionProcesses, peakResidentBytes } from '../../bench/lifecycle/workers.js';
import { mintToken } from '../../functions/src/domain/token.js';
import { get } from '../support/http.js';
import { TestContext } from '../support/stack.js';

const MEBIBYTE = 2 ** 20;
let context: TestContext;

beforeAll(() => {
  context = new TestContext();
});
afterAll(() => context.close());

/** Not gzip: inflating it would fail, and the response would be a 400. */
const INVALID_GZIP = { body: 'not gzip', headers: { 'Content-Encoding': 'gzip' } };

test.each(['POST', 'OPTIONS', 'DELETE'])('serve refuses %s with a body', async (method) => {
  const url = context.serveUrl(mintToken());
  const { status, headers, body } = await get(url, { method, ...INVALID_GZIP });
  expect([status, String(body)]).toEqual([413, 'Requests with a body are not accepted here.']);
  expect(headers.get('cache-control')).toBe('no-store');
  expect((await get(url)).status).toBe(404);
});

test.each([
  ['serve', 413],
  ['deleteUserImages', 415],
])('100 gzip bodies cost %s no memory (Linux)', async (target, expected) => {
  const url = context.stack.serve.replace(/serve$/, target);
  const body = gzipSync(`"${'a'.repeat(30 * MEBIBYTE)}"`);
  const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
  await get(url);
  const processes = () => functionProcesses(target, context.stack.pid);
  const before = Math.max(...processes().map(peakResidentBytes));
  const statuses = new Set<number>();
  for (let sent = 0; sent < 100; sent += 10) {
    const ten = Array.from({ length: 10 }, () => get(url, { method: 'POST', body, headers }));
    for (const { status } of await Promise.all(ten)) statuses.add(status);
  }
  expect([...statuses]).toEqual([expected]);
  const peaks = processes().map(peakResidentBytes);
  expect(peaks.length).toBeGreaterThan(0);
  expect(Math.max(...peaks) - before).toBeLessThan(64 * MEBIBYTE);
});

test('a callable function refuses an encoded body, and one of more than 64 KiB', async () => {
  const url = context.stack.serve.replace(/serve$/, 'deleteUserImages');
  expect((await get(url, { method: 'POST', ...INVALID_GZIP })).status).toBe(415);
  const body = JSON.stringify({ data: 'x'.repeat(65_536) });
  const headers = { 'Content-Type': 'application/json' };
  expect((await get(url, { method: 'POST', body, headers })).status).toBe(413);
  expect((await get(url, { method: 'POST', body: '{"data":{}}', headers })).status).toBe(403);
});
