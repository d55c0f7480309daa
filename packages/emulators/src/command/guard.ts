/** Ends everything that a stack has started when its parent, or the stack itself, is killed and cannot clean up. */
import { ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { replace } from '../launcher/patch.js';

/** How often the parent is looked for, milliseconds. */
const PARENT_INTERVAL_MS = 500;

/** Programs through which npm starts a command. */
const SHELLS = ['sh', 'bash', 'dash', 'zsh', 'ash'];

/** Keeps the last line that it reads; at the end of its input, passes it on. */
const WAIT = `trap '' INT TERM HUP QUIT; while read -r line; do last=$line; done; exec "$0" "$@" $last`;

/**
 * Exits when the process that has started this one ends. npm starts a command in a shell, which outlives npm: then the
 * parent of the shell counts as well.
 * @param exit called once
 */
export function exitWithParent(exit: () => void): void {
  const ancestors = watchedAncestors(process.ppid);
  const timer = setInterval(() => {
    if (process.ppid === ancestors[0] && (ancestors.length === 1 || parentOf(process.ppid) === ancestors[1])) return; // prettier-ignore
    clearInterval(timer);
    exit();
  }, PARENT_INTERVAL_MS);
  timer.unref();
}

/** The parent and, of a command of npm, the process of npm. */
function watchedAncestors(parent: number): number[] {
  const isShell = process.env['npm_execpath'] !== undefined && SHELLS.includes(nameOf(parent));
  const grandparent = isShell ? parentOf(parent) : undefined;
  return grandparent === undefined ? [parent] : [parent, grandparent];
}

/**
 * Starts a shell that waits for the end of this process. If this process is killed, `clean-up.js` ends its children and
 * deletes its folder.
 * @param temporary absolute path of the folder
 * @param hubFolder where `announceHub` writes
 */
export function cleanUpWhenKilled(temporary: string, hubFolder: string): void {
  const script = join(__dirname, 'clean-up.js');
  const args = [script, temporary, hubFolder, String(process.pid)];
  const shell = spawn('/bin/sh', ['-c', WAIT, process.execPath, ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // A signal to the process group does not reach it.
    detached: true,
    cwd: '/',
  });
  const { stdin } = shell;
  // Without it a killed stack leaves processes, as the Firebase CLI does.
  shell.on('error', () => undefined);
  stdin.on('error', () => undefined);
  shell.unref();
  // A pipe of a child process is a socket.
  if (stdin instanceof Socket) stdin.unref();

  const children = new Set<number>();
  const write = () => void stdin.write(`${[...children].join(' ')}\n`);
  replace(
    ChildProcess.prototype as unknown as Record<string, unknown>,
    'spawn',
    (original) =>
      function spawnAndNote(this: unknown, ...args) {
        const result = original.apply(this, args);
        const child = this as ChildProcess;
        const { pid } = child;
        if (pid !== undefined) {
          children.add(pid);
          write();
          child.once('exit', () => {
            children.delete(pid);
            write();
          });
        }
        return result;
      },
  );
}

/** @see https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // It has ended, or the system has no /proc.
    return undefined;
  }
}

function nameOf(pid: number): string {
  const stat = statOf(pid) ?? '';
  return stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
}

function parentOf(pid: number): number | undefined {
  const stat = statOf(pid);
  return stat === undefined
    ? undefined
    : Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}
