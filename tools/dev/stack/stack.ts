/** Starts and stops a local Firebase stack that runs this project, as a child process. */
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
import {
  toEnvironment,
  type LauncherMessage,
  type LauncherOptions,
  type SingleRequestFunctions,
} from 'firebase-local-stack';
import { checkPorts, findFreePorts } from './ports.js';
import {
  configuredPorts,
  describeStack,
  writeProject,
  writeSample,
  type Form,
  type Sample,
  type StackInfo,
} from './project.js';

export interface StackOptions {
  /** The root folder of the repository. */
  root: string;
  form: Form;
  /** Use any free ports instead of those in firebase.json. */
  freePorts: boolean;
  /** Values of the functions' parameters that differ from the defaults. */
  parameters?: Record<string, string>;
  /** The secret SEALING_KEYS of `serve`; absent: no sealed links. */
  sealingKeys?: string | undefined;
  /** Use Google's emulators, which need Java 21 and download two Java programs. */
  official?: boolean;
  /** A folder of functions that run instead of this project's; `parameters` is then their whole environment. */
  functions?: string;
  /** A folder of functions that run beside this project's. */
  listener?: string;
  /** Functions whose processes handle one request each. */
  single?: SingleRequestFunctions;
  /** Called with a description of each step. */
  onStep?: (step: string) => void;
  /** Called for each request that the rules deny, with the reason; not with the official emulators. */
  onDenied?: (explanation: string) => void;
}

export interface Stack {
  info: StackInfo;
  /** The file with the output of the emulators and functions. */
  logFile: string;
  /** Resolves when the stack has ended for any reason. */
  ended: Promise<void>;
  /** Shows a photo on the demo page to visitors who have none. */
  showSample(sample: Sample): void;
  /** Stops all processes of the stack and deletes its temporary files. */
  stop(): Promise<void>;
}

/** The `demo-` prefix means that no Google account is needed. At most 30 characters with a port. */
const PROJECT_ID = 'demo-storage-variants';
/** Logs are deleted after this time, milliseconds. */
const LOG_RETENTION_MS = 24 * 60 * 60 * 1000;
/** For a slow machine. */
const START_TIMEOUT_MS = 120_000;
/** Includes the download of the Java programs. */
const DOWNLOAD_TIMEOUT_MS = 600_000;
/** After this time the processes are killed, milliseconds. */
const STOP_TIMEOUT_MS = 10_000;

const EMULATORS = 'auth,firestore,storage,functions,hosting';

/**
 * Starts a stack and waits until all emulators are running.
 * @throws Error when a port is in use or an emulator does not start
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { root, form, freePorts } = options;
  const ports = freePorts ? await findFreePorts() : configuredPorts(root);
  await checkPorts(ports);
  const runs = join(root, '.local', 'runs');
  mkdirSync(runs, { recursive: true });
  const directory = mkdtempSync(join(runs, 'run-'));
  // The emulators store their state per project ID, so each run needs its own.
  const projectId = freePorts ? `${PROJECT_ID}-${ports.hub}` : PROJECT_ID;
  const info = describeStack(projectId, form, ports);
  const { parameters = {}, sealingKeys = '', functions, listener } = options;
  const others = { ...(functions && { functions }), ...(listener && { listener }) };
  writeProject(root, directory, { info, form, ports, parameters, sealingKeys, ...others });

  const logFile = join(prepareLogFolder(root), `${basename(directory)}.log`);
  // The Storage emulator keeps all objects in one temporary folder and empties it at start: without
  // a separate folder, a second stack on this machine would delete the objects of the first.
  const temporary = mkdtempSync(join(tmpdir(), 'stack-'));
  const launcher = {
    official: options.official ?? false,
    explain: options.onDenied !== undefined,
    temporaryFolders: [directory, temporary],
    ...(options.single && { single: options.single }),
  };
  const child = launch({ directory, temporary, projectId, form, logFile, launcher });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const stop = async () => {
    await terminate(child, ended);
    for (const folder of [directory, temporary]) rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(child, ended, logFile, options);
  } catch (error) {
    await stop();
    throw error;
  }
  const showSample = (sample: Sample) => writeSample(directory, sample);
  return { info, logFile, ended, showSample, stop };
}

/** Creates the folder of logs and deletes old ones. */
function prepareLogFolder(root: string): string {
  const logs = join(root, '.local', 'logs');
  mkdirSync(logs, { recursive: true });
  for (const name of readdirSync(logs)) {
    const { mtimeMs } = statSync(join(logs, name), { throwIfNoEntry: false }) ?? {
      mtimeMs: Infinity,
    };
    if (Date.now() - mtimeMs > LOG_RETENTION_MS) rmSync(join(logs, name), { force: true });
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
  const emulators = form === 'extension' ? `${EMULATORS},extensions` : EMULATORS;
  const config = join(directory, 'firebase.json');
  const command = ['emulators:start', '--config', config, '--project', projectId];
  const child = fork(
    createRequire(__filename).resolve('firebase-local-stack/launcher'),
    [...command, '--only', emulators, '--non-interactive'],
    {
      cwd: directory,
      // Its own process group: Ctrl-C reaches only the parent, which stops the stack in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: {
        ...process.env,
        CI: '1',
        TMPDIR: temporary,
        ...toEnvironment(launcher),
      },
    },
  );
  const log = createWriteStream(logFile);
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once('exit', () => log.end());
  return child;
}

async function waitUntilReady(
  child: ChildProcess,
  ended: Promise<void>,
  logFile: string,
  { onStep, onDenied, official = false }: StackOptions,
): Promise<void> {
  const timeout = official ? DOWNLOAD_TIMEOUT_MS : START_TIMEOUT_MS;
  let problem = 'the process ended';
  await new Promise<void>((resolve, reject) => {
    const fail = () =>
      reject(new Error(`The local Firebase stack did not start: ${problem}\n${tail(logFile)}`));
    AbortSignal.timeout(timeout).addEventListener('abort', () => {
      problem = `it was not ready after ${timeout / 1000} s`;
      fail();
    });
    void ended.then(fail);
    child.once('error', (error) => {
      problem = error.message;
      fail();
    });
    child.on('message', (message: LauncherMessage) => {
      if (message.kind === 'step') onStep?.(`${message.name} is running`);
      else if (message.kind === 'problem') problem = message.message;
      else if (message.kind === 'denied') onDenied?.(message.explanation);
      else resolve();
    });
  });
}

/** The last lines of a log, which usually contain the reason of a failure. */
function tail(logFile: string): string {
  try {
    return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-15).join('\n');
  } catch {
    return '';
  }
}

async function terminate(child: ChildProcess, ended: Promise<void>): Promise<void> {
  const timer = setTimeout(() => killGroup(child, 'SIGKILL'), STOP_TIMEOUT_MS);
  child.kill('SIGTERM');
  await ended;
  clearTimeout(timer);
  // The functions' processes are in the same group and may outlive the process that started them.
  killGroup(child, 'SIGKILL');
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group has no process left.
  }
}
