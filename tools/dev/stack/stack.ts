/** Starts and ends a local Firebase stack with this project in it, as a child process. */
import { fork, type ChildProcess } from 'node:child_process';
import {
  createWriteStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { environmentOf, type LauncherMessage, type LauncherOptions } from 'firebase-local-stack';
import { checkPorts, findFreePorts } from './ports.js';
import {
  configuredPorts,
  describeStack,
  writeProject,
  type Form,
  type StackInfo,
} from './project.js';

export interface StackOptions {
  /** The repository. */
  root: string;
  form: Form;
  /** Any free ports instead of those in firebase.json. */
  freePorts: boolean;
  /** The functions' parameters, beside their defaults. */
  parameters?: Record<string, string>;
  /** Google's own emulators throughout, which need Java 21 and download two programs of it. */
  official?: boolean;
  /** Told of each step, in words. */
  onStep?: (step: string) => void;
  /** Told of each request that the rules deny, and why; not with the official emulators. */
  onDenied?: (explanation: string) => void;
}

export interface Stack {
  info: StackInfo;
  /** The file that holds all that the emulators and functions have said. */
  logFile: string;
  /** Settles when the stack has ended, by itself or not. */
  ended: Promise<void>;
  /** Ends all that was started; resolves when it is gone. */
  stop(): Promise<void>;
}

/** `demo-` tells the emulators that no Google account is needed; at most 30 characters with a port. */
const PROJECT_ID = 'demo-storage-variants';
/** So long is a log kept after its run, milliseconds. */
const KEEP_LOGS_MS = 24 * 60 * 60 * 1000;
/** So long may a start take on a slow machine, milliseconds. */
const START_TIMEOUT_MS = 120_000;
/** The same when the Java programs may have to be downloaded first, milliseconds. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
/** So long may an orderly end take before everything is killed, milliseconds. */
const STOP_TIMEOUT_MS = 10_000;

const EMULATORS = 'auth,firestore,storage,functions,hosting';

/**
 * Starts a stack and waits until it answers.
 * @throws Error with one clear sentence when a port is taken or an emulator does not start
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { root, form, freePorts } = options;
  const ports = freePorts ? await findFreePorts() : configuredPorts(root);
  await checkPorts(ports);
  const runs = join(root, '.local', 'runs');
  mkdirSync(runs, { recursive: true });
  const directory = mkdtempSync(join(runs, 'run-'));
  // The emulators keep a note per project id on this machine; one per run keeps runs apart.
  const projectId = freePorts ? `${PROJECT_ID}-${ports.hub}` : PROJECT_ID;
  const info = describeStack(projectId, form, ports);
  writeProject(root, directory, { info, form, ports, parameters: options.parameters ?? {} });

  const logFile = join(makeLogs(root), `${basename(directory)}.log`);
  // The storage emulator keeps all objects in one folder for temporary files and empties it when it
  // starts: without one of its own, a second stack on this machine would empty the first one's.
  const temporary = mkdtempSync(join(tmpdir(), 'stack-'));
  const launcher = { official: options.official ?? false, explain: options.onDenied !== undefined };
  const child = launch({ directory, temporary, projectId, form, logFile, launcher });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async () => {
    await end(child, ended);
    for (const folder of [directory, temporary]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await ready(child, ended, logFile, options);
  } catch (error) {
    await stop();
    throw error;
  }
  return { info, logFile, ended, stop };
}

/** The folder of logs, without those of days before. */
function makeLogs(root: string): string {
  const logs = join(root, '.local', 'logs');
  mkdirSync(logs, { recursive: true });
  for (const name of readdirSync(logs)) {
    const { mtimeMs } = statSync(join(logs, name), { throwIfNoEntry: false }) ?? {
      mtimeMs: Infinity,
    };
    if (Date.now() - mtimeMs > KEEP_LOGS_MS) rmSync(join(logs, name), { force: true });
  }
  return logs;
}

interface Launch {
  directory: string;
  temporary: string;
  projectId: string;
  form: Form;
  logFile: string;
  launcher: LauncherOptions;
}

function launch({
  directory,
  temporary,
  projectId,
  form,
  logFile,
  launcher,
}: Launch): ChildProcess {
  const only = form === 'extension' ? `${EMULATORS},extensions` : EMULATORS;
  const config = join(directory, 'firebase.json');
  const arguments_ = ['emulators:start', '--config', config, '--project', projectId];
  const child = fork(
    createRequire(__filename).resolve('firebase-local-stack/launcher'),
    [...arguments_, '--only', only, '--non-interactive'],
    {
      cwd: directory,
      // A group of its own: Ctrl-C reaches only the parent, which ends the stack in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: {
        ...process.env,
        CI: '1',
        TMPDIR: temporary,
        FIREBASE_CLI_EXPERIMENTS: 'kits',
        // The CLI reads the list of functions from a file; by HTTP it would wait 3 s for a connection.
        FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH: 'true',
        // No Google machine is here to be asked for credentials.
        METADATA_SERVER_DETECTION: 'none',
        NO_UPDATE_NOTIFIER: '1',
        ...environmentOf(launcher),
      },
    },
  );
  const log = createWriteStream(logFile);
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once('exit', () => log.end());
  return child;
}

async function ready(
  child: ChildProcess,
  ended: Promise<void>,
  logFile: string,
  { onStep, onDenied, official = false }: StackOptions,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let problem = 'it ended by itself';
  const timeout = official ? DOWNLOAD_TIMEOUT_MS : START_TIMEOUT_MS;
  try {
    await new Promise<void>((resolve, reject) => {
      const fail = () =>
        reject(new Error(`The local Firebase stack did not start: ${problem}\n${tail(logFile)}`));
      timer = setTimeout(() => {
        problem = `it was not ready after ${timeout / 1000} s`;
        fail();
      }, timeout);
      void ended.then(fail);
      child.once('error', (error) => {
        problem = error.message;
        fail();
      });
      child.on('message', (message: LauncherMessage) => {
        if (message.kind === 'step') onStep?.(`${message.name} is up`);
        else if (message.kind === 'problem') problem = message.message;
        else if (message.kind === 'denied') onDenied?.(message.explanation);
        else resolve();
      });
    });
  } finally {
    clearTimeout(timer);
  }
}

/** The last lines of a log, which usually hold the reason. */
function tail(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  } catch {
    return '';
  }
}

async function end(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
  // The functions' own processes are in the group, too, and may outlive the one that started them.
  killGroup(child, 'SIGKILL');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // Nobody is left in the group: that is what was wanted.
  }
}
