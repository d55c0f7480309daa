/** The command on projects in temporary folders. */
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import {
  FLAGS,
  PACKAGE_FOLDER,
  TYPICAL,
  UserProject,
} from '../../../test/cli/init/user-project.js';
import { PARAMETER_NAMES } from '../../config/parameter-table.js';

let project: UserProject;
afterEach(() => project.remove());

const { version: VERSION } = JSON.parse(
  readFileSync(join(PACKAGE_FOLDER, 'package.json'), 'utf8'),
) as { version: string };
const ENV = 'function-kits/images/config/.env.my-app';

describe('a typical project', () => {
  test('gets the kit, its parameters, the rewrite, the rules and the indexes', async () => {
    project = new UserProject(TYPICAL);
    const { code, out, err, started } = await project.init(FLAGS);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(Object.keys(project.snapshot())).toEqual([
      '.firebaserc',
      'firebase.json',
      'firestore.indexes.json',
      'firestore.rules',
      ENV,
      'function-kits/images/index.js',
      'function-kits/images/package.json',
      'storage.rules',
    ]);
    expect(project.read('firebase.json')).toBe(`{
  // The app.
  "functions": [
    {
      "source": "functions", // code
      "runtime": "nodejs22"
    },
    {
      "kit": "images",
      "source": "function-kits/images",
      "runtime": "nodejs24",
      "instances": {
        "images": "function-kits/images/config"
      },
      "ignore": [
        "node_modules",
        ".git",
        "config"
      ]
    }
  ],
  "hosting": {
    "public": "public",
    "rewrites": [
      {
        "source": "/i/**",
        "function": {
          "functionId": "kit-images-serve",
          "region": "europe-west1"
        }
      },
      { "source": "**", "destination": "/index.html" }
    ]
  },
  "storage": { "rules": "storage.rules" },
  "firestore": {
    "rules": "firestore.rules",
    "indexes": "firestore.indexes.json"
  }
}
`);
    expect(JSON.parse(project.read('function-kits/images/package.json'))).toMatchObject({
      main: 'index.js',
      engines: { node: '24' },
      dependencies: {
        'storage-public-variants': VERSION,
        // The Functions emulator warns otherwise, on each start of a function.
        'firebase-admin': expect.stringMatching(/^\^13/) as string,
        'firebase-functions': expect.stringMatching(/^\^7/) as string,
      },
    });
    expect(started).toEqual([
      'npm install --no-audit --no-fund --loglevel=error in function-kits/images',
    ]);
    expect(out).toContain('https://my-app.web.app/i/TOKEN/w800');
    expect(out).toContain(
      '  firebase deploy --only functions:images,storage,firestore,hosting --project my-app\n',
    );
  });

  test('gets every parameter, because the CLI applies no defaults without a terminal', async () => {
    project = new UserProject(TYPICAL);
    await project.init([...FLAGS, '--folder', 'photos', '--trigger-region', 'europe-west4']);
    const parameters = parseEnv(project.read(ENV));
    expect(Object.keys(parameters).sort()).toEqual([...PARAMETER_NAMES].sort());
    expect(parameters).toMatchObject({
      BUCKET: 'my-app.firebasestorage.app',
      LOCATION: 'europe-west1',
      TRIGGER_REGION: 'europe-west4',
      ORIGINALS_PATH: 'photos/{uid}/{imageId}',
      PUBLIC_BASE_URL: 'https://my-app.web.app/i',
    });
    expect(project.read('storage.rules')).toContain('match /photos/{uid}/{imageId} {');
  });

  test('is not changed by a second run, which needs no options', async () => {
    project = new UserProject(TYPICAL);
    await project.init(FLAGS);
    mkdirSync(join(project.root, 'function-kits/images/node_modules'));
    const before = project.snapshot();
    const { code, out, started } = await project.init([]);
    expect(code).toBe(0);
    expect(out).toMatch(/^Nothing to change\.\n/);
    expect(started).toEqual([]);
    expect(project.snapshot()).toEqual(before);
  });

  test('is not changed by a dry run, which shows every change', async () => {
    project = new UserProject(TYPICAL);
    const { code, out, started } = await project.init([...FLAGS, '--dry-run']);
    expect(code).toBe(0);
    expect(project.snapshot()).toEqual(new UserProject(TYPICAL).snapshot());
    expect(started).toEqual([]);
    for (const line of [
      '--- storage.rules',
      '+    match /originals/{uid}/{imageId} {',
      '+++ function-kits/images/package.json',
      `+++ ${ENV}`,
      '+      "kit": "images",',
    ]) {
      expect(out.split('\n')).toContain(line);
    }
  });

  test('keeps LIMITS that the user changed', async () => {
    project = new UserProject(TYPICAL);
    await project.init(FLAGS);
    const changed = project.read('storage.rules').replace('25 * 1024', '5 * 1024');
    project.write('storage.rules', changed);
    const { out } = await project.init([]);
    expect(project.read('storage.rules')).toBe(changed);
    expect(out).not.toContain('Note');
  });

  test('gets what a newer version adds: parameters, a rules block, an index, the version', async () => {
    project = new UserProject(TYPICAL);
    await project.init(FLAGS);
    const after = project.snapshot();
    project.write(ENV, project.read(ENV).replace(/# Keep animations[^]*?ANIMATED=true\n\n/, ''));
    project.write(
      'storage.rules',
      project.read('storage.rules').replace(/\n +\/\/ Renditions[^]*?\n {4}\}\n/, ''),
    );
    const indexes = JSON.parse(project.read('firestore.indexes.json')) as { fieldOverrides: [] };
    indexes.fieldOverrides.pop();
    project.write('firestore.indexes.json', `${JSON.stringify(indexes, null, 2)}\n`);
    const manifest = 'function-kits/images/package.json';
    project.write(manifest, project.read(manifest).replace(/"\d+\.\d+\.\d+"/, '"0.0.9"'));
    project.write(
      'firebase.json',
      project.read('firebase.json').replace('      "runtime": "nodejs24",\n', ''),
    );
    const { code, out } = await project.init([]);
    expect(code).toBe(0);
    expect(out).toContain('5 files changed');
    expect(parseEnv(project.read(ENV))).toEqual(parseEnv(after[ENV] ?? ''));
    for (const path of ['storage.rules', 'firestore.indexes.json', manifest]) {
      expect(project.read(path)).toBe(after[path]);
    }
    expect(project.read('firebase.json')).toContain('"runtime": "nodejs24"');
  });

  test('adds no rewrite in a second run when the first was to add none', async () => {
    project = new UserProject(TYPICAL);
    const { out } = await project.init([...FLAGS, '--hosting-path', 'none']);
    expect(out).toContain(
      'https://europe-west1-my-app.cloudfunctions.net/kit-images-serve/TOKEN/w800',
    );
    expect(project.read('firebase.json')).not.toContain('/i/**');
    expect((await project.init([])).out).toMatch(/^Nothing to change\.\n/);
  });

  test('a rule that opens originals is named, and the exit code is 1 as long as it does', async () => {
    project = new UserProject(TYPICAL);
    const open = '    match /{path=**} { allow read: if request.auth != null; }\n  }\n}\n';
    project.write('storage.rules', (TYPICAL['storage.rules'] ?? '').replace('  }\n}\n', open));
    const first = await project.init(FLAGS);
    expect(first.code).toBe(1);
    expect(first.err).toMatch(/^storage\.rules:7:24: this rule lets every signed-in user/m);
    expect((await project.init([])).code).toBe(1);
    project.write(
      'storage.rules',
      project.read('storage.rules').replace(/ {4}match \/\{path=[^\n]*\n/, ''),
    );
    expect((await project.init([])).code).toBe(0);
  });

  test('a second environment of the project gets its own parameters and the same paths', async () => {
    project = new UserProject(TYPICAL);
    await project.init([...FLAGS, '--folder', 'photos']);
    const { code, out } = await project.init([
      '--yes',
      '--project',
      'my-app-2',
      '--bucket',
      'my-app-2.appspot.com',
      '--region',
      'us-east1',
    ]);
    expect(code).toBe(0);
    expect(out).toContain('1 files changed');
    expect(parseEnv(project.read('function-kits/images/config/.env.my-app-2'))).toMatchObject({
      BUCKET: 'my-app-2.appspot.com',
      ORIGINALS_PATH: 'photos/{uid}/{imageId}',
    });
  });

  test('asks for what it needs, and writes nothing when the user says no', async () => {
    project = new UserProject(TYPICAL);
    const answers = { 'Folder that users upload to': 'photos', 'Instance id': 'photos' };
    const no = await project.init([], { answers, confirm: false });
    expect(no.asked.map(({ message }) => message)).toEqual([
      'Instance id',
      'Bucket that users upload to',
      "Region of the functions: the bucket's region, or one within its multi-region",
      'Folder that users upload to',
      'Path of image URLs on Firebase Hosting, or none',
    ]);
    expect(no).toMatchObject({ code: 2, err: 'Cancelled; nothing was changed.\n' });
    expect(Object.keys(project.snapshot())).not.toContain('function-kits/photos/index.js');
    expect((await project.init([], { answers })).code).toBe(0);
    expect(project.read('firebase.json')).toContain('kit-photos-serve');
  });

  test('when npm fails, the command to run is printed', async () => {
    project = new UserProject(TYPICAL);
    for (const npm of [1, undefined]) {
      const { code, out, err } = await project.init(FLAGS, { npm });
      expect(code).toBe(0);
      expect(err).toContain('npm install failed');
      expect(out).toContain('  npm --prefix function-kits/images install\n');
    }
  });
});

test('an empty project gets complete rules, and a note that they replace those of the console', async () => {
  project = new UserProject({ 'firebase.json': '{}' });
  const { code, out } = await project.init([...FLAGS, '--project', 'my-app', '--runtime', '22']);
  expect(code).toBe(0);
  expect(JSON.parse(project.read('firebase.json'))).toMatchObject({
    functions: [{ kit: 'images', runtime: 'nodejs22' }],
    storage: { rules: 'storage.rules' },
    firestore: { rules: 'firestore.rules', indexes: 'firestore.indexes.json' },
  });
  expect(project.read('storage.rules')).toContain("rules_version = '2';");
  expect(out).toContain('deploying storage.rules replaces rules that the Firebase console has');
  expect(out).toContain('kit-images-serve/TOKEN/w800');
  expect((await project.init(['--project', 'my-app'])).out).toMatch(/^Nothing to change\./);
});

test('--help shows the options', async () => {
  project = new UserProject({});
  const { code, out } = await project.init(['--help']);
  expect(code).toBe(0);
  expect(out).toMatch(/^storage-public-variants init /);
});
