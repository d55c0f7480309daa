/**
 * `derive` in a process of its own, so that no file can take more than a stated memory and time:
 * the kernel refuses that process more memory, a timer ends it for certain (sharp's own timeout looks
 * at its clock only between rows), and a decoder that crashes takes nothing else with it. It is kept
 * for the next upload, knows none of the function's secrets and holds nothing between two uploads.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { ImageFailure } from '../errors.js';
import type { Answer, Request } from './isolated-processor-child.js';
import type { ProcessedImage, ProcessSettings } from './process-image.js';

export interface ProcessLimits {
  /** Of memory that the process may write to, bytes; Node and sharp themselves take some 150 MB. */
  memory: number;
  /** For one upload, from its first byte to the last rendition. */
  seconds: number;
}

export interface IsolatedProcessor {
  (bytes: Buffer, plan: ProcessSettings): Promise<ProcessedImage>;
  /** The process's number; absent between the end of one and the start of the next. */
  readonly pid: number | undefined;
  /** Ends the process; work under way fails. */
  close(): void;
}

/** Memory that was freed lies in pieces after a while; a new process starts with all of it. */
const UPLOADS_A_PROCESS = 50;

/**
 * Starts the process, so that it gets ready while the upload is still being read. Uploads are taken one
 * after the other.
 * @param script where the compiled process is
 */
export function openIsolatedProcessor(
  limits: ProcessLimits,
  script = join(__dirname, 'isolated-processor-child.js'),
): IsolatedProcessor {
  let worker: Worker | undefined = start(limits, script);
  let queue: Promise<unknown> = Promise.resolve();
  let isClosed = false;

  async function attempt(bytes: Buffer, plan: ProcessSettings): Promise<ProcessedImage> {
    if (isClosed) throw new Error(CLOSED);
    // Ended while it was waiting: nothing that this upload did.
    if (worker && hasEnded(worker)) drop(worker);
    const current = (worker ??= start(limits, script));
    const isFresh = current.uploads === 0;
    try {
      return await run(current, bytes, plan, limits);
    } catch (error) {
      if (isClosed) throw new Error(CLOSED, { cause: error });
      if (!isVerdict(error)) drop(current);
      // What earlier uploads left behind must not be held against this one.
      const mayBeTheirs = error instanceof ProcessEnded || isOutOfMemory(error);
      if (mayBeTheirs && !isFresh) return await attempt(bytes, plan);
      throw error instanceof ProcessEnded ? error.failure : error;
    } finally {
      if (current.uploads >= UPLOADS_A_PROCESS) drop(current);
    }
  }

  function drop(old: Worker): void {
    old.child.kill('SIGKILL');
    if (worker === old) worker = undefined;
  }

  const derive = (bytes: Buffer, plan: ProcessSettings) => {
    const result = queue.then(() => attempt(bytes, plan));
    queue = result.catch(() => undefined);
    return result;
  };
  const close = () => {
    isClosed = true;
    if (worker) drop(worker);
  };
  const get = () => worker?.child.pid;
  return Object.defineProperty(Object.assign(derive, { close, pid: undefined }), 'pid', { get });
}

const CLOSED = 'expected an open process, found that it was closed';

const isOutOfMemory = (error: unknown) =>
  error instanceof ImageFailure && error.code === 'too-much-memory';

/** Whether the process looked at the file and said what is wrong with it, and is as good as before. */
function isVerdict(error: unknown): boolean {
  return error instanceof ImageFailure && error.code !== 'too-slow' && !isOutOfMemory(error);
}

interface Worker {
  child: ChildProcess;
  uploads: number;
  /** What it said at its end. */
  lastWords: string;
}

/** How Node is started there: it lives on few objects and large buffers, so collecting is little work. */
export const PROCESS_FLAGS = ['--single-threaded-gc', '--min-semi-space-size=16'];
/** None of the function's environment, as there may be secrets in it. Fewer heaps, less memory between. */
export const PROCESS_ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

/** Limits of itself (no more memory, no core files with pictures in them), then Node in its place. */
const LIMITED = 'ulimit -c 0; ulimit -d "$1"; shift; exec "$@"';

function start({ memory }: ProcessLimits, script: string): Worker {
  const node = [process.execPath, ...PROCESS_FLAGS, script];
  const isWindows = process.platform === 'win32';
  const [command, ...args] = isWindows
    ? node
    : ['/bin/sh', '-c', LIMITED, 'sh', String(Math.floor(memory / 1024)), ...node];
  const child = spawn(command as string, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'],
    serialization: 'advanced',
    env: {
      ...PROCESS_ENVIRONMENT,
      ...(isWindows && { SystemRoot: process.env['SystemRoot'] }),
    },
  });
  const worker: Worker = { child, uploads: 0, lastWords: '' };
  child.stderr?.on('data', (text: Buffer) => {
    worker.lastWords = `${worker.lastWords}${text.toString()}`.slice(0, 300);
  });
  // Whoever waits for an answer hears of it; without a listener it would end this process.
  child.on('error', () => undefined);
  // A process that is waiting for uploads must not keep this one alive.
  hold(child, false);
  return worker;
}

function hasEnded({ child }: Worker): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

type Holdable = Pick<NodeJS.Timeout, 'ref' | 'unref'>;

/** Whether this process stays alive for the sake of the child: it, its channel and its pipes. */
function hold(child: ChildProcess, isHeld: boolean): void {
  const parts = [child, child.channel, child.stderr, child.stdio[4]];
  for (const part of parts as (Holdable | null | undefined)[]) {
    if (isHeld) part?.ref();
    else part?.unref();
  }
}

/** The process is gone; whose fault that was is for the caller to say. */
class ProcessEnded extends Error {
  constructor(readonly failure: Error) {
    super(failure.message);
  }
}

function run(
  worker: Worker,
  bytes: Buffer,
  plan: ProcessSettings,
  limits: ProcessLimits,
): Promise<ProcessedImage> {
  const { child } = worker;
  worker.uploads++;
  return new Promise<ProcessedImage>((resolve, reject) => {
    const timer = setTimeout(() => {
      const detail = `expected an end within ${limits.seconds} s, found none`;
      end(() => reject(new ImageFailure('too-slow', detail)));
    }, limits.seconds * 1000);
    const onMessage = (answer: Answer) => end(() => settle(answer, resolve, reject));
    const onExit = (code: number | null, signal: string | null) =>
      end(() => reject(new ProcessEnded(failureOf(code, signal, worker.lastWords))));
    const onError = (error: Error) => end(() => reject(new ProcessEnded(error)));
    const end = (then: () => void) => {
      clearTimeout(timer);
      child.off('message', onMessage).off('exit', onExit).off('error', onError);
      hold(child, false);
      then();
    };
    child.on('message', onMessage).on('exit', onExit).on('error', onError);
    hold(child, true);
    const { variants, formats, maxBytes, maxPixels, animated, heic, tiff } = plan;
    const request: Request = {
      length: bytes.length,
      plan: { variants, formats, maxBytes, maxPixels, animated, heic, tiff },
    };
    child.send(request);
    const pipe = child.stdio[4] as Writable;
    // Its end is told by `exit`, with its reason.
    pipe.removeAllListeners('error').on('error', () => undefined);
    pipe.write(bytes);
  });
}

function settle(
  answer: Answer,
  resolve: (derived: ProcessedImage) => void,
  reject: (error: Error) => void,
): void {
  if ('derived' in answer) resolve(answer.derived);
  else if ('code' in answer) reject(new ImageFailure(answer.code, answer.detail));
  else reject(new Error(answer.error));
}

/** Signals by which libraries and the kernel end a process that asks for memory that there is not. */
const OUT_OF_MEMORY = ['SIGABRT', 'SIGTRAP', 'SIGKILL'];
/** And those of a decoder that breaks. */
const BROKEN = ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE'];

function failureOf(code: number | null, signal: string | null, lastWords: string): Error {
  const found = `found ${signal ?? `exit ${code ?? '?'}`} ${lastWords.split('\n')[0] ?? ''}`.trim();
  if (signal !== null && OUT_OF_MEMORY.includes(signal)) {
    return new ImageFailure('too-much-memory', `expected an end within the memory, ${found}`);
  }
  if (signal !== null && BROKEN.includes(signal)) {
    return new ImageFailure('damaged-image', `expected the decoder to end, ${found}`);
  }
  // SIGTERM and the like: the instance is going down, and the platform tries the upload again.
  return new Error(`expected renditions, ${found}`);
}
