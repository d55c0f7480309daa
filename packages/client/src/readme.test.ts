/** Every example in README.md compiles and does what the text says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runExample, typeErrorsIn } from '../../../tests/support/examples.js';
import * as client from './index.js';

const readme = readFileSync(join(__dirname, '..', 'README.md'), 'utf8');
const examples = [...readme.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code = '']) => code);

/** Returns the compiler's messages. */
function compile(codes: string[]): string[] {
  return typeErrorsIn(codes.map((code) => ({ page: 'README.md', code })));
}

/** Runs the example that exports `name` and returns that function. */
function load<Call>(name: string, modules: Record<string, object>, globals?: object): Call {
  const code = examples.find((example) => example.includes(`function ${name}(`));
  if (code === undefined) throw new Error(`README.md has no example with the function ${name}`);
  return (runExample(code, modules, globals) as Record<string, unknown>)[name] as Call;
}

const PLACEHOLDER = { thumbhash: '1QcSHQRnh493V4dIh4eXh1h4kJUI', color: '#a0b1c2' };
const RENDITION = { object: 'o', bytes: 1, etag: '"e"' };
const RECORD = {
  state: 'ready',
  token: 'spv_x',
  original: { width: 800, height: 600 },
  placeholder: PLACEHOLDER,
  variants: { w800: { width: 800, height: 600, formats: { jpeg: RENDITION } } },
};
const NAME = 'storage-public-variants-client';

test('README.md has at most 500 words', () => {
  expect(readme.split(/\s+/).filter(Boolean).length).toBeLessThanOrEqual(500);
});

test('the compiler check reports a wrong example', () => {
  const wrong = `import { variantUrl } from '${NAME}'; variantUrl(1);`;
  expect(compile([wrong])).toEqual([expect.stringContaining('Expected')]);
});

test('every example compiles', () => {
  expect(examples.length).toBeGreaterThanOrEqual(5);
  expect(compile(examples)).toEqual([]);
}, 60_000);

describe('the upload example', () => {
  const uploadOriginal = jest.fn().mockResolvedValue({ imageId: 'cat', generation: '7' });
  const waitForImage = jest.fn();
  const file = { type: 'image/png' };

  function addPhoto(currentUser: object | null): Promise<unknown> {
    const modules = {
      'firebase/auth': { getAuth: () => ({ currentUser }) },
      'firebase/firestore/lite': { getFirestore: () => 'firestore' },
      'firebase/storage': { getStorage: () => 'storage' },
      [NAME]: { uploadOriginal, waitForImage },
    };
    return load<(photo: object) => Promise<unknown>>('addPhoto', modules, { Error })(file);
  }

  test('uploads, waits for that upload and returns the record', async () => {
    waitForImage.mockResolvedValueOnce(RECORD);
    expect(await addPhoto({ uid: 'u1' })).toBe(RECORD);
    expect(uploadOriginal.mock.calls).toEqual([
      ['storage', expect.objectContaining({ uid: 'u1', data: file, contentType: 'image/png' })],
    ]);
    const request = { uid: 'u1', imageId: 'cat', generation: '7' };
    expect(waitForImage.mock.calls).toEqual([['firestore', request]]);
  });

  test('throws the message of a failed image, and without a user', async () => {
    const error = { code: 'not-an-image', message: 'This file is not an image.' };
    waitForImage.mockResolvedValueOnce({ ...RECORD, state: 'failed', error });
    await expect(addPhoto({ uid: 'u1' })).rejects.toThrow(error.message);
    await expect(addPhoto(null)).rejects.toThrow('Sign in first.');
  });
});

test('the onSnapshot example listens to the image record', () => {
  const onSnapshot = jest.fn();
  const modules = {
    'firebase/firestore': {
      getFirestore: () => 'firestore',
      doc: (_firestore: string, ...path: string[]) => path.join('/'),
      onSnapshot,
    },
  };
  type Listen = (uid: string, imageId: string, onRecord: (record: object) => void) => void;
  const onRecord = jest.fn();
  load<Listen>('listenToImage', modules)('u1', 'cat', onRecord);
  const [path, listener] = onSnapshot.mock.calls[0] as [string, (snapshot: object) => void];
  expect(path).toBe('users/u1/images/cat');
  listener({ exists: () => false });
  expect(onRecord).not.toHaveBeenCalled();
  listener({ exists: () => true, data: () => RECORD });
  expect(onRecord).toHaveBeenCalledWith(RECORD);
});

test('the <img> example uses the public URL', () => {
  const document = { createElement: () => ({}) };
  const photoElement = load<(record: object) => object>(
    'photoElement',
    { [NAME]: client },
    { document },
  );
  expect(photoElement(RECORD)).toEqual({ src: '/i/spv_x/w800', alt: 'Photo' });
});

test('the <picture> examples return HTML and a data URL', () => {
  const modules = { [NAME]: client };
  const photoHtml = load<(record: object) => string>('photoHtml', modules);
  expect(photoHtml(RECORD)).toContain('src="/i/spv_x/w800.jpg"');
  const blurredPreview = load<(record: object) => string>('blurredPreview', modules);
  expect(blurredPreview(RECORD)).toMatch(/^data:image\/png;base64,/);
});

test('the server example renders a record, and nothing without one', async () => {
  const documents: Record<string, object> = { 'users/u1/images/cat': RECORD };
  const getFirestore = () => ({
    doc: (path: string) => ({ get: () => Promise.resolve({ data: () => documents[path] }) }),
  });
  const renderPhoto = load<(uid: string, imageId: string) => Promise<string>>('renderPhoto', {
    'firebase-admin/firestore': { getFirestore },
    [NAME]: client,
  });
  expect(await renderPhoto('u1', 'cat')).toContain('src="https://photos.example/i/spv_x/w800.jpg"');
  expect(await renderPhoto('u1', 'dog')).toBe('');
});
