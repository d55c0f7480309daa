/** Generated cases: rules, documents and queries at random, the same ones for a seed. */
import fc from 'fast-check';
import { all, any, encodeFields, from, ROOT, where, type Case } from './requests.js';
import { expectOk, loadRules } from './list-rules.js';
import { clear, describe, send, type Answers } from './run-table.js';

const SEED = 20;
const UID = 'alice';
const PATH = `/v1/${ROOT}:runQuery`;

interface Generated {
  condition: string;
  filter: object | undefined;
}

const name = fc.constantFrom('alice', 'bob');
const number = fc.integer({ min: 0, max: 4 });
const tag = fc.constantFrom('x', 'y');
const comparison = fc.constantFrom('==', '!=', '<', '<=', '>', '>=');
const document = fc.record(
  { u: name, n: number, b: fc.boolean(), tags: fc.uniqueArray(tag) },
  { requiredKeys: ['u'] },
);
const data = 'resource.data';
/** Google's emulator takes it for false when the query does not name the field. */
const KEY_TEST = `'n' in ${data}`;
const condition = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 2 },
    fc.constant(`${data}.u == request.auth.uid`),
    name.map((value) => `${data}.u == '${value}'`),
    fc.tuple(comparison, number).map(([operator, value]) => `${data}.n ${operator} ${value}`),
    fc.boolean().map((value) => `${data}.b == ${value}`),
    tag.map((value) => `'${value}' in ${data}.tags`),
    fc.constant(KEY_TEST),
    tie('condition').map((inner) => `!(${inner})`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} && ${b})`),
    fc.tuple(tie('condition'), tie('condition')).map(([a, b]) => `(${a} || ${b})`),
  ),
})).condition;
const simple = fc.oneof(
  name.map((value) => where('u', '==', value)),
  fc.tuple(comparison, number).map(([operator, value]) => where('n', operator, value)),
  fc.boolean().map((value) => where('b', '==', value)),
  tag.map((value) => where('tags', 'has', value)),
);
const filter = fc.oneof(
  simple,
  fc.tuple(simple, simple).map(([a, b]) => all(a, b)),
  fc.tuple(simple, simple).map(([a, b]) => any(a, b)),
);
const generated: fc.Arbitrary<Generated> = fc.record({
  condition,
  filter: fc.option(filter, { nil: undefined, freq: 8 }),
});

/**
 * Runs generated queries under generated rules, on the same documents.
 * @param count of cases
 * @returns the documents or the error of each query, and for each query that returned a document which the rules
 * do not let the user read the name of that document
 */
export async function runGenerated(
  url: string,
  count: number,
): Promise<{ answers: Answers; leaks: Answers }> {
  await clear(url);
  const documents = fc.sample(document, { numRuns: 12, seed: SEED });
  const writes = documents.map((fields, index) => ({
    update: { name: `${ROOT}/c/${index}`, fields: encodeFields(fields) },
  }));
  const owner: Case = { name: 'commit', method: 'POST', path: `/v1/${ROOT}:commit` };
  expectOk(await send(url, { ...owner, body: { writes } }));
  const answers: Answers = {};
  const leaks: Answers = {};
  for (const each of fc.sample(generated, { numRuns: count, seed: SEED })) {
    await loadRules(url, rulesOf(each.condition));
    const structuredQuery = { ...from('c'), ...(each.filter && { where: each.filter }) };
    const key = `${each.condition} | ${JSON.stringify(each.filter ?? {})}`;
    const request = { ...owner, path: PATH, uid: UID, body: { structuredQuery } };
    const answer = describe(await send(url, request));
    answers[key] = answer;
    if (!each.condition.includes(KEY_TEST)) leaks[key] = await findLeak(url, answer);
  }
  await loadRules(url, rulesOf('true'));
  return { answers, leaks };
}

const rulesOf = (text: string): string => `rules_version = '2';
service cloud.firestore {
  match /databases/{d}/documents {
    match /c/{id} { allow read: if ${text}; }
  }
}`;

async function findLeak(url: string, answer: string): Promise<string> {
  for (const path of answer.split(' ').filter((word) => word.startsWith('c/'))) {
    const read = { name: path, method: 'GET', path: `/v1/${ROOT}/${path}`, uid: UID };
    if ((await send(url, read)).status !== 200) return path;
  }
  return 'none';
}
