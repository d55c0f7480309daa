import { rulesEngine } from './rules-adapter.js';
import { Authorizer, type Change } from './authorizer.js';
import type * as v1 from '../v1.js';

const DOCUMENTS = 'projects/demo/databases/(default)/documents';
const client = { kind: 'client', auth: null } as const;
const time: v1.Timestamp = { seconds: 1, nanos: 0 };
const read = (): undefined => undefined;
const denied = /^\n?(false|evaluation error at L\d+:\d+) for '\w+' @ L2\n|No matching/;

/** Loads rules that read `each` documents per request; `'x'` as prefix: the same documents each time. */
function createAuthorizer(each: number, prefix: 'id' | "'x'"): Authorizer {
  const condition = Array.from(
    { length: each },
    (_, n) => `!exists(/databases/$(database)/documents/a/$(${prefix} + '-${n}'))`,
  ).join(' && ');
  const authorizer = new Authorizer(rulesEngine);
  const rules = `rules_version = '2'; service cloud.firestore {
    match /databases/{database}/documents/docs/{id} { allow read, write: if ${condition}; } }`;
  expect(authorizer.rulesets.loadDefault({ source: rules, file: 'firestore.rules' })).toEqual([]);
  return authorizer;
}

const documentNames = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${DOCUMENTS}/docs/d${n}`);

/** https://firebase.google.com/docs/firestore/manage-data/transactions#security_rules_limits */
describe.each([
  ['a batch of writes', createDocuments],
  ['a read of several documents', (authorizer: Authorizer, names: string[]) => authorizer.authorizeGet(client, names, read, time)], // prettier-ignore
])('document reads of %s', (_name, authorize) => {
  test.each([
    ['allows 2 requests that read 10 each', 10, 'id', 2, true],
    ['denies 3 requests that read 7 each', 7, 'id', 3, false],
    ['denies 21 requests that read 1 each', 1, 'id', 21, false],
    ['allows 100 requests that read the same 10', 10, "'x'", 100, true],
    ['denies 1 request that reads 11', 11, "'x'", 1, false],
  ] as const)('%s', async (_case, each, prefix, requests, isAllowed) => {
    const result = authorize(createAuthorizer(each, prefix), documentNames(requests));
    if (isAllowed) await expect(result).resolves.toBeUndefined();
    else await expect(result).rejects.toThrow(denied);
  });
});

test('counts the reads of each batch separately', async () => {
  const authorizer = createAuthorizer(10, 'id');
  for (let batch = 0; batch < 3; batch++) {
    await expect(createDocuments(authorizer, documentNames(2))).resolves.toBeUndefined();
  }
});

function createDocuments(authorizer: Authorizer, names: string[]): Promise<void> {
  const create = (name: string): Change => ({
    name,
    method: 'create',
    before: undefined,
    after: { name },
  });
  return authorizer.authorizeWrites(client, names.map(create), read, time);
}
