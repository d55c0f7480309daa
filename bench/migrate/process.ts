/** Runs `storage-public-variants migrate` in a process of its own on a local stack, and may kill it. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { emulatorEnvironment, type StackContext } from '../../tools/dev/stack/stack-context.js';

/** How the command ended. */
export interface Ended {
  /** Null if it was killed. */
  code: number | null;
  out: string;
  err: string;
}

export interface MigrateProcess {
  /** Runs the command in a folder. @param argv arguments after `migrate` */
  run(folder: string, argv: readonly string[]): Promise<Ended>;
  /** Runs the command, and kills it with SIGKILL as soon as the journal is as wanted. */
  runUntil(
    folder: string,
    argv: readonly string[],
    isWanted: (kinds: readonly string[]) => boolean,
  ): Promise<Ended>;
}

/** Between two looks at the journal, milliseconds. */
const POLL_MS = 5;
/** The journal that the option --journal names. */
export const JOURNAL = 'journal.jsonl';

/** @param root the repository */
export function openMigrateProcess(
  root: string,
  { stack }: Pick<StackContext, 'stack'>,
): MigrateProcess {
  const script = join(root, 'functions', 'lib', 'cli', 'main.js');
  const start = (folder: string, argv: readonly string[]) => {
    const { projectId, bucket } = stack;
    const target = ['--project', projectId, '--bucket', bucket, '--journal', JOURNAL];
    const child = spawn(process.execPath, [script, 'migrate', ...argv, ...target], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...emulatorEnvironment(stack) },
    });
    const closed = new Promise<number | null>((resolve) => child.once('close', resolve));
    const ended = Promise.all([text(child.stdout), text(child.stderr), closed]).then(
      ([out, err, code]): Ended => ({ code, out, err }),
    );
    return { child, ended };
  };
  return {
    run: (folder, argv) => start(folder, argv).ended,
    async runUntil(folder, argv, isWanted) {
      const { child, ended } = start(folder, argv);
      while (child.exitCode === null && !isWanted(kindsIn(join(folder, JOURNAL)))) {
        await delay(POLL_MS);
      }
      child.kill('SIGKILL');
      return ended;
    },
  };
}

/** The kinds of the complete lines of a journal. */
export function kindsIn(file: string): string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
}
