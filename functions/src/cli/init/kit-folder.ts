/** The folder of the kit: the package that the Firebase CLI deploys. */
import { basename } from 'node:path';
import { InitError, type FileChange } from './changes.js';
import type { ProjectFiles } from './project.js';
import { isObject, parseObject, setValue } from './json.js';

export const PACKAGE = 'storage-public-variants';

/** Where the package comes from. */
export interface PackageSource {
  version: string;
  /** Versions of the SDKs, which the Functions emulator expects in the manifest of what it runs. */
  sdks: Record<string, string>;
  /** Absolute path of the tarball, if the package is not from a registry. */
  tarball?: string;
}

export type NodeVersion = '22' | '24';

const ENTRY = `// The functions that this kit deploys. To upgrade, change the version in package.json.
module.exports = require('${PACKAGE}');
`;

/**
 * @param folder of the kit, relative to the project
 * @throws InitError if the folder has another package
 */
export function kitFolderChanges(
  folder: string,
  source: PackageSource,
  node: NodeVersion,
  files: ProjectFiles,
): FileChange[] {
  const manifestPath = `${folder}/package.json`;
  const before = files.read(manifestPath);
  const manifest = before === undefined ? undefined : parseObject(before, manifestPath);
  // Installed from a folder with the package itself: replacing that folder upgrades it.
  if (manifest?.['name'] === PACKAGE) return [];
  const tarball = source.tarball === undefined ? undefined : basename(source.tarball);
  const wanted = tarball === undefined ? source.version : `file:${tarball}`;
  const changes: FileChange[] = [];
  if (before === undefined || manifest === undefined) {
    changes.push({
      path: manifestPath,
      after: newManifest(folder, { [PACKAGE]: wanted, ...source.sdks }, node),
    });
  } else {
    const installed = dependencyOf(manifest);
    if (installed === undefined) {
      throw new InitError(
        `${manifestPath}: expected a dependency on ${PACKAGE}, found another package: choose another --instance.`,
      );
    }
    if (installed !== wanted) {
      const after = setValue(before, ['dependencies', PACKAGE], wanted);
      changes.push({ path: manifestPath, before, after });
      const old = /^file:([^/\\]+\.tgz)$/.exec(installed)?.[1];
      if (old !== undefined && old !== tarball) changes.push({ path: `${folder}/${old}` });
    }
  }
  if (tarball !== undefined && source.tarball !== undefined) {
    const copy = { path: `${folder}/${tarball}`, copyOf: source.tarball };
    if (!files.hasCopyOf(copy.path, copy.copyOf)) changes.push(copy);
  }
  const isOwnLayout = manifest === undefined || manifest['main'] === 'index.js';
  if (isOwnLayout && files.read(`${folder}/index.js`) === undefined) {
    changes.push({ path: `${folder}/index.js`, after: ENTRY });
  }
  return changes;
}

/** What the manifest of a kit says about this package: a version, a range or a tarball. */
export function dependencyOf(manifest: Record<string, unknown>): string | undefined {
  const { dependencies } = manifest;
  const value = isObject(dependencies) ? dependencies[PACKAGE] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function newManifest(
  folder: string,
  dependencies: Record<string, string>,
  node: NodeVersion,
): string {
  const manifest = {
    name: `kit-${folder.split('/').at(-1)}`,
    private: true,
    description: 'Private originals and public sizes of images in Cloud Storage.',
    main: 'index.js',
    // The CLI accepts only a major version.
    engines: { node },
    dependencies,
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
