/** Requests with a body, sent to functions of the built package on functions-framework. */
import { once } from 'node:events';
import { request, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { mintToken } from '../../functions/src/domain/token.js';
import { get } from '../support/http.js';
import { startFunction, type RunningFunction } from './framework.js';
import { openGoogleApis, RENDITIONS, type GoogleApis } from './google-apis.js';

const MEBIBYTE = 2 ** 20;
/** Resident memory that any number of these requests may add, bytes. One body alone takes 300 MiB. */
const MAX_GROWTH = 64 * MEBIBYTE;

const JSON_TEXT = jsonString(300 * MEBIBYTE);
/** About 500 bytes that become 300 MiB of JSON. */
const BROTLI_BOMB = brotliCompressSync(JSON_TEXT, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 5 },
});
/** About 30 KB that become 30 MiB of JSON. */
const GZIP_BOMB = gzipSync(jsonString(30 * MEBIBYTE));
const JSON_TYPE = { 'Content-Type': 'application/json' };

let apis: GoogleApis;
let running: RunningFunction;

async function start(target: string) {
  apis = await openGoogleApis();
  running = await startFunction(target, apis);
}
async function stop() {
  await running.stop();
  apis.close();
}

/** Sends a request with a body. @returns the status of the response */
async function send(
  body: Buffer,
  { method = 'GET', headers = {} }: { method?: string; headers?: OutgoingHttpHeaders } = {},
): Promise<number | undefined> {
  const isChunked = headers['Transfer-Encoding'] !== undefined;
  const length = isChunked ? {} : { 'Content-Length': body.length };
  const sent = request({
    port: running.port,
    method,
    headers: { ...headers, ...length },
    agent: false,
  });
  const response = once(sent, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
  sent.end(body);
  const [message] = await response;
  // The connection is closed while the rest of the body is being sent.
  sent.on('error', () => undefined);
  message.resume();
  return message.statusCode;
}

/** Sends 100 requests, ten at a time. @returns every status that occurred */
async function sendHundred(sendOne: () => Promise<number | undefined>): Promise<unknown[]> {
  const statuses = new Set<unknown>();
  const sendTen = async () => {
    for (let sent = 0; sent < 10; sent++) statuses.add(await sendOne());
  };
  await Promise.all(Array.from({ length: 10 }, sendTen));
  return [...statuses];
}

/** Runs an attack. @returns how much the peak of resident memory grew, bytes */
async function measureGrowth(attack: () => Promise<unknown>): Promise<number> {
  const { peak } = running.memory();
  await attack();
  return running.memory().peak - peak;
}

describe('serve', () => {
  beforeAll(() => start('serve'));
  afterAll(stop);

  const view = async () => {
    const { status, body } = await get(`${running.url}/${mintToken()}/w400.webp`);
    return status === 200 && body.equals(RENDITIONS.w400);
  };

  test('returns a rendition', async () => {
    expect(await view()).toBe(true);
  });

  test.each<[string, Buffer, OutgoingHttpHeaders]>([
    ['30 KB of gzip that become 30 MiB', GZIP_BOMB, { 'Content-Encoding': 'gzip', ...JSON_TYPE }],
    ['500 bytes of Brotli that become 300 MiB', BROTLI_BOMB, { 'Content-Encoding': 'br' }],
    ['10 MB of JSON', jsonString(10 * MEBIBYTE), JSON_TYPE],
    ['10 MB in chunks', jsonString(10 * MEBIBYTE), { 'Transfer-Encoding': 'chunked' }],
  ])('refuses 100 requests with %s, and serves meanwhile', async (_title, body, headers) => {
    let statuses: unknown[] = [];
    let views = 0;
    const growth = await measureGrowth(async () => {
      let isOver = false;
      const attack = sendHundred(() => send(body, { headers })).finally(() => (isOver = true));
      do {
        if (await view()) views += 1;
      } while (!isOver);
      statuses = await attack;
    });
    expect(statuses).toEqual([413]);
    expect(views).toBeGreaterThan(0);
    expect(growth).toBeLessThan(MAX_GROWTH);
    expect(running.hasEnded).toBe(false);
  });

  test('closes the connections of 100 clients that never send their body', async () => {
    const responses = Array.from({ length: 100 }, () => {
      const socket = connect(running.port, '127.0.0.1').on('error', () => undefined);
      socket.write('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n');
      return text(socket);
    });
    for (const response of await Promise.all(responses)) expect(response).toMatch(/^HTTP\S+ 413/);
  });
});

describe('a callable function', () => {
  beforeAll(() => start('deleteUserImages'));
  afterAll(stop);

  const call = (body: Buffer, headers: OutgoingHttpHeaders = {}) =>
    send(body, { method: 'POST', headers: { ...JSON_TYPE, ...headers } });

  test('reads a body of 64 KiB', async () => {
    const data = JSON.stringify({ data: 'x'.repeat(64 * 1024 - 11) });
    expect(data).toHaveLength(64 * 1024);
    // Not signed in.
    expect(await call(Buffer.from(data))).toBe(403);
    expect(await call(Buffer.from(data), { 'Transfer-Encoding': 'chunked' })).toBe(403);
    expect(await call(Buffer.from(`${data} `))).toBe(413);
    expect(await call(Buffer.from(`${data} `), { 'Transfer-Encoding': 'chunked' })).toBe(413);
  });

  test.each<[string, number, Buffer, OutgoingHttpHeaders]>([
    ['30 KB of gzip that become 30 MiB', 415, GZIP_BOMB, { 'Content-Encoding': 'gzip' }],
    ['500 bytes of Brotli that become 300 MiB', 415, BROTLI_BOMB, { 'Content-Encoding': 'br' }],
    ['10 MB of JSON', 413, jsonString(10 * MEBIBYTE), {}],
    ['10 MB in chunks', 413, jsonString(10 * MEBIBYTE), { 'Transfer-Encoding': 'chunked' }],
  ])('refuses 100 requests with %s', async (_title, status, body, headers) => {
    let statuses: unknown[] = [];
    const growth = await measureGrowth(async () => {
      statuses = await sendHundred(() => call(body, headers));
    });
    expect(statuses).toEqual([status]);
    expect(growth).toBeLessThan(MAX_GROWTH);
  });
});

describe('a function that Google alone calls', () => {
  beforeAll(() => start('cleanup'));
  afterAll(stop);

  test('refuses a body of more than 1 MiB', async () => {
    const body = jsonString(2 * MEBIBYTE);
    const options = { method: 'POST', headers: JSON_TYPE };
    expect(await send(body, options)).toBe(413);
    expect(await send(body.subarray(0, MEBIBYTE), options)).not.toBe(413);
  });
});

/** A JSON string of so many bytes. */
function jsonString(bytes: number): Buffer {
  const string = Buffer.alloc(bytes, 'a');
  string.write('"', 0);
  string.write('"', bytes - 1);
  return string;
}
