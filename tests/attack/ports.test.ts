/** Clients that send nonsense to the ports of the stack's emulators: each emulator goes on. */
import * as net from 'node:net';
import { photo } from '../support/pictures.js';
import { TestContext, testStack } from '../support/stack.js';

const MIB = 1024 * 1024;
/** An emulator that waits for the rest of a request is left after this long, ms. */
const PATIENCE_MS = 500;
const { auth, firestore, storage, functions, tasks, hosting, projectId, bucket } = testStack();
const PORTS = { auth, firestore, storage, functions, tasks, hosting };

let context: TestContext;

beforeAll(() => {
  context = new TestContext();
});
afterAll(() => context.close());

/** Sends bytes. @returns what is answered until the connection ends, or nothing comes for a while */
async function exchange(address: string, data: string | Buffer): Promise<string> {
  const [host = '', port = ''] = address.split(':');
  const socket = net.connect(Number(port), host);
  let answer = '';
  socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
  // The emulator may close the connection while the client still sends.
  socket.on('error', () => undefined);
  socket.setTimeout(PATIENCE_MS, () => socket.destroy());
  socket.write(data);
  await new Promise((resolve) => socket.once('close', resolve));
  return answer;
}

const noise = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 37 + 11) % 256));
const INPUTS: [string, string | Buffer, RegExp][] = [
  ['noise', noise, /^(HTTP\/1\.1 400|$)/],
  ['a TLS handshake', Buffer.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]), /^(HTTP\/1\.1 400|$)/],
  ['the preface of HTTP/2 and noise', `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\xff'.repeat(1000)}`, /^/],
  ['headers of 1 MB', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(MIB)}\r\n\r\n`, /^HTTP\/1\.1 431/],
  ['half a request', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{', /^/],
  ['a path with errors', 'GET /%ff%zz/../..//?%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 [2345]/],
]; // prettier-ignore

describe.each(Object.entries(PORTS))('%s', (_name, address) => {
  test.each(INPUTS)('goes on after %s', async (_input, data, expected) => {
    expect(await exchange(address, data)).toMatch(expected);
    const response = await fetch(`http://${address}/`);
    expect(response.status).toBeGreaterThanOrEqual(200);
    await response.text();
  });
});

test.each([
  ['sign-up', `http://${auth}/identitytoolkit.googleapis.com/v1/accounts:signUp?key=a`],
  ['upload', `http://${storage}/v0/b/${bucket}/o?name=a`],
  ['callable', `http://${functions}/${projectId}/us-central1/nothing`],
  ['rules', `http://${firestore}/emulator/v1/projects/${projectId}:securityRules`],
])('10 MB of brackets as the body of a %s are refused', async (_name, url) => {
  const response = await fetch(url, {
    method: url.endsWith('securityRules') ? 'PUT' : 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '['.repeat(10 * MIB),
  });
  expect(response.status).toBeGreaterThanOrEqual(400);
  await response.text();
});

test('the stack then processes an upload', async () => {
  const { record } = await context.upload(await context.user(), photo());
  expect(record.state).toBe('ready');
});
