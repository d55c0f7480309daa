/** Shared by the scripts of package.json: set up, run a tool, set the exit code. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, setUp } from './setup.mjs';

/**
 * Sets up the workspace, runs a tool, and sets the exit code of this process.
 * @param tool returns the exit code, or a promise of it
 * @param options.failureCode exit code when the set-up or the tool throws; the message goes to stderr
 */
export async function runTool(tool, { failureCode = 1 } = {}) {
  try {
    await setUp();
    process.exitCode = await tool();
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = failureCode;
  }
}

/**
 * Runs the `main` function of a built module.
 * @param path of the module, relative to the root folder
 * @param args passed to `main`
 * @returns the exit code
 */
export async function runMain(path, ...args) {
  const { main } = await import(pathToFileURL(join(root, path)).href);
  return main(...args);
}

/**
 * Runs a Node.js script as a child process that shares this terminal.
 * @param script path relative to the root folder
 * @param env variables in addition to those of this process
 * @returns its exit code, or undefined when a signal ended it
 */
export function runNode(script, args, env = {}) {
  const { status } = spawnSync(process.execPath, [join(root, script), ...args], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  return status ?? undefined;
}
