/** Every example in README.md compiles and does what the text says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runExample, typeErrorsIn } from '../../../tests/support/examples.js';
import { imageData, jpegFile, openMemoryBackend, settled } from '../test/memory-backend.js';
import { toImage } from './documents.js';
import * as client from './index.js';

const NAME = 'storage-public-variants-client';
const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
const examples = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);

/** Returns the compiler's messages. */
function compile(codes: string[]): string[] {
  return typeErrorsIn(codes.map((code) => ({ page: 'README.md', code })));
}

/** Runs the example that exports `name` and returns that function. */
function load<Call>(name: string, modules: Record<string, object> = {}): Call {
  const code = examples.find((example) => example.includes(`function ${name}(`));
  if (code === undefined) throw new Error(`README.md has no example with the function ${name}`);
  const all = { [NAME]: client, ...modules };
  return (runExample(code, all) as Record<string, unknown>)[name] as Call;
}

const rendition = { object: 'o', bytes: 1, etag: '"e"' };
const RECORD = imageData({
  placeholder: { thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI', color: '#a0b1c2' },
  variants: { w800: { width: 800, height: 600, formats: { jpeg: rendition } } },
});
const image = toImage('cat', RECORD);
const backend = openMemoryBackend();
const images = client.createImagesWith(backend, { baseUrl: 'https://YOUR-SITE/i' });

test('README.md has at most 700 words', () => {
  expect(readme.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(700);
});

test('the compiler check reports a wrong example', () => {
  const wrong = `import { variantUrl } from '${NAME}'; variantUrl(1);`;
  expect(compile([wrong])).toEqual([expect.stringContaining('Expected')]);
});

test('every example compiles', () => {
  expect(examples).toHaveLength(5);
  expect(compile(examples)).toEqual([]);
}, 60_000);

test('the upload example shows the progress and returns the image', async () => {
  const createImages = jest.fn(() => images);
  const services = ['auth', 'firestore', 'functions', 'storage'].map((service) => {
    const getter = `get${service[0]?.toUpperCase()}${service.slice(1)}`;
    return [`firebase/${service}`, { [getter]: () => service }] as const;
  });
  const addPhoto = load<(file: File, bar: object) => Promise<unknown>>('addPhoto', {
    ...Object.fromEntries(services),
    [`${NAME}/firebase`]: { createImages },
  });
  const bar = { value: 0 };
  const photo = addPhoto(jpegFile(), bar);
  await settled();
  const [transfer] = backend.transfers;
  transfer?.progress(0.5);
  expect(bar.value).toBe(0.5);
  transfer?.finish('1');
  await settled();
  backend.send(transfer?.path.replace('originals/alice', 'users/alice/images') ?? '', RECORD);
  expect(await photo).toMatchObject({ state: 'ready' });
  expect(createImages).toHaveBeenCalledWith(
    expect.objectContaining({ auth: 'auth', firestore: 'firestore', functions: 'functions' }),
  );
});

test('the display examples return HTML and URLs', () => {
  type Show = (images: client.Images, image: client.Image) => string;
  expect(load<Show>('photoHtml')(images, image)).toContain(
    'src="https://YOUR-SITE/i/spv_x/w800.jpg"',
  );
  expect(load<Show>('photoUrl')(images, image)).toBe('https://YOUR-SITE/i/spv_x/w800');
  const blurredPreview = load<(image: client.Image) => string>('blurredPreview');
  expect(blurredPreview(image)).toMatch(/^data:image\/png;base64,/);
});

test('the sharing examples create a link and revoke it', async () => {
  const time = '2026-11-27T12:00:00.000Z';
  backend.answers = [
    { token: 'spv_s', expiresAt: time },
    { revokedAt: time, deadBy: time },
  ];
  const share = await load<(images: client.Images, image: client.Image) => Promise<object>>(
    'shareForADay',
  )(images, image);
  expect(share).toMatchObject({ url: 'https://YOUR-SITE/i/spv_s/w800' });
  const takeBack = load<(images: client.Images, id: string) => Promise<Date>>('takeBack');
  expect(await takeBack(images, 's')).toEqual(new Date(time));
});

test('the server example renders a record, and nothing without one', async () => {
  const documents: Record<string, object> = { 'users/u1/images/cat': RECORD };
  const getFirestore = () => ({
    doc: (path: string) => ({ get: () => Promise.resolve({ data: () => documents[path] }) }),
  });
  const modules = { 'firebase-admin/firestore': { getFirestore } };
  const renderPhoto = load<(uid: string, imageId: string) => Promise<string>>(
    'renderPhoto',
    modules,
  );
  expect(await renderPhoto('u1', 'cat')).toContain('src="https://photos.example/i/spv_x/w800.jpg"');
  expect(await renderPhoto('u1', 'dog')).toBeUndefined();
});

test('the examples of the entry for servers revoke a URL, and all of a user', async () => {
  const end = new Date(1_000);
  const admin = {
    revoke: (url: string) => Promise.resolve({ url }),
    revokeAll: () => Promise.resolve({ images: 2, deadBy: end }),
  };
  const modules = {
    'firebase-admin/firestore': { getFirestore: () => 'firestore' },
    [`${NAME}/admin`]: { createAdminImages: () => admin },
  };
  const takeDown = load<(url: string) => Promise<object>>('takeDown', modules);
  expect(await takeDown('/i/spv_x/w800')).toEqual({ url: '/i/spv_x/w800' });
  expect(await load<(uid: string) => Promise<Date>>('endAllUrls', modules)('u1')).toBe(end);
});
