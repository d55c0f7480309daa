/** The Firebase CLI's own code accepts what `storage-public-variants init` makes of a project. */
// cspell:ignore CJSON
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  FLAGS,
  MONOREPO,
  MONOREPO_FLAGS,
  PACKAGE_FOLDER,
  TYPICAL,
  UserProject,
} from '../functions/test/cli/init/user-project.js';
import { PARAMETER_NAMES } from '../functions/src/config/parameter-table.js';

const cli = <T extends object>(module: string): T =>
  jest.requireActual<T>(`firebase-tools/lib/${module}`);

interface CliConfig {
  src: { functions: object; hosting?: unknown };
  path: (path: string) => string;
}

interface Stanza {
  kit?: string;
  source: string;
  runtime: string;
  instances: Record<string, string>;
  ignore: string[];
}

interface Build {
  params: { name: string }[];
  endpoints: Record<string, object>;
}

const PROJECT = 'my-app';
const FIREBASE_CONFIG = { projectId: PROJECT, storageBucket: `${PROJECT}.firebasestorage.app` };

/** Stands in for `npm install` in the kit's folder. */
function installPackages(project: UserProject): void {
  const modules = join(project.root, 'function-kits/images/node_modules');
  mkdirSync(modules);
  const installed = join(PACKAGE_FOLDER, 'node_modules');
  symlinkSync(PACKAGE_FOLDER, join(modules, 'storage-public-variants'));
  for (const name of ['.bin', 'firebase-functions']) {
    symlinkSync(join(installed, name), join(modules, name));
  }
}

/** What `firebase deploy --only functions:images --non-interactive` does before it talks to Google. */
async function prepare(project: UserProject) {
  const { Config } = cli<{ Config: { load: (options: object) => CliConfig } }>('config');
  const config = Config.load({ cwd: project.root });
  const { normalizeAndValidate } = cli<{ normalizeAndValidate: (functions: object) => Stanza[] }>(
    'functions/projectConfig',
  );
  const functions = normalizeAndValidate(config.src.functions);
  const stanza = functions.find(({ kit }) => kit === 'images');
  if (stanza === undefined) throw new Error('expected the kit in firebase.json');
  const { loadCodebases } = cli<{
    loadCodebases: (...args: unknown[]) => Promise<Record<string, Build>>;
  }>('deploy/functions/prepare');
  const options = { config, projectId: PROJECT, project: PROJECT };
  const filters = [{ codebase: 'images' }];
  const builds = await loadCodebases(functions, options, FIREBASE_CONFIG, {}, filters);
  const { images: build } = builds;
  if (build === undefined) throw new Error('expected a build of the kit');
  const { loadUserEnvs } = cli<{ loadUserEnvs: (options: object) => Record<string, string> }>(
    'functions/env',
  );
  const userEnvs = loadUserEnvs({
    functionsSource: config.path(stanza.source),
    configDir: config.path(stanza.instances['images'] ?? ''),
    projectId: PROJECT,
    projectDir: project.root,
  });
  const { resolveBackend } = cli<{
    resolveBackend: (options: object) => Promise<{
      backend: { endpoints: Record<string, Record<string, { eventTrigger?: object }>> };
    }>;
  }>('deploy/functions/build');
  const { backend } = await resolveBackend({
    build,
    firebaseConfig: FIREBASE_CONFIG,
    userEnvs,
    codebase: 'images',
    nonInteractive: true,
    isEmulator: false,
    resolveRegions: () => Promise.resolve(),
  });
  return { config, functions, stanza, build, userEnvs, backend };
}

/** The files of the kit that the CLI uploads. */
async function uploaded(project: UserProject, { source, ignore }: Stanza): Promise<string[]> {
  const { readdirRecursive } = cli<{
    readdirRecursive: (options: object) => Promise<{ name: string }[]>;
  }>('fsAsync');
  const path = join(project.root, source);
  const files = await readdirRecursive({ path, ignoreStrings: ignore, ignoreSymlinks: true });
  return files.map(({ name }) => relative(path, name)).sort();
}

describe.each([
  ['empty', { 'firebase.json': '{}\n' }, [...FLAGS, '--project', PROJECT], 0],
  ['typical', TYPICAL, FLAGS, 1],
  ['monorepo', MONOREPO, MONOREPO_FLAGS, 2],
] as const)('the %s project', (_name, files, flags, codebases) => {
  let project: UserProject;
  let prepared: Awaited<ReturnType<typeof prepare>>;
  const before = process.env['FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH'];
  beforeAll(async () => {
    project = new UserProject(files);
    // The CLI would look up the bucket's location otherwise.
    const { code, err } = await project.init([...flags, '--trigger-region', 'us-east1']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    installPackages(project);
    // The functions are listed by a file instead of a port.
    process.env['FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH'] = 'true';
    prepared = await prepare(project);
  });
  afterAll(() => {
    if (before === undefined) delete process.env['FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH'];
    else process.env['FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH'] = before;
    project.remove();
  });

  test('has a firebase.json in which the CLI finds nothing new to report', () => {
    const { getValidator } = cli<{
      getValidator: () => ((data: unknown) => boolean) & { errors?: unknown };
    }>('firebaseConfigValidate');
    const { loadCJSON } = cli<{ loadCJSON: (path: string) => unknown }>('loadCJSON');
    const validate = getValidator();
    const problemsOf = ({ root }: UserProject) => {
      validate(loadCJSON(join(root, 'firebase.json')));
      return validate.errors;
    };
    const original = new UserProject(files);
    expect(problemsOf(project)).toEqual(problemsOf(original));
    original.remove();
    expect(prepared.functions).toHaveLength(codebases + 1);
    expect(prepared.stanza.runtime).toBe('nodejs24');
  });

  test('has a value for every parameter, so that a deploy asks for none', () => {
    expect(Object.keys(prepared.userEnvs).sort()).toEqual([...PARAMETER_NAMES].sort());
    const declared = prepared.build.params.map(({ name }) => name);
    expect(declared.filter((name) => !(name in prepared.userEnvs))).toEqual([]);
  });

  test('deploys the function of the rewrite, in its region', () => {
    const { endpoints } = prepared.backend;
    const location = prepared.userEnvs['LOCATION'] ?? '';
    expect(Object.keys(endpoints[location] ?? {})).toContain('kit-images-serve');
    expect(Object.keys(endpoints['us-east1'] ?? {})).toContain('kit-images-originalFinalized');
    const text = project.read('firebase.json');
    if (prepared.config.src.hosting === undefined) return;
    expect(text).toMatch(
      new RegExp(`"functionId": "kit-images-serve",\\s+"region": "${location}"`),
    );
  });

  test('uploads the code of the kit, but not its parameters', async () => {
    expect(await uploaded(project, prepared.stanza)).toEqual(['index.js', 'package.json']);
  });
});

describe('an instance id', () => {
  const { validateKitInstanceId } = cli<{ validateKitInstanceId: (id: string) => void }>(
    'functions/projectConfig',
  );
  const isValid = (id: string): boolean => {
    try {
      validateKitInstanceId(id);
      return true;
    } catch {
      return false;
    }
  };
  const ids = [
    'images',
    'a',
    '_',
    '_a-',
    '-a',
    'a-',
    'a-b_c1',
    'A',
    'a.b',
    'é',
    'a'.repeat(40),
    'a'.repeat(41),
  ];

  test.each(ids)('%s is valid here if it is valid for the CLI', async (id) => {
    const project = new UserProject({ 'firebase.json': '{}' });
    try {
      const flags = [...FLAGS, '--project', PROJECT, '--dry-run', `--instance=${id}`];
      expect((await project.init(flags)).code).toBe(isValid(id) ? 0 : 2);
    } finally {
      project.remove();
    }
  });
});
