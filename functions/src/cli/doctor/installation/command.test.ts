import { openGoogleDouble, type GoogleDouble } from '../../../../test/cli/doctor/google-double.js';
import {
  BUCKET_BODY,
  FIRESTORE_RULES,
  healthyReplies,
  INDEXES,
  installationOf,
  KEYS,
  STORAGE_RULES,
} from '../../../../test/cli/doctor/healthy.js';
import { UserProject } from '../../../../test/cli/init/user-project.js';
import { openSettled } from '../../../../test/cli/doctor-fixture.js';
import { processText } from '../../../../test/lifecycle/test-harness.js';
import { doctor, type CliEnvironment } from '../command.js';
import { CredentialsError } from './rest.js';

const project = new UserProject({
  'firebase.json': JSON.stringify({
    functions: {
      source: 'function-kits/images',
      instances: { images: 'function-kits/images/config' },
    },
    storage: { rules: 'storage.rules' },
    firestore: { rules: 'firestore.rules' },
  }),
  '.firebaserc': JSON.stringify({ projects: { default: 'demo-shop' } }),
  'storage.rules': STORAGE_RULES,
  'firestore.rules': FIRESTORE_RULES,
  'function-kits/images/package.json': '{"dependencies":{"storage-public-variants":"0.1.0"}}',
  'function-kits/images/config/.env.demo-shop': 'PUBLIC_BASE_URL=https://shop.example/i\n',
});
let double: GoogleDouble;
beforeEach(async () => (double = await openGoogleDouble(healthyReplies(installationOf()))));
afterEach(() => double.close());
afterAll(() => project.remove());

async function run(argv: string[], overrides: Partial<CliEnvironment> = {}) {
  const memory = await openSettled();
  const printed = { out: '', err: '', opened: 0 };
  const cli: CliEnvironment = {
    env: {},
    openBackend: (config) => {
      printed.opened += 1;
      expect(config.publicBaseUrl).toBe('https://shop.example/i');
      // The in-memory project has a bucket of its own, without any image in it.
      memory.backend.objects.listOriginals = () => Promise.resolve({ items: [] });
      memory.backend.records.listImages = () => Promise.resolve({ items: [] });
      memory.backend.records.listTokens = () => Promise.resolve({ items: [] });
      memory.backend.objects.listFolders = () => Promise.resolve({ items: [] });
      return Promise.resolve(memory.backend);
    },
    openProcessor: () => Promise.resolve(Object.assign(processText, { close: () => {} })),
    now: () => Date.parse('2026-11-26T12:00:00Z'),
    wait: () => Promise.resolve(),
    out: (text) => (printed.out += text),
    err: (text) => (printed.err += text),
    progress: () => {},
    installation: {
      cwd: project.root,
      packageFiles: () => ({ version: '0.1.0', indexes: INDEXES }),
      openClient: () => double.client(),
      onInterrupt: () => () => {},
    },
    ...overrides,
  };
  const code = await doctor(argv, cli);
  // Nothing that was sent in a header or a URL is printed.
  expect(printed.out + printed.err).not.toMatch(/ya29|spv_/);
  return { code, ...printed };
}

test('without options checks the installation of the folder, then its records', async () => {
  const { code, out, err, opened } = await run([]);
  expect({ code, err, opened }).toEqual({ code: 0, err: '', opened: 1 });
  expect(out.split('\n')).toEqual([
    'kit images in demo-shop, version 0.1.0',
    'ok       functions  All 13 functions are deployed and active.',
    'ok       events     The triggers are in the location of the bucket, and all roles are granted.',
    'ok       serve      Everybody may call kit-images-serve.',
    'ok       queues     The task queues exist and run.',
    'ok       rules      The deployed rules of Cloud Storage are those of storage.rules; they open nothing that must be private.',
    'ok       rules      The deployed rules of Firestore are those of firestore.rules; they open nothing that must be private.',
    'ok       firestore  The database exists, and its index settings and TTL policies are those of this version.',
    'ok       bucket     The bucket demo-shop.firebasestorage.app grants no public access.',
    'ok       base URL   https://shop.example/i answers as serve does.',
    '0 faults, 0 warnings',
    '',
    '0 originals, 0 image records, 0 token records, 0 share records, 0 rendition folders',
    'No findings.',
    '',
  ]);
});

test('a fault has its command, and exit code 1 although the records have no findings', async () => {
  double.replies[KEYS.servePolicy] = { body: {} };
  const { code, out } = await run([]);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^fault {4}serve {6}Nobody can view images: .*\n {9}\$ gcloud run services add-iam-policy-binding kit-images-serve --member=allUsers/m,
  );
  expect(out).toContain('\n1 fault, 0 warnings\n');
  expect(out).toContain('No findings.');
});

test('a warning has exit code 0, with --strict 1', async () => {
  double.replies[KEYS.bucket] = { body: { ...BUCKET_BODY, versioning: { enabled: true } } };
  const argv = ['--only', 'installation'];
  await expect(run(argv)).resolves.toMatchObject({ code: 0, opened: 0 });
  await expect(run([...argv, '--strict'])).resolves.toMatchObject({ code: 1 });
});

test('--json prints one document', async () => {
  const { code, out } = await run(['--json']);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    installation: {
      kind: 'kit',
      instance: 'images',
      projectId: 'demo-shop',
      version: '0.1.0',
      findings: { length: 9, 0: { check: 'functions', level: 'ok' } },
    },
    checked: { originals: 0 },
    findings: [],
    problems: [],
  });
});

test('--only records asks nothing about the installation', async () => {
  const { code, out } = await run(['--only', 'records']);
  expect({ code, sent: double.sent }).toEqual({ code: 0, sent: [] });
  expect(out).toBe(
    '0 originals, 0 image records, 0 token records, 0 share records, 0 rendition folders\nNo findings.\n',
  );
});

test('what the checks found is printed although the records cannot be read', async () => {
  const openBackend = () => Promise.reject(Object.assign(new Error('denied'), { code: 7 }));
  const text = await run([], { openBackend });
  expect(text).toMatchObject({ code: 2, err: expect.stringContaining('denied') as string });
  expect(text.out).toContain('0 faults, 0 warnings');
  const json = await run(['--json'], { openBackend });
  expect(json.code).toBe(2);
  expect(JSON.parse(json.out)).toMatchObject({ installation: { instance: 'images' } });
});

test('--probe reports a missing permission and goes on', async () => {
  const { code, out } = await run(['--only', 'installation', '--probe']);
  // The double has no bucket to upload to.
  expect(out).toMatch(/^warning {2}probe {6}Not checked: the round trip\. .*HTTP 404/m);
  expect(code).toBe(0);
});

test.each<[string[], Partial<CliEnvironment>, RegExp]>([
  [['--only', 'everything'], {}, /^--only: expected installation or records, found "everything"/],
  [['--probe', '--only', 'records'], {}, /^--probe: expected the installation to be checked/],
  [
    ['--instance', 'other'],
    {},
    /^--instance: expected the id of an installation, found "other"; firebase\.json has images/,
  ],
  [
    ['--project', 'p', '--only', 'installation'],
    { env: { FIRESTORE_EMULATOR_HOST: 'a:1', STORAGE_EMULATOR_HOST: 'http://a:2' } },
    /^--only installation: expected no FIRESTORE_EMULATOR_HOST and STORAGE_EMULATOR_HOST/,
  ],
  [
    [],
    { env: { FIRESTORE_EMULATOR_HOST: 'a:1', STORAGE_EMULATOR_HOST: 'http://a:2' } },
    /^--project: expected the id of a Firebase project, found none/,
  ],
])('%j exits with 2 and one sentence', async (argv, overrides, sentence) => {
  const { code, err, out } = await run(argv, overrides);
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toMatch(sentence);
});

test('without credentials exits with 2 and the command that creates them', async () => {
  const base = await run(['--only', 'records']);
  expect(base.code).toBe(0);
  const { code, err, out } = await run(['--only', 'installation'], {
    installation: {
      cwd: project.root,
      packageFiles: () => ({ version: '0.1.0', indexes: INDEXES }),
      openClient: () => {
        const reject = () => Promise.reject(new CredentialsError('run "gcloud auth …".'));
        return { send: reject, list: reject, anonymous: reject };
      },
      onInterrupt: () => () => {},
    },
  });
  expect({ code, err, out }).toEqual({ code: 2, err: 'run "gcloud auth …".\n', out: '' });
});

test('outside of a project folder examines the records, and says that nothing else was checked', async () => {
  const { code, err, out } = await run(
    [
      '--project',
      'demo-shop',
      '--params',
      `${project.root}/function-kits/images/config/.env.demo-shop`,
    ],
    {
      installation: {
        cwd: '/',
        packageFiles: () => ({ version: '0.1.0', indexes: INDEXES }),
        openClient: () => double.client(),
        onInterrupt: () => () => {},
      },
    },
  );
  expect({ code, sent: double.sent }).toEqual({ code: 0, sent: [] });
  expect(err).toMatch(/^The installation was not checked\. --instance: expected/);
  expect(out).toContain('No findings.');
});
