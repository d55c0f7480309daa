/**
 * Runs `processImage` in a child process, so that no file can exceed a stated memory and time: the
 * kernel limits the child's memory, this process watches it, a timer kills it (sharp checks its own timeout only between rows),
 * and a crash of a decoder ends only the child. The child is reused for later uploads, has none of the
 * function's environment variables, and keeps no data between uploads.
 */
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { devNull as devNullPath } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { ImageFailure, UnexpectedError } from '../errors.js';
import { watchMemory } from './memory-watch.js';
import type { ProcessRequest, ProcessResponse } from './isolated-processor-child.js';
import type { ProcessedImage, ProcessSettings, Rendition } from './process-image.js';

export interface ProcessLimits {
  /** Data memory of the child process, bytes; Node and sharp alone take about 150 MB. */
  memory: number;
  /** Resident memory of the child process, bytes: the bound where the kernel does not enforce the other. */
  residentMemory: number;
  /** For one upload, from its first byte to the last rendition. */
  seconds: number;
}

/** Called with each rendition when it is made; with the same one again after a retry in a new process. */
type OnRendition = (rendition: Rendition) => void;

export interface IsolatedProcessor {
  (bytes: Buffer, settings: ProcessSettings, onRendition?: OnRendition): Promise<ProcessedImage>;
  /** Process id of the child; undefined while no child is running. */
  readonly pid: number | undefined;
  /** Kills the child process; uploads in progress or waiting are rejected. */
  close(): void;
}

/** Freed memory becomes fragmented; a new process starts without fragmentation. */
const UPLOADS_PER_PROCESS = 50;

/**
 * Starts the child process at once, so that it is ready when the upload has been read. Uploads are
 * processed one at a time.
 * @param script path of the compiled isolated-processor-child.ts
 */
export function openIsolatedProcessor(
  limits: ProcessLimits,
  script = join(__dirname, 'isolated-processor-child.js'),
): IsolatedProcessor {
  let worker: Worker | undefined = startWorker(limits, script);
  let queue: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  async function runUpload(
    bytes: Buffer,
    settings: ProcessSettings,
    onRendition: OnRendition,
  ): Promise<ProcessedImage> {
    if (isClosed) throw new Error(CLOSED);
    // The child ended while idle, which this upload did not cause.
    if (worker && hasEnded(worker)) stopWorker(worker);
    const current = (worker ??= startWorker(limits, script));
    const isFresh = current.uploads === 0;
    try {
      return await sendUpload(current, bytes, settings, limits, onRendition);
    } catch (error) {
      if (isClosed) throw new Error(CLOSED, { cause: error });
      if (!isFileRejection(error)) stopWorker(current);
      // Memory left over from earlier uploads may be the cause: retry once in a new process.
      const mayBeLeftover = error instanceof ProcessEnded || isOutOfMemory(error);
      if (mayBeLeftover && !isFresh) return await runUpload(bytes, settings, onRendition);
      throw error instanceof ProcessEnded ? error.failure : error;
    } finally {
      if (current.uploads >= UPLOADS_PER_PROCESS) stopWorker(current);
    }
  }

  function stopWorker(old: Worker): void {
    old.child.kill('SIGKILL');
    if (worker === old) worker = undefined;
  }

  const processUpload = (
    bytes: Buffer,
    settings: ProcessSettings,
    onRendition: OnRendition = () => {},
  ) => {
    const result = queue.then(() => runUpload(bytes, settings, onRendition));
    queue = result.catch(() => undefined);
    return result;
  };
  const close = () => {
    isClosed = true;
    if (worker) stopWorker(worker);
  };
  const get = () => worker?.child.pid;
  return Object.defineProperty(Object.assign(processUpload, { close, pid: undefined }), 'pid', {
    get,
  });
}

const CLOSED = 'the isolated processor is closed';

const isOutOfMemory = (error: unknown) =>
  error instanceof ImageFailure && error.code === 'too-much-memory';

/** Whether the child rejected the file and can be reused. */
function isFileRejection(error: unknown): boolean {
  return error instanceof ImageFailure && error.code !== 'too-slow' && !isOutOfMemory(error);
}

interface Worker {
  child: ChildProcess;
  /** How many uploads were sent to it. */
  uploads: number;
  /** The first characters that it wrote to stderr. */
  stderrHead: string;
}

/** A line, and a stack. */
const MAX_STDERR_LENGTH = 4000;

/** Node options of the child: it has few objects and large buffers, so one GC thread is enough. */
export const PROCESS_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16'];
/**
 * Environment of the child: none of the function's variables, which may be secrets. Fewer malloc
 * arenas reduce fragmentation.
 */
export const PROCESS_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

/**
 * Disables core dumps, which would contain images, limits data memory (KiB), then runs Node. Where the system
 * allows it, Node runs in a user and a network namespace of its own: without network, and without access to the
 * environment and the memory of the function (`ptrace_access_check` in Linux's security/commoncap.c compares
 * namespaces, not only user ids).
 */
export const START_SCRIPT = `ulimit -c 0; ulimit -d "$1"; shift
unset PWD OLDPWD SHLVL _
unshare --map-root-user --net true 2>/dev/null && exec unshare --map-root-user --net "$@"
exec "$@"`;

function startWorker({ memory }: ProcessLimits, script: string): Worker {
  const node = [process.execPath, ...PROCESS_FLAGS, script];
  const isWindows = process.platform === 'win32';
  const [command, ...args] = isWindows
    ? node
    : ['/bin/sh', '-c', START_SCRIPT, 'sh', String(Math.floor(memory / 1024)), ...node];
  const devNull = openSync(devNullPath, 'r');
  const child = spawn(command as string, args, {
    stdio: process.platform === 'linux' ? replaceInherited(STDIO, devNull) : [...STDIO],
    serialization: 'advanced',
    env: {
      ...PROCESS_ENVIRONMENT,
      ...(isWindows && { SystemRoot: process.env['SystemRoot'] }),
    },
  });
  closeSync(devNull);
  const worker: Worker = { child, uploads: 0, stderrHead: '' };
  child.stderr?.on('data', (text: Buffer) => {
    worker.stderrHead = `${worker.stderrHead}${text.toString()}`.slice(0, MAX_STDERR_LENGTH);
  });
  // Without a listener, an error would end this process; sendUpload reports it.
  child.on('error', () => undefined);
  // An idle child must not keep this process alive.
  setReferenced(child, false);
  return worker;
}

/** Standard streams, of which only stderr is read, the IPC channel, and the pipe for uploads. */
const STDIO = ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'] as const;

/** Flag of a descriptor that a new program does not get; `flags` in /proc/PID/fdinfo is octal. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Replaces descriptors that this process itself has inherited. Node closes its own in a child process, and of
 * the inherited ones only those up to 15.
 */
function replaceInherited(
  stdio: readonly ('ignore' | 'pipe' | 'ipc')[],
  devNull: number,
): StdioOptions {
  const all: ('ignore' | 'pipe' | 'ipc' | number | undefined)[] = [...stdio];
  for (const name of readdirSync('/proc/self/fd')) {
    if (Number(name) >= stdio.length && isInheritable(name)) all[Number(name)] = devNull;
  }
  // Holes of the array: nothing.
  return Array.from(all);
}

function isInheritable(descriptor: string): boolean {
  try {
    const info = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
    return (parseInt(/^flags:\s*(\d+)/m.exec(info)?.[1] ?? '0', 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // The descriptor of the listing, closed since.
    return false;
  }
}

function hasEnded({ child }: Worker): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

type Referenceable = Pick<NodeJS.Timeout, 'ref' | 'unref'>;

/** Sets whether the child, its channel and its pipes keep this process alive. */
function setReferenced(child: ChildProcess, isReferenced: boolean): void {
  const handles = [child, child.channel, child.stderr, child.stdio[4]];
  for (const handle of handles as (Referenceable | null | undefined)[]) {
    if (isReferenced) handle?.ref();
    else handle?.unref();
  }
}

/** The child process has ended; the caller decides whether this upload was the cause. */
class ProcessEnded extends Error {
  constructor(readonly failure: Error) {
    super(failure.message);
  }
}

function sendUpload(
  worker: Worker,
  bytes: Buffer,
  settings: ProcessSettings,
  limits: ProcessLimits,
  onRendition: OnRendition,
): Promise<ProcessedImage> {
  const { child } = worker;
  worker.uploads++;
  const made = new Map<string, Rendition>();
  return new Promise<ProcessedImage>((resolve, reject) => {
    const timer = setTimeout(() => {
      const detail = `expected renditions within ${limits.seconds} s, found none`;
      finish(() => reject(new ImageFailure('too-slow', detail)));
    }, limits.seconds * 1000);
    const stopWatching = watchMemory(child.pid ?? 0, limits.residentMemory, (found) => {
      const detail = `expected at most ${limits.residentMemory} bytes of memory, found ${found}`;
      finish(() => reject(new ImageFailure('too-much-memory', detail)));
    });
    const onMessage = (response: ProcessResponse) => {
      if (!('rendition' in response)) return finish(() => settle(response, made, resolve, reject));
      const { rendition } = response;
      made.set(keyOf(rendition), rendition);
      onRendition(rendition);
    };
    const onExit = (code: number | null, signal: string | null) =>
      finish(() => reject(new ProcessEnded(exitFailure(code, signal, worker.stderrHead))));
    const onError = (error: Error) => finish(() => reject(new ProcessEnded(error)));
    const finish = (settlePromise: () => void) => {
      clearTimeout(timer);
      stopWatching();
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      setReferenced(child, false);
      settlePromise();
    };
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    setReferenced(child, true);
    const { variants, formats, autoFormat, quality, maxBytes, maxPixels, animated, heic, tiff } =
      settings;
    const { focus, watermarkImage, colorSpace, keepGainMap } = settings;
    const request: ProcessRequest = {
      length: bytes.length,
      settings: {
        ...{ variants, formats, maxBytes, maxPixels, animated, heic, tiff },
        ...(autoFormat && { autoFormat }),
        ...(quality !== undefined && { quality }),
        ...(focus && { focus }),
        ...(watermarkImage && { watermarkImage }),
        ...(colorSpace && { colorSpace }),
        ...(keepGainMap && { keepGainMap }),
      },
    };
    child.send(request);
    const pipe = child.stdio[4] as Writable;
    // When the child ends, `exit` reports the reason.
    pipe.removeAllListeners('error').on('error', () => undefined);
    pipe.write(bytes);
  });
}

const keyOf = ({ variants, format }: Pick<Rendition, 'variants' | 'format'>) =>
  `${variants[0]} ${format}`;

function settle(
  response: Exclude<ProcessResponse, { rendition: Rendition }>,
  made: ReadonlyMap<string, Rendition>,
  resolve: (result: ProcessedImage) => void,
  reject: (error: Error) => void,
): void {
  if ('image' in response) {
    const renditions = response.image.renditions.map(
      (rendition) => made.get(keyOf(rendition)) as Rendition,
    );
    resolve({ ...response.image, renditions });
  } else if ('code' in response) {
    reject(new ImageFailure(response.code, response.detail, response.values));
  } else reject(new UnexpectedError(response.error, response.stack));
}

/** Signals by which libraries and the kernel end a process that runs out of memory. */
const OUT_OF_MEMORY_SIGNALS = ['SIGABRT', 'SIGTRAP', 'SIGKILL'];
/** Signals of a crashed decoder. */
const CRASH_SIGNALS = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE'];

/** Characters of stderr in the detail of a failure. */
const MAX_LINE_LENGTH = 300;

function exitFailure(code: number | null, signal: string | null, stderrHead: string): Error {
  const [firstLine = ''] = stderrHead.slice(0, MAX_LINE_LENGTH).split('\n');
  const found = `found ${signal ?? `exit ${code ?? '?'}`} ${firstLine}`.trim();
  if (signal !== null && OUT_OF_MEMORY_SIGNALS.includes(signal)) {
    return new ImageFailure(
      'too-much-memory',
      `expected to stay within the memory limit, ${found}`,
    );
  }
  if (signal !== null && CRASH_SIGNALS.includes(signal)) {
    return new ImageFailure('damaged-image', `expected the decoder not to crash, ${found}`);
  }
  // SIGTERM and the like: the instance is shutting down, and the platform retries the upload.
  return new UnexpectedError(`expected renditions, ${found}`, stderrHead);
}
