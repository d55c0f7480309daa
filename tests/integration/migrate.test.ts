/** Migrates images that storage-resize-images has left, with the command in a process that is killed several times. */
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  downloadUrl,
  oldImage,
  writeDocuments,
  writeFiles,
  type OldFile,
  type OldImage,
} from '../../bench/migrate/old-images.js';
import { JOURNAL, kindsIn, openMigrateProcess, type Ended } from '../../bench/migrate/process.js';
import { imageIdOf } from '../../functions/src/cli/migrate/survey.js';
import { countOf } from '../../functions/test/long-tests.js';
import { statusOf } from '../support/http.js';
import { ROOT, TestContext } from '../support/stack.js';
import { Transcript } from '../support/transcript.js';

/** Old images with an owner that can be processed; each has a resized file. */
const IMAGES = countOf(200, 8);
/** The short form is killed once. */
const isLong = IMAGES === 200;
/** Begins all names, so that other tests on the stack are not affected. */
const FOLDER = `old-${crypto.randomUUID()}`;
const POSTS = `posts-${crypto.randomUUID()}`;
/** A named database that has every second document; the others are in the default database. */
const DATABASE = 'app-data';

let context: TestContext;
let folder: string;
const transcript = new Transcript();

beforeAll(() => {
  context = new TestContext();
  folder = mkdtempSync(join(tmpdir(), 'migrate-'));
});
afterAll(async () => {
  transcript.save(isLong ? 'migrate' : 'migrate-short');
  rmSync(folder, { recursive: true });
  await context.close();
});

/** A third each: the owner is in the path, in the metadata, in a document. */
function nameOf(number: number): { name: string; uid: string; metadata: Record<string, string> } {
  const uid = `migrated-${number % 5}`;
  const file = `${String(number).padStart(4, '0')}.jpg`;
  if (number % 3 === 0)
    return { name: `${FOLDER}/users/${uid}/photos/cat ${file}`, uid, metadata: {} };
  return number % 3 === 1
    ? { name: `${FOLDER}/shared/dog-${file}`, uid, metadata: { owner: uid } }
    : { name: `${FOLDER}/posts/fox-${file}`, uid, metadata: {} };
}

const RULE = {
  ...{ collection: POSTS, url: 'photo.url', more: ['thumb'] },
  ...{ owner: 'author', token: 'photo.token' },
};
const MAPPING = {
  prefix: `${FOLDER}/`,
  owner: [{ path: `${FOLDER}/users/{uid}/**` }, { metadata: 'owner' }, { documents: true }],
  documents: [RULE, { ...RULE, database: DATABASE }],
};

/** Options of all runs. */
const OPTIONS = ['--map', 'map.json', '--extension', 'storage-resize-images.env'];
const EXTENSION = 'IMG_SIZES=200x200\nRESIZED_IMAGES_PATH=thumbs\nINCLUDE_PATH_LIST=/other\n';

/** Objects and documents that can't be migrated. */
function badFiles(data: Buffer): OldFile[] {
  const jpeg = { contentType: 'image/jpeg', metadata: {} };
  return [
    { name: `${FOLDER}/logo.jpg`, data, ...jpeg },
    { name: `${FOLDER}/users/migrated-0/broken.jpg`, data: Buffer.from('no image'), ...jpeg },
    { name: `${FOLDER}/users/migrated-0/notes.txt`, data, contentType: 'text/plain', metadata: {} },
    {
      name: `${FOLDER}/users/migrated-0/thumbs/gone_200x200.jpg`,
      ...{ data, contentType: 'image/jpeg', metadata: { resizedImage: 'true' } },
    },
  ];
}

test(`${IMAGES} images end migrated although the command is killed`, async () => {
  const command = openMigrateProcess(ROOT, context);
  const images: (OldImage & { uid: string })[] = [];
  for (let number = 0; number < IMAGES - 2; number++) {
    const { name, uid, metadata } = nameOf(number);
    images.push({ ...(await oldImage(name, number, 'thumbs', metadata)), uid });
  }
  for (const odd of ['cat_200x200.jpg', 'été ☃ %2F ?#&+[1].jpg']) {
    const name = `${FOLDER}/users/migrated-0/${odd}`;
    images.push({ ...(await oldImage(name, images.length, 'thumbs')), uid: 'migrated-0' });
  }
  const bad = badFiles(images[0]?.original.data ?? Buffer.alloc(0));
  await writeFiles(context, [
    ...images.flatMap(({ original, resized }) => [original, ...resized]),
    ...bad,
  ]);
  const documents = Object.fromEntries(
    images.map(({ original, resized: [thumb], uid }, number) => [
      `post-${number}`,
      {
        photo: { url: downloadUrl(context, original) },
        ...(thumb && { thumb: downloadUrl(context, thumb) }),
        author: uid,
      },
    ]),
  );
  const gone = { name: `${FOLDER}/posts/gone.jpg`, metadata: {} } as OldFile;
  const databases = [context.firestore, context.openDatabase(DATABASE)] as const;
  for (const [index, database] of databases.entries()) {
    const mine = Object.entries(documents).filter((_, number) => number % 2 === index);
    await writeDocuments(database, POSTS, Object.fromEntries(mine));
  }
  await writeDocuments(context.firestore, POSTS, {
    gone: { photo: { url: downloadUrl(context, gone) }, author: 'migrated-1' },
    elsewhere: { photo: { url: 'https://example.com/cat.jpg' }, author: 'migrated-1' },
  });
  writeFileSync(join(folder, 'map.json'), JSON.stringify(MAPPING));
  writeFileSync(join(folder, 'storage-resize-images.env'), EXTENSION);

  const note = (title: string, { code, out, err }: Ended) => {
    const text = `${out}${err}`.replaceAll(FOLDER, 'old').replaceAll(POSTS, 'posts').trim();
    transcript.add(title, `exit code ${code}\n${text.replaceAll(/^/gm, '  ')}`);
  };
  const run = async (...argv: string[]) => {
    const ended = await command.run(folder, [...argv, ...OPTIONS]);
    note(`$ storage-public-variants migrate ${argv.join(' ')}`, ended);
    return ended;
  };
  const journal = join(folder, JOURNAL);

  const plan = await run('plan');
  expect(plan).toMatchObject({ code: 0, err: '' });
  expect(plan.out).toContain(`  ${IMAGES + 1} images of 5 owners`);
  expect(plan.out).toContain(`  ${IMAGES} resized files`);

  const after = (kind: string, count: number) => (kinds: readonly string[]) =>
    kinds.filter((one) => one === kind).length >= count;
  const kills: [string, (kinds: readonly string[]) => boolean][] = [
    ['before the first copy', after('run', 1)],
    ['after the first copy', after('copied', 1)],
    ['when a fifth is done', after('done', IMAGES * 0.2)],
    ['when half is done, in the middle of a line', after('done', IMAGES * 0.5)],
    ['when four fifths are done', after('done', IMAGES * 0.8)],
  ];
  const wanted = isLong ? kills : kills.slice(3, 4);
  for (const [when, isWanted] of wanted) {
    const killed = await command.runUntil(folder, ['run', ...OPTIONS], isWanted);
    expect(killed.code).toBeNull();
    if (when.includes('line')) appendFileSync(journal, '{"kind":"done","obj');
    const done = kindsIn(journal).filter((kind) => kind === 'done').length;
    note(`$ storage-public-variants migrate run    # SIGKILL ${when}: ${done} are done`, killed);
  }
  const last = await run('run');
  expect(last.err).toBe('');
  expect(last.out).toMatch(/^Resuming: \d+ of \d+ images are done\./);
  expect(last.out).toContain(`${FOLDER}/users/migrated-0/broken.jpg: failed: not-an-image`);
  expect(last.code).toBe(1);
  if (isLong) {
    const again = await run('run');
    expect(again).toMatchObject({ code: 1, err: '' });
    expect(again.out).toContain(`${IMAGES + 1} images: ${IMAGES + 1} done before, 0 ready now`);
  }

  // Each old object was copied once, whatever was killed.
  const copied = readFileSync(journal, 'utf8')
    .split('\n')
    .filter((line) => line.includes('"kind":"copied"'))
    .map((line) => (JSON.parse(line) as { object: string }).object);
  expect(copied.length).toBe(new Set(copied).size);
  const readPosts = () =>
    Promise.all(databases.map(async (one) => (await one.collection(POSTS).get()).docs));
  const posts = await readPosts();
  expect(posts.map(({ length }) => length)).toEqual([IMAGES / 2 + 2, IMAGES / 2]);
  const tokens = new Map(posts.flat().map((post) => [post.id, post.get('photo.token') as string]));
  for (const [number, { original, uid }] of images.entries()) {
    const imageId = imageIdOf({ bucket: context.stack.bucket, name: original.name });
    const to = `originals/${uid}/${imageId}`;
    const record = await context.firestore.doc(`users/${uid}/images/${imageId}`).get();
    expect(record.get('state')).toBe('ready');
    expect(record.get('token')).toBe(tokens.get(`post-${number}`));
    const [{ metadata }] = await context.bucket.file(to).getMetadata();
    expect(Object.keys(metadata ?? {})).toEqual(['copyOfGeneration']);
  }
  const [first] = images;
  const token = tokens.get('post-0') ?? '';
  await expect(statusOf(context.serveUrl(token, 'w400'))).resolves.toBe(200);
  await expect(statusOf(downloadUrl(context, first?.original as OldFile))).resolves.toBe(200);

  const verified = await run('verify', '--samples', String(IMAGES + 1));
  expect(verified.out).toContain(
    `${IMAGES} of ${IMAGES + 1} images are ready; ${IMAGES} pictures compared`,
  );
  const exceptions = [
    `${FOLDER}/logo.jpg: images without an owner`,
    `${FOLDER}/users/migrated-0/thumbs/gone_200x200.jpg: resized files without an original`,
    `${POSTS}/gone#photo.url: fields that refer to no image`,
    `${POSTS}/elsewhere#photo.url: fields that are no URL of this bucket`,
    `${FOLDER}/users/migrated-0/broken.jpg: failed: not-an-image`,
  ];
  for (const text of exceptions) expect(verified.out).toContain(text);
  expect(verified.out).toContain(`Exceptions (${exceptions.length}):`);

  // The emulator has neither soft delete nor object versioning.
  const refused = await run('finish', '--yes');
  expect(refused.err).toContain('expected soft delete or object versioning');
  expect(refused.code).toBe(2);
  const finished = await run('finish', '--yes', '--irreversible', '--undo', 'undo.jsonl');
  expect(finished.out).toContain(
    `Removed ${IMAGES} download tokens, ${IMAGES} objects and ${2 * IMAGES} fields.`,
  );
  await expect(statusOf(downloadUrl(context, first?.original as OldFile))).resolves.toBe(403);
  for (const [number, database] of databases.entries()) {
    const post = await database.collection(POSTS).doc(`post-${number}`).get();
    const photo = { token: tokens.get(post.id) };
    expect(post.data()).toEqual({ photo, author: `migrated-${number}` });
  }
  const [left] = await context.bucket.getFiles({ prefix: `${FOLDER}/` });
  expect(left).toHaveLength(IMAGES + bad.length);

  const undone = await run('undo', '--undo', 'undo.jsonl');
  expect(undone.out).toContain(`Restored ${IMAGES} download tokens and ${2 * IMAGES} fields.`);
  await expect(statusOf(downloadUrl(context, first?.original as OldFile))).resolves.toBe(200);
  for (const post of (await readPosts()).flat()) {
    const before = documents[post.id];
    if (before === undefined) continue;
    const photo = { ...before.photo, token: tokens.get(post.id) };
    expect(post.data()).toEqual({ ...before, photo });
  }
}, 600_000);
