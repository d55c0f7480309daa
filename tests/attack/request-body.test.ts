/** Requests with a body, sent to functions of the built package on functions-framework. */
import { mintToken } from '../../functions/src/domain/token.js';
import { get } from '../support/http.js';
import { startFunction, type RunningFunction } from './framework.js';
import { openGoogleApis, RENDITIONS, type GoogleApis } from './google-apis.js';

let apis: GoogleApis;
let serve: RunningFunction;

beforeAll(async () => {
  apis = await openGoogleApis();
  serve = await startFunction('serve', {
    FIRESTORE_EMULATOR_HOST: apis.host,
    STORAGE_EMULATOR_HOST: `http://${apis.host}`,
  });
});
afterAll(async () => {
  await serve.stop();
  apis.close();
});

test('serve returns a rendition', async () => {
  const { status, body } = await get(`${serve.url}/${mintToken()}/w400.webp`);
  expect([status, body.equals(RENDITIONS.w400)]).toEqual([200, true]);
});
