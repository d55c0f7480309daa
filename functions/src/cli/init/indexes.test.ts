import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mergeIndexes } from './indexes.js';

const OURS = readFileSync(join(__dirname, '../../../../firestore.indexes.json'), 'utf8');
const NAMES = { images: 'pictures', shares: 'links', tokens: 'capabilities' };

const merge = (text: string | undefined) =>
  JSON.parse(mergeIndexes(text, 'firestore.indexes.json', OURS, NAMES)) as {
    indexes: unknown[];
    fieldOverrides: { collectionGroup: string; fieldPath: string; ttl?: boolean }[];
  };

test('the overrides have the collections of the installation, and both TTL policies', () => {
  const { fieldOverrides } = merge(undefined);
  const fields = fieldOverrides.map(
    ({ collectionGroup, fieldPath, ttl = false }) => `${collectionGroup}.${fieldPath} ${ttl}`,
  );
  expect(fields.sort()).toEqual([
    'capabilities.createdAt false',
    'capabilities.expiresAt true',
    'capabilities.image false',
    'links.deleteAt true',
    'pictures.variants false',
  ]);
});

test('what the project has stays as it is, and nothing is added twice', () => {
  const own = { collectionGroup: 'links', fieldPath: 'deleteAt', indexes: ['mine'] };
  const index = { collectionGroup: 'posts' };
  const merged = merge(JSON.stringify({ indexes: [index], fieldOverrides: [own] }));
  expect(merged.indexes).toEqual([index]);
  expect(merged.fieldOverrides[0]).toEqual(own);
  expect(merged.fieldOverrides).toHaveLength(5);
  expect(merge(JSON.stringify(merged))).toEqual(merged);
});
