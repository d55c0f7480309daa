/** Projects with several codebases, sites and targets; files of other platforms; tarballs. */
import { chmodSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import {
  FIREBASERC,
  FLAGS,
  MONOREPO,
  MONOREPO_FLAGS,
  TYPICAL,
  UserProject,
  type RunOptions,
} from '../../../test/cli/init/user-project.js';
import { PARAMETER_NAMES } from '../../config/parameter-table.js';

let project: UserProject;
afterEach(() => project.remove());

const ENV = 'function-kits/images/config/.env.my-app';

describe('a monorepo', () => {
  test('gets everything at the chosen site, storage target and the default database', async () => {
    project = new UserProject(MONOREPO);
    const { code, out } = await project.init(MONOREPO_FLAGS);
    expect(code).toBe(0);
    const after = project.snapshot();
    expect(after['rules/uploads.rules']).toContain('match /originals/{uid}/{imageId}');
    expect(after['rules/default.rules']).toContain('match /imageTokens/{hash}');
    for (const path of ['rules/backups.rules', 'rules/analytics.rules']) {
      expect(after[path]).toBe(MONOREPO[path]);
    }
    const config = JSON.parse(after['firebase.json'] ?? '') as Record<string, object[]>;
    expect(config['functions']).toHaveLength(3);
    expect(config['hosting']).toMatchObject([
      { target: 'web', rewrites: [{ source: '/i/**' }] },
      {},
    ]);
    expect(config['hosting']?.[1]).not.toHaveProperty('rewrites');
    expect(config['firestore']).toMatchObject([{}, { indexes: 'firestore.indexes.json' }]);
    expect(after['firebase.json']).toContain(
      '\t\t{ "source": "apps/jobs", "codebase": "jobs" },\n\t\t{\n\t\t\t"kit"',
    );
    expect(parseEnv(after[ENV] ?? '')).toMatchObject({
      BUCKET: 'my-app-uploads',
      PUBLIC_BASE_URL: 'https://my-app-web.web.app/i',
    });
    expect(out).toContain('--only functions:images,storage,firestore,hosting:web --project my-app');
    expect((await project.init(['--yes'])).out).toMatch(/^Nothing to change\./);
  });

  test('with DATABASE_ID the rules are those of that database', async () => {
    project = new UserProject({ ...MONOREPO, [ENV]: 'DATABASE_ID=analytics\n' });
    const { code } = await project.init(MONOREPO_FLAGS);
    expect(code).toBe(0);
    const after = project.snapshot();
    expect(after['rules/analytics.rules']).toContain('match /imageTokens/{hash}');
    expect(after['rules/default.rules']).toBe(MONOREPO['rules/default.rules']);
    expect(parseEnv(after[ENV] ?? '')).toMatchObject({ DATABASE_ID: 'analytics' });
  });

  test('the bucket alone selects its storage target', async () => {
    project = new UserProject(MONOREPO);
    const flags = [
      '--yes',
      '--bucket',
      'my-app-backups',
      '--hosting-site',
      'admin',
      '--region',
      'us-east1',
    ];
    expect((await project.init(flags)).code).toBe(0);
    expect(project.read('rules/backups.rules')).toContain('match /variants/{rendition=**}');
  });

  test('an alias selects its project', async () => {
    project = new UserProject(MONOREPO);
    await project.init([...MONOREPO_FLAGS, '--project', 'staging']);
    const env = parseEnv(project.read('function-kits/images/config/.env.my-app-staging'));
    expect(env).toMatchObject({ BUCKET: 'my-app-staging-uploads' });
  });

  test('parameters stored by alias stay in their file, because the CLI refuses both', async () => {
    project = new UserProject(MONOREPO);
    await project.init([...MONOREPO_FLAGS, '--project', 'staging']);
    const folder = 'function-kits/images/config';
    project.write(`${folder}/.env.default`, 'BUCKET=my-app-uploads\nLOCATION=us-east1\n');
    await project.init(['--yes']);
    expect(Object.keys(project.snapshot())).not.toContain(`${folder}/.env.my-app`);
    expect(Object.keys(parseEnv(project.read(`${folder}/.env.default`)))).toHaveLength(
      PARAMETER_NAMES.length,
    );
  });

  test('a second instance has its own folder, functions and path', async () => {
    project = new UserProject(MONOREPO);
    await project.init(MONOREPO_FLAGS);
    const second = [...MONOREPO_FLAGS, '--instance', 'photos'];
    expect((await project.init(second)).err).toMatch(
      /^--hosting-path: expected a path that "rewrites"/,
    );
    second.push('--hosting-path', '/photos');
    expect((await project.init(second)).err).toMatch(
      /^--folder: expected a path that no other instance has/,
    );
    second.push('--folder', 'photos');
    expect((await project.init(second)).code).toBe(0);
    expect((await project.init(['--yes'])).err).toMatch(
      /^--instance: expected one of images, photos/,
    );
    expect((await project.init(['--yes', '--instance', 'photos'])).out).toMatch(
      /^Nothing to change/,
    );
  });
});

describe('files of other platforms and editors', () => {
  test('line ends, a byte order mark and paths with backslashes are kept', async () => {
    const crlf = Object.entries(TYPICAL).map(([path, text]): [string, string] => [
      path === 'storage.rules' ? 'config/storage.rules' : path,
      `\ufeff${text.replaceAll('\n', '\r\n')}`,
    ]);
    project = new UserProject(Object.fromEntries(crlf));
    const firebaseJson = project.read('firebase.json');
    project.write(
      'firebase.json',
      firebaseJson.replace('"storage.rules"', '"config\\\\storage.rules"'),
    );
    project.write('.firebaserc', FIREBASERC);
    const { code, err } = await project.init(FLAGS);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const after = project.snapshot();
    const paths = [
      'firebase.json',
      'config/storage.rules',
      'firestore.rules',
      'firestore.indexes.json',
    ];
    for (const path of paths) {
      expect(after[path]).toMatch(/^\ufeff/);
      expect(after[path]?.slice(1)).not.toMatch(/\ufeff|[^\r]\n/);
    }
    expect(after['config/storage.rules']).toContain('match /originals/{uid}/{imageId}');
    expect((await project.init([])).out).toMatch(/^Nothing to change/);
  });

  test('a symbolic link stays one', async () => {
    project = new UserProject(TYPICAL);
    const shared = new UserProject({ 'shared.rules': TYPICAL['storage.rules'] ?? '' });
    try {
      project.write(
        'firebase.json',
        project.read('firebase.json').replace('"storage.rules"', '"linked.rules"'),
      );
      symlinkSync(join(shared.root, 'shared.rules'), join(project.root, 'linked.rules'));
      expect((await project.init(FLAGS)).code).toBe(0);
      expect(shared.read('shared.rules')).toContain('match /originals/');
    } finally {
      shared.remove();
    }
  });

  test('the command works in a folder of the project', async () => {
    project = new UserProject({ ...TYPICAL, 'src/app.ts': '' });
    const { code, out } = await project.init(FLAGS, { cwd: 'src' });
    expect(code).toBe(0);
    expect(out).toContain('  cd ..\n');
  });
});

describe('a package from a tarball', () => {
  function installed(version: string, root: string): string {
    const folder = join(root, 'npx/node_modules/storage-public-variants');
    mkdirSync(folder, { recursive: true });
    const tarball = `storage-public-variants-${version}.tgz`;
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ version, dependencies: {} }));
    writeFileSync(join(root, tarball), `tarball of ${version}`);
    const packages = { 'node_modules/storage-public-variants': { resolved: `file:../${tarball}` } };
    writeFileSync(join(folder, '../.package-lock.json'), JSON.stringify({ packages }));
    return folder;
  }

  test('is copied to the kit, and replaced by an upgrade', async () => {
    project = new UserProject(TYPICAL);
    const download = new UserProject({});
    try {
      const kit = 'function-kits/images';
      for (const name of ['firebase-rules-check', 'firebase-local-stack']) {
        download.write(`${name}-0.1.0.tgz`, name);
      }
      const { out } = await project.init(FLAGS, {
        packageFolder: installed('0.1.0', download.root),
      });
      expect(project.read(`${kit}/storage-public-variants-0.1.0.tgz`)).toBe('tarball of 0.1.0');
      const [rules, stack] = ['firebase-rules-check', 'firebase-local-stack'].map((name) =>
        join(download.root, `${name}-0.1.0.tgz`),
      );
      expect(out).toContain(
        `npx --yes --package ${rules} --package ${stack} firebase-local-stack start   #`,
      );
      expect(project.read(`${kit}/package.json`)).toContain(
        '"file:storage-public-variants-0.1.0.tgz"',
      );
      const upgrade: RunOptions = { packageFolder: installed('0.1.1', download.root) };
      const { code, started } = await project.init([], upgrade);
      expect({ code, started }).toMatchObject({
        code: 0,
        started: [expect.stringContaining('npm install')],
      });
      const after = Object.keys(project.snapshot());
      expect(after).toContain(`${kit}/storage-public-variants-0.1.1.tgz`);
      expect(after).not.toContain(`${kit}/storage-public-variants-0.1.0.tgz`);
      expect((await project.init([], upgrade)).out).toMatch(/^Nothing to change/);
    } finally {
      download.remove();
    }
  });
});

test('the permissions of a file are kept', async () => {
  project = new UserProject(TYPICAL);
  chmodSync(join(project.root, 'storage.rules'), 0o640);
  await project.init(FLAGS);
  expect(statSync(join(project.root, 'storage.rules')).mode & 0o777).toBe(0o640);
});
