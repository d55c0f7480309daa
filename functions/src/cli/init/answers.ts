/** Finds what `init` needs to know: from options, the project, an earlier run, or by asking. */
import { parseConfig } from '../../config/config.js';
import { locationOptions, REGION_PATTERN } from '../../config/locations.js';
import { DEFAULTS, PARAMETERS, type ParameterName } from '../../config/parameter-table.js';
import { ConfigError } from '../../errors.js';
import type { Arguments } from './arguments.js';
import { InitError } from './changes.js';
import type { Parameters } from './environment.js';
import { hostingTarget, publicBaseUrl, type HostingTarget } from './hosting.js';
import {
  installationsOf,
  storedParameters,
  usedNames,
  type Installation,
  type StoredParameters,
} from './installation.js';
import type { NodeVersion } from './kit-folder.js';
import type { FirebaseProject } from './project.js';
import type { Questioner } from './questioner.js';
import { firestoreTarget, storageTarget, type RulesTarget } from './rules-targets.js';

export interface Answers {
  projectId: string;
  instance: Installation;
  /** Whether firebase.json has the instance already. */
  isInstalled: boolean;
  stored: StoredParameters;
  /** Every parameter that differs from its default, or that is stored. */
  values: Parameters;
  node: NodeVersion;
  storage: RulesTarget;
  firestore: RulesTarget & { indexes: string };
  hosting?: HostingTarget;
}

/** @throws InitError if an answer is not valid, or missing and nothing may be asked */
export async function findAnswers(context: Questioner): Promise<Answers> {
  const { project, args } = context;
  const { projectId, alias } = await findProjectId(context);
  const { instance, isInstalled } = await findInstance(context);
  const stored = storedParameters(project, instance.configFolder, projectId, alias);
  refuseOtherValues(args, stored);
  const storage = await storageTarget(context, projectId, stored.values.BUCKET);
  const firestore = firestoreTarget(
    project,
    projectId,
    stored.values.DATABASE_ID ?? DEFAULTS.DATABASE_ID,
  );
  const values = await findParameters(context, projectId, stored, storage);
  const hosting = await hostingTarget(context, projectId, instance.instance, isInstalled);
  const baseUrl = args.baseUrl ?? publicBaseUrl(hosting, projectId);
  const all: Parameters = {
    ...(stored.text === undefined && baseUrl !== undefined && { PUBLIC_BASE_URL: baseUrl }),
    ...values,
  };
  checkParameters(all, projectId);
  refuseSamePaths(project, instance, projectId, alias, all);
  const node = args.runtime ?? '24';
  return {
    projectId,
    instance,
    isInstalled,
    stored,
    values: all,
    node,
    storage,
    firestore,
    ...(hosting !== undefined && { hosting }),
  };
}

async function findProjectId({ project, args, ask }: Questioner) {
  const { projects } = project;
  const names = Object.keys(projects);
  const only = names.length === 1 ? names[0] : undefined;
  let name = args.project ?? ('default' in projects ? 'default' : only);
  if (name === undefined) {
    if (ask === undefined) {
      throw new InitError(
        '--project: expected the id of your Firebase project, because .firebaserc has no default project.',
      );
    }
    name = await ask({ message: 'Firebase project id', validate: checkProjectId });
  }
  const projectId = projects[name] ?? name;
  const problem = checkProjectId(projectId);
  if (problem !== undefined) throw new InitError(`--project: ${problem}`);
  const alias = names.find((other) => projects[other] === projectId);
  return { projectId, alias };
}

function checkProjectId(id: string): string | undefined {
  if (/^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,62}$/.test(id)) return undefined;
  return `expected the id of a Firebase project, found "${id}".`;
}

/** See validateKitInstanceId in firebase-tools, src/functions/projectConfig.ts. */
function checkInstance(id: string): string | undefined {
  if (id.length <= 40 && /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$/.test(id)) return undefined;
  return `expected at most 40 lowercase letters, digits, _ and -, not - first or last; found "${id}".`;
}

const DEFAULT_INSTANCE = 'images';

async function findInstance({ project, args, ask }: Questioner) {
  const installed = installationsOf(project);
  const names = installed.map(({ instance }) => instance);
  const used = usedNames(project);
  const isTaken = (id: string) =>
    (used.kits.has(id) || used.instancesAndCodebases.has(id)) && !names.includes(id);
  const check = (id: string) =>
    checkInstance(id) ??
    (isTaken(id)
      ? `expected a name that firebase.json does not have, found "${id}", which another kit or codebase has.`
      : undefined);
  let id = args.instance ?? (installed.length === 1 ? names[0] : undefined);
  if (id === undefined && installed.length > 1) {
    if (ask === undefined) {
      throw new InitError(
        `--instance: expected one of ${names.join(', ')}, or a new name; found no choice.`,
      );
    }
    const choices = names.map((value) => ({ label: value, value }));
    id = await ask({ message: 'Instance to update', choices });
  }
  id ??= await (ask?.({ message: 'Instance id', default: DEFAULT_INSTANCE, validate: check }) ??
    DEFAULT_INSTANCE);
  const problem = check(id);
  if (problem !== undefined) throw new InitError(`--instance: ${problem}`);
  const found = installed.find(({ instance }) => instance === id);
  const folder = `function-kits/${id}`;
  const instance = found ?? { instance: id, folder, configFolder: `${folder}/config` };
  return { instance, isInstalled: found !== undefined };
}

/** Options whose parameter must not change in an installed instance: existing images would be lost. */
const OPTION_OF = {
  BUCKET: 'bucket',
  LOCATION: 'region',
  ORIGINALS_PATH: 'folder',
  PUBLIC_BASE_URL: 'baseUrl',
  TRIGGER_REGION: 'triggerRegion',
} as const;

function refuseOtherValues(args: Arguments, { path, text, values }: StoredParameters): void {
  if (text === undefined) return;
  for (const [name, option] of Object.entries(OPTION_OF)) {
    const given = args[option];
    const wanted = given === undefined || option !== 'folder' ? given : toOriginalsPath(given);
    const stored = values[name as keyof typeof OPTION_OF];
    if (wanted === undefined || stored === undefined || wanted === stored) continue;
    const flag = option.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new InitError(
      `--${flag}: expected ${name}=${stored} as in ${path}, found "${wanted}": change the file, or choose another ` +
        '--instance.',
    );
  }
}

/** `photos` -> `photos/{uid}/{imageId}`; a path with placeholders stays. */
function toOriginalsPath(folder: string): string {
  const path = folder.split('/').filter(Boolean).join('/');
  return path.includes('{') ? path : `${path}/{uid}/{imageId}`;
}

/** Parameters that another project of the same rules shares. */
const SHARED: readonly ParameterName[] = [
  'ORIGINALS_PATH',
  'VARIANTS_PATH',
  'IMAGES_COLLECTION',
  'TOKENS_COLLECTION',
  'SHARES_COLLECTION',
];

async function findParameters(
  { args, ask }: Questioner,
  projectId: string,
  { values, other }: StoredParameters,
  { buckets }: RulesTarget,
): Promise<Parameters & { LOCATION: string }> {
  let bucket = values.BUCKET ?? args.bucket ?? (buckets?.length === 1 ? buckets[0] : undefined);
  let location = values.LOCATION ?? args.region;
  if (ask === undefined) {
    const missing = [
      ...(bucket === undefined ? ['--bucket (such as my-project.firebasestorage.app)'] : []),
      ...(location === undefined ? ['--region (such as europe-west1)'] : []),
    ];
    if (missing.length > 0) {
      throw new InitError(`expected ${missing.join(' and ')}, found nothing that says which.`);
    }
  }
  bucket ??= await ask?.({
    message: 'Bucket that users upload to',
    default: buckets?.[0] ?? `${projectId}.firebasestorage.app`,
    validate: checkBucket,
  });
  location ??= await ask?.({
    message: "Region of the functions: the bucket's region, or one within its multi-region",
    default: DEFAULTS.LOCATION,
    choices: locationOptions('2nd gen'),
  });
  check('bucket', bucket ?? '', checkBucket);
  check('region', location ?? '', checkRegion);
  let originals = values.ORIGINALS_PATH ?? other.ORIGINALS_PATH;
  if (originals === undefined) {
    const [folder = ''] = DEFAULTS.ORIGINALS_PATH.split('/');
    const message = 'Folder that users upload to';
    const chosen =
      args.folder ?? (await ask?.({ message, default: folder, validate: checkFolder })) ?? folder;
    check('folder', chosen, checkFolder);
    originals = toOriginalsPath(chosen);
  } else if (args.folder !== undefined && toOriginalsPath(args.folder) !== originals) {
    throw new InitError(
      `--folder: expected ${originals}, which the same rules have for another project, found "${args.folder}".`,
    );
  }
  const shared = Object.fromEntries(
    SHARED.flatMap((name) => (other[name] === undefined ? [] : [[name, other[name]]])),
  );
  return {
    ...shared,
    ...(args.triggerRegion !== undefined && { TRIGGER_REGION: args.triggerRegion }),
    ...values,
    BUCKET: bucket ?? '',
    LOCATION: location ?? '',
    ORIGINALS_PATH: originals,
  };
}

/** Two instances would process the same uploads. */
function refuseSamePaths(
  project: FirebaseProject,
  { instance }: Installation,
  projectId: string,
  alias: string | undefined,
  { BUCKET, ORIGINALS_PATH }: Parameters,
): void {
  for (const other of installationsOf(project)) {
    const { values } = storedParameters(project, other.configFolder, projectId, alias);
    const path = values.ORIGINALS_PATH ?? DEFAULTS.ORIGINALS_PATH;
    if (other.instance === instance || values.BUCKET !== BUCKET || path !== ORIGINALS_PATH) {
      continue;
    }
    throw new InitError(
      `--folder: expected a path that no other instance has, found ${path}, which "${other.instance}" has.`,
    );
  }
}

function check(
  flag: string,
  value: string,
  problemOf: (value: string) => string | undefined,
): void {
  const problem = problemOf(value);
  if (problem !== undefined) throw new InitError(`--${flag}: ${problem}`);
}

function checkBucket(name: string): string | undefined {
  if (/^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(name)) return undefined;
  return `expected ${PARAMETERS.BUCKET.expected}, found "${name}".`;
}

function checkRegion(name: string): string | undefined {
  if (new RegExp(REGION_PATTERN).test(name)) return undefined;
  return `expected ${PARAMETERS.LOCATION.expected}, found "${name}".`;
}

/** Characters that a path may have in rules, in object names and in a dotenv file without quotes. */
function checkFolder(folder: string): string | undefined {
  const path = toOriginalsPath(folder);
  const segments = path.split('/');
  const isValid =
    segments.every((segment) => /^(?:[\w.-]+|\{uid\}|\{imageId\})$/.test(segment)) &&
    segments.every((segment) => !/^\.{1,2}$/.test(segment)) &&
    ['{uid}', '{imageId}'].every((name) => segments.filter((part) => part === name).length === 1);
  if (isValid) return undefined;
  return `expected a folder of letters, digits, ., _ and -, or a path with {uid} and {imageId} as segments; found "${folder}".`;
}

/** @throws InitError with every invalid parameter */
function checkParameters(values: Parameters, projectId: string): void {
  try {
    parseConfig({ ...values, GCLOUD_PROJECT: projectId });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new InitError(error.problems.join(' '));
  }
}
