/** Where the package of this command came from: a registry or a tarball. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { InitError } from './changes.js';
import { isObject } from './json.js';
import { PACKAGE, type PackageSource } from './kit-folder.js';

const SDKS = ['firebase-admin', 'firebase-functions'];

/**
 * @param folder of the installed package
 * @param tarball from the command line, absolute
 * @throws InitError if the tarball does not exist or has another name
 */
export function packageSource(folder: string, tarball: string | undefined): PackageSource {
  const { version, dependencies } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  ) as { version: string; dependencies: Record<string, string> };
  const sdks = Object.fromEntries(
    Object.entries(dependencies).filter(([name]) => SDKS.includes(name)),
  );
  const file = tarball ?? installedTarball(folder);
  if (file === undefined) return { version, sdks };
  if (!existsSync(file) || !new RegExp(`^${PACKAGE}-[\\w.+-]+\\.tgz$`).test(basename(file))) {
    throw new InitError(`--tarball: expected a file ${PACKAGE}-VERSION.tgz, found ${file}.`);
  }
  return { version, sdks, tarball: file };
}

/** Packages of the local stack. */
const STACK_PACKAGES = ['firebase-rules-check', 'firebase-local-stack'];

/**
 * The command that starts the project on the local stack, from the tarballs beside that of the kit, if it has one.
 * @param hasDefault whether .firebaserc has a default project
 */
export function stackCommand(
  { tarball }: PackageSource,
  hasDefault: boolean,
  projectId: string,
): string {
  const folder = tarball === undefined ? undefined : dirname(tarball);
  const files = folder === undefined ? [] : readdirSync(folder);
  const found = STACK_PACKAGES.flatMap((name) => {
    const file = files.find((other) => new RegExp(`^${name}-\\d[\\w.+-]*\\.tgz$`).test(other));
    return file === undefined || folder === undefined ? [] : [join(folder, file)];
  });
  const packages = found.length === STACK_PACKAGES.length ? found : [];
  const npx = ['npx', '--yes', ...packages.flatMap((file) => ['--package', file])];
  const project = hasDefault ? [] : ['--project', projectId];
  return [...npx, 'firebase-local-stack', 'start', ...project].join(' ');
}

/** The tarball that npm installed the package from, which `npx --yes --package FILE` does in a folder of its cache. */
function installedTarball(folder: string): string | undefined {
  const modules = dirname(folder);
  try {
    const lock: unknown = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'));
    const packages = isObject(lock) ? lock['packages'] : undefined;
    const entry = isObject(packages) ? packages[`node_modules/${PACKAGE}`] : undefined;
    const resolved = isObject(entry) ? entry['resolved'] : undefined;
    const path = typeof resolved === 'string' ? /^file:(.+\.tgz)$/.exec(resolved)?.[1] : undefined;
    const file = path === undefined ? undefined : resolve(dirname(modules), path);
    return file !== undefined && existsSync(file) ? file : undefined;
  } catch {
    // Not installed by npm.
    return undefined;
  }
}
