/** Views while Firestore is down, sent to `serve` of the built package on functions-framework. */
import { mintToken } from '../../functions/src/domain/token.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { startFunction, type RunningFunction } from './framework.js';
import { openGoogleApis, type GoogleApis } from './google-apis.js';

const PARAMETERS = {
  REVOCATION_SECONDS: '1',
  VIEWS_PER_MINUTE: '0',
  TOKEN_VIEWS_PER_MINUTE: '0',
};

let apis: GoogleApis;
let serve: RunningFunction;

beforeAll(async () => {
  apis = await openGoogleApis();
  serve = await startFunction('serve', apis, PARAMETERS);
});
afterAll(async () => {
  await serve.stop();
  apis.close();
});

test('500 views during an outage are refused with few reads and nothing stale, then served again', async () => {
  const urlOf = (token: string) => `${serve.url}/${token}/w400.webp`;
  const cached = urlOf(mintToken());
  expect(await statusOf(cached)).toBe(200);

  apis.status = 503;
  const before = apis.requests;
  const responses = new Set<string>();
  const sendMany = async () => {
    for (let sent = 0; sent < 25; sent++) {
      const { status, headers } = await get(urlOf(mintToken()));
      responses.add(`${status}, Retry-After: ${headers.get('retry-after')}`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, sendMany));
  expect([...responses]).toEqual(['503, Retry-After: 5']);
  // Four attempts for each of the 20 concurrent views before the outage is known, then one a second.
  expect(apis.requests - before).toBeLessThan(250);

  // REVOCATION_SECONDS after its record was read, whatever is in memory.
  await eventually(
    () => statusOf(cached),
    (status) => expect(status).toBe(503),
    10_000,
  );
  for (let sent = 0; sent < 20; sent++) expect(await statusOf(cached)).toBe(503);

  apis.status = 200;
  await eventually(
    () => statusOf(cached),
    (status) => expect(status).toBe(200),
    30_000,
  );
}, 120_000);
