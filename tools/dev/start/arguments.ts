/** What `npm start` was asked to do. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Form } from '../stack/project.js';

export interface Arguments {
  form: Form;
  freePorts: boolean;
  /** Photos to do the main job for, as they were named and where they are; absent: go on running. */
  once?: { name: string; path: string }[];
  /** Google's own emulators, which need Java 21. */
  official: boolean;
  /** Say why the rules deny a request. */
  explain: boolean;
  help: boolean;
}

export const USAGE = `npm start                          the local stack and the demo page, until Ctrl-C
npm start -- --once PHOTO [PHOTO…]   the main job for these files, a line of JSON each, then exit
  --as kit|extension                 how the functions run (default: kit)
  --free-ports                       any free ports instead of those in firebase.json
  --explain                          say of each denied request why the rules deny it
  --official                         Google's own emulators throughout (needs Java 21)
`;

/** @throws Error with one clear sentence when an argument is wrong or a file is not there */
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
    throw new Error('--explain: expected without --official, whose rules are not evaluated here');
  }
  const common = { form, official, explain, help } as const;
  if (!values.once) {
    const [stray] = positionals;
    if (stray !== undefined) {
      throw new Error(`expected no file without --once, found ${JSON.stringify(stray)}`);
    }
    return { ...common, freePorts: values['free-ports'] };
  }
  if (positionals.length === 0) throw new Error('--once: expected at least one photo, found none');
  // npm runs scripts in the package's own folder; people mean the one that they are in.
  const folder = process.env['INIT_CWD'] ?? process.cwd();
  const photos = positionals.map((name) => ({ name, path: resolve(folder, name) }));
  for (const { name, path } of photos) {
    if (!statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw new Error(`--once: expected a photo, found no file ${JSON.stringify(name)}`);
    }
  }
  // Nobody needs to know the ports of a run that ends by itself, so it never stands in another's way.
  return { ...common, freePorts: true, once: photos };
}
