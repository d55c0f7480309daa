/** Runs the command of `emulators:exec` in the environment of the user, and ends it before the emulators. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { loadDependency, loadModule, replace } from './patch.js';
import { descendantsOf, signalAll } from './processes.js';

/** Signals on which the Firebase CLI stops the emulators. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
/** How long an interrupted command may clean up, milliseconds. */
const END_TIMEOUT_MS = 10_000;

/**
 * The Firebase CLI leaves an interrupted command running and ends with exit code 0.
 * @param script the command, as it is passed to `emulators:exec`
 * @param restored variables that the command gets as the user has set them; undefined if not set
 */
export function controlScript(
  script: string,
  restored: Readonly<Record<string, string | undefined>>,
): void {
  let child: ChildProcess | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  replace(loadDependency('node:child_process'), 'spawn', (original) => (command, ...rest) => {
    const [options] = rest as [{ shell?: boolean; env?: NodeJS.ProcessEnv } | undefined];
    if (command !== script || options?.shell !== true) return original(command, ...rest);
    child = original(command, {
      ...options,
      env: restore(options.env ?? {}, restored),
    }) as ChildProcess;
    // Called before the listener of the CLI, which waits 500 ms before it stops the emulators.
    child.once('exit', callTimersAtOnce);
    ended = once(child, 'exit');
    ended.catch(() => undefined);
    return child;
  });

  let signaled: number[] = [];
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (child?.pid === undefined) return;
      process.once('exit', () => (process.exitCode = 128 + constants.signals[signal]));
      signaled = [...new Set([...signaled, child.pid, ...descendantsOf(child.pid)])];
      // A terminal has sent Ctrl-C to the command as well; a second one would skip its own clean-up.
      if (signal !== 'SIGINT' || process.stdin.isTTY !== true) signalAll(signaled, signal);
    });
  }
  process.on('exit', () => signalAll(signaled, 'SIGKILL'));
  replace(loadModule('emulator/controller'), 'cleanShutdown', (original) => async (...args) => {
    const timer = setTimeout(() => signalAll(signaled, 'SIGKILL'), END_TIMEOUT_MS);
    await ended.catch(() => undefined);
    clearTimeout(timer);
    return original(...args);
  });
}

/** Calls what is given to setTimeout, until the other listeners of the current event have run, without a delay. */
function callTimersAtOnce(): void {
  const original = globalThis.setTimeout;
  const immediate = (callback: () => void) => original(callback, 0);
  globalThis.setTimeout = immediate as typeof setTimeout;
  process.nextTick(() => (globalThis.setTimeout = original));
}

function restore(
  environment: NodeJS.ProcessEnv,
  restored: Readonly<Record<string, string | undefined>>,
): NodeJS.ProcessEnv {
  const entries = Object.entries({ ...environment, ...restored });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
