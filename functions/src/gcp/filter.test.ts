/** The request to the content filter, against a local HTTP double. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openFilter, type FilterQuestion } from './filter.js';

const QUESTION: FilterQuestion = {
  ...{ uid: 'alice', imageId: 'cat', bucket: 'b', name: 'originals/alice/cat', generation: '7' },
  contentType: 'image/jpeg',
  bytes: 5,
};
const EMULATOR = { FUNCTIONS_EMULATOR: 'true' };

type Respond = (response: ServerResponse, request: IncomingMessage, body: string) => unknown;

/** @returns what the filter's caller gets from a double that responds so */
async function ask(respond: Respond, environment = {}, path = '/check?key=secret') {
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      respond(response, request, Buffer.concat(chunks as Buffer[]).toString());
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const audiences: string[] = [];
  const identityToken = (audience: string) => {
    audiences.push(audience.replace(String(port), 'PORT'));
    return Promise.resolve('identity');
  };
  const filter = { url: `http://127.0.0.1:${port}${path}`, timeoutSeconds: 1 };
  try {
    const askFilter = openFilter({ ...filter, onFailure: 'hold' }, environment, identityToken);
    return { verdict: await askFilter(QUESTION), audiences };
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test.each(['allow', 'hold', 'reject'])('the verdict %s', async (verdict) => {
  let received: unknown[] = [];
  const { audiences, ...answer } = await ask((response, request, body) => {
    const { method, url, headers } = request;
    received = [method, url, headers.authorization, headers['content-type'], JSON.parse(body)];
    response.end(JSON.stringify({ verdict, more: 1 }));
  });
  expect(answer).toEqual({ verdict });
  expect(received).toEqual([
    ...['POST', '/check?key=secret', 'Bearer identity', 'application/json'],
    QUESTION,
  ]);
  expect(audiences).toEqual(['http://127.0.0.1:PORT/check']);
});

test('in the emulator, the request has no identity token', async () => {
  let authorization: string | undefined = 'none received';
  const { audiences } = await ask((response, request) => {
    ({ authorization } = request.headers);
    response.end('{"verdict":"allow"}');
  }, EMULATOR);
  expect([authorization, audiences]).toEqual([undefined, []]);
});

test.each<[string, Respond, object]>([
  [
    'another status',
    (response) => response.writeHead(500).end('{"verdict":"allow"}'),
    { code: 500 },
  ],
  ['no content', (response) => response.writeHead(204).end(), { code: 204 }],
  ['text', (response) => response.end('allow'), { code: 'no JSON' }],
  ['null', (response) => response.end('null'), { code: 'another answer' }],
  [
    'another verdict',
    (response) => response.end('{"verdict":"Allow"}'),
    { code: 'another answer' },
  ],
  [
    'a long answer',
    (response) => response.end(`{"verdict":"allow","x":"${'x'.repeat(5000)}"}`),
    { code: 'a long answer' },
  ],
  [
    'a redirect',
    (response) => response.writeHead(307, { Location: 'http://127.0.0.1:9/' }).end(),
    { name: 'TypeError' },
  ],
  ['no answer', () => undefined, { name: 'TimeoutError' }],
  ['an answer without an end', (response) => response.write('{'), { name: 'TimeoutError' }],
])('%s is no verdict', async (_name, respond, error) => {
  await expect(ask(respond, EMULATOR)).rejects.toMatchObject(error);
});
