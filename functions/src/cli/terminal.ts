/** What a command of the command line tool needs of its process. */
import { spawn } from 'node:child_process';

/** A question to the user. */
export interface Question {
  message: string;
  /** The answer if the user just presses Enter. */
  default?: string;
  /** The only valid answers; the user selects one. */
  choices?: readonly { label: string; value: string }[];
  /** @returns what was expected, as a sentence, if the answer is not valid */
  validate?: (answer: string) => string | undefined;
}

/** Replaced in tests. */
export interface Terminal {
  /** Working directory. */
  cwd: string;
  /** Environment variables. */
  env: Readonly<Record<string, string | undefined>>;
  /** Whether somebody can answer questions: stdin and stdout are terminals, and `CI` is not set. */
  isInteractive: boolean;
  /** Writes to stdout. */
  out: (text: string) => void;
  /** Writes to stderr. */
  err: (text: string) => void;
  /** @throws CancelledError if the user presses Ctrl+C */
  ask: (question: Question) => Promise<string>;
  /** Asks a question that is answered with yes or no; the default is yes. @throws CancelledError */
  confirm: (message: string) => Promise<boolean>;
  /**
   * Runs a program; its output goes to stderr.
   * @returns its exit code; undefined if it can't be started
   */
  run: (program: string, args: readonly string[], cwd: string) => Promise<number | undefined>;
}

/** The user pressed Ctrl+C at a question. */
export class CancelledError extends Error {
  override readonly name = 'CancelledError';
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { env, stdin, stdout, stderr } = process;
  return {
    cwd: process.cwd(),
    env,
    isInteractive: stdin.isTTY && stdout.isTTY && !env['CI'],
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    ask: (question) => prompt(question),
    confirm: (message) =>
      orCancel(async () => {
        const { confirm } = await import('@inquirer/prompts');
        return confirm({ message, default: true });
      }),
    run,
  };
}

function prompt({ message, choices, validate, default: value }: Question): Promise<string> {
  return orCancel(async () => {
    const { input, select } = await import('@inquirer/prompts');
    const preset = value !== undefined && { default: value };
    if (choices !== undefined) {
      const options = choices.map(({ label, value }) => ({ name: label, value }));
      return select({ message, choices: options, ...preset });
    }
    return input({ message, ...preset, validate: (answer) => validate?.(answer) ?? true });
  });
}

async function orCancel<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if ((error as Error).name === 'ExitPromptError') throw new CancelledError('Cancelled.');
    throw error;
  }
}

function run(program: string, args: readonly string[], cwd: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    // stdout is for the result of the command itself.
    const child = spawn(program, args, { cwd, stdio: ['ignore', 2, 2] });
    child.once('error', () => resolve(undefined));
    child.once('exit', (code) => resolve(code ?? undefined));
  });
}

const BAR_CELLS = 30;

/** A bar and the numbers, `[###...] 3/6`. */
export function progressBar(done: number, total: number): string {
  const full = total === 0 ? BAR_CELLS : Math.round((done / total) * BAR_CELLS);
  return `[${'#'.repeat(full)}${'.'.repeat(BAR_CELLS - full)}] ${done}/${total}`;
}
