/** examples/edge-node: both Workers as built, in a server of Node.js, in front of `serve`. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { formatSealingKeys } from '../functions/src/domain/sealing-keys.js';
import { handleHttp } from '../functions/src/serve/http.js';
import { openServeFixture, SEALING_KEYS, sealFor } from '../functions/test/serve/serve-fixture.js';
import { ROOT } from './support/documentation.js';

const fixture = openServeFixture({ config: { bucket: 'bucket' } });
const asked: string[] = [];
const origin = createServer((request, response) => {
  asked.push(request.url ?? '');
  void handleHttp(request, response, fixture.serve);
});
let edge: ChildProcess;
let base: string;

beforeAll(async () => {
  const photo = sharp({ create: { width: 1600, height: 800, channels: 3, background: '#808000' } });
  const webp = fixture.put('photo.webp', await photo.webp().toBuffer());
  Object.assign(fixture.image.renditions, { w1600: { width: 1600, height: 800, webp } });
  await once(origin.listen(0, '127.0.0.1'), 'listening');
  edge = spawn(process.execPath, [join(ROOT, 'examples', 'edge-node', 'server.mjs')], {
    env: {
      ...process.env,
      ...{ PORT: '0', BASE_URL: 'https://images.example', BUCKET: 'bucket', RESIZING: 'binding' },
      ORIGIN: `http://127.0.0.1:${(origin.address() as AddressInfo).port}/i`,
      SEALING_KEYS: formatSealingKeys(SEALING_KEYS),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (edge.stdout === null) throw new Error('expected a pipe, found none');
  const [line] = (await once(edge.stdout, 'data')) as [Buffer];
  base = `http://127.0.0.1:${/\d+/.exec(String(line))?.[0]}`;
});

afterAll(async () => {
  edge.kill('SIGKILL');
  await once(edge, 'close');
  origin.closeAllConnections();
  origin.close();
});

test('views with a token and with a sealed one need one request for the right', async () => {
  for (const text of [fixture.token, sealFor(fixture.token), sealFor(fixture.token)]) {
    const response = await fetch(`${base}/${text}/w800.webp`);
    expect([response.status, await response.text()]).toEqual([200, 'w800.webp']);
  }
  expect(asked).toEqual([`/i/${fixture.token}`, `/i/${fixture.token}/w800.webp`]);
  expect((await fetch(`${base}/unknown`)).status).toBe(404);
  expect((await fetch(base, { method: 'POST', body: 'x' })).status).toBe(413);
});

test('makes other widths with sharp', async () => {
  const response = await fetch(`${base}/${fixture.token}?w=600&f=webp`);
  const { width, height, format } = await sharp(await response.arrayBuffer()).metadata();
  expect([width, height, format]).toEqual([640, 320, 'webp']);
});
