/** EDGE_KEY_HASHES: who gets an answer, and whom the rate limits count. */
import { hashEdgeKey, mintEdgeKey } from '../domain/edge-key.js';
import { openServeFixture } from '../../test/serve/serve-fixture.js';

const KEY = mintEdgeKey();
const NEXT = mintEdgeKey();
const closed = (quotas = { views: 0, token: 0, tokenBytes: 0 }) =>
  openServeFixture({ config: { edgeKeyHashes: [KEY, NEXT].map(hashEdgeKey), quotas } });
const withKey = (key: string | string[]) => ({ headers: { 'x-edge-key': key } });

test('each of the keys gets an answer', async () => {
  const { get, token } = closed();
  for (const key of [KEY, NEXT]) {
    expect((await get(`/${token}/w800.webp`, withKey(key))).status).toBe(200);
  }
});

test.each([
  ['no key', {}],
  ['an empty key', withKey('')],
  ['another key', withKey(mintEdgeKey())],
  ['the hash itself', withKey(hashEdgeKey(KEY))],
  ['a repeated header', withKey(`${KEY}, ${KEY}`)],
  ['a list', withKey([KEY])],
])('%s gets what an unknown token gets, for each method and URL', async (_title, request) => {
  const { get, token, backend } = closed();
  const unknown = await get('/unknown', withKey(KEY));
  for (const method of ['GET', 'OPTIONS', 'PUT']) {
    for (const url of [`/${token}/w800.webp`, `/${token}`, `/${token}?w=x`, '/seal-keys.json']) {
      expect(await get(url, { ...request, method })).toEqual(unknown);
    }
  }
  expect(unknown.status).toBe(404);
  expect(backend.calls).toEqual({});
});

/** Requests that each cost a read: the third is over a limit of 1, which holds for new and for known images. */
const READS = ['w800.webp', 'thumb.webp', 'w1600'];
const quotas = { views: 1, token: 0, tokenBytes: 0 };
const PROXY = '192.0.2.1';

test('without EDGE_KEY_HASHES nobody needs a key, and nobody can state an address', async () => {
  const { get, token } = openServeFixture({ config: { quotas } });
  const statuses: number[] = [];
  for (const [at, path] of READS.entries()) {
    const headers = { 'x-edge-client': `198.51.100.${at}` };
    statuses.push((await get(`/${token}/${path}`, { headers, remoteAddress: PROXY })).status);
  }
  expect(statuses).toEqual([200, 200, 429]);
});

test('rate limits count the address that the edge states', async () => {
  const { get, token } = closed(quotas);
  const from = async (client: string, path: string) => {
    const headers = { ...withKey(KEY).headers, 'x-edge-client': client };
    return (await get(`/${token}/${path}`, { headers, remoteAddress: PROXY })).status;
  };
  const statuses: number[] = [];
  for (const path of READS) statuses.push(await from('198.51.100.7', path));
  expect(statuses).toEqual([200, 200, 429]);
  expect(await from('198.51.100.8', 'w1600')).toBe(200);
});
