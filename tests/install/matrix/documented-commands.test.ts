/** Executes the commands of the install guide as they are written, in the project of a user. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserProject } from '../../../functions/test/cli/init/user-project.js';
import { findFreePorts, EMULATORS } from '../../../tools/dev/stack/ports.js';
import { RUN_IN_PROJECT, START } from '../../support/documented-commands.js';
import { run } from '../../support/run.js';
import { ROOT } from '../../support/stack.js';
import { makeNpmCache, pack, readJson, userEnvironment } from '../installation.js';

jest.setTimeout(240_000);

let project: UserProject;
let folder: string;
let env: NodeJS.ProcessEnv;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'documented-'));
  env = userEnvironment(await makeNpmCache(folder));
  await pack();
  project = new UserProject({
    'firebase.json': JSON.stringify({ hosting: { public: 'public' } }),
    '.firebaserc': JSON.stringify({ projects: { default: 'my-app' } }),
    'public/index.html': 'My app',
  });
});
afterAll(() => {
  project.remove();
  rmSync(folder, { recursive: true });
});

const written = (command: string) => command.replaceAll('PATH/TO', ROOT);

test.each(RUN_IN_PROJECT)('`%s` exits with code 0', async (command) => {
  await run('bash', ['-c', written(command)], { cwd: project.root, env });
});

test('the unpacked kit is the package, built', () => {
  const kit = join(project.root, 'function-kits', 'storage-public-variants');
  const { name, main } = readJson<{ name: string; main: string }>(kit, 'package.json');
  expect(name).toBe('storage-public-variants');
  expect(existsSync(join(kit, main))).toBe(true);
});

test(`\`${START}\` runs until Ctrl-C`, async () => {
  const ports = await findFreePorts();
  const emulators = Object.fromEntries(EMULATORS.map((name) => [name, { port: ports[name] }]));
  Object.assign(emulators['firestore'] ?? {}, { websocketPort: ports.websocket });
  const config = readJson<object>(project.root, 'firebase.json');
  project.write('firebase.json', JSON.stringify({ ...config, emulators }));
  // A process group of its own, which Ctrl-C interrupts in a terminal.
  const child = spawn('bash', ['-c', written(START)], { cwd: project.root, env, detached: true });
  let output = '';
  const ended = once(child, 'close');
  const ready = new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        if (output.includes('All emulators ready')) resolve();
      });
    }
    void ended.then(() => reject(new Error(output)));
  });
  await ready;
  expect(output).toContain('no request is sent to Google');
  expect(output).toContain('kit-images-serve');
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await ended;
  expect(output).toContain('Shutting down emulators');
});
