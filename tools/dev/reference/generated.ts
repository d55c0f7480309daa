/** Generated cases: documents, rules and requests at random, the same ones for a seed. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { condition } from './generated-rules.js';
import { document, query } from './generated-queries.js';
import { expectOk, loadRules } from './list-rules.js';
import { encodeFields, from, ROOT, type Case } from './requests.js';
import { send, type Answers } from './run-table.js';

const SEED = 20;
const UID = 'alice';
/** Ids are one character. */
const DOCUMENTS = 8;
const QUERIES = 10;

/** Documents, a rule for them, and queries. */
interface Group {
  documents: Record<string, unknown>[];
  condition: string;
  queries: object[];
}

const group: fc.Arbitrary<Group> = fc.record({
  documents: fc.array(document, { minLength: DOCUMENTS, maxLength: DOCUMENTS }),
  condition,
  queries: fc.array(query, { minLength: QUERIES, maxLength: QUERIES }),
});

const sample = (count: number): Group[] => fc.sample(group, { numRuns: count, seed: SEED });

/** Names a group in the recorded answers. */
function keyOf(each: Group): string {
  return createHash('sha256').update(JSON.stringify(each)).digest('hex').slice(0, 12);
}

/**
 * Asks a user's gets of all documents, and the queries.
 * @param count of groups
 * @returns for each group, by the hash of its text: `A` or `D` for each document, whether the rules allow its get; then for
 * each query the ids of its documents, `-` for none, `D` if the rules deny it, or `!` and the status
 */
export async function runGenerated(url: string, count: number): Promise<Answers> {
  const answers: Answers = {};
  for (const each of sample(count)) {
    const writes = each.documents.map((fields, id) => ({
      update: { name: `${ROOT}/c/${id}`, fields: encodeFields(fields) },
    }));
    const path = `/v1/${ROOT}:commit`;
    expectOk(await send(url, { name: 'commit', method: 'POST', path, body: { writes } }));
    await loadRules(url, rulesOf(each.condition));
    const gets = await Promise.all(each.documents.map((_, id) => send(url, get(id))));
    const found = await Promise.all(each.queries.map((body) => send(url, runQuery(body))));
    const decisions = gets.map(({ status }) => decisionOf(status)).join('');
    answers[keyOf(each)] = [decisions, ...found.map(describeQuery)].join(' ');
  }
  await loadRules(url, rulesOf('true'));
  return answers;
}

/** Answers to generated cases, by a name for a person. */
export interface GeneratedAnswers {
  gets: Answers;
  queries: Answers;
  /** The documents that a query returned and that the rules deny. */
  leaks: Answers;
}

/** @param answers of `runGenerated`; those of further groups are left out */
export function readGenerated(answers: Answers, count: number): GeneratedAnswers {
  const read: GeneratedAnswers = { gets: {}, queries: {}, leaks: {} };
  for (const each of sample(count)) {
    const key = keyOf(each);
    const [decisions, ...found] = answers[key]?.split(' ') ?? [];
    if (decisions === undefined) continue;
    for (const [id, fields] of each.documents.entries()) {
      const name = `${key} get ${id}: ${each.condition} | ${JSON.stringify(encodeFields(fields))}`;
      read.gets[name] = decisions[id] ?? '';
    }
    for (const [index, body] of each.queries.entries()) {
      const name = `${key} query ${index}: ${each.condition} | ${JSON.stringify(body)}`;
      const answer = found[index] ?? '';
      read.queries[name] = answer;
      const ids = /^\d+$/.test(answer) ? [...answer] : [];
      const denied = ids.filter((id) => decisions[Number(id)] !== 'A');
      read.leaks[name] = denied.join('') || 'none';
    }
  }
  return read;
}

const rulesOf = (text: string): string => `rules_version = '2';
service cloud.firestore {
  match /databases/{d}/documents {
    match /c/{id} { allow read: if ${text}; }
  }
}`;

function get(id: number): Case {
  return { name: 'get', method: 'GET', path: `/v1/${ROOT}/c/${id}`, uid: UID };
}

function runQuery(query: object): Case {
  const body = { structuredQuery: { ...from('c'), ...query } };
  return { name: 'query', method: 'POST', path: `/v1/${ROOT}:runQuery`, uid: UID, body };
}

const decisionOf = (status: number): string => ({ 200: 'A', 403: 'D' })[status] ?? `${status}`;

function describeQuery({ status, text }: { status: number; text: string }): string {
  if (status === 403) return 'D';
  if (status !== 200) return `!${status}`;
  const messages = JSON.parse(text) as { document?: { name: string } }[];
  const ids = messages.flatMap(({ document: each }) => each?.name.split('/').at(-1) ?? []);
  return ids.join('') || '-';
}
