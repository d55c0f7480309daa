import { compileRules, type Coverage, type ExpressionReport, type Ruleset } from './index.js';
import { firestoreRules } from './testing.js';
import { fromJson } from './json.js';

const RULES = firestoreRules(`
  function isOwner(uid) { return request.auth.uid == uid; }
  match /docs/{id} {
    allow get: if true || isOwner(id);
    allow create: if request.auth != null && isOwner(id);
    allow update: if true;
  }`);

async function evaluate(
  ruleset: Ruleset,
  coverage: Coverage,
  method: 'get' | 'create',
  uid?: string,
) {
  await ruleset.evaluate({
    service: 'cloud.firestore',
    method,
    path: ['databases', '(default)', 'documents', 'docs', 'alice'],
    request: fromJson({ auth: uid === undefined ? null : { uid } }),
    resource: fromJson(null),
    coverage,
  });
}

/** The report with the source text of each part in place of its position. */
function flat(reports: readonly ExpressionReport[], text = RULES): unknown[] {
  return reports.map(({ sourcePosition: { currentOffset, endOffset }, values, children }) => [
    text.slice(currentOffset, endOffset),
    values?.map(({ value, count }) => [value, count]) ?? 'not evaluated',
    ...(children ? [flat(children, text)] : []),
  ]);
}

test('reports each condition and function with its values and parts', async () => {
  const ruleset = compileRules(RULES, 'test.rules');
  const coverage = ruleset.coverage();
  await evaluate(ruleset, coverage, 'create', 'alice');
  await evaluate(ruleset, coverage, 'create', 'bob');
  await evaluate(ruleset, coverage, 'create');
  const auth = (...values: unknown[]): unknown => [
    'request.auth',
    values,
    [['request', [['map of 1', values.length === 1 ? 2 : 3]]]],
  ];
  const trueAndFalse = [
    [true, 1],
    [false, 1],
  ];
  const users = [
    ['alice', 1],
    ['bob', 1],
  ];
  const ids = [['alice', 2]];
  expect(flat(coverage.report())).toEqual([
    [
      'request.auth.uid == uid',
      trueAndFalse,
      [
        ['request.auth.uid', users, [auth(['map of 1', 2])]],
        ['uid', ids],
      ],
    ],
    [
      'true || isOwner(id)',
      'not evaluated',
      [['isOwner(id)', 'not evaluated', [['id', 'not evaluated']]]],
    ],
    [
      'request.auth != null && isOwner(id)',
      [
        [true, 1],
        [false, 2],
      ],
      [
        [
          'request.auth != null',
          [
            [true, 2],
            [false, 1],
          ],
          [auth(['map of 1', 2], [null, 1])],
        ],
        ['isOwner(id)', trueAndFalse, [['id', ids]]],
      ],
    ],
  ]);
});

test('reports an error with its message', async () => {
  const rules = firestoreRules('match /docs/{id} { allow get: if request.auth.uid == id; }');
  const ruleset = compileRules(rules, 'test.rules');
  const coverage = ruleset.coverage();
  await evaluate(ruleset, coverage, 'get');
  expect(coverage.report()[0]?.values).toEqual([
    {
      value: { undefined: { causeMessage: expect.stringContaining("'uid'") as unknown } },
      count: 1,
    },
  ]);
});

test('an operand that is skipped is not counted, and a literal is not reported', async () => {
  const ruleset = compileRules(RULES, 'test.rules');
  const coverage = ruleset.coverage();
  await evaluate(ruleset, coverage, 'get');
  expect(flat(coverage.report())[1]).toEqual([
    'true || isOwner(id)',
    [[true, 1]],
    [['isOwner(id)', 'not evaluated', [['id', 'not evaluated']]]],
  ]);
});

test('has positions as in the Firebase Rules API and forgets results', async () => {
  const ruleset = compileRules(RULES, 'test.rules');
  const coverage = ruleset.coverage();
  await evaluate(ruleset, coverage, 'get');
  coverage.clear();
  const start = RULES.indexOf('true ||');
  expect(coverage.report()[1]).toMatchObject({
    sourcePosition: {
      fileName: 'test.rules',
      line: 5,
      column: 19,
      currentOffset: start,
      endOffset: start + 19,
    },
  });
  expect(coverage.report()[1]).not.toHaveProperty('values');
});

test('counts at most 50 values of an expression', async () => {
  const ruleset = compileRules(RULES, 'test.rules');
  const coverage = ruleset.coverage();
  for (let n = 0; n < 200; n++) await evaluate(ruleset, coverage, 'create', `user-${n}`);
  const uid = coverage.report()[0]?.children?.[0];
  expect(uid?.values).toHaveLength(50);
  expect(uid?.values?.reduce((sum, { count }) => sum + count, 0)).toBe(200);
});

test.each([
  ['9223372036854775806 + 1', '9223372036854775807'],
  ['1.0 + 0.5', 1.5],
  ['-(1.0 / 0.0)', '-Infinity'],
  ['/a/b', '/a/b'],
  ['timestamp.value(0)', '1970-01-01T00:00:00.000Z'],
  ["duration.value(90, 's')", '90s'],
  ['latlng.value(1.0, 2.0)', 'latlng 1, 2'],
  ['[1, 2]', 'list of 2'],
  ['[1, 2].toSet()', 'set of 2'],
  ["{'a': 1}", 'map of 1'],
  ["b'ab'", undefined],
])('reports %s as %p', async (text, expected) => {
  const rules = firestoreRules(`match /docs/{id} { allow get: if [${text}][0] is bool; }`);
  const ruleset = compileRules(rules, 'test.rules');
  const coverage = ruleset.coverage();
  await evaluate(ruleset, coverage, 'get');
  const list = coverage.report()[0]?.children?.[0]?.children?.[0];
  expect(list?.children?.[0]?.values?.[0]?.value).toBe(expected);
});
