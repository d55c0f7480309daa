/** `npm start`: each test runs the command with its own stack. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Report } from '../../tools/dev/start/once.js';
import { eventually } from '../support/eventually.js';
import { statusOf } from '../support/http.js';
import { PHOTO, ROOT, testStack } from '../support/stack.js';

const { form, official } = testStack();
const KIND = ['--as', form, ...(official ? ['--official'] : [])];
const START = join(ROOT, 'tools', 'start.mjs');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'command-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Commands that are still running, to be killed when a test fails; each stops its stack when it ends. */
const children = new Set<ChildProcess>();
afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
});

function run(args: string[]) {
  const child = spawn(process.execPath, [START, ...args], { cwd: ROOT });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function start(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const child = run(args);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

function reportsOf(stdout: string): Report[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Report);
}

test('--once processes a photo: 9 renditions return 200, the original returns 403', async () => {
  const { code, stdout } = await start('--once', PHOTO, ...KIND);
  const reports = reportsOf(stdout);
  expect(reports).toHaveLength(1);
  const [report] = reports as [Report];
  expect(report).toMatchObject({ file: PHOTO, state: 'ready', original: { status: 403 } });
  expect(Object.keys(report)).toEqual([
    'file',
    'imageId',
    'state',
    'token',
    'placeholder',
    'variants',
    'original',
  ]);
  expect(report.variants.map(({ status }) => status)).toEqual(Array(9).fill(200));
  expect(report.original?.downloadUrl?.afterLock).toBe(403);
  expect(code).toBe(0);
}, 60_000);

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

describe('without --once', () => {
  /** Starts the command and waits for the last line of its output. */
  async function startAndWait() {
    const child = run(['--free-ports', ...KIND]);
    let stdout = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk) => {
        stdout += String(chunk);
        if (/\(answers \d+\)/.test(stdout)) resolve();
      });
      child.once('exit', () => reject(new Error(`npm start has ended: ${stdout}`)));
    });
    const demo = /Demo page +(\S+)/.exec(stdout)?.[1] ?? '';
    return { child, stdout, demo };
  }

  const waitUntilStopped = (url: string) =>
    eventually(
      () => statusOf(url).catch(() => 'stopped'),
      (status) => expect(status).toBe('stopped'),
    );

  test('prints working URLs and stops the stack on Ctrl-C', async () => {
    const { child, stdout, demo } = await startAndWait();
    expect(stdout).toMatch(/Ready after \d+\.\d s/);
    const urls = [...stdout.matchAll(/(?:curl -O|Sample photo|its manifest|Demo page) +(\S+)/g)];
    expect(urls).toHaveLength(12);
    for (const [, url] of urls) expect(await statusOf(url ?? '')).toBe(200);
    child.kill('SIGINT');
    await once(child, 'exit');
    await waitUntilStopped(demo);
  }, 60_000);

  test('stops the stack when the command is killed with SIGKILL', async () => {
    const { child, demo } = await startAndWait();
    child.kill('SIGKILL');
    await waitUntilStopped(demo);
  }, 60_000);
});

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
