/** Options and errors of `npm start`; with a stack of its own where a test needs one. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../tools/dev/start/once.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';
import {
  KIND,
  reportsOf,
  start,
  startAndWait,
  waitUntilStopped,
} from '../support/start-command.js';

const { official } = testStack();

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('--once reports a file that is not an image as failed, processes the others, exits with 1', async () => {
  const notes = join(folder, 'notes.jpg');
  writeFileSync(notes, 'plain text');
  const { code, stdout } = await start('--once', notes, PHOTO, ...KIND);
  const [failed, ready] = reportsOf(stdout) as [Report, Report];
  expect(failed).toMatchObject({ file: notes, state: 'failed', error: { code: 'not-an-image' } });
  expect(failed.error?.message).toMatch(/\.$/);
  // The client refuses it before a byte is sent.
  expect(failed.original).toBeUndefined();
  expect(ready.state).toBe('ready');
  expect(code).toBe(1);
}, 60_000);

test.each([
  [['--once'], '--once: expected at least one photo, found none'],
  [
    ['--once', '/no/such/photo.jpg'],
    '--once: expected a photo, found no file "/no/such/photo.jpg"',
  ],
  [['--as', 'plugin'], '--as: expected kit or extension, found "plugin"'],
  [['--explain', '--official'], '--explain: expected without --official'],
  [['photo.jpg'], 'expected no file without --once, found "photo.jpg"'],
  [['--onec'], "Unknown option '--onec'"],
])('%j prints an error message without a stack trace', async (args, message) => {
  const { code, stdout, stderr } = await start(...args);
  expect(stderr).toContain(message);
  expect(stderr).not.toMatch(/^[ \t]+at /m);
  expect([code, stdout]).toEqual([1, '']);
});

// The official emulators show rules evaluations in their own UI.
if (!official) {
  test('--explain prints the condition in the rules that denied a request', async () => {
    const { code, stderr } = await start('--once', PHOTO, '--explain', ...KIND);
    expect(stderr).toMatch(
      /denied by the rules of firebase\.storage: get \/b\/\S+\/o\/originals\/\S+ \(signed out\)\n +\S+storage\.rules:\d+:\d+ request\.auth != null is false/,
    );
    expect(code).toBe(0);
  }, 60_000);
}

test('stops the stack when the command is killed with SIGKILL', async () => {
  const { child, demo } = await startAndWait();
  child.kill('SIGKILL');
  await waitUntilStopped(demo);
}, 60_000);

test('prints an error message when a port is in use', async () => {
  const { emulators } = JSON.parse(readFileSync(join(ROOT, 'firebase.json'), 'utf8')) as {
    emulators: { hub: { port: number } };
  };
  const { port } = emulators.hub;
  const server = createServer().listen(port, '127.0.0.1');
  // If another program already uses the port, the test has its precondition, too.
  await Promise.race([once(server, 'listening'), once(server, 'error')]);
  const { code, stderr } = await start(...KIND);
  server.close();
  expect(stderr).toMatch(new RegExp(`${port} \\(hub\\).* taken by another program`));
  expect(code).toBe(1);
}, 30_000);
