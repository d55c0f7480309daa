/** Finds the installation that a command line means: in the user's project folder, or from options. */
import { posix } from 'node:path';
import { parseEnv } from 'node:util';
import { parseConfig, type Config } from '../../../config/config.js';
import type { ParameterName } from '../../../config/parameter-table.js';
import { ConfigError } from '../../../errors.js';
import { readProject as readRules, UsageError as RulesError } from '../../check-rules/project.js';
import { InitError } from '../../init/changes.js';
import { readParameters, type Parameters } from '../../init/environment.js';
import { mergeIndexes } from '../../init/indexes.js';
import { installationsOf, storedParameters } from '../../init/installation.js';
import { isObject } from '../../init/json.js';
import { PACKAGE } from '../../init/kit-folder.js';
import { readProject, toPath, type FirebaseProject } from '../../init/project.js';
import type { Installation, LocalRules } from './installation.js';

/** What the command line says. */
export interface Selection {
  /** Id or alias of a Firebase project; absent: that of .firebaserc. */
  project?: string;
  /** Instance id; without a project folder, `kit-ID` or `ext-ID`. */
  instance?: string;
  bucket?: string;
  /** The values of --params; absent: those of the instance's dotenv files. */
  parameters?: Readonly<Record<string, string>>;
}

/** What the package ships. */
export interface PackageFiles {
  version: string;
  /** firestore.indexes.json */
  indexes: string;
}

/** No installation can be identified; the message is one sentence for the user. */
export class ResolveError extends Error {
  override readonly name = 'ResolveError';
}

export interface Resolved {
  installation: Installation;
  /** What could not be read in the project's folder, one sentence each. */
  notes: string[];
}

const PROJECT_ID = /^[a-z0-9][a-z0-9:.-]*$/;
const INSTANCE_ID = /^[a-z0-9_-]{1,60}$/;

interface Candidate {
  kind: Installation['kind'];
  instance: string;
  /** The values of its dotenv files. */
  parameters: (projectId: string, alias: string | undefined) => Readonly<Record<string, string>>;
}

/**
 * @param cwd a folder of the user's project, or any other
 * @throws ResolveError, ConfigError
 */
export function resolveInstallation(
  cwd: string,
  selection: Selection,
  { version, indexes }: PackageFiles,
): Resolved {
  const notes: string[] = [];
  let project: FirebaseProject | undefined;
  let problem = '';
  try {
    project = readProject(cwd);
  } catch (error) {
    if (!(error instanceof InitError)) throw error;
    problem = error.message;
  }
  const { projectId, alias } = findProject(project, selection.project, problem);
  const candidate = findCandidate(project, selection, problem);
  const { kind, instance } = candidate;
  const stored = selection.parameters ?? candidate.parameters(projectId, alias);
  const parameters = Object.fromEntries(
    Object.entries(stored).map(([name, value]) => [
      name,
      // As the Extensions service resolves it.
      value.replaceAll('${param:PROJECT_ID}', projectId),
    ]),
  );
  const bucket = selection.bucket ?? (parameters['BUCKET'] || `${projectId}.firebasestorage.app`);
  const config = parseConfig({ ...parameters, BUCKET: bucket, GCLOUD_PROJECT: projectId });
  const rules = project === undefined ? undefined : findRules(project, config, notes);
  return {
    installation: {
      projectId,
      kind,
      instance,
      config,
      version,
      ...(rules !== undefined && { rules }),
      fieldOverrides: fieldOverridesOf(indexes, config),
    },
    notes,
  };
}

function findProject(
  project: FirebaseProject | undefined,
  given: string | undefined,
  problem: string,
) {
  const projects = project?.projects ?? {};
  const names = Object.keys(projects);
  const only = names.length === 1 ? names[0] : undefined;
  const name = given ?? ('default' in projects ? 'default' : only);
  if (name === undefined) {
    const because = problem === '' ? '.firebaserc has no default project' : problem;
    throw new ResolveError(`--project: expected the id of a Firebase project: ${because}`);
  }
  const projectId = projects[name] ?? name;
  if (!PROJECT_ID.test(projectId)) {
    throw new ResolveError(
      `--project: expected the id of a Firebase project, found "${projectId}"`,
    );
  }
  return { projectId, alias: names.find((other) => projects[other] === projectId) };
}

function findCandidate(
  project: FirebaseProject | undefined,
  { instance }: Selection,
  problem: string,
): Candidate {
  const candidates = project === undefined ? [] : [...kitsOf(project), ...extensionsOf(project)];
  if (instance !== undefined) {
    const found = candidates.find(
      (one) =>
        one.instance === instance ||
        `${one.kind === 'kit' ? 'kit' : 'ext'}-${one.instance}` === instance,
    );
    if (found !== undefined) return found;
    const [, prefix, id = ''] = /^(kit|ext)-(.+)$/.exec(instance) ?? [];
    if (prefix !== undefined && INSTANCE_ID.test(id)) {
      const kind = prefix === 'kit' ? 'kit' : 'extension';
      return { kind, instance: id, parameters: () => ({}) };
    }
  }
  const [only] = candidates;
  if (instance === undefined && only !== undefined && candidates.length === 1) return only;
  const names = candidates.map((one) => one.instance).join(', ');
  const where =
    names === ''
      ? `firebase.json has no instance of ${PACKAGE}: name the folder's instance in firebase.json, or pass kit-ID or ext-ID`
      : `firebase.json has ${names}`;
  const found = instance === undefined ? 'none' : `"${instance}"`;
  throw new ResolveError(
    `--instance: expected the id of an installation, found ${found}; ${problem === '' ? where : problem}`,
  );
}

function kitsOf(project: FirebaseProject): Candidate[] {
  return installationsOf(project).map(({ instance, configFolder }) => ({
    kind: 'kit',
    instance,
    parameters(projectId, alias) {
      const { files } = project;
      const { values, text } = storedParameters(project, configFolder, projectId, alias);
      const shared = files.read(`${configFolder}/.env`);
      return { ...defaultRegionIn(shared), ...defaultRegionIn(text), ...defined(values) };
    },
  }));
}

/** `firebase functions:kits:install --package` asks for it; it is no parameter of this package. */
function defaultRegionIn(text: string | undefined): Record<string, string> {
  const region = text === undefined ? undefined : parseEnv(text)['FUNCTION_DEFAULT_REGION'];
  return region === undefined ? {} : { FUNCTION_DEFAULT_REGION: region };
}

function defined(values: Parameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter(
      (entry): entry is [ParameterName, string] => entry[1] !== undefined,
    ),
  );
}

/** `extensions` in firebase.json: instance id -> path or published extension. */
function extensionsOf(project: FirebaseProject): Candidate[] {
  const { config, files } = project;
  const extensions = isObject(config['extensions']) ? config['extensions'] : {};
  return Object.entries(extensions).flatMap(([instance, source]): Candidate[] => {
    if (typeof source !== 'string' || !isOurs(project, source)) return [];
    return [
      {
        kind: 'extension',
        instance,
        parameters(projectId) {
          const read = (file: string) => readParameters(files.read(`extensions/${file}`) ?? '');
          return {
            ...defined(read(`${instance}.env`)),
            ...defined(read(`${instance}.env.${projectId}`)),
          };
        },
      },
    ];
  });
}

/** @param source `./FOLDER`, or `PUBLISHER/NAME@VERSION` */
function isOurs({ files }: FirebaseProject, source: string): boolean {
  if (/^[a-z0-9-]+\/[a-z0-9-]+@/.test(source)) return source.includes(`/${PACKAGE}@`);
  const folder = posix.normalize(toPath(files, source));
  const manifest = files.read(`${folder}/extension.yaml`) ?? '';
  return /^name:\s*(\S+)\s*$/m.exec(manifest)?.[1] === PACKAGE;
}

/** The rules files of the installation's bucket and of its database. */
function findRules(
  { root }: FirebaseProject,
  { bucket, databaseId }: Config,
  notes: string[],
): NonNullable<Installation['rules']> {
  try {
    const files = readRules(root, databaseId);
    const ofStorage = files.filter(({ service }) => service === 'firebase.storage');
    const storage =
      ofStorage.length === 1
        ? ofStorage[0]
        : ofStorage.find(({ buckets }) => buckets?.includes(bucket));
    const firestore = files.find(({ service }) => service === 'cloud.firestore');
    const local = (file: typeof storage): LocalRules | undefined =>
      file && { file: file.name, text: file.text };
    const rules = { storage: local(storage), firestore: local(firestore) };
    return {
      ...(rules.storage && { storage: rules.storage }),
      ...(rules.firestore && { firestore: rules.firestore }),
    };
  } catch (error) {
    if (!(error instanceof RulesError)) throw error;
    notes.push(`Not checked: whether the local rules are deployed. ${error.message}.`);
    return {};
  }
}

/** The field overrides of this package, with the collections of the installation. */
function fieldOverridesOf(indexes: string, config: Config): Installation['fieldOverrides'] {
  const last = (path: string) => path.split('/').at(-1) ?? '';
  const merged = mergeIndexes(undefined, 'firestore.indexes.json', indexes, {
    images: last(config.imagesCollection.text),
    shares: last(config.sharesCollection.text),
    tokens: last(config.tokensCollection),
  });
  const { fieldOverrides } = JSON.parse(merged) as {
    fieldOverrides: Installation['fieldOverrides'];
  };
  return fieldOverrides;
}

/** Whether an error is about the command line or its files. */
export function isInputError(error: unknown): error is Error {
  return (
    error instanceof ResolveError || error instanceof ConfigError || error instanceof InitError
  );
}
