/**
 * The examples for Next.js and Nuxt: each is copied to an empty folder, installed with the packed client, built and
 * started, and its page is requested from a stand-in for `serve`.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { mintToken } from '../../../functions/src/domain/token.js';
import { eventually } from '../../support/eventually.js';
import { get, statusOf } from '../../support/http.js';
import { LocalRegistry } from '../../support/local-registry.js';
import { run } from '../../support/run.js';
import { ROOT } from '../../support/stack.js';
import { makeNpmCache, pack, userEnvironment } from '../installation.js';

jest.setTimeout(600_000);

const TOKEN = mintToken();
/** Made by an installation or a build. */
const OUTPUTS = ['node_modules', '.next', '.nuxt', '.output', 'next-env.d.ts'];

let registry: LocalRegistry;
let serve: Server;
let baseUrl: string;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'examples-'));
  registry = await LocalRegistry.start();
  for (const tarball of await pack()) await registry.publish(tarball);
  serve = createServer(({ url }, response) => {
    const variants = [
      { name: 'w400', width: 400, height: 225, cropped: false, formats: {} },
      { name: 'w1600', width: 1600, height: 900, cropped: false, formats: {} },
      { name: 'og', width: 1200, height: 630, cropped: true, formats: {} },
    ];
    const isKnown = url === `/i/${TOKEN}`;
    response.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isKnown ? { version: 1, variants } : {}));
  }).listen(0, '127.0.0.1');
  await once(serve, 'listening');
  baseUrl = `http://127.0.0.1:${(serve.address() as AddressInfo).port}/i`;
  env = {
    ...userEnvironment(await makeNpmCache(folder)),
    npm_config_registry: registry.url,
    NEXT_PUBLIC_BASE_URL: baseUrl,
    NUXT_PUBLIC_BASE_URL: baseUrl,
    NEXT_TELEMETRY_DISABLED: '1',
    NUXT_TELEMETRY_DISABLED: '1',
  };
});
afterAll(async () => {
  serve.close();
  await registry.close();
  rmSync(folder, { recursive: true });
});

/** Copies an example, installs and builds it. @returns its folder */
async function build(name: string): Promise<string> {
  const copy = join(folder, name);
  cpSync(join(ROOT, 'examples', name), copy, {
    recursive: true,
    filter: (path) => !OUTPUTS.includes(basename(path)),
  });
  await run('npm', ['ci', '--ignore-scripts'], { cwd: copy, env });
  await run('npm', ['run', 'build'], { cwd: copy, env });
  return copy;
}

/** Runs `npm start` in a process group of its own. @returns the origin, and how to stop it */
async function start(cwd: string): Promise<{ origin: string; stop: () => Promise<void> }> {
  const PORT = String(await freePort());
  const options = { cwd, env: { ...env, PORT, HOST: '127.0.0.1' }, detached: true } as const;
  const child: ChildProcess = spawn('npm', ['start'], { ...options, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const origin = `http://127.0.0.1:${PORT}`;
  // Until it listens, the connection is refused.
  const status = () => statusOf(origin).catch(() => 0);
  await eventually(status, (found) => expect(found).toBe(200), 60_000);
  const stop = async () => {
    process.kill(-(child.pid ?? 0), 'SIGTERM');
    await ended;
  };
  return { origin, stop };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Attributes of the first `<img>` in the HTML of a server. */
function imageIn(html: string): Record<string, string> {
  const [element = ''] = /<img\b[^>]*>/.exec(html) ?? [];
  return Object.fromEntries(
    [...element.matchAll(/ ([a-z-]+)="([^"]*)"/gi)].map(([, name = '', value = '']) => [
      name.toLowerCase(),
      value.replaceAll('&amp;', '&'),
    ]),
  );
}

test.each(['next', 'nuxt'])(
  'examples/%s is installed and built with the packed client, and its server renders the URLs',
  async (name) => {
    const { origin, stop } = await start(await build(name));
    try {
      const { status, body } = await get(`${origin}/${TOKEN}`);
      expect(status).toBe(200);
      const { src, srcset = '', width, height } = imageIn(body.toString());
      expect({ width, height }).toEqual({ width: '1600', height: '900' });
      const url = (pixels: number) => `${baseUrl}/${TOKEN}?w=${pixels}`;
      expect(srcset.split(', ')).toEqual([400, 800, 1600].map((w) => `${url(w)} ${w}w`));
      expect(src).toBe(url(1600));
      for (const unknown of [mintToken(), 'spv_', '..%2fi']) {
        expect((await get(`${origin}/${unknown}`)).status).toBe(404);
      }
    } finally {
      await stop();
    }
  },
);
