/** A user installs the kit in a Firebase project, and tries it without deploying. */
import { join } from 'node:path';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { filesToUpload, prepareDeploy } from '../support/firebase-cli.js';
import { get } from '../support/http.js';
import { LocalRegistry } from '../support/local-registry.js';
import { photo } from '../support/pictures.js';
import { OPEN_STORAGE_RULES } from './flavors.js';
import { Installation, pack, save, sizeOnDisk } from './installation.js';

jest.setTimeout(240_000);

interface Lock {
  packages: Record<string, { version: string }>;
}

let registry: LocalRegistry;
let version: string;
let installation: Installation;
beforeAll(async () => {
  registry = await LocalRegistry.start();
  for (const tarball of await pack()) ({ version } = await registry.publish(tarball));
  installation = await Installation.create('typical', registry);
});
afterAll(async () => {
  await installation.remove();
  await registry.close();
});

describe('npx storage-public-variants init, in a typical project', () => {
  let before: Record<string, string>;
  beforeAll(() => (before = installation.files()));

  test('names a rule of the user that opens originals, and changes nothing', async () => {
    const rules = before['storage.rules'] ?? '';
    installation.project.write('storage.rules', OPEN_STORAGE_RULES);
    const args = ['init', ...installation.flags, '--dry-run'];
    const { out, err } = await installation.npx(version, args, 1);
    save('init-wildcard', `${out}${err}`);
    expect(err).toMatch(/^storage\.rules:5:\d+: .+/m);
    installation.project.write('storage.rules', rules);
    expect(installation.files()).toEqual(before);
  });

  test('installs the kit from the registry, and asks nothing', async () => {
    const { out } = await installation.npx(version, ['init', ...installation.flags]);
    save('init-typical', out);
    expect(out).toContain('files changed');
    const files = installation.files();
    expect(files['storage.rules']).toContain('match /public/{path=**}');
    expect(files['storage.rules']).toContain('match /originals/{uid}/{imageId}');
    const lock = JSON.parse(files['function-kits/images/package-lock.json'] ?? '{}') as Lock;
    expect(lock.packages['node_modules/storage-public-variants']?.version).toBe(version);
    // One copy of the Admin SDK, the newest for this Node.js.
    const sdks = Object.entries(lock.packages).filter(([path]) => path.endsWith('firebase-admin'));
    const major = Number(process.versions.node.split('.')[0]) >= 22 ? '14' : '13';
    expect(sdks.map(([, sdk]) => sdk.version.split('.')[0])).toEqual([major]);
    const modules = join(installation.root, 'function-kits/images/node_modules');
    expect(sizeOnDisk(modules)).toBeLessThan(130);
  });

  test('changes nothing when it runs again', async () => {
    const installed = installation.files();
    const { out } = await installation.npx(version, ['init', ...installation.flags]);
    expect(out).toContain('Nothing to change.');
    expect(installation.files()).toEqual(installed);
  });

  test('makes what the Firebase CLI accepts for a deploy', async () => {
    const { root, id, bucket } = installation;
    // Otherwise the CLI asks Google for the region of the bucket.
    const { functions, stanza, backend, build, userEnvs } = await prepareDeploy(
      { root, id, bucket },
      'images',
    );
    expect(functions).toHaveLength(2);
    expect(Object.keys(backend.endpoints['us-central1'] ?? {})).toContain('kit-images-serve');
    expect(build.params.filter(({ name }) => !(name in userEnvs))).toEqual([]);
    const files = await filesToUpload(join(root, stanza.source), stanza.ignore);
    expect(files).toEqual(['index.js', 'package-lock.json', 'package.json']);
  });
});

describe('firebase-local-stack start, in that project', () => {
  let context: StackContext;
  beforeAll(async () => {
    context = new StackContext(await installation.start());
  });
  afterAll(async () => {
    await context.close();
    await installation.stop();
  });

  test('an upload of a user has public URLs on Firebase Hosting, and its original stays private', async () => {
    const owner = await context.user();
    const { record, name } = await context.upload(owner, photo(), { imageId: 'photo.jpg' });
    expect(record.state).toBe('ready');
    const shown = await get(`http://${context.stack.hosting}/i/${record.token}/w800`);
    expect(shown.status).toBe(200);
    expect(shown.headers.get('content-type')).toMatch(/^image\//);
    expect((await get(context.serveUrl(record.token, 'w800'))).status).toBe(200);
    expect((await get(context.objectUrl(name))).status).toBe(403);
  });

  test("the user's own functions, pages and rules still work", async () => {
    const { functions, hosting, projectId } = context.stack;
    const hello = await get(`http://${functions}/${projectId}/us-central1/hello`);
    expect([hello.status, hello.body.toString()]).toEqual([200, 'hello']);
    expect((await get(`http://${hosting}/`)).status).toBe(200);
    await context.uploadAsAdmin('public/logo.jpg', photo());
    expect((await get(context.objectUrl('public/logo.jpg'))).status).toBe(200);
  });
});
