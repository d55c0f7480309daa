import { rulesEngine } from './rules-adapter.js';
import { RulesGate, type Change } from './rules-gate.js';
import type * as v1 from './v1.js';

const DOCUMENTS = 'projects/demo/databases/(default)/documents';
const client = { kind: 'client', auth: null } as const;
const time: v1.Timestamp = { seconds: 1, nanos: 0 };
const read = (): undefined => undefined;
const denied = 'Missing or insufficient permissions';

/** Rules that read `each` documents for a request: `prefix` tells whether always the same. */
function gateThatReads(each: number, prefix: 'id' | "'x'"): RulesGate {
  const condition = Array.from(
    { length: each },
    (_, n) => `!exists(/databases/$(database)/documents/a/$(${prefix} + '-${n}'))`,
  ).join(' && ');
  const gate = new RulesGate(rulesEngine);
  const rules = `rules_version = '2'; service cloud.firestore {
    match /databases/{database}/documents/docs/{id} { allow read, write: if ${condition}; } }`;
  expect(gate.load(rules, 'firestore.rules')).toEqual([]);
  return gate;
}

const names = (count: number): string[] =>
  Array.from({ length: count }, (_, n) => `${DOCUMENTS}/docs/d${n}`);

/** https://firebase.google.com/docs/firestore/manage-data/transactions#security_rules_limits */
describe.each([
  ['a batch of writes', writes],
  ['a read of several documents', (gate: RulesGate, of: string[]) => gate.checkGet(client, of, read, time)], // prettier-ignore
])('%s', (_what, check) => {
  test.each([
    ['2 requests that read 10', 10, 'id', 2, true],
    ['3 requests that read 7', 7, 'id', 3, false],
    ['21 requests that read 1', 1, 'id', 21, false],
    ['100 requests that read the same 10', 10, "'x'", 100, true],
    ['1 request that reads 11', 11, "'x'", 1, false],
  ] as const)('%s', async (_case, each, prefix, requests, is) => {
    const answer = check(gateThatReads(each, prefix), names(requests));
    if (is) await expect(answer).resolves.toBeUndefined();
    else await expect(answer).rejects.toThrow(denied);
  });
});

test('the next batch starts anew', async () => {
  const gate = gateThatReads(10, 'id');
  for (let batch = 0; batch < 3; batch++) {
    await expect(writes(gate, names(2))).resolves.toBeUndefined();
  }
});

function writes(gate: RulesGate, of: string[]): Promise<void> {
  const create = (name: string): Change => ({
    name,
    method: 'create',
    before: undefined,
    after: { name },
  });
  return gate.checkWrites(client, of.map(create), read, time);
}
