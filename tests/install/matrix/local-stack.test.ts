/** `firebase-local-stack` from its tarball, in a Firebase project that knows nothing of this product. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { UserProject } from '../../../functions/test/cli/init/user-project.js';
import { descendantsOf } from '../../../packages/emulators/src/launcher/processes.js';
import { EMULATORS, findFreePorts } from '../../../tools/dev/stack/ports.js';
import { eventually } from '../../support/eventually.js';
import { run, type Finished } from '../../support/run.js';
import { ROOT } from '../../support/stack.js';
import { pack, readJson } from '../installation.js';

jest.setTimeout(240_000);

const STORAGE_RULES = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /public/{path=**} { allow read; }
  }
}
`;
const FIRESTORE_RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /posts/{id} { allow read; }
  }
}
`;
const FUNCTIONS = `const { onRequest } = require('firebase-functions/https');
const { onDocumentCreated } = require('firebase-functions/firestore');
const { initializeApp } = require('firebase-admin/app');
const { getFirestore } = require('firebase-admin/firestore');
initializeApp();
const { defineSecret } = require('firebase-functions/params');
const [known, unknown] = ['KNOWN', 'UNKNOWN'].map(defineSecret);
exports.hello = onRequest({ secrets: [known, unknown] }, (request, response) =>
  response.send('hello ' + known.value() + ' ' + process.env.UNKNOWN));
exports.count = onDocumentCreated('posts/{id}', ({ params }) =>
  getFirestore().doc('counted/' + params.id).set({ counted: true }));
`;
/** What the command of `exec` does: prints a JSON line, and ends with the code that it is given. */
const SCRIPT = `const { initializeApp } = require('firebase-admin/app');
const { getAuth } = require('firebase-admin/auth');
const { getFirestore } = require('firebase-admin/firestore');
const { getStorage } = require('firebase-admin/storage');
const { FIREBASE_EMULATOR_HUB: hub, GCLOUD_PROJECT: project, FIREBASE_STORAGE_EMULATOR_HOST: storage } = process.env;
const get = async (url) => { const response = await fetch(url); return [response.status, await response.text()]; };
async function main() {
  initializeApp({ storageBucket: project + '.appspot.com' });
  const { functions, hosting } = JSON.parse((await get('http://' + hub + '/emulators'))[1]);
  const counted = new Promise((resolve) =>
    getFirestore().doc('counted/one').onSnapshot((snapshot) => snapshot.exists && resolve(snapshot.data())));
  await getFirestore().doc('posts/one').set({ title: 'One' });
  const bucket = getStorage().bucket();
  await bucket.file('public/a.txt').save('public');
  await bucket.file('private/a.txt').save('private');
  const object = (name) => get('http://' + storage + '/v0/b/' + bucket.name + '/o/' + encodeURIComponent(name) + '?alt=media');
  const { uid } = await getAuth().createUser({ uid: 'ann' });
  console.log('RESULT ' + JSON.stringify({
    project, uid,
    counted: await counted,
    hello: await get('http://' + functions.host + ':' + functions.port + '/' + project + '/us-central1/hello'),
    page: await get('http://' + hosting.host + ':' + hosting.port + '/'),
    open: await object('public/a.txt'),
    closed: (await object('private/a.txt'))[0],
    environment: { CI: process.env.CI ?? null, TMPDIR: process.env.TMPDIR ?? null, launcher: Object.keys(process.env).filter((name) => name.startsWith('LAUNCHER')) },
  }));
  process.exit(Number(process.argv[2]));
}
main();
`;

let project: UserProject;
let firebaseJson: Record<string, unknown>;
beforeAll(async () => {
  const emulators = Object.fromEntries(
    Object.entries(await findFreePorts())
      .filter(([name]) => EMULATORS.some((emulator) => emulator === name))
      .map(([name, port]) => [name, { port }]),
  );
  // As the Firebase CLI writes it on Windows.
  firebaseJson = {
    firestore: { rules: 'rules\\firestore.rules' },
    storage: { rules: 'rules\\storage.rules' },
    functions: { source: '.\\functions' },
    hosting: { public: '.\\public' },
    emulators,
  };
  project = new UserProject({
    'firebase.json': JSON.stringify(firebaseJson),
    '.firebaserc': JSON.stringify({ projects: { default: 'my-app', staging: 'my-app-staging' } }),
    'rules/firestore.rules': FIRESTORE_RULES.replaceAll('\n', '\r\n'),
    'rules/storage.rules': STORAGE_RULES.replaceAll('\n', '\r\n'),
    'functions/package.json': JSON.stringify({
      main: 'index.js',
      engines: { node: '22' },
      dependencies: { 'firebase-admin': '^13.10.0', 'firebase-functions': '^7.4.0' },
    }),
    'functions/index.js': FUNCTIONS,
    'functions/script.cjs': SCRIPT,
    'functions/.secret.local': 'KNOWN=abc\n',
    // Somebody who has logged in, at Google as well.
    'user/configstore/firebase-tools.json': JSON.stringify({
      user: { email: 'ann@example.com' },
      tokens: { access_token: 'access', refresh_token: 'refresh', expires_at: 4e12 },
      usage: true,
    }),
    'public/index.html': 'My app',
  });
  const modules = join(ROOT, 'functions', 'node_modules');
  symlinkSync(modules, join(project.root, 'functions', 'node_modules'));
  for (const tarball of await pack()) await unpack(tarball);
});
afterAll(() => project.remove());

/**
 * Unpacks one of this package's tarballs with exactly the dependencies that it declares. The install of the same
 * tarballs by npm, which takes minutes, is part of matrix/documented-commands.test.ts.
 */
async function unpack(tarball: string): Promise<void> {
  const { out } = await run('tar', ['-xzOf', tarball, 'package/package.json']);
  const { name } = JSON.parse(out) as { name: string };
  if (!['firebase-local-stack', 'firebase-rules-check'].includes(name)) return;
  const folder = join(project.root, 'packages', name);
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1']);
  const { dependencies = {} } = readJson<{ dependencies?: Record<string, string> }>(
    folder,
    'package.json',
  );
  for (const dependency of Object.keys(dependencies)) {
    const link = join(folder, 'node_modules', dependency);
    mkdirSync(dirname(link), { recursive: true });
    const own = join(project.root, 'packages', dependency);
    symlinkSync(
      dependency.startsWith('firebase-rules') ? own : join(ROOT, 'node_modules', dependency),
      link,
    );
  }
}

const command = () => {
  const folder = join(project.root, 'packages', 'firebase-local-stack');
  const { bin } = readJson<{ bin: Record<string, string> }>(folder, 'package.json');
  return join(folder, bin['firebase-local-stack'] ?? '');
};

/** @param user folder with the user's configuration; by default of one who has never logged in */
const environment = (user = 'home') => {
  const home = join(project.root, user);
  const temporary = join(project.root, 'temporary');
  for (const folder of [home, temporary]) mkdirSync(folder, { recursive: true });
  const guard = join(__dirname, 'network-guard.cjs');
  const names = /^(?:JEST|npm_|CI$|NODE_ENV$|.*_proxy$|GOOGLE|FIREBASE|GCLOUD)/i;
  const own = Object.entries(process.env).filter(([name]) => !names.test(name));
  return {
    ...Object.fromEntries(own),
    HOME: home,
    XDG_CONFIG_HOME: home,
    TMPDIR: temporary,
    NODE_OPTIONS: `--require ${guard}`,
    NETWORK_LOG: join(project.root, 'network.log'),
  };
};

function localStack(args: string[], expect = 0, home?: string): Promise<Finished> {
  const options = { cwd: project.root, env: environment(home), expect };
  return run(process.execPath, [command(), ...args], options);
}

beforeEach(() => project.write('network.log', ''));

const temporaryFiles = () => readdirSync(join(project.root, 'temporary'));
const networkLog = () => project.read('network.log');

test.each([
  ['who has logged in', 'user'],
  ['who has never logged in', 'home'],
])('exec, of a user %s, runs a command with all emulators and without Google', async (_, home) => {
  const { out, err } = await localStack(['exec', 'node functions/script.cjs 7'], 7, home);
  const [, result = '{}'] = /^RESULT (.*)$/m.exec(out) ?? [];
  expect(JSON.parse(result)).toMatchObject({
    project: 'my-app',
    uid: 'ann',
    counted: { counted: true },
    hello: [200, 'hello abc undefined'],
    page: [200, 'My app'],
    open: [200, 'public'],
    closed: 403,
    environment: { CI: null, TMPDIR: join(project.root, 'temporary'), launcher: [] },
  });
  const log = out + err;
  expect(log).toContain('Project my-app: no request is sent to Google.');
  expect(log).toContain(
    'expected a value of the secret UNKNOWN in functions/.secret.local, found none',
  );
  expect(log).not.toContain('login');
  expect(networkLog()).toBe('');
  expect(temporaryFiles()).toEqual([]);
});

test('the guard of that test sees requests', async () => {
  const script = 'fetch("http://other.invalid/").catch(() => {})';
  await run(process.execPath, ['-e', script], { env: environment() });
  const { request } = {
    request: 'require("http").get("http://other.invalid/").on("error",()=>{})',
  };
  await run(process.execPath, ['-e', request], { env: environment() });
  expect(networkLog()).toMatch(/^(other\.invalid\n)+$/);
});

test('an alias is a project of .firebaserc', async () => {
  const args = ['exec', '-P', 'staging', '--only', 'auth', 'echo "project: $GCLOUD_PROJECT"'];
  expect((await localStack(args)).out).toContain('project: my-app-staging\n');
});

test('a parameter without a value is named with its file, and the rest runs', async () => {
  const parameter = "require('firebase-functions/params').defineString('GREETING');\n";
  project.write('functions/index.js', parameter + FUNCTIONS);
  try {
    const { out, err } = await localStack(['exec', '--only', 'functions', 'echo ran']);
    expect(out + err).toContain(
      'expected a value of GREETING in functions/.env, found none and no default: ' +
        'the functions of "default" are not started',
    );
    expect(out).toContain('ran\n');
    project.write('functions/.env', 'GREETING=hi\n');
    const second = await localStack(['exec', '--only', 'functions', 'true']);
    expect(second.out + second.err).toContain('Loaded functions definitions from source');
  } finally {
    project.write('functions/index.js', FUNCTIONS);
  }
});

test('an error in the rules is named with file, line and column', async () => {
  const wrong = FIRESTORE_RULES.replace('allow read;', 'allow read: if true &&;');
  project.write('rules/firestore.rules', wrong);
  try {
    const { out, err } = await localStack(['exec', '--only', 'firestore', 'true'], 1);
    expect(out + err).toMatch(/rules\/firestore\.rules:4:\d+: expected an expression, found ';'/);
  } finally {
    project.write('rules/firestore.rules', FIRESTORE_RULES);
  }
});

test('a port that is in use is named', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const emulators = { ...(firebaseJson['emulators'] as object), auth: { port } };
  project.write('other.json', JSON.stringify({ ...firebaseJson, emulators }));
  try {
    const { out, err } = await localStack(
      ['exec', '-c', 'other.json', '--only', 'auth', 'true'],
      1,
    );
    expect(out + err).toContain(`Port ${port} is not open on localhost`);
    expect(out + err).toContain('Could not start Authentication Emulator, port taken.');
  } finally {
    server.close();
  }
});

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, exitCode) => {
  let started: ChildProcess | undefined;
  afterEach(() => {
    // Nothing is left of its process group, unless the test has failed.
    try {
      if (started?.pid !== undefined) process.kill(-started.pid, 'SIGKILL');
    } catch {
      // As expected.
    }
  });

  const start = async (args: string[], until: string) => {
    const options = { cwd: project.root, env: environment(), detached: true } as const;
    const child = spawn(process.execPath, [command(), ...args], options);
    started = child;
    const ended = once(child, 'close');
    await new Promise<void>((resolve, reject) => {
      let output = '';
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          output += text;
          if (output.includes(until)) resolve();
        });
      }
      void ended.then(() => reject(new Error(output)));
    });
    return { child, ended: ended as Promise<[number | null]> };
  };

  test('ends the emulators, their functions and the command of exec', async () => {
    const hello = 'node functions/script.cjs 0; echo still here; sleep 1000; echo not interrupted';
    const { child, ended } = await start(['exec', hello], '\nstill here');
    const processes = await eventually(
      () => Promise.resolve(descendantsOf(pidOf(child))),
      // The shell, `sleep`, and the processes of the functions.
      (found) => expect(found.length).toBeGreaterThanOrEqual(3),
    );
    child.kill(signal);
    expect((await ended)[0]).toBe(exitCode);
    expect([child.pid ?? 0, ...processes].filter(isRunning)).toEqual([]);
    expect(temporaryFiles()).toEqual([]);
  });

  test('is how start ends', async () => {
    const { child, ended } = await start(['start'], 'All emulators ready');
    const processes = descendantsOf(pidOf(child));
    child.kill(signal);
    expect((await ended)[0]).toBe(0);
    expect([child.pid ?? 0, ...processes].filter(isRunning)).toEqual([]);
    expect(temporaryFiles()).toEqual([]);
  });
});

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('expected a process id');
  return pid;
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
