/** The Firebase CLI's own code, run up to where it would send a request to Google. */
// cspell:ignore predeploy
import { relative } from 'node:path';

/** @param module below `firebase-tools/lib` */
export const cli = <T extends object>(module: string): T =>
  jest.requireActual<T>(`firebase-tools/lib/${module}`);

interface CliConfig {
  src: { functions: object; hosting?: unknown };
  path: (path: string) => string;
}

export interface Stanza {
  kit?: string;
  source: string;
  runtime?: string;
  instances: Record<string, string>;
  ignore?: string[];
  predeploy?: string[];
}

interface Endpoint {
  runtime: string;
  eventTrigger?: object;
  taskQueueTrigger?: object;
}

interface Backend {
  endpoints: Record<string, Record<string, Endpoint>>;
}

interface Build {
  params: { name: string }[];
  endpoints: Record<string, object>;
}

export interface Project {
  root: string;
  /** Google Cloud project. */
  id: string;
  /** Default bucket. */
  bucket: string;
}

/**
 * What `firebase deploy --only functions:INSTANCE --non-interactive` does before it talks to Google: reads the
 * configuration, finds the functions by running the code, resolves the parameters, validates what would be deployed.
 * @throws FirebaseError with the sentence that a user would see
 */
export async function prepareDeploy({ root, id, bucket }: Project, instance: string) {
  const { Config } = cli<{ Config: { load: (options: object) => CliConfig } }>('config');
  const config = Config.load({ cwd: root });
  const { normalizeAndValidate } = cli<{ normalizeAndValidate: (functions: object) => Stanza[] }>(
    'functions/projectConfig',
  );
  const functions = normalizeAndValidate(config.src.functions);
  const stanza = functions.find(({ instances = {} }) => instance in instances);
  if (stanza === undefined) throw new Error(`expected the instance ${instance} in firebase.json`);
  const validate = cli<{
    functionsDirectoryExists: (source: string, projectDir: string) => void;
    endpointsAreValid: (want: Backend, have: Backend) => void;
  }>('deploy/functions/validate');
  validate.functionsDirectoryExists(config.path(stanza.source), root);
  const { loadCodebases } = cli<{
    loadCodebases: (...args: unknown[]) => Promise<Record<string, Build>>;
  }>('deploy/functions/prepare');
  const options = { config, projectId: id, project: id };
  const firebaseConfig = { projectId: id, storageBucket: bucket };
  const filters = [{ codebase: instance }];
  const { [instance]: build } = await withDiscoveryByFile(() =>
    loadCodebases(functions, options, firebaseConfig, {}, filters),
  );
  if (build === undefined) throw new Error(`expected a build of ${instance}`);
  const { loadUserEnvs } = cli<{ loadUserEnvs: (options: object) => Record<string, string> }>(
    'functions/env',
  );
  const userEnvs = loadUserEnvs({
    functionsSource: config.path(stanza.source),
    configDir: config.path(stanza.instances[instance] ?? ''),
    projectId: id,
    projectDir: root,
  });
  const { resolveBackend } = cli<{
    resolveBackend: (options: object) => Promise<{ backend: Backend }>;
  }>('deploy/functions/build');
  const { backend } = await resolveBackend({
    build,
    firebaseConfig,
    userEnvs,
    codebase: instance,
    nonInteractive: true,
    isEmulator: false,
    resolveRegions: () => Promise.resolve(),
  });
  const { empty } = cli<{ empty: () => Backend }>('deploy/functions/backend');
  validate.endpointsAreValid(backend, empty());
  return { config, functions, stanza, build, userEnvs, backend };
}

/** The functions are listed by a file instead of a port, which is faster. */
async function withDiscoveryByFile<T>(discover: () => Promise<T>): Promise<T> {
  const name = 'FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH';
  const before = process.env[name];
  process.env[name] = 'true';
  try {
    return await discover();
  } finally {
    if (before === undefined) delete process.env[name];
    else process.env[name] = before;
  }
}

/** The files that a deploy of this stanza would upload. */
export async function filesToUpload(path: string, ignore: string[] = []): Promise<string[]> {
  const { readdirRecursive } = cli<{
    readdirRecursive: (options: object) => Promise<{ name: string }[]>;
  }>('fsAsync');
  const files = await readdirRecursive({ path, ignoreStrings: ignore, ignoreSymlinks: true });
  return files.map(({ name }) => relative(path, name)).sort();
}
