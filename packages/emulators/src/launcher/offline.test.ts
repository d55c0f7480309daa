import { isLocalExtension, removePublishedExtensions, useForwardSlashes } from './offline.js';

test('paths with backslashes are those with slashes, and nothing else changes', () => {
  const data = {
    firestore: { rules: 'rules\\firestore.rules', indexes: '.\\indexes.json' },
    storage: [{ target: 'a\\b', rules: 'rules\\storage.rules' }],
    functions: [
      { source: 'apps\\api', configDir: 'config\\api', ignore: ['a\\b'] },
      { kit: 'images', source: 'function-kits\\images', instances: { images: 'kits\\config' } },
    ],
    extensions: { own: '.\\own' },
    hosting: { public: 'apps\\web', rewrites: [{ source: '/\\(a\\)', destination: '/b\\c' }] },
  };
  useForwardSlashes(data);
  expect(data).toEqual({
    firestore: { rules: 'rules/firestore.rules', indexes: './indexes.json' },
    storage: [{ target: 'a\\b', rules: 'rules/storage.rules' }],
    functions: [
      { source: 'apps/api', configDir: 'config/api', ignore: ['a\\b'] },
      { kit: 'images', source: 'function-kits/images', instances: { images: 'kits/config' } },
    ],
    extensions: { own: './own' },
    hosting: { public: 'apps/web', rewrites: [{ source: '/\\(a\\)', destination: '/b\\c' }] },
  });
});

test('a project without these sections is left alone', () => {
  const data = { hosting: 'hosting.json', emulators: {} };
  useForwardSlashes(data);
  expect(data).toEqual({ hosting: 'hosting.json', emulators: {} });
});

test.each([
  ['./own', true],
  ['../own', true],
  ['/home/ann/own', true],
  ['~/own', true],
  ['.\\own', true],
  ['firebase/storage-resize-images@0.1.50', false],
  ['storage-resize-images', false],
  [undefined, false],
])('the extension %s comes from a folder: %s', (source, expected) => {
  expect(isLocalExtension(source)).toBe(expected);
});

test('only extensions from folders are started', () => {
  const data = { extensions: { own: './own', published: 'firebase/storage-resize-images' } };
  removePublishedExtensions(data);
  expect(data).toEqual({ extensions: { own: './own' } });
});
