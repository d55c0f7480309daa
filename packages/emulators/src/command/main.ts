#!/usr/bin/env node
/** `firebase-local-stack start | exec`: runs the emulators of the Firebase project of this folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeHubFiles } from '../launcher/hub-locator.js';
import { loadModulesLazily } from '../launcher/lazy-modules.js';
import { toEnvironment } from '../launcher/messages.js';
import { descendantsOf, signalAll } from '../launcher/processes.js';
import { controlScript } from '../launcher/script.js';
import { parseArguments, USAGE, UsageError } from './arguments.js';
import { cleanUpWhenKilled, exitWithParent } from './guard.js';
import { readLocalProject } from './project.js';

function main(): void {
  const args = parseArguments(process.argv.slice(2));
  if (args === undefined) {
    process.stdout.write(USAGE);
    return;
  }
  loadModulesLazily();
  const { config, only, project, notes } = readLocalProject(process.cwd(), args);
  for (const note of notes) process.stderr.write(`${note}\n`);
  // The Storage emulator empties its folder at start: without one of its own, two stacks would share it.
  const hubFolder = tmpdir();
  const temporary = mkdtempSync(join(hubFolder, 'firebase-local-stack-'));
  process.on('exit', () => {
    // The CLI asks functions to end, and does not wait.
    signalAll(descendantsOf(process.pid), 'SIGKILL');
    rmSync(temporary, { recursive: true, force: true });
    removeHubFiles(hubFolder, process.pid);
  });
  cleanUpWhenKilled(temporary, hubFolder);
  // The exit code of a command that SIGTERM ends.
  exitWithParent(() => process.exit(143));
  const offline = { emulators: only, hubFolder };
  const own = {
    TMPDIR: temporary,
    ...toEnvironment({ official: false, explain: args.explain, offline }),
  };
  if (args.script !== undefined) {
    // An Admin SDK in the command would look for Google's metadata server.
    const names = Object.keys(own).filter((name) => name !== 'METADATA_SERVER_DETECTION');
    const users = Object.fromEntries(names.map((name) => [name, process.env[name]]));
    controlScript(args.script, users);
  }
  Object.assign(process.env, own);
  process.argv.splice(
    2,
    Infinity,
    args.script === undefined ? 'emulators:start' : 'emulators:exec',
    ...(args.script === undefined ? [] : [args.script]),
    ...['--config', config, '--only', only.join(','), '--non-interactive'],
    ...(project === undefined ? [] : ['--project', project]),
    ...args.passed,
  );
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- reads the arguments and variables when it is loaded
  require('../launcher/main.js');
}

try {
  main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
