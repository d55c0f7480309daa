/** The table of list rules: a condition, a query by a signed-in user, and whether Google's emulator allows it. */
import { encodeFields, from, fromGroup, PROJECT, ROOT, type Case } from './requests.js';
import { clear, send, type Answers } from './run-table.js';

/** The fixture. */
export interface ListRules {
  emulator: string;
  seed: Record<string, object>;
  queries: Record<string, object>;
  /** `google`: A: allowed, D: denied. */
  rows: { condition: string; query: string; group?: boolean; google: string }[];
}

const UID = 'alice';
const OWNER: Pick<Case, 'name' | 'method'> = { name: 'owner', method: 'POST' };

/** @returns `A`, `D` or the status for each row, by condition and query */
export async function runListRules(
  url: string,
  { seed, queries, rows }: ListRules,
): Promise<Answers> {
  await clear(url);
  const writes = Object.entries(seed).map(([path, fields]) => ({
    update: { name: `${ROOT}/${path}`, fields: encodeFields(fields) },
  }));
  expectOk(await send(url, { ...OWNER, path: `/v1/${ROOT}:commit`, body: { writes } }));
  const answers: Answers = {};
  for (const [rules, withRules] of groupBy(rows)) {
    await loadRules(url, rules);
    const ask = async (row: Row): Promise<void> => {
      const collection = row.group === true ? fromGroup('c') : from('c');
      const structuredQuery = { ...queries[row.query], ...collection };
      const path = `/v1/${ROOT}:runQuery`;
      const request = { ...OWNER, path, uid: UID, body: { structuredQuery } };
      const { status } = await send(url, request);
      answers[rowName(row)] = { 200: 'A', 403: 'D' }[status] ?? `${status}`;
    };
    await Promise.all(withRules.map(ask));
  }
  return answers;
}

/** @returns the recorded answers */
export function recordedListRules({ rows }: ListRules): Answers {
  return Object.fromEntries(rows.map((row) => [rowName(row), row.google]));
}

/** A condition and a query. */
export type Row = ListRules['rows'][number];

/** Names a row for a person. */
export const rowName = ({ condition, query, group }: Row): string =>
  `${condition}, ${group === true ? 'group ' : ''}query ${query}`;

const rulesOf = ({ condition, group }: Row): string => `rules_version = '2';
service cloud.firestore {
  match /databases/{d}/documents {
    match ${group === true ? '/{pp=**}/c/{id}' : '/c/{id}'} { allow list: if ${condition}; }
    match /roles/{x} { allow read: if false; }
  }
}`;

function groupBy(rows: Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const rules = rulesOf(row);
    const group = groups.get(rules);
    if (group) group.push(row);
    else groups.set(rules, [row]);
  }
  return groups;
}

/** Replaces the rules of the default database. */
export async function loadRules(url: string, content: string): Promise<void> {
  const path = `/emulator/v1/projects/${PROJECT}:securityRules`;
  const body = { rules: { files: [{ name: 'firestore.rules', content }] } };
  expectOk(await send(url, { name: 'rules', method: 'PUT', path, body }));
}

/** @throws Error for another status than 200 */
export function expectOk({ status, text }: { status: number; text: string }): void {
  if (status !== 200) throw new Error(`expected status 200, found ${status}: ${text}`);
}
