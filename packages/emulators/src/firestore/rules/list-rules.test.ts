/** Queries under rules, compared with the recorded answers of Google's Firestore emulator. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { toFields } from '../store/testing.js';
import type * as v1 from '../v1.js';
import { Authorizer } from './authorizer.js';
import { rulesEngine } from './rules-adapter.js';

interface Row {
  condition: string;
  query: string;
  /** Whether the query is one of the collection group. */
  group?: true;
  /** Allowed, or denied. */
  google: 'A' | 'D';
}

const { seed, queries, rows } = JSON.parse(
  readFileSync(join(__dirname, 'list-rules.json'), 'utf8'),
) as {
  seed: Record<string, object>;
  queries: Record<string, Omit<v1.Query, 'limit'> & { limit?: number }>;
  rows: Row[];
};

const ROOT = 'projects/demo/databases/(default)/documents';
const DOCUMENTS = new Map(
  Object.entries(seed).map(([path, object]) => [
    `${ROOT}/${path}`,
    { name: `${ROOT}/${path}`, fields: toFields(object) },
  ]),
);
const ALICE = { kind: 'client', auth: { uid: 'alice', token: { sub: 'alice' } } } as const;
const NOW: v1.Timestamp = { seconds: 1_800_000_000 };

async function answer({ condition, query, group }: Row): Promise<'A' | 'D'> {
  const path = group ? '/{pp=**}/c/{id}' : '/c/{id}';
  const authorizer = new Authorizer(rulesEngine);
  const issues = authorizer.rulesets.loadDefault({
    source: `rules_version = '2';
service cloud.firestore {
  match /databases/{d}/documents {
    match ${path} { allow list: if ${condition}; }
    match /roles/{x} { allow read: if false; }
  }
}`,
    file: 'firestore.rules',
  });
  expect(issues).toEqual([]);
  const from = [{ collectionId: 'c', ...(group && { allDescendants: true }) }];
  const { limit, ...rest } = queries[query] ?? {};
  const structured = { ...rest, from, ...(limit !== undefined && { limit: { value: limit } }) };
  const request = { parent: ROOT, query: structured };
  const read = (name: string) => DOCUMENTS.get(name);
  return authorizer.authorizeList(ALICE, request, read, NOW).then(
    () => 'A',
    (error: { code?: number }) => {
      expect(error.code).toBe(7);
      return 'D';
    },
  );
}

test(`gives Google's answer to each of ${rows.length} queries`, async () => {
  const differences: Row[] = [];
  for (const row of rows) if ((await answer(row)) !== row.google) differences.push(row);
  process.stderr.write(`list rules: ${rows.length - differences.length} of ${rows.length} agree\n`);
  expect(differences).toEqual([]);
  expect(rows).toHaveLength(675);
});

test.each<[what: string, query: v1.Query]>([
  ['no selector', {}],
  ['an empty list of selectors', { from: [] }],
  ['a selector without a collection', { from: [{}] }],
  ['an empty collection id', { from: [{ collectionId: '' }] }],
  ['all descendants', { from: [{ allDescendants: true }] }],
  ['an or of nothing', { from: [{ collectionId: 'c' }], where: { compositeFilter: { op: 'OR' } } }],
])('a query with %s is denied by rules that deny everything', async (_what, query) => {
  const authorizer = new Authorizer(rulesEngine);
  authorizer.rulesets.loadDefault({
    source: `service cloud.firestore { match /databases/{d}/documents {
      match /{document=**} { allow read, write: if false; } } }`,
    file: 'firestore.rules',
  });
  const result = authorizer.authorizeList(ALICE, { parent: ROOT, query }, () => undefined, NOW);
  await expect(result).rejects.toMatchObject({ code: 7 });
});
