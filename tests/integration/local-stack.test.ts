/** `firebase-local-stack` with Auth, Firestore and Storage: several stacks at once, and what is left when one is killed. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { descendantsOf } from '../../packages/emulators/src/launcher/processes.js';
import { findFreePorts, type Ports } from '../../tools/dev/stack/ports.js';
import { eventually } from '../support/eventually.js';
import { ROOT } from '../support/stack.js';

const COMMAND = join(ROOT, 'packages', 'emulators', 'lib', 'command', 'main.js');
const OPEN_FIRESTORE = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents { match /{path=**} { allow read, write; } }
}
`;
const OPEN_STORAGE = `rules_version = '2';
service firebase.storage { match /b/{bucket}/o { match /{path=**} { allow read, write; } } }
`;

let folder: string;
/** The folder for temporary files of the stacks. */
let temporary: string;
const children = new Set<ChildProcess>();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-stack-test-'));
  temporary = join(folder, 'temporary');
  mkdirSync(temporary);
  writeFileSync(join(folder, 'firestore.rules'), OPEN_FIRESTORE);
  writeFileSync(join(folder, 'storage.rules'), OPEN_STORAGE);
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children.clear();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns arguments that select the configuration */
function configure(name: string, ports: Ports): string[] {
  const { auth, firestore, websocket, storage, hub, logging } = ports;
  const emulators = {
    auth: { port: auth },
    firestore: { port: firestore, websocketPort: websocket },
    storage: { port: storage },
    hub: { port: hub },
    logging: { port: logging },
  };
  const content = {
    firestore: { rules: 'firestore.rules' },
    storage: { rules: 'storage.rules' },
    emulators,
  };
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(content));
  return ['--config', `${name}.json`];
}

interface Started {
  child: ChildProcess;
  output: () => string;
  ended: Promise<unknown>;
}

function launch(args: string[]): Started {
  const env: NodeJS.ProcessEnv = { ...process.env, TMPDIR: temporary };
  delete env['npm_execpath'];
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  return { child, output: () => output, ended: once(child, 'exit') };
}

async function untilPrinted({ output, child }: Started, text: string): Promise<void> {
  await eventually(
    () => Promise.resolve(output()),
    (printed) => {
      if (child.exitCode !== null && !printed.includes(text)) throw new Error(printed);
      expect(printed).toContain(text);
    },
    60_000,
  );
}

/** A process that has ended may stay in the table until its parent notices. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

async function expectNothingLeft(processes: readonly number[]): Promise<void> {
  await eventually(
    () => Promise.resolve({ running: processes.filter(isRunning), files: readdirSync(temporary) }),
    (left) => expect(left).toEqual({ running: [], files: [] }),
  );
}

const pidOf = ({ pid }: ChildProcess): number => {
  if (pid === undefined) throw new Error('expected a process id');
  return pid;
};

const documentUrl = (port: number, project: string) =>
  `http://127.0.0.1:${port}/v1/projects/${project}/databases/(default)/documents/notes/one`;
const objectUrl = (port: number, name: string) =>
  `http://127.0.0.1:${port}/v0/b/demo-one.appspot.com/o/${name}?alt=media`;

test.each([
  ['one project', 'demo-one'],
  ['two projects', 'demo-two'],
])(
  'two stacks of %s share neither data nor files',
  async (_, secondProject) => {
    const [first, second] = [await findFreePorts(), await findFreePorts()];
    const stacks = [
      launch([COMMAND, 'start', '-P', 'demo-one', ...configure('first', first)]),
      launch([COMMAND, 'start', '-P', secondProject, ...configure('second', second)]),
    ] as const;
    await Promise.all(stacks.map((stack) => untilPrinted(stack, 'All emulators ready')));
    const body = JSON.stringify({ fields: { text: { stringValue: 'first' } } });
    const document = documentUrl(first.firestore, 'demo-one');
    expect((await fetch(document, { method: 'PATCH', body })).status).toBe(200);
    expect((await fetch(document)).status).toBe(200);
    expect((await fetch(documentUrl(second.firestore, 'demo-one'))).status).toBe(404);

    const upload = objectUrl(first.storage, '').replace('?alt=media', '?name=a.txt');
    const { status } = await fetch(upload, { method: 'POST', body: 'content' });
    expect(status).toBe(200);
    expect(await (await fetch(objectUrl(first.storage, 'a.txt'))).text()).toBe('content');
    expect((await fetch(objectUrl(second.storage, 'a.txt'))).status).toBe(404);

    // The end of one leaves the other as it is.
    stacks[1].child.kill('SIGTERM');
    await stacks[1].ended;
    expect(await (await fetch(objectUrl(first.storage, 'a.txt'))).text()).toBe('content');
    expect((await fetch(document)).status).toBe(200);
    stacks[0].child.kill('SIGTERM');
    await stacks[0].ended;
    await expectNothingLeft([]);
  },
  120_000,
);

const CLI = join(ROOT, 'node_modules', 'firebase-tools', 'lib', 'bin', 'firebase.js');

test('data is exported by the Firebase CLI and at the end, and imported at the start', async () => {
  const ports = await findFreePorts();
  const args = [...configure('first', ports), '-P', 'demo-one'];
  const document = documentUrl(ports.firestore, 'demo-one');
  const first = launch([COMMAND, 'start', ...args, '--export-on-exit', 'at-exit']);
  await untilPrinted(first, 'All emulators ready');
  const body = JSON.stringify({ fields: { text: { stringValue: 'kept' } } });
  expect((await fetch(document, { method: 'PATCH', body })).status).toBe(200);
  const upload = objectUrl(ports.storage, '').replace('?alt=media', '?name=a.txt');
  expect((await fetch(upload, { method: 'POST', body: 'content' })).status).toBe(200);

  const exported = launch([CLI, 'emulators:export', 'by-command', '--force', ...args]);
  expect(await exported.ended).toEqual([0, null]);
  expect(exported.output()).toContain('Export complete');
  first.child.kill('SIGTERM');
  await first.ended;
  await expectNothingLeft([]);

  for (const name of ['by-command', 'at-exit']) {
    const again = launch([COMMAND, 'start', ...args, '--import', name]);
    await untilPrinted(again, 'All emulators ready');
    expect(await (await fetch(document)).json()).toMatchObject({
      fields: { text: { stringValue: 'kept' } },
    });
    expect(await (await fetch(objectUrl(ports.storage, 'a.txt'))).text()).toBe('content');
    again.child.kill('SIGTERM');
    await again.ended;
  }

  writeFileSync(join(folder, 'at-exit/firestore_export/all_namespaces/all_kinds/output-0'), 'x');
  const damaged = launch([COMMAND, 'start', ...args, '--import', 'at-exit']);
  expect(await damaged.ended).toEqual([1, null]);
  expect(damaged.output()).toContain('output-0 is damaged');
  await expectNothingLeft([]);
}, 120_000);

test('a stack whose ports another one uses says which, and leaves that one running', async () => {
  const ports = await findFreePorts();
  const args = configure('first', ports);
  const running = createServer().listen(ports.firestore, '127.0.0.1');
  await once(running, 'listening');
  try {
    const stack = launch([COMMAND, 'start', ...args]);
    expect(await stack.ended).toEqual([1, null]);
    expect(stack.output()).toContain(`Port ${ports.firestore} is not open on`);
    expect(stack.output()).toContain('Could not start Firestore Emulator, port taken.');
  } finally {
    running.close();
  }
  await expectNothingLeft([]);
}, 60_000);

const KEEPS_RUNNING = 'sleep 1000; echo not reached';

/**
 * @param above number of processes between the given one and the stack, with the stack
 * @returns the processes below the given one, once the command of exec runs: "Running script" is printed before that
 */
function processesOfExec(pid: number, above = 0): Promise<number[]> {
  return eventually(
    () => Promise.resolve(descendantsOf(pid)),
    // The shell that cleans up, the shell of the command, and its `sleep`.
    (found) => expect(found.length).toBeGreaterThanOrEqual(above + 3),
  );
}

test('a killed stack leaves neither the command of exec nor files', async () => {
  const args = configure('first', await findFreePorts());
  const stack = launch([COMMAND, 'exec', ...args, KEEPS_RUNNING]);
  await untilPrinted(stack, 'Running script');
  const processes = await processesOfExec(pidOf(stack.child));
  stack.child.kill('SIGKILL');
  await stack.ended;
  await expectNothingLeft(processes);
}, 60_000);

const PROGRAM = `const { spawn } = require('node:child_process');
spawn(process.argv[1], process.argv.slice(2), { stdio: 'inherit' });
setInterval(() => {}, 1000);`;

test.each([
  ['a program', (command: string[]) => [process.execPath, ...command]],
  // npm starts a command in a shell, which does not end with npm.
  ['npm', (command: string[]) => ['/bin/sh', '-c', `"$0" "$@"; true`, process.execPath, ...command]], // prettier-ignore
])(
  'a stack ends when %s, which has started it, is killed',
  async (starter, wrap) => {
    const args = configure('first', await findFreePorts());
    const command = wrap([COMMAND, 'exec', ...args, KEEPS_RUNNING]);
    const asNpm = starter === 'npm' ? ['env', 'npm_execpath=npm-cli.js'] : [];
    const parent = launch(['-e', PROGRAM, ...asNpm, ...command]);
    await untilPrinted(parent, 'Running script');
    const processes = await processesOfExec(pidOf(parent.child), starter === 'npm' ? 2 : 1);
    parent.child.kill('SIGKILL');
    await expectNothingLeft(processes);
  },
  60_000,
);
