#!/usr/bin/env node
/** The command line tool, `npx storage-public-variants`. */
import { join } from 'node:path';
import { processTerminal, type Terminal } from './terminal.js';

interface Command {
  /** What the command does, in a few words. */
  summary: string;
  /** Imports the command on demand. @returns the exit code */
  run: (argv: string[], terminal: Terminal) => Promise<number>;
}

/** Folder of the compiled functions. */
const LIB = join(__dirname, '..');

const COMMANDS: Readonly<Record<string, Command>> = {
  init: {
    summary: 'install in a Firebase project, or upgrade; shows all changes first',
    async run(argv, terminal) {
      const { init } = await import('./init/command.js');
      return init(argv, terminal, {
        packageFolder: join(LIB, '..'),
        templates: join(LIB, 'files'),
      });
    },
  },
  'check-rules': {
    summary: 'find security rules that open originals, renditions or records',
    async run(argv, terminal) {
      const { checkRules } = await import('./check-rules/command.js');
      return checkRules(argv, terminal);
    },
  },
  doctor: {
    summary: 'check an installation; compare originals, renditions and records',
    async run(argv, terminal) {
      const [{ doctor }, { doctorEnvironment }] = await Promise.all([
        import('./doctor/command.js'),
        import('./doctor/environment.js'),
      ]);
      return doctor(argv, doctorEnvironment(terminal, LIB));
    },
  },
  'edge-key': {
    summary: 'make a key that closes `serve` to all but the edge',
    async run(argv, terminal) {
      const { edgeKey } = await import('./edge-key/command.js');
      return edgeKey(argv, terminal);
    },
  },
  migrate: {
    summary: 'move images of storage-resize-images to this installation',
    async run(argv, terminal) {
      const [{ migrate }, { migrateEnvironment }] = await Promise.all([
        import('./migrate/command.js'),
        import('./migrate/environment.js'),
      ]);
      return migrate(argv, migrateEnvironment(terminal, LIB));
    },
  },
  cost: {
    summary: 'estimate what a month costs, beside comparable products',
    async run(argv, terminal) {
      const { cost } = await import('./cost/command.js');
      return cost(argv, terminal);
    },
  },
  'seal-key': {
    summary: 'make and rotate the keys of sealed links',
    async run(argv, terminal) {
      const { sealKey } = await import('./seal-key/command.js');
      return sealKey(argv, terminal);
    },
  },
};

function usage(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const rows = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`,
  );
  return `storage-public-variants COMMAND

${rows.join('')}
storage-public-variants COMMAND --help shows the options of a command.
`;
}

/** @returns the exit code */
async function main([name, ...rest]: string[], terminal: Terminal): Promise<number> {
  if (name === '--help' || name === 'help') {
    terminal.out(usage());
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name ?? '') ? COMMANDS[name ?? ''] : undefined;
  if (command !== undefined) return command.run(rest, terminal);
  const found = name === undefined ? 'nothing' : `"${name}"`;
  terminal.err(`expected a command, found ${found}\n\n${usage()}`);
  return 2;
}

void main(process.argv.slice(2), processTerminal()).then((code) => (process.exitCode = code));
