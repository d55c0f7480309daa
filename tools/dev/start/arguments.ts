/** Parses the arguments of `npm start`. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Form } from '../stack/project.js';

export interface Arguments {
  form: Form;
  freePorts: boolean;
  /** Files to process before exiting, by argument and absolute path; absent: run until stopped. */
  once?: { name: string; path: string }[];
  /** Use Google's emulators, which need Java 21. */
  official: boolean;
  /** Print why the rules deny a request. */
  explain: boolean;
  help: boolean;
}

export const USAGE = `npm start                          run the local stack and the demo page until Ctrl-C
npm start -- --once FILE [FILE…]     process these files, print one line of JSON each, and exit
  --as kit|extension                 form of the functions (default: kit)
  --free-ports                       use any free ports instead of those in firebase.json
  --explain                          print for each denied request why the rules deny it
  --official                         use Google's emulators (needs Java 21)

With SEALING_KEYS in the environment there are sealed links; storage-public-variants seal-key prints a value.
`;

/** @throws Error when an argument is invalid or a file does not exist */
export function parseArguments(argv: string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      once: { type: 'boolean', default: false },
      as: { type: 'string', default: 'kit' },
      'free-ports': { type: 'boolean', default: false },
      official: { type: 'boolean', default: false },
      explain: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { as: form } = values;
  if (form !== 'kit' && form !== 'extension') {
    throw new Error(`--as: expected kit or extension, found ${JSON.stringify(form)}`);
  }
  const { official, explain, help } = values;
  if (official && explain) {
    throw new Error(
      '--explain: expected without --official, which evaluates the rules in a Java program',
    );
  }
  const common = { form, official, explain, help } as const;
  if (!values.once) {
    const [file] = positionals;
    if (file !== undefined) {
      throw new Error(`expected no file without --once, found ${JSON.stringify(file)}`);
    }
    return { ...common, freePorts: values['free-ports'] };
  }
  if (positionals.length === 0) throw new Error('--once: expected at least one photo, found none');
  // npm runs scripts in the package's folder; paths are relative to the user's.
  const folder = process.env['INIT_CWD'] ?? process.cwd();
  const files = positionals.map((name) => ({ name, path: resolve(folder, name) }));
  for (const { name, path } of files) {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw new Error(`--once: expected a photo, found no file ${JSON.stringify(name)}`);
    }
  }
  // Free ports, so that the run does not conflict with a running stack.
  return { ...common, freePorts: true, once: files };
}
