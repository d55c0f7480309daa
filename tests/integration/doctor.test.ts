/** Runs the doctor command in a process of its own on the local stack's Firestore and Storage. */
import { renditionsFolder } from '../../functions/src/domain/path.js';
import { hashToken } from '../../functions/src/domain/token.js';
import { openDoctor, type Doctor } from '../support/doctor.js';
import { plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

/** Paths and collections that the functions of the local stack do not use. */
const PARAMETERS = {
  ORIGINALS_PATH: 'doctor/{uid}/{imageId}',
  VARIANTS_PATH: 'doctorVariants',
  IMAGES_COLLECTION: 'doctor/{uid}/doctorImages',
  TOKENS_COLLECTION: 'doctorTokens',
  SHARES_COLLECTION: 'doctor/{uid}/doctorShares',
  VARIANTS: 'w40:40',
  REVOCATION_SECONDS: '0',
};

let context: TestContext;
let command: Doctor;

beforeAll(() => {
  context = new TestContext();
  command = openDoctor(context.stack, PARAMETERS);
});
afterAll(async () => {
  command.close();
  await context.close();
});

const doctor = (...argv: string[]) => command.run(...argv);

const tableOf = (out: string) =>
  out
    .split('\n')
    .filter((line) => /^(orphaned|missing|stale|unlocked) /.test(line))
    .map((line) => line.split(/ {2,}/));

test('prints findings as a table, and fixes them', async () => {
  const { bucket, firestore } = context;
  const save = async (name: string, data: Buffer) => {
    const metadata = { contentType: 'image/jpeg' };
    await bucket.file(name).save(data, { resumable: false, metadata });
  };
  const names = ['cat', 'dog', 'fox', 'owl'].map((id) => `doctor/alice/${id}`);
  for (const name of names) await save(name, await plainJpeg(60, 40, '#808000'));

  const first = await doctor();
  expect(first).toMatchObject({ code: 1, err: '' });
  expect(tableOf(first.out)).toEqual(names.map((name) => ['missing', 'image record', name]));
  const processed = await doctor('--fix');
  expect(processed.out).toContain('4 findings; after fixing: 0');
  expect(processed.code).toBe(0);
  const image = (id: string) => firestore.doc(`doctor/alice/doctorImages/${id}`);
  expect((await image('cat').get()).get('state')).toBe('ready');

  const shown = (await image('cat').get()).get('token') as string;
  const explained = await doctor('--url', `https://example.com/i/${shown}/w40`);
  expect(explained).toMatchObject({ code: 0, err: '' });
  expect(explained.out).toMatch(/^200: w40 as webp \(doctor\/alice\/doctorImages\/cat\)\n/);

  const [cat = '', dog = '', fox = '', owl = ''] = names;
  const hash = hashToken((await image('dog').get()).get('token') as string);
  await bucket.file(cat).setMetadata({ metadata: { firebaseStorageDownloadTokens: 'open' } });
  await save(dog, await plainJpeg(50, 40, '#008080'));
  await bucket.file(fox).delete();
  const prefix = renditionsFolder('doctorVariants', context.stack.bucket, owl);
  const [[rendition] = []] = await bucket.getFiles({ prefix });
  await rendition?.delete();
  await save(`doctorVariants/${'x'.repeat(43)}/1/w40.webp`, Buffer.from('unknown'));
  const damaged = await doctor('--json');
  expect(damaged.code).toBe(1);
  expect(JSON.parse(damaged.out)).toEqual({
    checked: { originals: 3, images: 4, tokens: 4, shares: 0, folders: 5 },
    findings: [
      { kind: 'unlocked', what: 'download token on the original', of: cat },
      { kind: 'stale', what: 'image record of another upload', of: dog },
      { kind: 'orphaned', what: 'image record, 1 token records, 2 renditions', of: fox },
      { kind: 'missing', what: '1 renditions', of: owl },
      { kind: 'orphaned', what: '1 renditions', of: `doctorVariants/${'x'.repeat(43)}/` },
    ],
    problems: [],
  });

  const fixed = await doctor('--fix', '--unknown-folders', '--json');
  expect(fixed.err).toBe('');
  expect(JSON.parse(fixed.out)).toMatchObject({ left: [], problems: [] });
  expect(fixed.code).toBe(0);
  const [[metadata]] = [await bucket.file(cat).getMetadata()];
  expect(metadata.metadata?.['firebaseStorageDownloadTokens']).toBeUndefined();
  const token = (await firestore.doc(`doctorTokens/${hash}`).get()).data();
  const [{ generation }] = await bucket.file(dog).getMetadata();
  expect(token?.['image']).toMatchObject({ generation: String(generation) });
  expect((await image('fox').get()).exists).toBe(false);
  const [remaining] = await bucket.getFiles({ prefix: 'doctorVariants/' });
  // Three images with one variant in two formats.
  expect(remaining).toHaveLength(6);
  await expect(doctor()).resolves.toMatchObject({ code: 0 });
}, 120_000);

test('exits with 2 for an unknown option', async () => {
  const { code, err, out } = await doctor('--fast');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('--fast');
});
