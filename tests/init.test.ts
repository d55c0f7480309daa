/** The Firebase CLI's own code accepts what `storage-public-variants init` makes of a project. */
// cspell:ignore CJSON
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import {
  FLAGS,
  MONOREPO,
  MONOREPO_FLAGS,
  PACKAGE_FOLDER,
  TYPICAL,
  UserProject,
} from '../functions/test/cli/init/user-project.js';
import { PARAMETER_NAMES } from '../functions/src/config/parameter-table.js';
import { cli, filesToUpload, prepareDeploy } from './support/firebase-cli.js';

const PROJECT = 'my-app';
const BUCKET = `${PROJECT}.firebasestorage.app`;

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

describe.each([
  ['empty', { 'firebase.json': '{}\n' }, [...FLAGS, '--project', PROJECT], 0],
  ['typical', TYPICAL, FLAGS, 1],
  ['monorepo', MONOREPO, MONOREPO_FLAGS, 2],
] as const)('the %s project', (_name, files, flags, codebases) => {
  let project: UserProject;
  let prepared: Awaited<ReturnType<typeof prepareDeploy>>;
  beforeAll(async () => {
    project = new UserProject(files);
    // The CLI would look up the bucket's location otherwise.
    const { code, err } = await project.init([...flags, '--trigger-region', 'us-east1']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    installPackages(project);
    prepared = await prepareDeploy({ root: project.root, id: PROJECT, bucket: BUCKET }, 'images');
  });
  afterAll(() => project.remove());

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
    const { source, ignore } = prepared.stanza;
    const files = await filesToUpload(join(project.root, source), ignore);
    expect(files).toEqual(['index.js', 'package.json']);
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
