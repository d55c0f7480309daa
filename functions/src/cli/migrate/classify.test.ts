import { parseTemplate, type PathTemplate } from '../../domain/path.js';
import { classify, type Listed } from './classify.js';
import { NO_PARAMETERS, parseExtension, wouldResize } from './extension.js';

const ORIGINALS = parseTemplate('originals/{uid}/{imageId}', ['uid', 'imageId']) as PathTemplate;
const PATHS = { originalsPath: ORIGINALS, variantsPath: 'variants' };

const upload = (name: string): Listed => ({ name, contentType: 'image/jpeg', metadata: {} });
const resized = (name: string): Listed => ({
  ...upload(name),
  // storage-resize-images writes a boolean, which Cloud Storage keeps as a text.
  metadata: { resizedImage: 'true' },
});

function classifyNames(objects: Listed[], resizedPath = '') {
  const { originals, ...rest } = classify(objects, { ...NO_PARAMETERS, resizedPath }, PATHS);
  const names = Object.fromEntries(
    Object.entries(rest).flatMap(([kind, list]) =>
      list.length === 0 ? [] : [[kind, list.map(({ name }) => name)]],
    ),
  );
  return {
    ...names,
    originals: Object.fromEntries(
      originals.map(({ object, resized: files }) => [object.name, files.map(({ name }) => name)]),
    ),
  };
}

test('finds the resized files of an original, the largest first', () => {
  const files = ['a/cat_200x200.jpg', 'a/cat_1000x800.jpg', 'a/cat_200x200.webp'];
  expect(classifyNames([upload('a/cat.jpg'), ...files.map(resized)])).toEqual({
    originals: { 'a/cat.jpg': [files[1], files[0], files[2]] },
  });
});

test.each([
  ['thumbs', 'a/thumbs/cat_200x200.jpg'],
  ['thumbs/small', 'a/thumbs/small/cat_200x200.jpg'],
  ['../thumbs', 'thumbs/cat_200x200.jpg'],
  ['/thumbs', 'a/thumbs/cat_200x200.jpg'],
])('finds them in RESIZED_IMAGES_PATH=%s', (resizedPath, file) => {
  expect(classifyNames([upload('a/cat.jpg'), resized(file)], resizedPath)).toEqual({
    originals: { 'a/cat.jpg': [file] },
  });
});

test.each([
  // The extension keeps an unknown extension of a name, and puts the size behind it.
  ['a/cat.heic', 'a/cat.heic_200x200'],
  ['a/cat', 'a/cat_200x200'],
  ['a/CAT.JPG', 'a/CAT_200x200.JPG'],
  // It normalizes paths.
  ['a//cat.jpg', 'a/cat_200x200.jpg'],
  ['a/b_1x1_200x200.png', 'a/b_1x1_200x200_200x200.png'],
])('finds the file of %j', (original, file) => {
  expect(classifyNames([upload(original), resized(file)])).toEqual({
    originals: { [original]: [file] },
  });
});

test('an upload that is named like a resized file is an original', () => {
  expect(classifyNames([upload('a/cat_200x200.jpg')]).originals).toHaveProperty([
    'a/cat_200x200.jpg',
  ]);
  const files = [upload('a/cat.jpg'), upload('a/cat_200x200.jpg')];
  // The extension has resized it, so it is an upload.
  const proof = resized('a/cat_200x200_400x400.jpg');
  expect(classifyNames([...files, proof])).toEqual({
    originals: { 'a/cat.jpg': [], 'a/cat_200x200.jpg': [proof.name] },
  });
  expect(classifyNames(files)).toEqual({
    ambiguous: ['a/cat_200x200.jpg'],
    originals: { 'a/cat.jpg': [] },
  });
});

test('a file that may be of several originals is that of the one with its extension, or of none', () => {
  const originals = [upload('a/cat.jpg'), upload('a/cat.png')];
  const files = [resized('a/cat_200x200.png'), resized('a/cat_200x200.webp')];
  expect(classifyNames([...originals, ...files])).toEqual({
    ambiguous: ['a/cat_200x200.webp'],
    originals: { 'a/cat.jpg': [], 'a/cat.png': ['a/cat_200x200.png'] },
  });
});

test('separates what is no old image', () => {
  const objects = [
    resized('a/gone_200x200.jpg'),
    { ...upload('a/failed.jpg'), metadata: { resizeFailed: 'true' } },
    { ...upload('a/notes.txt'), contentType: 'text/plain' },
    { name: 'a/unknown', metadata: {} },
    upload('originals/alice/cat'),
    resized('originals/alice/cat_200x200'),
    upload('variants/x/1/w400.webp'),
  ];
  expect(classifyNames(objects)).toEqual({
    withoutOriginal: ['a/gone_200x200.jpg'],
    failed: ['a/failed.jpg'],
    others: ['a/notes.txt', 'a/unknown'],
    ours: ['originals/alice/cat', 'originals/alice/cat_200x200', 'variants/x/1/w400.webp'],
    originals: {},
  });
});

test('reads the parameters of the extension', () => {
  const text =
    'IMG_BUCKET=${param:PROJECT_ID}.appspot.com\nIMG_SIZES=200x200\nRESIZED_IMAGES_PATH=thumbs\nDELETE_ORIGINAL_FILE=on_success\n';
  expect(parseExtension(text, 'my-app')).toEqual({
    bucket: 'my-app.appspot.com',
    resizedPath: 'thumbs',
    exclude: [],
    deletesOriginals: true,
  });
  expect(parseExtension('IMG_BUCKET=${STORAGE_BUCKET}\nIMG_SIZES=1x1\n', 'p').bucket).toBe(
    undefined,
  );
});

test.each([
  ['', '', true],
  ['', '/originals', false],
  ['', '/originals2', true],
  ['', '/originals/*', true],
  ['', '/orig*', false],
  ['/users', '', false],
  ['/users,/originals', '', true],
  ['/users', '/originals', false],
])('INCLUDE_PATH_LIST=%s EXCLUDE_PATH_LIST=%s', (include, exclude, expected) => {
  const text = `IMG_SIZES=1x1\nINCLUDE_PATH_LIST=${include}\nEXCLUDE_PATH_LIST=${exclude}\n`;
  expect(wouldResize('originals', parseExtension(text, 'p'))).toBe(expected);
});
