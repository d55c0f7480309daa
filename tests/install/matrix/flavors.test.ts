/** Installation, upgrade and removal in different projects. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDeploy } from '../../support/firebase-cli.js';
import { LocalRegistry } from '../../support/local-registry.js';
import { Installation, pack, parseComments, removeRepacked, repack } from '../installation.js';
import { roundTrip, WORKS } from '../round-trip.js';

jest.setTimeout(300_000);

const KITS = join(__dirname, '..', 'firebase-kits.cjs');
const UPGRADE = '0.1.1';

let registry: LocalRegistry;
let version: string;
let upgrade: string;
beforeAll(async () => {
  registry = await LocalRegistry.start();
  const tarballs = await pack();
  for (const tarball of tarballs) ({ version } = await registry.publish(tarball));
  upgrade = await repack(tarballs[0] ?? '', UPGRADE, addParameter);
  await registry.publish(upgrade);
});
afterAll(async () => {
  removeRepacked(upgrade);
  await registry.close();
});

/** A later version has one parameter more. */
function addParameter(folder: string): void {
  const file = join(folder, 'lib/config/parameter-table.js');
  const text = readFileSync(file, 'utf8');
  const entry = `NEW_PARAMETER: {
    label: 'New', description: 'New.', type: 'string', default: '1', example: '2', expected: 'a digit', pattern: '^[0-9]$',
  },
  `;
  const changed = text.replace('BUCKET_LOCATION: {', (next) => `${entry}${next}`);
  if (changed === text) throw new Error('expected BUCKET_LOCATION in the table of parameters');
  writeFileSync(file, changed);
}

describe.each(['empty', 'monorepo'] as const)('a project that is %s', (flavor) => {
  let installation: Installation;
  let original: Record<string, string>;
  const deploy = () =>
    prepareDeploy(
      { root: installation.root, id: installation.id, bucket: installation.bucket },
      'images',
    );
  beforeAll(async () => {
    installation = await Installation.create(flavor, registry);
    original = installation.files();
  });
  afterAll(async () => {
    installation.saveTranscript(`transcript-${flavor}`);
    await installation.remove();
  });

  test('gets a kit on Node.js 22 that works, and a second run changes nothing', async () => {
    const args = ['init', ...installation.flags, '--runtime', '22'];
    await installation.npx(version, args);
    const files = installation.files();
    expect((await installation.npx(version, args)).out).toContain('Nothing to change.');
    expect(installation.files()).toEqual(files);
    const { stanza, backend } = await deploy();
    expect(stanza.runtime).toBe('nodejs22');
    expect(Object.keys(backend.endpoints['us-central1'] ?? {})).toContain('kit-images-serve');
    expect(await roundTrip(installation)).toEqual(WORKS);
  });

  test('is upgraded by init of a later version, which adds the new parameter only', async () => {
    const before = installation.files();
    const args = ['init', ...installation.flags];
    await installation.npx(UPGRADE, args);
    const after = installation.files();
    const changed = Object.keys(after).filter((path) => after[path] !== before[path]);
    const folder = 'function-kits/images';
    const parameters = `${folder}/config/.env.${installation.id}`;
    expect(changed.sort()).toEqual(
      [parameters, `${folder}/package-lock.json`, `${folder}/package.json`].sort(),
    );
    expect(after[parameters]).toMatch(/^NEW_PARAMETER=1$/m);
    expect(after[parameters]?.startsWith(before[parameters] ?? '-')).toBe(true);
    expect((await deploy()).build.params.map(({ name }) => name)).toContain('NEW_PARAMETER');
    expect((await installation.npx(UPGRADE, args)).out).toContain('Nothing to change.');
    // An upgrade by hand: without a terminal, the CLI would stop at the parameter.
    installation.project.write(parameters, before[parameters] ?? '');
    await expect(deploy()).rejects.toThrow('NEW_PARAMETER');
    installation.project.write(parameters, after[parameters] ?? '');
  });

  test('is uninstalled by the Firebase CLI: rules, indexes and the rewrite stay', async () => {
    const before = installation.files();
    const args = [KITS, installation.id, 'uninstall', '{"instance":"images"}'];
    await installation.run(process.execPath, args);
    const after = installation.files();
    const config = JSON.parse(after['firebase.json'] ?? '') as { functions: unknown[] };
    const { functions } = parseComments(original['firebase.json'] ?? '');
    expect(config.functions).toEqual(functions ?? []);
    expect(existsSync(join(installation.root, 'function-kits/images/config'))).toBe(false);
    const changed = Object.keys(before).filter((path) => after[path] !== before[path]);
    const parameters = `function-kits/images/config/.env.${installation.id}`;
    expect(changed.sort()).toEqual(['firebase.json', parameters].sort());
  });
});
