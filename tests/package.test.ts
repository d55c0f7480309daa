/** The tarballs of a release, and the source of the extension: what they contain, and how they can be imported. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import { listFiles, ROOT } from './support/documentation.js';

interface Manifest {
  name: string;
  engines: { node: string };
  dependencies: Record<string, string>;
  scripts?: Record<string, string>;
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8' });
  expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
  return stdout;
}

const tarballs = run(process.execPath, 'tools/pack.mjs').trim().split('\n');
const [kit = ''] = tarballs;

function read<T>(tarball: string, file: string): T {
  return JSON.parse(run('tar', '-xzOf', tarball, `package/${file}`)) as T;
}

/** ES modules only: `require()` of them needs Node.js 20.19, which attw's check of CommonJS does not know. */
const ES_MODULES = /-(client|edge)-/;

describe.each(tarballs)('%s', (tarball) => {
  const ignored = ES_MODULES.test(tarball) ? ['node10', 'node16-cjs'] : ['node10'];

  // Legacy resolution does not know "exports".
  test('can be imported, with types', () => {
    const found = JSON.parse(run(process.execPath, 'tests/support/lint-package.mjs', tarball)) as {
      publint: string[];
      types: { resolutionKind?: string }[];
    };
    const types = found.types.filter(
      ({ resolutionKind = '' }) => !ignored.includes(resolutionKind),
    );
    expect([found.publint, types]).toEqual([[], []]);
  });

  test('has its license and no scripts that npm would run', () => {
    expect(run('tar', '-tzf', tarball)).toContain('package/LICENSE\n');
    expect(read<Manifest>(tarball, 'package.json').scripts).toBeUndefined();
  });
});

test('the kit contains what a user needs, and nothing of development', () => {
  const paths = run('tar', '-tzf', kit).trim().split('\n');
  const files = paths.map((path) => path.replace('package/', ''));
  expect(files).toEqual(
    expect.arrayContaining([
      'README.md',
      'CHANGELOG.md',
      '.env.example',
      'manifest.v1.schema.json',
      'lib/cli/main.js',
      'lib/cli/LICENSES.txt',
      'lib/serve-entry.js.map',
      'lib/serve-entry.LICENSES.txt',
      'lib/files/storage.rules',
      'lib/files/firestore.rules',
      'lib/files/firestore.indexes.json',
    ]),
  );
  const unwanted =
    /^src\/|^test\/|\.test\.|\.map$|tsbuildinfo|package-lock|shrinkwrap|^lib\/cli\/./;
  const wanted = ['lib/cli/main.js', 'lib/cli/LICENSES.txt', 'lib/serve-entry.js.map'];
  expect(files.filter((file) => unwanted.test(file) && !wanted.includes(file))).toEqual([]);
});

// A shrinkwrap makes npm 11 install the builds of sharp for every platform; exact versions make copies of the SDKs.
test('the kit has ranges of versions, and an engine that the Firebase CLI accepts', () => {
  const { dependencies, engines } = read<Manifest>(kit, 'package.json');
  expect(Object.values(dependencies).filter((range) => !range.startsWith('^'))).toEqual([]);
  expect(['22', '24']).toContain(engines.node);
});

test('the kit exports its functions by name to ES modules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'package-'));
  try {
    const script = `import * as kit from ${JSON.stringify(join(ROOT, 'functions/lib/index.js'))};
      const { default: functions, ...named } = kit;
      console.log(JSON.stringify([Object.keys(named).sort(), Object.keys(functions).sort()]));`;
    const env = {
      PATH: process.env['PATH'],
      GCLOUD_PROJECT: 'demo-app',
      BUCKET: 'demo-app.appspot.com',
    };
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      env,
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    const [named, functions] = JSON.parse(stdout) as [string[], string[]];
    expect(named).toEqual(functions);
    expect(named).toContain('serve');
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe('the source of the extension', () => {
  const folder = run(process.execPath, 'tools/pack.mjs', '--extension').trim();
  const files = listFiles(join(ROOT, folder)).map((file) => file.replace(`${folder}/`, ''));

  test('has few files: the Firebase CLI uploads the whole folder', () => {
    expect(files.length).toBeLessThan(200);
    expect(files.filter((file) => /\.d\.ts$|\.test\.|\/src\/|node_modules/.test(file))).toEqual([]);
  });

  test('has the manifest, its texts, and locked functions for its runtime', () => {
    const content = (file: string) => readFileSync(join(ROOT, folder, file), 'utf8');
    for (const file of ['PREINSTALL.md', 'POSTINSTALL.md', 'functions/package-lock.json']) {
      expect(files).toContain(file);
    }
    const { resources } = parse(content('extension.yaml')) as {
      resources: { properties: { runtime?: string; buildConfig?: { runtime: string } } }[];
    };
    const runtimes = resources.map(
      ({ properties }) => properties.runtime ?? properties.buildConfig?.runtime,
    );
    const { engines } = JSON.parse(content('functions/package.json')) as Manifest;
    expect([...new Set(runtimes)]).toEqual([`nodejs${engines.node}`]);
  });

  interface Spec {
    preinstallContent?: string;
    resources: { name: string; properties?: Record<string, unknown> }[];
    params: { param: string; label?: string; description?: string }[];
  }
  const readSpec = () =>
    jest
      .requireActual<{ getLocalExtensionSpec: (folder: string) => Promise<Spec> }>(
        'firebase-tools/lib/extensions/localHelper',
      )
      .getLocalExtensionSpec(join(ROOT, folder));

  test('is read and accepted by the Firebase CLI, with a label for each parameter', async () => {
    const spec = await readSpec();
    const { validateSpec } = jest.requireActual<{ validateSpec: (spec: unknown) => void }>(
      'firebase-tools/lib/extensions/extensionsHelper',
    );
    expect(() => validateSpec(spec)).not.toThrow();
    expect(spec.preinstallContent).toContain('#### Before you install');
    expect(spec.params.filter(({ label, description }) => !label || !description)).toEqual([]);
  });

  // Substituted by the Extensions service; an unknown name stays in the text as it is.
  test('has texts whose placeholders all have a value', async () => {
    const spec = await readSpec();
    const https = spec.resources.filter(({ properties }) => properties?.['httpsTrigger']);
    const known = new Set([
      ...spec.params.map(({ param }) => `param:${param}`),
      ...['PROJECT_ID', 'EXT_INSTANCE_ID'].map((name) => `param:${name}`),
      ...https.map(({ name }) => `function:${name}.url`),
    ]);
    const text = readFileSync(join(ROOT, folder, 'POSTINSTALL.md'), 'utf8');
    const names = [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !known.has(name))).toEqual([]);
    // Before the installation there are no values.
    expect(spec.preinstallContent).not.toContain('${');
  });

  test('grants the account of the triggers the call of each triggered function', async () => {
    const spec = await readSpec();
    const text = readFileSync(join(ROOT, folder, 'POSTINSTALL.md'), 'utf8');
    const granted = [
      ...text.matchAll(/add-iam-policy-binding ext-\S+?-(\w+) .*--role=roles\/run\.invoker/g),
    ].map(([, name]) => name);
    const triggered = spec.resources.filter(({ properties }) => properties?.['eventTrigger']);
    expect(granted.sort()).toEqual(triggered.map(({ name }) => name.toLowerCase()).sort());
  });
});
