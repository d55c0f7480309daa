import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openOldProject,
  tokenOf,
  urlOf,
  type OldProject,
} from '../../../test/cli/migrate/old-project.js';
import { migrate, type MigrateEnvironment } from './command.js';
import { USAGE } from './options.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
  write('map.json', {
    owner: [{ path: 'users/{uid}/*' }],
    documents: [{ collection: 'posts', url: 'url', token: 'token' }],
  });
  write('params.env', 'VARIANTS=w400:400\nFORMATS=webp,jpeg\n');
  mkdirSync(join(folder, 'extensions'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: object | string): void {
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(folder, name), text);
}

function openProject(): OldProject {
  const project = openOldProject();
  for (const id of ['cat', 'dog']) {
    const name = `users/alice/${id}.jpg`;
    project.put(name, { metadata: tokenOf(name), bytes: 5e9 });
    project.documents.set(`posts/${id}`, { url: urlOf(name) });
  }
  project.put('users/alice/cat_200x200.jpg', { metadata: { resizedImage: 'true' } });
  return project;
}

const EMULATORS = { FIRESTORE_EMULATOR_HOST: 'f', STORAGE_EMULATOR_HOST: 's' };

/** Runs the command with the options of a project on emulators. */
async function run(
  project: OldProject,
  argv: string[],
  overrides: Partial<MigrateEnvironment> = {},
) {
  const printed = { out: '', err: '', progress: [] as string[] };
  let time = 0;
  const cli: MigrateEnvironment = {
    ...{ env: EMULATORS, cwd: folder },
    packageFiles: () => ({ version: '0.1.0', indexes: '{"fieldOverrides":[]}' }),
    openBackend: () =>
      Promise.resolve({
        records: { findImage: project.findImage },
        objects: { readRendition: () => Promise.resolve(Buffer.alloc(1)) },
      }),
    openMigration: () => Promise.resolve(project.migration),
    compare: () => Promise.resolve(0.98),
    now: () => (time += 10),
    wait: (ms) => Promise.resolve(void (time += ms)),
    out: (text) => (printed.out += text),
    err: (text) => (printed.err += text),
    progress: (line) => printed.progress.push(line),
    ...overrides,
  };
  const options = ['--project', 'p', '--bucket', 'bucket', '--params', 'params.env'];
  const code = await migrate([...argv, ...options, '--map', 'map.json'], cli);
  return { code, ...printed };
}

test('plan, run, verify, finish and undo', async () => {
  const project = openProject();
  const plan = await run(project, ['plan']);
  expect(plan).toMatchObject({ code: 0, err: '' });
  expect(plan.out).toContain(`gs://bucket: 3 objects
  2 images of 1 owners, 10000.0 MB
  1 resized files of storage-resize-images
  0 that it could not resize, 0 other files, 0 of this installation
  2 with download tokens: everybody who has a URL can open them
Firestore: 2 documents, 2 fields with the URL of such an image
  2 in posts of the database (default)

run would copy 2 images to gs://bucket/originals/{uid}/{imageId} and write 2 tokens to documents.
It would take about a minute and cost about $0.00; the copies cost about $0.20 a month until the old originals are deleted.
finish would then remove 2 download tokens, 1 resized files and 2 fields.
`);
  expect(plan.out).toContain('The parameters of storage-resize-images were not found');
  expect(project.calls.filter((call) => !/^(list|find)/.test(call))).toEqual([]);

  const first = await run(project, ['run']);
  expect(first).toMatchObject({ code: 0, err: '' });
  expect(first.out).toBe(
    '2 images: 0 done before, 2 ready now, 0 failed, 0 not ready yet; 2 copied, 2 tokens written to documents.\n',
  );
  expect(first.progress).toContainEqual(
    expect.stringMatching(/^\[#{15}[.]{15}\] 1\/2 images, \d+[.]\d\/s, 1 s left$/),
  );
  const second = await run(project, ['run']);
  expect(second.out).toMatch(/^Resuming: 2 of 2 images are done[.]\n2 images: 2 done before/);
  const verified = await run(project, ['verify']);
  expect(verified).toMatchObject({ code: 0 });
  expect(verified.out).toBe('2 of 2 images are ready; 2 pictures compared, SSIM at least 0.980.\n');

  const asked = await run(project, ['finish']);
  expect(asked).toMatchObject({ code: 1, err: '' });
  expect(asked.out).toBe(
    'finish would remove 2 download tokens, 1 objects and 2 fields of images that are ready. Nothing was changed: add --yes.\n',
  );
  project.retained = undefined;
  const refused = await run(project, ['finish', '--yes']);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toContain('found neither: deleted objects could not be restored');
  const finished = await run(project, [
    ...['finish', '--yes', '--irreversible'],
    ...['--undo', 'undo.jsonl'],
  ]);
  expect(finished).toMatchObject({ code: 0, err: '' });
  expect(finished.out).toContain('Removed 2 download tokens, 1 objects and 2 fields.');
  const undone = await run(project, ['undo', '--undo', 'undo.jsonl']);
  expect(undone).toMatchObject({ code: 0, err: '' });
  expect(undone.out).toMatch(
    /^Restored 2 download tokens and 2 fields[.]\n\n.*restores \(1\):\n {2}gs:\/\/bucket\/users\/alice\/cat_200x200[.]jpg#\d+\n$/s,
  );
});

test('reads, changes and restores documents in the databases that the mapping names', async () => {
  const project = openOldProject();
  const photos = new Map<string, Record<string, unknown>>();
  const app = new Map<string, Record<string, unknown>>();
  project.databases.set('photos', photos).set('app-data', app);
  const add = (documents: OldProject['documents'], id: string) => {
    const name = `users/alice/${id}.jpg`;
    project.put(name, { metadata: tokenOf(name) });
    documents.set(`posts/${id}`, { url: urlOf(name) });
  };
  add(project.documents, 'ant');
  add(photos, 'cat');
  add(app, 'dog');
  app.set('posts/other', { url: 'https://example.com/dog.jpg' });
  const posts = { collection: 'posts', url: 'url', token: 'token' };
  write('map.json', {
    owner: [{ path: 'users/{uid}/*' }],
    documents: [posts, { ...posts, database: 'app-data' }],
  });
  write('params.env', 'DATABASE_ID=photos\n');
  const before = structuredClone(project.databases);

  const plan = await run(project, ['plan']);
  expect(plan.out).toContain(`
Firestore: 3 documents, 2 fields with the URL of such an image
  1 in posts of the database photos
  2 in posts of the database app-data
`);
  expect(plan.out).toContain('(1):\n  databases/app-data/documents/posts/other#url\n');
  const ran = await run(project, ['run']);
  expect(ran.out).toContain('3 copied, 2 tokens written to documents');
  const keysOf = ({ databases }: OldProject) =>
    [...databases.values()].map((documents) => [...documents.values()].map(Object.keys));
  expect(keysOf(project)).toEqual([[['url']], [['url', 'token']], [['url', 'token'], ['url']]]);

  const finished = await run(project, ['finish', '--yes', '--undo', 'undo.jsonl']);
  expect(finished.out).toContain('Removed 3 download tokens, 0 objects and 2 fields.');
  expect(keysOf(project)).toEqual([[['url']], [['token']], [['token'], ['url']]]);
  // The undo file names the databases: the mapping may have been changed since.
  write('map.json', {});
  write('params.env', '');
  const undone = await run(project, ['undo', '--undo', 'undo.jsonl']);
  expect(undone.out).toContain('Restored 3 download tokens and 2 fields.');
  for (const documents of [photos, app]) {
    for (const document of documents.values()) delete document['token'];
  }
  expect(project.databases).toEqual(before);
});

test('undo takes a field without a database for one of the default database', async () => {
  const project = openOldProject();
  project.documents.set('posts/cat', {});
  write('params.env', 'DATABASE_ID=photos\n');
  write('undo.jsonl', '{"kind":"field","document":"posts/cat","field":"url","value":"u"}\n');
  const undone = await run(project, ['undo', '--undo', 'undo.jsonl']);
  expect(undone.out).toContain('Restored 0 download tokens and 1 fields.');
  expect(project.documents.get('posts/cat')).toEqual({ url: 'u' });
});

test('plan says that a collection has no documents', async () => {
  const project = openProject();
  write('params.env', 'DATABASE_ID=photos\n');
  const { out } = await run(project, ['plan']);
  expect(out).toContain('Firestore: 0 documents');
  expect(out).toContain('  0 in posts of the database photos');
});

test('counts and lists what is skipped, and prints names that a terminal shows as they are', async () => {
  const project = openProject();
  project.put('\u001b[2J/logo.jpg');
  project.put('other.jpg');
  const { out } = await run(project, ['plan', '--list', '1']);
  expect(out).toContain(
    'Skipped: images without an owner (2):\n  \\u001b[2J/logo.jpg\n  and 1 more\n',
  );
  expect(out).toContain('Warning: 2 images have no owner');
});

test('does not run while storage-resize-images would resize the copies', async () => {
  const project = openProject();
  const file = 'extensions/storage-resize-images.env';
  write(file, 'IMG_SIZES=200x200\nDELETE_ORIGINAL_FILE=true\n');
  write('extensions/other.env', 'OTHER=1\n');
  const plan = await run(project, ['plan']);
  expect(plan.out).toContain(
    'Must be changed: storage-resize-images would resize the new objects, and write its files beside them: ' +
      'add /originals,/variants to its EXCLUDE_PATH_LIST',
  );
  expect(plan.out).toContain('DELETE_ORIGINAL_FILE is on');
  const refused = await run(project, ['run']);
  expect(refused).toMatchObject({ code: 2, out: '' });
  expect(refused.err).toMatch(/^storage-resize-images would resize the new objects/);
  expect(project.objects.size).toBe(3);
  await expect(run(project, ['run', '--extension-off'])).resolves.toMatchObject({ code: 0 });
  // Paths that begin with the user's folder, or with that of the old images.
  for (const [path, wanted] of [
    ['{uid}/{imageId}', '/*,/variants'],
    ['users/{uid}/new/{imageId}', '/users/*/new,/variants'],
  ] as const) {
    write('params.env', `ORIGINALS_PATH=${path}\n`);
    expect((await run(project, ['plan'])).out).toContain(`add ${wanted} to its EXCLUDE_PATH_LIST`);
  }
  write(file, 'IMG_SIZES=200x200\nEXCLUDE_PATH_LIST=/users/*/new,/variants\n');
  expect((await run(project, ['plan'])).out).not.toContain('EXCLUDE_PATH_LIST');
  write('params.env', '');
  write(file, 'IMG_SIZES=200x200\nEXCLUDE_PATH_LIST=/originals,/variants\n');
  await expect(run(project, ['run'])).resolves.toMatchObject({ code: 0 });
});

test('warns of old images in ORIGINALS_PATH, and of what the parameters refuse', async () => {
  const project = openProject();
  project.put('originals/alice/owl', { metadata: tokenOf('owl') });
  project.put('originals/alice/owl_200x200', { metadata: { resizedImage: 'true' } });
  project.put('users/alice/big.tiff', { contentType: 'image/tiff' });
  project.put('users/alice/dog_1x1.jpg');
  const { out } = await run(project, ['plan']);
  expect(out).toContain('2 objects are in ORIGINALS_PATH or VARIANTS_PATH already');
  expect(out).toContain(
    '1 resized files are in ORIGINALS_PATH, such as originals/alice/owl_200x200',
  );
  expect(out).toContain('1 images are TIFF files, and TIFF is false.');
  expect(out).toContain('2 images have more bytes than MAX_BYTES.');
  expect(out).toContain('1 files are named like a resized file of another image');
});

test.each([
  [[], 'expected one of plan, run, verify, finish, undo, found nothing'],
  [['plans'], 'found "plans"'],
  [['plan', 'run'], 'found "plan run"'],
  [['plan', '--fast'], "Unknown option '--fast'"],
  [
    ['run', '--concurrency', '0'],
    '--concurrency: expected a whole number of at least 1, found "0"',
  ],
  [['finish', '--only', 'all'], '--only: expected one of tokens, thumbnails, fields, originals'],
  [['undo', '--undo', 'none'], '--undo: expected the undo file of finish at'],
  [['plan', '--extension', 'map.json'], 'found a file without IMG_SIZES'],
  [['plan', '--extension', 'none'], 'found no such file'],
])('%j exits with 2 and a sentence', async (argv, message) => {
  const { code, err, out } = await run(openProject(), argv);
  expect(err).toContain(message);
  expect({ code, out }).toEqual({ code: 2, out: '' });
});

test('explains errors of the environment and of Google', async () => {
  const project = openProject();
  const noStorage = await run(project, ['plan'], { env: { FIRESTORE_EMULATOR_HOST: 'f' } });
  expect(noStorage.err).toContain('found no STORAGE_EMULATOR_HOST');
  const noProject = await run(project, ['plan'], { env: {} });
  expect(noProject.err).toContain('--instance: expected the id of an installation, found none');
  project.migration.listObjects = () =>
    Promise.reject(Object.assign(new Error('denied\nsecond line'), { code: 403 }));
  const denied = await run(project, ['plan']);
  expect(denied.err).toBe(
    "expected to read and write the project's Firestore and its buckets, found Error 403: denied\n",
  );
  expect(denied.code).toBe(2);
});

test('--help prints the usage', async () => {
  await expect(run(openProject(), ['--help'])).resolves.toMatchObject({ code: 0, out: USAGE });
});
