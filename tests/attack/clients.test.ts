/** Forged addresses behind each kind of proxy, sent to `serve` of the built package on functions-framework. */
import { mintToken } from '../../functions/src/domain/token.js';
import { get } from '../support/http.js';
import { startFunction, type RunningFunction } from './framework.js';
import { openGoogleApis, type GoogleApis } from './google-apis.js';

const VIEWS = 5;
const GOOGLE = '66.102.8.69';
const CLOUDFLARE = '162.158.10.20';
const LOAD_BALANCER = '203.0.113.10';

let apis: GoogleApis;
let serve: RunningFunction;
let networks = 0;

beforeAll(async () => {
  apis = await openGoogleApis();
  serve = await startFunction('serve', apis, {
    VIEWS_PER_MINUTE: String(VIEWS),
    TRUSTED_PROXIES: LOAD_BALANCER,
  });
});
afterAll(async () => {
  await serve.stop();
  apis.close();
});

/** What `serve` receives from a client that sends a forged address itself. */
type Proxy = (client: string, forged: string) => Record<string, string>;

/** The rows of the table in docs/guides/rate-limits.md. */
test.each<[string, Proxy]>([
  ['directly', (client, forged) => ({ 'X-Forwarded-For': `${forged},${client}` })],
  ['through Hosting', (client, forged) => ({ 'X-Forwarded-For': `${forged},${client},${GOOGLE}` })],
  [
    'through a load balancer',
    (client, forged) => ({ 'X-Forwarded-For': `${forged},${client},${LOAD_BALANCER}` }),
  ],
  [
    'through Cloudflare',
    (client, forged) => ({
      'X-Forwarded-For': `${forged},${client},${CLOUDFLARE}`,
      'CF-Connecting-IP': client,
    }),
  ],
  [
    'through Cloudflare and Hosting',
    (client, forged) => ({
      'X-Forwarded-For': `${forged},${client},${CLOUDFLARE},${GOOGLE}`,
      'CF-Connecting-IP': client,
    }),
  ],
  [
    'through Cloudflare and a load balancer',
    (client, forged) => ({
      'X-Forwarded-For': `${forged},${client},${CLOUDFLARE},${LOAD_BALANCER}`,
      'CF-Connecting-IP': client,
    }),
  ],
  [
    'directly, with headers of Cloudflare',
    (client, forged) => ({
      'X-Forwarded-For': `${forged},${CLOUDFLARE},${client}`,
      'CF-Connecting-IP': forged,
    }),
  ],
])('one client %s has one quota, and leaves those of others', async (_path, proxy) => {
  // No client of an earlier case.
  const network = `198.51.${++networks}`;
  const view = async (client: string, forged: string) => {
    const headers = proxy(client, forged);
    return (await get(`${serve.url}/${mintToken()}/w400.webp`, { headers })).status;
  };
  const victim = `${network}.2`;
  const statuses: number[] = [];
  for (let sent = 0; sent < 4 * VIEWS; sent++) {
    // Other addresses, to get their quotas, and the address of another client, to use up its quota.
    const forged = sent % 2 === 0 ? `192.0.2.${sent}` : victim;
    statuses.push(await view(`${network}.1`, forged));
  }
  const served = statuses.filter((status) => status === 200).length;
  expect(new Set(statuses)).toEqual(new Set([200, 429]));
  // A minute may end during the loop.
  expect(served).toBeLessThanOrEqual(2 * VIEWS);
  expect(served).toBeGreaterThanOrEqual(VIEWS);
  expect(await view(victim, '192.0.2.99')).toBe(200);
});
