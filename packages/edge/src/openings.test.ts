import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'jsonc-parser';
import { DEFAULTS } from '../../../functions/src/config/config.js';
import {
  openServeFixture,
  SEALING_KEYS,
  sealFor,
} from '../../../functions/test/serve/serve-fixture.js';
import { formatSealingKeys } from '../../../functions/src/domain/sealing-keys.js';
import { openEdge } from '../test/edge-fixture.js';
import { RETRY_AFTER_SECONDS } from './openings.js';
import type { RateLimitBinding } from './platform.js';

const SEALED = { SEALING_KEYS: formatSealingKeys(SEALING_KEYS) };
const LIMIT = 3;

/** A binding in memory, with the keys that it was asked for. */
function memoryLimit(): RateLimitBinding & { keys: string[] } {
  const keys: string[] = [];
  return {
    keys,
    limit({ key }) {
      keys.push(key);
      return Promise.resolve({ success: keys.filter((one) => one === key).length <= LIMIT });
    },
  };
}

/** @returns the edge, and the status of a view by a client */
function open(limit?: RateLimitBinding) {
  const { serve, token } = openServeFixture({ config: { bucket: 'bucket' } });
  const edge = openEdge(serve, { ...SEALED, ...(limit && { SEAL_LIMIT: limit }) });
  const get = (text: string, client: string | undefined) =>
    edge.get(`/${text}/w800.webp`, {
      headers: client === undefined ? {} : { 'cf-connecting-ip': client },
    });
  const status = async (text: string, client?: string) => (await get(text, client)).status;
  return { token, get, status };
}

/** Has the form and the key of a sealed token, and another ciphertext. */
const junk = (token: string) =>
  sealFor(token).replace(/..$/, (end) => (end === 'AA' ? 'BB' : 'AA'));

test('openings are rationed by their number, and only those of one client', async () => {
  const limit = memoryLimit();
  const { token, get, status } = open(limit);
  const statuses = [];
  for (const text of [junk(token), sealFor(token), junk(token)]) {
    statuses.push(await status(text, '192.0.2.1'));
  }
  expect(statuses).toEqual([404, 200, 404]);
  const refused = await get(sealFor(token), '192.0.2.1');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '60']);
  expect(refused.headers.get('cache-control')).toBe('no-store');
  expect(await status(sealFor(token), '192.0.2.2')).toBe(200);
  expect(await status(token, '192.0.2.1')).toBe(200);
});

test('what cannot be opened with any key is not counted', async () => {
  const limit = memoryLimit();
  const { token, status } = open(limit);
  const sealed = sealFor(token);
  const unknownKey = `${sealed.slice(0, 6)}__${sealed.slice(8)}`;
  for (const text of [unknownKey, 'sps_', `${sealed}A`, 'unknown']) {
    expect(await status(text, '192.0.2.1')).toBe(404);
  }
  expect(limit.keys).toEqual([]);
});

test('without an address, or without the binding, openings are not rationed', async () => {
  const limited = open(memoryLimit());
  const unlimited = open();
  for (let count = 0; count <= LIMIT; count++) {
    expect(await limited.status(sealFor(limited.token))).toBe(200);
    expect(await unlimited.status(sealFor(unlimited.token), '192.0.2.1')).toBe(200);
  }
});

test('a rate limit that fails refuses nobody, and is logged', async () => {
  const log = jest.spyOn(console, 'error').mockImplementation();
  const { token, status } = open({ limit: () => Promise.reject(new Error('down')) });
  expect(await status(sealFor(token), '192.0.2.1')).toBe(200);
  expect(log.mock.calls).toEqual([[expect.stringContaining('SEAL_LIMIT')]]);
  log.mockRestore();
});

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:0001:2::9', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8::/64'],
  ['::1', '::/64'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['no address', 'unknown'],
])('%s counts as %s', async (address, key) => {
  const limit = memoryLimit();
  const { token, status } = open(limit);
  await status(sealFor(token), address);
  expect(limit.keys).toEqual([key]);
});

test('wrangler.jsonc and the guide have the limit that serve has by default', () => {
  const root = join(__dirname, '..', '..', '..');
  const file = join(root, 'packages/edge/image-worker/wrangler.jsonc');
  const { ratelimits } = parse(readFileSync(file, 'utf8')) as {
    ratelimits: { name: string; simple: object }[];
  };
  const limit = Number(DEFAULTS.VIEWS_PER_MINUTE);
  const simple = { limit, period: RETRY_AFTER_SECONDS };
  expect(ratelimits).toMatchObject([{ name: 'SEAL_LIMIT', simple }]);
  const guide = readFileSync(join(root, 'docs/guides/edge.md'), 'utf8');
  expect(guide).toContain(`allows ${limit} openings a minute`);
});
