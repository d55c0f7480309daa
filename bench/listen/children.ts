/** Child processes of the benchmark, which end with it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Clock ticks per second in /proc/PID/stat (proc(5)). */
const TICKS_PER_SECOND = 100;

/** A child process of this folder. */
export class Child {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** @returns the process and its first message */
  static async start<T>(script: string, args: string[]): Promise<{ child: Child; first: T }> {
    const child = fork(join(__dirname, script), args, { stdio: ['ignore', 2, 2, 'ipc'] });
    const first = await nextMessage<T>(child);
    return { child: new Child(child), first };
  }

  get pid(): number {
    return this.#process.pid as number;
  }

  /** @returns the reply to a message */
  async ask<T>(message: object): Promise<T> {
    const reply = nextMessage<{ value: T; error?: string }>(this.#process);
    this.#process.send(message);
    const { value, error } = await reply;
    if (error !== undefined) throw new Error(error);
    return value;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = once(this.#process, 'close');
    this.#process.kill();
    await closed;
  }
}

async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const aborter = new AbortController();
  const { signal } = aborter;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('A process of the benchmark has ended unexpectedly.');
  });
  const message = once(child, 'message', { signal }) as Promise<[T]>;
  try {
    return (await Promise.race([message, ended]))[0];
  } finally {
    // The other event is no longer awaited.
    message.catch(() => undefined);
    ended.catch(() => undefined);
    aborter.abort();
  }
}

/** @returns the CPU time of a process, seconds (Linux only) */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
