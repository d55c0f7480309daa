/** Finds the instances of this kit that a project has already. */
import { posix } from 'node:path';
import { isObject, parseObject } from './json.js';
import { dependencyOf, PACKAGE } from './kit-folder.js';
import { readParameters, type Parameters } from './environment.js';
import { toPath, type FirebaseProject } from './project.js';

/** An instance of this kit in firebase.json. */
export interface Installation {
  instance: string;
  /** Folder of the kit. */
  folder: string;
  /** Folder of the instance's parameters. */
  configFolder: string;
}

/** Who uses a name in firebase.json: names of kits, instances and codebases must differ. */
export interface UsedNames {
  kits: ReadonlySet<string>;
  instancesAndCodebases: ReadonlySet<string>;
}

/** The elements of `functions`, whether it is an array or not. */
function stanzasOf({ config }: FirebaseProject): Record<string, unknown>[] {
  const { functions } = config;
  return (Array.isArray(functions) ? functions : [functions]).filter(isObject);
}

export function installationsOf(project: FirebaseProject): Installation[] {
  return stanzasOf(project).flatMap(({ source, sourcePackage, instances }) => {
    if (typeof source !== 'string' || !isObject(instances)) return [];
    const folder = toFolder(project, source);
    const isOurs = isObject(sourcePackage) && sourcePackage['name'] === PACKAGE;
    if (!isOurs && !hasPackage(project, folder)) return [];
    return Object.entries(instances).flatMap(([instance, path]) =>
      typeof path === 'string' ? [{ instance, folder, configFolder: toFolder(project, path) }] : [],
    );
  });
}

function toFolder({ files }: FirebaseProject, path: string): string {
  return posix.normalize(toPath(files, path)).split('/').filter(Boolean).join('/');
}

function hasPackage({ files }: FirebaseProject, folder: string): boolean {
  const path = `${folder}/package.json`;
  const text = files.read(path);
  if (text === undefined) return false;
  const manifest = parseObject(text, path);
  return manifest['name'] === PACKAGE || dependencyOf(manifest) !== undefined;
}

/** @param project its stanzas without "codebase" have the codebase `default` */
export function usedNames(project: FirebaseProject): UsedNames {
  const stanzas = stanzasOf(project);
  const kits = stanzas.flatMap(({ kit }) => (typeof kit === 'string' ? [kit] : []));
  const instances = stanzas.flatMap(({ instances }) =>
    isObject(instances) ? Object.keys(instances) : [],
  );
  const codebases = stanzas.flatMap(({ kit, codebase }) =>
    kit !== undefined ? [] : [typeof codebase === 'string' ? codebase : 'default'],
  );
  return { kits: new Set(kits), instancesAndCodebases: new Set([...instances, ...codebases]) };
}

/** The parameters of an instance. */
export interface StoredParameters {
  /** The file of this project; it need not exist. */
  path: string;
  /** Its text; absent if it does not exist. */
  text?: string;
  /** What it and the file for all projects, `.env`, set. */
  values: Parameters;
  /** What `.env` sets. */
  shared: Parameters;
  /** What the file of some other project sets, whose paths and collections are in the same rules. */
  other: Parameters;
}

/** Reads the dotenv files of a configuration folder as the Firebase CLI does. */
export function storedParameters(
  { files }: FirebaseProject,
  configFolder: string,
  projectId: string,
  alias: string | undefined,
): StoredParameters {
  const read = (name: string) => files.read(`${configFolder}/${name}`);
  const names = files.list(configFolder);
  // The CLI refuses a folder with both.
  const isByAlias = alias !== undefined && names.includes(`.env.${alias}`);
  const name = `.env.${isByAlias ? alias : projectId}`;
  const text = read(name);
  const shared = readParameters(read('.env') ?? '');
  const values = { ...shared, ...readParameters(text ?? '') };
  const otherName = names.find(
    (other) => /^\.env\../.test(other) && other !== name && other !== '.env.local',
  );
  const other = otherName === undefined ? {} : readParameters(read(otherName) ?? '');
  const path = `${configFolder}/${name}`;
  return { path, ...(text !== undefined && { text }), values, shared, other };
}
