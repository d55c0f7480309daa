/**
 * The conformance table, row by row, over a real connection; docs/http.md is made from it
 * (`npm run docs`).
 */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { entityTag } from '../domain/entity-tag.js';
import { mintToken } from '../domain/token.js';
import { ROWS } from '../../test/serve/conformance-cases.js';
import { handleHttp } from './http.js';
import { openServeFixture } from '../../test/serve/serve-fixture.js';
import { STATES, type Row } from '../../test/serve/token-states.js';

const PAGE = join(__dirname, '..', '..', '..', 'docs', 'reference', 'http.md');
const ETAG = entityTag('w800.webp');

/** What every answer has. */
const ALWAYS = {
  'access-control-allow-origin': '*',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'timing-allow-origin': '*',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
};

let server: Server;
let scene: ReturnType<typeof openServeFixture>;
beforeAll(async () => {
  server = createServer((request, response) => void handleHttp(request, response, scene.serve));
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function ask({
  ask,
  headers = {},
}: Row): Promise<{ response: IncomingMessage; body: Buffer }> {
  const [method, address = ''] = ask.split(' ');
  const wanted = Object.entries(headers).map(([name, value]) => [name, value.replace('E', ETAG)]);
  const client = httpRequest({
    port: (server.address() as AddressInfo).port,
    method,
    path: address.replace('T', scene.token).replace(/^\/U/, `/${mintToken()}`),
    headers: Object.fromEntries(wanted) as Record<string, string>,
    agent: false,
  });
  const [response] = (await once(client.end(), 'response')) as [IncomingMessage];
  return { response, body: Buffer.concat((await response.toArray()) as Buffer[]) };
}

const nameOf = ({ state, ask, headers }: Row) =>
  `${state}: ${ask}${headers ? ` ${JSON.stringify(headers)}` : ''}`;

test.each(ROWS.map((row) => [nameOf(row), row] as const))('%s', async (_name, row) => {
  scene = openServeFixture();
  STATES[row.state].set(scene);
  const { response, body } = await ask(row);
  expect(response.statusCode).toBe(row.status);
  expect(response.headers).toMatchObject(ALWAYS);
  expect(response.headers['cache-control']).toBeDefined();
  for (const [name, value] of Object.entries(row.answer ?? {})) {
    const expected = value === null ? undefined : value.replace(/^E$/, ETAG);
    expect([name, response.headers[name]]).toEqual([name, expected]);
  }
  if (typeof row.body === 'number') expect(body).toHaveLength(row.body);
  else if (row.body !== undefined) expect(String(body)).toBe(row.body);
  const length = response.headers['content-length'];
  if (length !== undefined && !row.ask.startsWith('HEAD')) expect(length).toBe(String(body.length));
});

test('every "no" of one status is the same, header for header', async () => {
  const seen = new Map<number, Set<string>>();
  for (const row of ROWS.filter(({ status }) => [400, 404, 412].includes(status))) {
    scene = openServeFixture();
    STATES[row.state].set(scene);
    const { response, body } = await ask(row);
    // HEAD leaves out the body, and Node tells the time.
    const headers = { ...response.headers };
    delete headers.date;
    const text = row.ask.startsWith('HEAD') ? '' : String(body);
    const all = seen.get(row.status) ?? new Set();
    seen.set(row.status, all.add(JSON.stringify([headers, text || undefined])));
  }
  // 404 by GET and by HEAD.
  expect([...seen].map(([status, all]) => [status, all.size])).toEqual(
    expect.arrayContaining([
      [400, 1],
      [404, 2],
      [412, 1],
    ]),
  );
});

test('docs/http.md is made from the table', () => {
  const page = document();
  if (process.env['WRITE_DOCS'] !== undefined) writeFileSync(PAGE, page);
  // A checkout on Windows may have other ends of lines.
  expect(readFileSync(PAGE, 'utf8').replaceAll('\r\n', '\n')).toBe(page);
});

function document(): string {
  const code = (text: string) => `\`${text.replaceAll('|', '\\|')}\``;
  const list = (headers: Record<string, string | null> = {}) =>
    Object.entries(headers)
      .map(([name, value]) => (value === null ? `no ${code(name)}` : code(`${name}: ${value}`)))
      .join('<br>');
  const bodyOf = ({ body, ask }: Row) =>
    ask.startsWith('HEAD') || body === 0
      ? 'none'
      : typeof body === 'number'
        ? `${body} bytes`
        : body
          ? code(body)
          : '';
  const tables = Object.entries(STATES).map(([state, { about }]) => {
    const lines = ROWS.filter((row) => row.state === state).map(
      (row) =>
        `| ${code(row.ask)} | ${list(row.headers)} | ${row.status} | ${list(row.answer)} | ${bodyOf(row)} |`,
    );
    return `## ${about[0]?.toUpperCase()}${about.slice(1)}\n\n| asked | with | status | answer has | body |\n|---|---|---|---|---|\n${lines.join('\n')}\n`;
  });
  return `# What \`serve\` answers

Made by \`npm run docs\` from the table that \`functions/src/serve/conformance.test.ts\` asks over a real
connection, ${ROWS.length} rows. \`T\` is a public token (\`Tx\` one with a character too many, \`U\` one that nobody has), \`E\` the entity tag of
\`w800.webp\`. The picture has \`w800\` (WebP and JPEG of 800x600, here 9 and 8 bytes), \`thumb\` (WebP, a crop)
and \`w1600\` (WebP, 614 400 bytes). REVOCATION_SECONDS is 60. Every answer has these as well:

${list(ALWAYS).replaceAll('<br>', ',\n')}.

${tables.join('\n')}`;
}
