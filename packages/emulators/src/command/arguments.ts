/** The command line of `firebase-local-stack`. */
import { parseArgs } from 'node:util';

export const USAGE = `firebase-local-stack start [OPTIONS]
firebase-local-stack exec [OPTIONS] "COMMAND"

Starts the emulators of a Firebase project with Node.js alone: no Java, no login, no requests to Google.
\`start\` runs until Ctrl-C. \`exec\` runs a command while the emulators run, and ends with its exit code.

--project, -P ID   project id or alias; default: the default project of .firebaserc, or demo-local
--config, -c FILE  default: firebase.json of this folder or the nearest one above
--only NAMES       emulators, separated by commas: auth, firestore, storage, functions, hosting, extensions,
                   eventarc, tasks; functions and extensions may be followed by a colon and a name;
                   default: auth, and what firebase.json has
--import FOLDER    starts with the data of an export, as \`firebase emulators:export\` and \`gcloud\` write them
--export-on-exit [FOLDER]
                   writes the data to a folder at the end; default: that of --import
--inspect-functions [PORT]
                   functions wait for a debugger
--log-verbosity L  DEBUG, INFO, QUIET or SILENT
--debug            prints what the Firebase CLI logs
--explain          prints for each denied request which rule was false

Ports are those of "emulators" in firebase.json, or the defaults of the Firebase CLI.
`;

/** A fault in the command line or the project: one sentence. */
export class UsageError extends Error {}

export interface Arguments {
  /** Command to run; absent for `start`. */
  script?: string;
  project?: string;
  config?: string;
  only?: string[];
  explain: boolean;
  /** Further arguments for the Firebase CLI. */
  passed: string[];
}

/** Emulators without a Java program. */
export const SUPPORTED = [
  'auth',
  'firestore',
  'storage',
  'functions',
  'hosting',
  'extensions',
  'eventarc',
  'tasks',
] as const;

/** Options of the Firebase CLI that this package cannot provide, with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  ui: 'the Emulator UI is a download',
};

/** Options whose value may be left out, with what the next argument must be to be the value. */
const OPTIONAL_VALUES: Readonly<Record<string, RegExp>> = {
  'inspect-functions': /^\d+$/,
  // As the Firebase CLI reads it.
  'export-on-exit': /^[^-]/,
};

/** Options that the Firebase CLI gets as they are. */
const PASSED = ['inspect-functions', 'log-verbosity', 'import', 'export-on-exit'] as const;

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  project: { type: 'string', short: 'P' },
  config: { type: 'string', short: 'c' },
  only: { type: 'string' },
  import: { type: 'string' },
  'export-on-exit': { type: 'string' },
  'inspect-functions': { type: 'string' },
  'log-verbosity': { type: 'string' },
  debug: { type: 'boolean' },
  explain: { type: 'boolean' },
} as const;

/**
 * @param argv arguments after the name of the program
 * @returns undefined if the usage is asked for
 * @throws UsageError
 */
export function parseArguments(argv: string[]): Arguments | undefined {
  const { values, positionals } = parse(argv);
  const [command, script, ...rest] = positionals;
  if (values.help === true || (command === undefined && argv.length === 0)) return undefined;
  if (command !== 'start' && command !== 'exec') {
    throw new UsageError(`expected start or exec, found ${quote(command)}. See --help.`);
  }
  const count = positionals.length - 1;
  if (command === 'start' && script !== undefined) {
    throw new UsageError(`start: expected options only, found ${quote(script)}.`);
  }
  if (command === 'exec' && (script === undefined || script.trim() === '' || rest.length > 0)) {
    throw new UsageError(
      `exec: expected one command in quotes, such as exec "npm test", found ${count === 1 ? 'an empty one' : count}.`,
    );
  }
  for (const [name, value] of Object.entries(values)) {
    if (value === '' && !Object.hasOwn(OPTIONAL_VALUES, name)) {
      throw new UsageError(`--${name}: expected a value, found nothing.`);
    }
  }
  const only = values.only?.split(',').map((name) => name.trim());
  for (const name of only ?? []) checkEmulator(name);
  if (values['export-on-exit'] === '' && values.import === undefined) {
    throw new UsageError('--export-on-exit: expected a folder here or in --import, found none.');
  }
  const passed = PASSED.flatMap((name) => {
    const value = values[name];
    return value === undefined ? [] : [`--${name}`, ...(value === '' ? [] : [value])];
  });
  if (values.debug === true) passed.push('--debug');
  return {
    ...(command === 'exec' && script !== undefined && { script }),
    ...(values.project !== undefined && { project: values.project }),
    ...(values.config !== undefined && { config: values.config }),
    ...(only && { only }),
    explain: values.explain ?? false,
    passed,
  };
}

function checkEmulator(selector: string): void {
  const [name = '', ...rest] = selector.split(':');
  if (!SUPPORTED.some((supported) => supported === name)) {
    throw new UsageError(
      `--only: expected some of ${SUPPORTED.join(', ')}, found ${quote(name)}; the other emulators are Java programs of Google.`,
    );
  }
  if (rest.length > 0 && name !== 'functions' && name !== 'extensions') {
    throw new UsageError(`--only: expected ${name} without a name, found ${quote(selector)}.`);
  }
}

function parse(argv: string[]) {
  const args = withOptionalValues(argv);
  const refused = Object.keys(REFUSED).find((name) =>
    args.some((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`)),
  );
  if (refused !== undefined) {
    throw new UsageError(`--${refused}: is not supported, because ${REFUSED[refused]}.`);
  }
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    const [sentence = ''] = (error as Error).message.split('\n');
    throw new UsageError(`${sentence.replace(/\.?$/, '.')} See --help.`);
  }
}

/** Gives options that may have none an empty value: parseArgs knows no optional values. */
function withOptionalValues(argv: string[]): string[] {
  return argv.map((argument, index) => {
    const isValue = OPTIONAL_VALUES[argument.replace(/^--/, '')];
    if (!argument.startsWith('--') || isValue?.test(argv[index + 1] ?? '') !== false) {
      return argument;
    }
    return `${argument}=`;
  });
}

function quote(text: string | undefined): string {
  return text === undefined ? 'nothing' : `"${text}"`;
}
