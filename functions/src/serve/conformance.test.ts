/**
 * Sends every conformance case over a real connection, and generates docs/reference/http.md from the cases
 * (`npm run docs`).
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { entityTag } from '../domain/entity-tag.js';
import { mintToken } from '../domain/token.js';
import { CASES } from '../../test/serve/conformance-cases.js';
import { handleHttp } from './http.js';
import { LENGTH_LIMITS } from './length-limits.js';
import type { openServeFixture } from '../../test/serve/serve-fixture.js';
import { openInState, STATES, type ConformanceCase } from '../../test/serve/token-states.js';

const PAGE = join(__dirname, '..', '..', '..', 'docs', 'reference', 'http.md');
const ETAG = entityTag('w800.webp');

/** The headers of every response. */
const COMMON_HEADERS = {
  'access-control-allow-origin': '*',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'timing-allow-origin': '*',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
};

let server: Server;
let fixture: ReturnType<typeof openServeFixture>;
beforeAll(async () => {
  server = createServer((request, response) => void handleHttp(request, response, fixture.serve));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function send({
  request,
  headers = {},
}: ConformanceCase): Promise<{ response: IncomingMessage; body: Buffer }> {
  const [method, path = ''] = request.split(' ');
  const sent = Object.entries(headers).map(([name, value]) => [name, value.replace('E', ETAG)]);
  const client = httpRequest({
    port: (server.address() as AddressInfo).port,
    method,
    path: path.replace('T', fixture.token).replace(/^\/U/, `/${mintToken()}`),
    headers: Object.fromEntries(sent) as Record<string, string>,
    agent: false,
  });
  const [response] = (await once(client.end(), 'response')) as [IncomingMessage];
  return { response, body: Buffer.concat((await response.toArray()) as Buffer[]) };
}

const titleOf = ({ state, request, headers }: ConformanceCase) =>
  `${state}: ${request}${headers ? ` ${JSON.stringify(headers)}` : ''}`;

test.each(CASES.map((each) => [titleOf(each), each] as const))('%s', async (_title, each) => {
  fixture = await openInState(each.state);
  const { response, body } = await send(each);
  expect(response.statusCode).toBe(each.status);
  expect(response.headers).toMatchObject(COMMON_HEADERS);
  expect(response.headers['cache-control']).toBeDefined();
  for (const [name, value] of Object.entries(each.response ?? {})) {
    const expected = value === null ? undefined : value.replace(/^E$/, ETAG);
    expect([name, response.headers[name]]).toEqual([name, expected]);
  }
  if (typeof each.body === 'number') expect(body).toHaveLength(each.body);
  else if (each.body !== undefined) expect(String(body)).toBe(each.body);
  const length = response.headers['content-length'];
  if (length !== undefined && !each.request.startsWith('HEAD'))
    expect(length).toBe(String(body.length));
});

test('refusals with the same status have identical headers and bodies', async () => {
  const seen = new Map<number, Set<string>>();
  for (const each of CASES.filter(({ status }) => [400, 404, 412].includes(status))) {
    fixture = await openInState(each.state);
    const { response, body } = await send(each);
    // A response to HEAD has no body; the value of Date changes.
    const headers = { ...response.headers };
    delete headers.date;
    const text = each.request.startsWith('HEAD') ? '' : String(body);
    const all = seen.get(each.status) ?? new Set();
    seen.set(each.status, all.add(JSON.stringify([headers, text || undefined])));
  }
  // 404 to GET, and to HEAD.
  expect([...seen].map(([status, all]) => [status, all.size])).toEqual(
    expect.arrayContaining([
      [400, 1],
      [404, 2],
      [412, 1],
    ]),
  );
});

test('docs/reference/http.md is up to date', () => {
  const page = renderPage();
  if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(PAGE, page);
  // Git may check the file out with CRLF line ends on Windows.
  expect(readFileSync(PAGE, 'utf8').replaceAll('\r\n', '\n')).toBe(page);
});

/** `if-none-match` -> `If-None-Match`. */
const headerName = (name: string) => name.replace(/(?<![a-z])[a-z]/g, (a) => a.toUpperCase());

function renderPage(): string {
  const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
  const list = (headers: Record<string, string | null> = {}) =>
    Object.entries(headers)
      .map(([name, value]) => (value === null ? `no ${code(name)}` : code(`${name}: ${value}`)))
      .join('<br>');
  const bodyOf = ({ body, request }: ConformanceCase) =>
    request.startsWith('HEAD') || body === 0
      ? 'none'
      : typeof body === 'number'
        ? `${body} bytes`
        : body
          ? code(body)
          : '';
  const tables = Object.entries(STATES).map(([state, { about }]) => {
    const lines = CASES.filter((each) => each.state === state).map(
      (each) =>
        `| ${code(each.request)} | ${list(each.headers)} | ${each.status} | ${list(each.response)} | ${bodyOf(each)} |`,
    );
    return `## ${about[0]?.toUpperCase()}${about.slice(1)}\n\n| request | request headers | status | response headers | body |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  const limits = Object.entries(LENGTH_LIMITS).map(([part, { max, longer, reason, ...rest }]) => {
    const isOfUrl = part === 'path' || part === 'query';
    const size = 'maxMembers' in rest ? `${max}, in ${rest.maxMembers} list members` : max;
    return `| ${isOfUrl ? part : code(headerName(part))} | ${size} | ${longer} | ${reason} |`;
  });
  return `# HTTP responses of \`serve\`

Generated by \`npm run docs\` from ${CASES.length} conformance cases, which
\`functions/src/serve/conformance.test.ts\` sends over a real connection.

In the tables, \`T\` is a public token, \`Tx\` the same token with an extra character, \`U\` an unknown token and \`E\` the entity
tag of \`w800.webp\`. The image has the variants \`w800\` (800x600, as WebP of 9 bytes and JPEG of 8 bytes), \`thumb\` (WebP,
cropped) and \`w1600\` (WebP, 614 400 bytes). REVOCATION_SECONDS is 60. Every response also has these headers:

${list(COMMON_HEADERS).replaceAll('<br>', ',\n')}.

## Length limits

Longer values are not parsed, so that no request costs much more time than an ordinary one.

| part of the request | characters | a longer value | reason |
|---|---|---|---|
${limits.join('\n')}

${tables.join('\n')}`;
}
