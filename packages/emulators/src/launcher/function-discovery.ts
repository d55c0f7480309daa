/** How the CLI learns which functions a project has. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { loadModule, prototypeOf, replace } from './patch.js';

const OUTPUT_PATH = 'FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH';

/** Lets the CLI ask functions over HTTP whose firebase-functions cannot write their list to a file. */
export function discoverOldFunctionsOverHttp(): void {
  const delegate = prototypeOf(loadModule('deploy/functions/runtimes/node/index'), 'Delegate');
  replace(
    delegate,
    'discoverBuild',
    (original) =>
      async function discoverBuild(this: unknown, ...args: unknown[]) {
        const value = process.env[OUTPUT_PATH];
        if (value === undefined || writesManifest((this as { sourceDir: string }).sourceDir)) {
          return original.apply(this, args);
        }
        delete process.env[OUTPUT_PATH];
        try {
          return await original.apply(this, args);
        } finally {
          process.env[OUTPUT_PATH] = value;
        }
      },
  );
}

/**
 * @param folder of the functions' source
 * @returns whether its firebase-functions can write the list of functions to a file; true if it has none
 */
export function writesManifest(folder: string): boolean {
  // The package's own files are not in its `exports`, so they are looked up by path.
  const folders = createRequire(join(folder, 'package.json')).resolve.paths('firebase-functions');
  const file = folders
    ?.map((modules) => join(modules, 'firebase-functions/lib/bin/firebase-functions.js'))
    .find((path) => existsSync(path));
  // Without the package the CLI reports what is missing.
  return (
    file === undefined || readFileSync(file, 'utf8').includes('FUNCTIONS_MANIFEST_OUTPUT_PATH')
  );
}
