/** What an installation by name takes on disk, with each version of npm. */
import { join } from 'node:path';
import { LocalRegistry } from '../../support/local-registry.js';
import { Installation, pack, save, sizeOnDisk } from '../installation.js';

jest.setTimeout(300_000);

const lines: string[] = [];
let registry: LocalRegistry;
let version: string;
beforeAll(async () => {
  registry = await LocalRegistry.start();
  for (const tarball of await pack()) ({ version } = await registry.publish(tarball));
});
afterAll(async () => {
  save('sizes', lines.join(''));
  await registry.close();
});

test.each(['10', '11'])('npm %s installs one build of sharp', async (npm) => {
  const installation = await Installation.create('empty', registry);
  try {
    const spec = `npm@${npm}`;
    const exact = (await installation.run('npx', ['--yes', spec, '--version'])).out.trim();
    const packages = [`storage-public-variants@${version}`];
    const options = ['--ignore-scripts', '--loglevel=error'];
    await installation.run('npx', ['--yes', spec, 'install', ...packages, ...options]);
    const modules = join(installation.root, 'node_modules');
    const size = sizeOnDisk(modules);
    lines.push(
      `npm ${exact}, Node.js ${process.version}, ${process.platform}-${process.arch}: ${size.toFixed(0)} MB\n`,
    );
    expect(installation.files()['package-lock.json']).toContain('"node_modules/sharp"');
    expect(size).toBeLessThan(130);
  } finally {
    await installation.remove();
  }
});
