import { FIRESTORE_RULES, INDEXES, STORAGE_RULES } from '../../../../test/cli/doctor/healthy.js';
import { UserProject } from '../../../../test/cli/init/user-project.js';
import { resolveInstallation, type Selection } from './resolve.js';

const PACKAGE = { version: '0.1.0', indexes: INDEXES };

const KIT = {
  kit: 'images',
  source: 'function-kits/images',
  runtime: 'nodejs24',
  instances: { images: 'function-kits/images/config' },
};

const FILES = {
  'firebase.json': JSON.stringify({
    functions: [{ source: 'functions' }, KIT],
    storage: { rules: 'storage.rules' },
    firestore: { rules: 'firestore.rules' },
  }),
  '.firebaserc': JSON.stringify({ projects: { default: 'demo-shop', live: 'shop-live' } }),
  'storage.rules': STORAGE_RULES,
  'firestore.rules': FIRESTORE_RULES,
  'function-kits/images/package.json': JSON.stringify({
    dependencies: { 'storage-public-variants': '0.1.0' },
  }),
  'function-kits/images/config/.env': 'FORMATS=webp\nFUNCTION_DEFAULT_REGION=europe-west4\n',
  'function-kits/images/config/.env.demo-shop': 'TOKENS_COLLECTION=a/b/tokens\nBUCKET=\n',
  'function-kits/images/config/.env.shop-live': 'LOCATION=asia-east1\nBUCKET=shop-live-images\n',
};

const projects: UserProject[] = [];
afterAll(() => projects.forEach((project) => project.remove()));

function resolve(files: Record<string, string>, selection: Selection = {}, cwd = '') {
  const project = new UserProject(files);
  projects.push(project);
  return resolveInstallation(`${project.root}/${cwd}`, selection, PACKAGE);
}

test('finds the kit, its parameters and its rules in the project, from a folder in it', () => {
  const { installation, notes } = resolve(FILES, {}, 'function-kits/images/config');
  expect(notes).toEqual([]);
  expect(installation).toMatchObject({
    projectId: 'demo-shop',
    kind: 'kit',
    instance: 'images',
    version: '0.1.0',
    rules: {
      storage: { file: 'storage.rules', text: STORAGE_RULES },
      firestore: { file: 'firestore.rules', text: FIRESTORE_RULES },
    },
    config: {
      bucket: 'demo-shop.firebasestorage.app',
      location: 'europe-west4',
      formats: ['webp'],
      tokensCollection: 'a/b/tokens',
    },
  });
  expect(installation.fieldOverrides).toContainEqual(
    expect.objectContaining({ collectionGroup: 'tokens', fieldPath: 'image' }),
  );
});

test('an alias names the project and its parameters', () => {
  const { installation } = resolve(FILES, { project: 'live' });
  expect(installation).toMatchObject({
    projectId: 'shop-live',
    config: { bucket: 'shop-live-images', location: 'asia-east1' },
  });
});

test('--bucket and --params take precedence', () => {
  const parameters = { BUCKET: 'theirs', FORMATS: 'avif' };
  const { installation } = resolve(FILES, { bucket: 'mine', parameters });
  expect(installation.config).toMatchObject({
    bucket: 'mine',
    formats: ['avif'],
    location: 'us-central1',
  });
});

test('finds an extension and its parameters', () => {
  const files = {
    'firebase.json': JSON.stringify({
      extensions: {
        images: './pack/ext',
        other: './other',
        resize: 'firebase/storage-resize-images@0.3.3',
      },
    }),
    'pack/ext/extension.yaml': 'name: storage-public-variants\nversion: 0.1.0\n',
    'other/extension.yaml': 'name: something-else\n',
    'extensions/images.env': 'BUCKET=${param:PROJECT_ID}.appspot.com\nLOCATION=us-east1\n',
    'extensions/images.env.demo-shop': 'LOCATION=us-west1\n',
  };
  const { installation } = resolve(files, { project: 'demo-shop' });
  expect(installation).toMatchObject({
    kind: 'extension',
    instance: 'images',
    rules: {},
    config: { bucket: 'demo-shop.appspot.com', location: 'us-west1' },
  });
});

test('chooses the rules of the storage target that has the bucket', () => {
  const files = {
    ...FILES,
    'firebase.json': JSON.stringify({
      functions: KIT,
      storage: [
        { target: 'other', rules: 'other.rules' },
        { target: 'photos', rules: 'storage.rules' },
      ],
    }),
    'other.rules': STORAGE_RULES,
    '.firebaserc': JSON.stringify({
      projects: { default: 'demo-shop' },
      targets: {
        'demo-shop': {
          storage: { other: ['other'], photos: ['demo-shop.firebasestorage.app'] },
        },
      },
    }),
  };
  expect(resolve(files).installation.rules).toEqual({
    storage: { file: 'storage.rules', text: STORAGE_RULES },
  });
});

test('a rules file that is missing is a note', () => {
  const { notes } = resolve({
    ...FILES,
    'storage.rules': '',
    'firebase.json': FILES['firebase.json'].replace('"storage.rules"', '"missing.rules"'),
  });
  expect(notes).toEqual([
    'Not checked: whether the local rules are deployed. missing.rules: expected a readable file, found no such file.',
  ]);
});

test.each([
  ['kit-photos', 'kit'],
  ['ext-photos', 'extension'],
])('outside of a project --instance %s and --project are enough', (instance, kind) => {
  const { installation } = resolve({}, { project: 'demo-shop', instance });
  expect(installation).toMatchObject({ kind, instance: 'photos', projectId: 'demo-shop' });
  expect(installation).not.toHaveProperty('rules');
});

const two = {
  ...FILES,
  'firebase.json': JSON.stringify({
    functions: { ...KIT, instances: { a: 'function-kits/a', b: 'function-kits/b' } },
  }),
};

test('selects one of several instances by its id or its prefix', () => {
  expect(resolve(two, { instance: 'b' }).installation.instance).toBe('b');
  expect(resolve(two, { instance: 'kit-a' }).installation.instance).toBe('a');
});

test.each<[string, Record<string, string>, Selection, RegExp]>([
  [
    'no project',
    { 'firebase.json': '{}' },
    {},
    /^--project: expected the id of a Firebase project: \.firebaserc has no default project$/,
  ],
  [
    'no folder',
    {},
    { project: 'demo-shop' },
    /^--instance: expected the id of an installation, found none; expected firebase\.json in/,
  ],
  [
    'no instance',
    { 'firebase.json': '{}' },
    { project: 'demo-shop' },
    /found none; firebase\.json has no instance of storage-public-variants/,
  ],
  ['several instances', two, {}, /found none; firebase\.json has a, b$/],
  ['an unknown instance', two, { instance: 'c' }, /found "c"; firebase\.json has a, b$/],
  [
    'an invalid project id',
    FILES,
    { project: 'a b' },
    /^--project: expected the id of a Firebase project, found "a b"$/,
  ],
  [
    'an invalid parameter',
    { ...FILES, 'function-kits/images/config/.env': 'FORMATS=gif' },
    {},
    /FORMATS: expected auto, or one or more of/,
  ],
])('says what was expected for %s', (_, files, selection, sentence) => {
  expect(() => resolve(files, selection)).toThrow(sentence);
});
