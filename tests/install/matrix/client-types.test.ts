/** A project that installs the client package compiles with the types of the frameworks and SDKs that it is for. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../support/run.js';
import { makeNpmCache, pack, save, userEnvironment } from '../installation.js';

jest.setTimeout(600_000);

/** Versions of one time, so that the test fails because of a change of the client only. */
const PACKAGES = [
  'next@16.4.6',
  '@nuxt/image@2.1.0',
  '@angular/common@22.2.6',
  '@angular/core@22.2.6',
  'rxjs@7.8.2',
  'unpic@4.2.2',
  '@unpic/core@1.0.3',
  'hpke@1.1.7',
  'react@19.3.1',
  'react-dom@19.3.1',
  '@types/react@19.3.0',
  '@types/node@20.19.43',
  'firebase@12.19.0',
  'firebase-admin@13.10.0',
  // An optional dependency of firebase-admin.
  '@google-cloud/firestore@7.11.6',
  'typescript@6.0.3',
];
/** Entries that the sources of the project must import. */
const manifest = jest.requireActual<{ exports: object }>('../../../packages/client/package.json');
const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json');

const folder = mkdtempSync(join(tmpdir(), 'client-types-'));
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  const tarball = (await pack()).find((file) => file.includes('-client-')) ?? '';
  env = userEnvironment(await makeNpmCache(folder));
  cpSync(join(__dirname, 'consumer'), folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  // Programs are not needed, only types.
  const options = ['--ignore-scripts', '--omit=optional', '--loglevel=error'];
  await run('npm', ['install', tarball, ...PACKAGES, ...options], { cwd: folder, env });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Compiles. @returns errors in the project and in the client package; those in other packages are not ours */
async function errorsOf(config: string): Promise<string[]> {
  const tsc = join(folder, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [tsc, '-p', config, '--pretty', 'false'];
  const { out } = await run(process.execPath, args, { cwd: folder, env, expect: 'any' });
  save(`client-types-${config}`, out);
  return out
    .split('\n')
    .filter((line) => /^(?:src|\S*storage-public-variants-client)\b/.test(line));
}

test('the project imports each entry', () => {
  const files = [
    'firebase',
    'admin',
    'react',
    'element',
    'next',
    'nuxt',
    'angular',
    'unpic',
    'seal',
  ];
  const sources = files.map((name) => {
    const extension = ['react', 'next'].includes(name) ? 'tsx' : 'ts';
    return readFileSync(join(folder, 'src', `${name}.${extension}`), 'utf8');
  });
  const missing = entries.filter(
    (entry) => !sources.join('').includes(`'storage-public-variants-client${entry.slice(1)}'`),
  );
  expect([entries.length, missing]).toEqual([11, []]);
});

test.each(['tsconfig.bundler.json', 'tsconfig.nodenext.json'])(
  'compiles with %s',
  async (config) => {
    expect(await errorsOf(config)).toEqual([]);
  },
);
