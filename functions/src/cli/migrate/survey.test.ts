import { openOldProject, tokenOf, urlOf } from '../../../test/cli/migrate/old-project.js';
import { parseConfig } from '../../config/config.js';
import { NO_PARAMETERS } from './extension.js';
import { parseMapping } from './mapping.js';
import { parseObjectUrl } from './object-url.js';
import { imageIdOf, survey } from './survey.js';

const CONFIG = parseConfig({ BUCKET: 'bucket', GCLOUD_PROJECT: 'p' });

async function surveyOf(
  project: ReturnType<typeof openOldProject>,
  mapping: object,
  resizedPath = '',
) {
  const found = await survey({
    ...{ migration: project.migration, config: CONFIG },
    extension: { ...NO_PARAMETERS, resizedPath },
    mapping: parseMapping(JSON.stringify(mapping), 'map.json'),
    onProgress: () => {},
  });
  const owners = Object.fromEntries(found.images.map(({ object, uid }) => [object.name, uid]));
  return { ...found, owners };
}

test('takes the owner from the first rule that has one: path, metadata, documents', async () => {
  const project = openOldProject();
  project.put('users/alice/a/b.jpg', { metadata: { owner: 'somebody' } });
  project.put('users/alice.jpg');
  project.put('shared/1.jpg', { metadata: { owner: 'bob' } });
  project.put('shared/2.jpg', { metadata: { owner: 'not/an/id' } });
  project.put('shared/3.jpg');
  project.put('shared/4.jpg');
  project.documents.set('posts/1', { url: urlOf('shared/3.jpg'), author: 'carol' });
  project.documents.set('posts/2', { url: urlOf('shared/4.jpg'), author: 'carol' });
  project.documents.set('posts/3', { url: urlOf('shared/4.jpg'), author: 'dave' });
  const found = await surveyOf(project, {
    owner: [{ path: 'users/{uid}/**' }, { metadata: 'owner' }, { documents: true }],
    documents: [{ collection: 'posts', url: 'url', owner: 'author' }],
  });
  expect(found.owners).toEqual({
    'users/alice/a/b.jpg': 'alice',
    'shared/1.jpg': 'bob',
    'shared/3.jpg': 'carol',
  });
  expect(found.exceptions).toEqual([
    { reason: 'no-owner', of: 'shared/2.jpg' },
    { reason: 'owner-conflict', of: 'shared/4.jpg' },
    { reason: 'no-owner', of: 'users/alice.jpg' },
  ]);
  expect(found.counts).toMatchObject({ objects: 6, documents: 3, links: 1 });
});

test('links documents by the URL of the original or of a resized file, and lists other values', async () => {
  const project = openOldProject();
  project.put('cat.jpg', { metadata: tokenOf('cat.jpg') });
  project.put('cat_200x200.jpg', { metadata: { resizedImage: 'true', ...tokenOf('small') } });
  const path = 'users/alice/posts/1';
  project.documents.set(path, {
    photo: { url: urlOf('cat.jpg'), token: 'old' },
    small: 'cat_200x200.jpg',
    wrong: 7,
  });
  project.documents.set('users/bob/posts/2', { photo: { url: 'gs://bucket/gone.jpg' }, small: '' });
  project.documents.set('users/bob/posts/3', { photo: { url: 'https://example.com/cat.jpg' } });
  project.documents.set('elsewhere/bob/posts/4', { photo: { url: urlOf('cat.jpg') } });
  const found = await surveyOf(project, {
    owner: [{ documents: true }],
    documents: [
      {
        collection: 'users/{uid}/posts',
        url: 'photo.url',
        more: ['small', 'wrong'],
        token: 'photo.token',
      },
    ],
  });
  const [image] = found.images;
  expect(image).toMatchObject({
    uid: 'alice',
    imageId: imageIdOf({ bucket: 'bucket', name: 'cat.jpg' }),
  });
  expect(image?.target).toBe(`originals/alice/${image?.imageId ?? ''}`);
  expect(image?.links).toEqual([
    {
      ...{ database: '(default)', document: path, field: 'photo.url', value: urlOf('cat.jpg') },
      token: { field: 'photo.token', value: 'old' },
    },
    { database: '(default)', document: path, field: 'small', value: 'cat_200x200.jpg' },
  ]);
  expect(found.exceptions).toEqual([
    { reason: 'no-url', of: `${path}#wrong` },
    { reason: 'missing-object', of: 'users/bob/posts/2#photo.url' },
    { reason: 'no-url', of: 'users/bob/posts/3#photo.url' },
  ]);
  expect(found.counts).toMatchObject({ documents: 3, resized: 1, withTokens: 2 });
});

test.each([
  [{ owner: [{ path: 'users/*/x' }] }, 'owner.0: expected'],
  [{ owner: [{ path: 'users/{uid}/**/x' }] }, 'owner.0: expected'],
  [{ owners: [] }, 'Unrecognized key: "owners"'],
  [
    { documents: [{ collection: 'users/{uid}', url: 'u' }] },
    'documents.0.collection: expected a collection',
  ],
  [
    { documents: [{ collection: 'posts', url: 'a..b' }] },
    'documents.0.url: expected the name of a field',
  ],
  [
    { documents: [{ database: 'My app', collection: 'posts', url: 'url' }] },
    'documents.0.database: expected (default), or 4 to 63 lowercase letters, digits and hyphens',
  ],
])('refuses the mapping %j', (mapping, message) => {
  expect(() => parseMapping(JSON.stringify(mapping), 'map.json')).toThrow(message);
});

test('refuses a mapping that is not JSON', () => {
  expect(() => parseMapping('{', 'map.json')).toThrow('map.json: expected JSON, found');
});

test.each([
  [
    'https://firebasestorage.googleapis.com/v0/b/b/o/a%2Fc%20%3F.jpg?alt=media&token=t',
    'b',
    'a/c ?.jpg',
  ],
  ['http://127.0.0.1:9199/v0/b/b/o/cat.jpg?alt=media', 'b', 'cat.jpg'],
  ['https://storage.googleapis.com/b/a/c%20d.jpg', 'b', 'a/c d.jpg'],
  ['https://b.storage.googleapis.com/a/c.jpg', 'b', 'a/c.jpg'],
  ['gs://b/a/c%20.jpg', 'b', 'a/c%20.jpg'],
  ['a/c.jpg', 'default', 'a/c.jpg'],
])('parses %j', (text, bucket, name) => {
  expect(parseObjectUrl(text, 'default')).toEqual({ bucket, name });
});

test.each([
  '',
  '/a',
  'https://example.com/cat.jpg',
  'https://firebasestorage.googleapis.com/v0/b/b/o/%E0%A4%A',
  'https://storage.googleapis.com/b',
  'https://storage.googleapis.com/b/',
  'gs://b',
  'data:image/png;base64,AAAA',
  'blob:https://example.com/1',
  'http://',
])('finds no object in %j', (text) => {
  expect(parseObjectUrl(text, 'b')).toBeUndefined();
});
