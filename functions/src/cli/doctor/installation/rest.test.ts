import { z } from 'zod';
import { denied, openGoogleDouble, type Reply } from '../../../../test/cli/doctor/google-double.js';
import { CredentialsError, type ApiRequest } from './rest.js';

const KEY = 'GET api.googleapis.com/v1/thing';
const REQUEST: ApiRequest<{ name: string }> = {
  url: 'https://api.googleapis.com/v1/thing',
  permission: 'api.things.get',
  schema: z.object({ name: z.string() }),
};

async function answerTo(reply: Reply, options: { timeoutMs?: number; maxBytes?: number } = {}) {
  const double = await openGoogleDouble({ [KEY]: reply });
  try {
    return await double.client(options).send(REQUEST);
  } finally {
    await double.close();
  }
}

test('sends the access token and returns the parts that the schema names', async () => {
  const double = await openGoogleDouble({ [KEY]: { body: { name: 'a', other: 1 } } });
  const answer = await double.client({ token: 'ya29.x' }).send(REQUEST);
  await double.close();
  expect(answer).toEqual({ value: { name: 'a' } });
  expect(double.sent[0]?.headers).toMatchObject({ authorization: 'Bearer ya29.x' });
});

test.each<[string, Reply, { timeoutMs?: number; maxBytes?: number }, object]>([
  [
    'no response in time',
    { hangs: true },
    { timeoutMs: 50 },
    { status: 0, reason: 'no response within 0.05 s' },
  ],
  [
    'a response that is too long',
    { body: { name: 'x'.repeat(100) } },
    { maxBytes: 50 },
    { status: 0, reason: 'a response of more than 50 bytes' },
  ],
  [
    'another format',
    { body: { name: 7 } },
    {},
    { status: 200, reason: 'a response of another format (name)' },
  ],
  [
    'no JSON',
    { body: '<html>' },
    {},
    { status: 200, reason: 'a response of another format (name)' },
  ],
  ['an error without a body', { status: 503, body: '' }, {}, { status: 503, reason: 'HTTP 503' }],
  [
    'an error with control characters',
    { status: 500, body: { error: { message: 'a\u001b[2J' } } },
    {},
    { status: 500, reason: 'a\\u001b[2J' },
  ],
  [
    'a redirect',
    { status: 302, headers: { Location: 'https://other.example/' } },
    {},
    { status: 302, reason: 'HTTP 302' },
  ],
])('returns a failure for %s', async (_, reply, options, failure) => {
  await expect(answerTo(reply, options)).resolves.toEqual(failure);
});

test('returns a failure for a host that does not answer', async () => {
  const double = await openGoogleDouble({});
  await double.close();
  await expect(double.client().send(REQUEST)).resolves.toEqual({
    status: 0,
    reason: 'no response (ECONNREFUSED)',
  });
});

test('throws a sentence without the token if Google rejects it', async () => {
  const sent = answerTo({ status: 401, body: { error: { message: 'ya29.secret is invalid' } } });
  await expect(sent).rejects.toThrow(CredentialsError);
  await expect(sent).rejects.toThrow(/^expected credentials that Google accepts.*gcloud auth/);
  await expect(sent).rejects.not.toThrow(/ya29/);
});

test('names the project of the quota only to APIs that need one', async () => {
  const message =
    'Your application is authenticating by using local Application Default Credentials. The api.googleapis.com API requires ' +
    'a quota project, which is not set by default.';
  const reason = { reason: 'SERVICE_DISABLED', metadata: { service: 'api.googleapis.com' } };
  const double = await openGoogleDouble({
    [KEY]: ({ headers }) =>
      headers['x-goog-user-project'] === 'demo-shop'
        ? { body: { name: 'a' } }
        : { status: 403, body: { error: { message, details: [reason] } } },
    'GET other.googleapis.com/v1/thing': ({ headers }) => ({
      body: { name: headers['x-goog-user-project'] ?? 'none' },
    }),
  });
  const client = double.client();
  const answers = [
    await client.send(REQUEST),
    await client.send(REQUEST),
    await client.send({ ...REQUEST, url: 'https://other.googleapis.com/v1/thing' }),
  ];
  await double.close();
  expect(answers).toEqual([
    { value: { name: 'a' } },
    { value: { name: 'a' } },
    { value: { name: 'none' } },
  ]);
  // Only the first request is sent twice.
  expect(double.sent).toHaveLength(4);
});

test('gets all pages of a list, and gives up after fifty', async () => {
  const page = z.object({ items: z.array(z.string()), nextPageToken: z.string().optional() });
  const request = { ...REQUEST, schema: page };
  const double = await openGoogleDouble({
    [KEY]: ({ query }) => ({
      body:
        query.get('pageToken') === '2' ? { items: ['b'] } : { items: ['a'], nextPageToken: '2' },
    }),
  });
  const client = double.client();
  const all = await client.list(request, ({ items }) => items);
  double.replies[KEY] = { body: { items: [], nextPageToken: '1' } };
  const endless = await client.list(request, ({ items }) => items);
  double.replies[KEY] = denied('api.things.list');
  const refused = await client.list(request, ({ items }) => items);
  await double.close();
  expect(all).toEqual({ value: ['a', 'b'] });
  expect(endless).toEqual({ status: 200, reason: 'a list of more than 50 pages' });
  expect(refused).toMatchObject({ status: 403, permission: 'api.things.list' });
});

test('sends no credentials to public URLs, and does not follow redirects', async () => {
  const double = await openGoogleDouble({
    'GET shop.example/i': { status: 301, headers: { Location: 'https://shop.example/' } },
  });
  const answer = await double.client().anonymous('https://shop.example/i');
  await double.close();
  expect(answer).toMatchObject({ value: { status: 301 } });
  expect(double.sent[0]?.headers).not.toHaveProperty('authorization');
});
