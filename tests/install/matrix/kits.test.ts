/** Both ways in which the Firebase CLI itself installs a kit, without a terminal. */
// cspell:ignore predeploy
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesToUpload, prepareDeploy } from '../../support/firebase-cli.js';
import { LocalRegistry } from '../../support/local-registry.js';
import { run } from '../../support/run.js';
import { ROOT } from '../../support/stack.js';
import { Installation, pack } from '../installation.js';

jest.setTimeout(300_000);

const KITS = join(__dirname, '..', 'firebase-kits.cjs');
const NAME = 'storage-public-variants';

let registry: LocalRegistry;
let version: string;
let tarball: string;
let installation: Installation;
beforeAll(async () => {
  registry = await LocalRegistry.start();
  const tarballs = await pack();
  tarball = tarballs[0] ?? '';
  ({ version } = await registry.publish(tarball));
});
afterAll(() => registry.close());
beforeEach(async () => (installation = await Installation.create('typical', registry)));
afterEach(() => installation.remove());

const install = (options: object, expect = 0) =>
  installation.run(
    process.execPath,
    [KITS, installation.id, 'install', JSON.stringify(options)],
    expect,
  );

/** The sample of the package, with the values that have no default. */
function writeParameters(kit: string, values: Record<string, string>): void {
  const sample = readFileSync(join(ROOT, 'functions/.env.example'), 'utf8');
  const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
  const path = `function-kits/${kit}/config-${kit}/.env.${installation.id}`;
  installation.project.write(path, `${sample}\n${lines.join('')}`);
}

const deploy = (instance: string) =>
  prepareDeploy(
    { root: installation.root, id: installation.id, bucket: installation.bucket },
    instance,
  );

test('kits:install --package builds a kit that can be deployed', async () => {
  writeParameters(NAME, { BUCKET: installation.bucket, FUNCTION_DEFAULT_REGION: 'europe-west1' });
  const { out } = await install({ package: `${NAME}@${version}` });
  expect(out).toContain(`kit-${NAME}-serve`);
  const { stanza, backend } = await deploy(NAME);
  // FUNCTION_DEFAULT_REGION places the triggers, LOCATION everything else.
  expect(Object.keys(backend.endpoints['europe-west1'] ?? {})).toContain(
    `kit-${NAME}-originalFinalized`,
  );
  expect(backend.endpoints['us-central1']?.[`kit-${NAME}-serve`]?.runtime).toBe('nodejs24');
  const source = join(installation.root, stanza.source);
  for (const command of stanza.predeploy ?? []) {
    const env = { ...installation.environment, RESOURCE_DIR: source };
    await run('sh', ['-c', command], { cwd: installation.root, env });
  }
  const ignore = ['node_modules', ...(stanza.ignore ?? [])];
  expect(await filesToUpload(source, ignore)).toContain('lib/index.js');
});

test('kits:install --package without parameters fails, and leaves the project as it was', async () => {
  const before = installation.files();
  const { out, err } = await install({ package: `${NAME}@${version}` }, 1);
  expect(`${out}${err}`).toContain(
    'have no value for the following environment variables: FUNCTION_DEFAULT_REGION',
  );
  expect(installation.files()).toEqual(before);
});

test('kits:install --directory accepts the unpacked package without a runtime in firebase.json', async () => {
  const folder = join(installation.root, 'vendor/images');
  mkdirSync(folder, { recursive: true });
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', folder]);
  writeParameters('images', { BUCKET: installation.bucket, TRIGGER_REGION: 'us-east1' });
  await install({ directory: 'vendor/images' });
  const { stanza, backend } = await deploy('images');
  expect(stanza.runtime).toBeUndefined();
  expect(backend.endpoints['us-central1']?.['kit-images-serve']?.runtime).toBe('nodejs24');
  expect(Object.keys(backend.endpoints['us-east1'] ?? {})).toContain(
    'kit-images-originalFinalized',
  );
});
