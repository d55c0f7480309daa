/** Further conditions of list rules, each with every query: whether an emulator allows it. */
import { rowName, runListRules, type ListRules, type Row } from './list-rules.js';
import { all, unary, where } from './requests.js';
import type { Answers } from './run-table.js';

const DATA = 'resource.data';

/** As in the table of list rules, and more of them. */
const CONDITIONS = [
  `!('u' in ${DATA})`,
  `'z' in ${DATA}`,
  `!('z' in ${DATA}) && ${DATA}.u == 'alice'`,
  `${DATA}.keys().hasAll(['u'])`,
  `${DATA}.keys().hasAny(['u', 's'])`,
  `${DATA}.keys().hasOnly(['u', 's', 'n'])`,
  `!${DATA}.keys().hasAny(['z'])`,
  `${DATA}.keys().size() > 0`,
  `'u' in ${DATA}.keys()`,
  `${DATA}.size() == 1`,
  `${DATA}.size() > 0`,
  `${DATA}.values().size() > 0`,
  `${DATA} == {'u': 'alice'}`,
  `${DATA} != {}`,
  `${DATA} is map`,
  `${DATA}.diff({'u': 'alice'}).affectedKeys().size() == 0`,
  `${DATA}.diff({'u': 'alice'}).unchangedKeys().hasAll(['u'])`,
  `${DATA}.diff({'z': 1}).removedKeys().hasAll(['z'])`,
  `${DATA}.get('z', false) == false`,
  `${DATA}.get('u', '') == 'alice'`,
  `${DATA}.get('n', 0) >= 1`,
  `${DATA}.get('s', 'active') == 'active'`,
  `${DATA}.get(['m', 'k'], 'v') == 'v'`,
  `${DATA}['u'] == 'alice'`,
  `${DATA}['z'] == null`,
  `${DATA}.z == null`,
  `${DATA}.u != null`,
  `${DATA}.n != null`,
  `${DATA}.n == null`,
  `null != ${DATA}.n`,
  `${DATA}.s != 'gone'`,
  `'gone' != ${DATA}.s`,
  `!(${DATA}.s == 'gone')`,
  `${DATA}.s == 'gone'`,
  `${DATA}.s in ['active', 'done']`,
  `!(${DATA}.s in ['gone'])`,
  `${DATA}.u in ['alice', 'bob']`,
  `${DATA}.n in [1, 5, 9]`,
  `${DATA}.n > 4`,
  `${DATA}.n >= 4`,
  `${DATA}.n > 3.5`,
  `${DATA}.n < 10`,
  `${DATA}.n <= 10`,
  `${DATA}.n < 11`,
  `10 > ${DATA}.n`,
  `0 < ${DATA}.n`,
  `${DATA}.n >= 1 && ${DATA}.n < 10`,
  `${DATA}.n != 0`,
  `${DATA}.n != 4`,
  `${DATA}.n != 10`,
  `${DATA}.n != 'x'`,
  `${DATA}.n == 'x'`,
  `!(${DATA}.n == 0)`,
  `!(${DATA}.n > 4)`,
  `!(${DATA}.n < 0)`,
  `${DATA}.n > 4 || ${DATA}.n <= 4`,
  `${DATA}.n == ${DATA}.n`,
  `${DATA}.u == ${DATA}.u`,
  `${DATA}.n >= ${DATA}.n`,
  `${DATA}.n != ${DATA}.u`,
  `${DATA}.n == ${DATA}.z`,
  `${DATA}.n is int`,
  `${DATA}.n is number`,
  `!(${DATA}.n is string)`,
  `${DATA}.tags is list`,
  `${DATA}.tags.size() > 0`,
  `${DATA}.tags.hasAll(['x'])`,
  `${DATA}.tags.hasOnly(['x'])`,
  `${DATA}.tags.hasAny(['x'])`,
  `${DATA}.tags.hasAny(['z'])`,
  `!${DATA}.tags.hasAny(['z'])`,
  `${DATA}.tags.toSet().hasAny(['x'])`,
  `${DATA}.tags != []`,
  `${DATA}.tags != null`,
  `${DATA}.tags != 'x'`,
  `!('z' in ${DATA}.tags)`,
  `'y' in ${DATA}.tags`,
  `'x' in ${DATA}.tags || 'y' in ${DATA}.tags`,
  `${DATA}.tags[0:1] == ['x']`,
  `${DATA}.tags.join(',') == 'x'`,
  `${DATA}.m.k == 'v'`,
  `${DATA}.m.keys().hasOnly(['k'])`,
  `${DATA}.m == {'k': 'v'}`,
  `'k' in ${DATA}.m`,
  `${DATA}.m is map`,
  `${DATA}.b`,
  `!${DATA}.b`,
  `${DATA}.b != false`,
  `${DATA}.b is bool`,
  `${DATA}.u.matches('al.*')`,
  `${DATA}.u + '!' == 'alice!'`,
  `${DATA}.u < 'b'`,
  `string(${DATA}.n) == '1'`,
  `int(${DATA}.n) >= 1`,
  `-${DATA}.n < 0`,
  `${DATA}.n * 2 > 8`,
  `[${DATA}.u] == ['alice']`,
  `[${DATA}.n] == [${DATA}.n]`,
  `[${DATA}.n].size() == 1`,
  `{'a': ${DATA}.n}.a > 4`,
  `${DATA}.n > 4 ? true : false`,
  `('n' in ${DATA}) ? ${DATA}.n > 4 : false`,
  `('n' in ${DATA}) ? false : ${DATA}.u == 'alice'`,
  `'n' in ${DATA} && ${DATA}.n > 4`,
  `!('n' in ${DATA}) || ${DATA}.n > 4`,
  `request.query.limit == null || ${DATA}.u == 'alice'`,
  'request.query.limit > 0',
  'request.query.offset == 0',
  "'n' in request.query.orderBy",
  `request.query.orderBy.n == 'ASC'`,
  'request.query.keys().hasAll([])',
  `resource.id == '1'`,
  `resource.id != ''`,
  `resource.__name__ != null`,
  `id is string`,
  `id != ''`,
  `id.size() > 0`,
  `request.path != null`,
  `request.method == 'list'`,
  `exists(/databases/$(d)/documents/roles/$(${DATA}.s))`,
  `exists(/databases/$(d)/documents/c/$(id))`,
  `get(/databases/$(d)/documents/roles/alice).data.r != ${DATA}.s`,
  `d == '(default)'`,
  `debug(${DATA}.n) > 4`,
];

const QUERIES: Record<string, object> = {
  isNull: { where: unary('n', 'IS_NULL') },
  notNull: { where: unary('n', 'IS_NOT_NULL') },
  one: { where: where('n', '==', 5) },
  inOne: { where: where('u', 'in', ['alice']) },
  inNumbers: { where: where('n', 'in', [5, 9]) },
  map: { where: where('m', '==', { k: 'v' }) },
  tags: { where: where('tags', '==', ['x']) },
  neNumber: { where: where('n', '!=', 4) },
  acU: { where: all(where('u', '==', 'alice'), where('tags', 'has', 'x')) },
  twoRanges: { where: all(where('n', '>', 4), where('s', '>', 'a')) },
};

/**
 * The table of list rules with all its conditions and queries, and these.
 * @param every leaves only every nth condition
 */
function wholeTable(of: ListRules, every: number): ListRules {
  const queries = { ...of.queries, ...QUERIES };
  const rowsOf = (condition: string, more: { group?: boolean }): Row[] =>
    Object.keys(queries).map((query) => ({ condition, query, google: '', ...more }));
  const known = [...new Set(of.rows.map(({ condition }) => condition))];
  const isAsked = (_condition: string, index: number): boolean => index % every === 0;
  const rows = [
    ...known.filter(isAsked).flatMap((condition) => rowsOf(condition, { group: true })),
    ...[...known, ...CONDITIONS].filter(isAsked).flatMap((condition) => rowsOf(condition, {})),
  ];
  return { ...of, queries, rows };
}

/** Names a row of answers: those of the collection group are apart. */
const keyOf = ({ condition, group }: Row): string =>
  group === true ? `group: ${condition}` : condition;

/**
 * @param every asks only every nth condition
 * @returns by condition the answers to all queries, `A`, `D` or `!` for an error
 */
export async function runListConditions(
  url: string,
  of: ListRules,
  every: number,
): Promise<Answers> {
  const table = wholeTable(of, every);
  const found = await runListRules(url, table);
  const answers: Answers = {};
  for (const row of table.rows) {
    const answer = found[rowName(row)] ?? '';
    answers[keyOf(row)] = (answers[keyOf(row)] ?? '') + (/^[AD]$/.test(answer) ? answer : '!');
  }
  return answers;
}

/** @returns the answers by condition and query */
export function readListConditions(answers: Answers, of: ListRules, every: number): Answers {
  const found: Answers = {};
  const positions = new Map<string, number>();
  for (const row of wholeTable(of, every).rows) {
    const key = keyOf(row);
    const position = positions.get(key) ?? 0;
    positions.set(key, position + 1);
    const answer = answers[key]?.[position];
    if (answer !== undefined) found[rowName(row)] = answer;
  }
  return found;
}
