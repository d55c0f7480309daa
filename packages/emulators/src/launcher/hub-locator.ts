/** Lets `firebase emulators:export`, run in another terminal, find a stack that has a temporary folder of its own. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning } from './processes.js';
import { loadModule, prototypeOf, replace } from './patch.js';

/**
 * Writes the file that says where the hub is into a second folder as well, unless that of another running stack of the
 * project is there. `removeHubFiles` removes it.
 * @param folder where the Firebase CLI looks for it: the system's folder for temporary files
 */
export function announceHub(folder: string): void {
  const hub = prototypeOf(loadModule('emulator/hub'), 'EmulatorHub');
  replace(
    hub,
    'writeLocatorFile',
    (original) =>
      async function writeLocatorFile(this: unknown) {
        await original.call(this);
        const self = this as { args: { projectId: string }; buildLocator(): object };
        const file = join(folder, `hub-${self.args.projectId}.json`);
        const other = pidIn(file);
        if (other !== undefined && isRunning(other)) return;
        writeFileSync(file, JSON.stringify(self.buildLocator()));
      },
  );
}

/** Removes the files that a stack has written with `announceHub`. */
export function removeHubFiles(folder: string, pid: number): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    if (/^hub-.*\.json$/.test(name) && pidIn(file) === pid) rmSync(file, { force: true });
  }
}

/** The process of a stack; undefined without a file that can be read. */
function pidIn(file: string): number | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    // Incomplete, or not ours to read: it is replaced if that is possible.
    return undefined;
  }
}
