import { compileRules, describeWarning, type RulesWarning } from './index.js';
import { decide, firestoreRules, storageRules, type RequestOptions } from './testing.js';

const warningsOf = (rules: string): readonly RulesWarning[] =>
  compileRules(rules, 'test.rules').warnings;

/** A file with one condition, which starts at 3:21. */
const one = (condition: string): string =>
  `rules_version = '2';\nservice cloud.firestore { match /databases/{d}/documents/docs/{id} {\n    allow get: if ${condition};\n  } }`;

/** A file with one function, called with one argument; its body starts on line 3. */
const fn = (body: string): string =>
  firestoreRules(`\nfunction f(x) {\n${body}\n}\nmatch /docs/{id} { allow get: if f(1); }`);

const lets = (count: number): string =>
  Array.from({ length: count }, (_, index) => `let v${index} = ${index === 0 ? 'x' : `v${index - 1}`};`).join(' '); // prettier-ignore

test.each<readonly [rules: string, ...warnings: string[]]>([
  [one('true')],
  [one('unknown == 1'), '3:19 Invalid variable name: unknown.'],
  [one('unknown.size() == 1'), '3:19 Invalid variable name: unknown.'],
  [one('math == 1'), '3:19 Invalid variable name: math.'],
  [one('nothing()'), '3:19 Invalid function name: nothing.'],
  [one("'a'.contains('a')"), '3:23 Invalid function name: contains.'],
  [one("(/a/b).bind({'b': 'c'}) == /a/c"), '3:26 Invalid function name: bind.'],
  [one('math.sin(1) > 0'), '3:24 Invalid function name: sin.'],
  [one('firestore.get(/databases/d/documents/a/b) == 1'), '3:29 Invalid function name: get.'],
  [one("'a'.size(1) == 1"), '3:23 Incorrect number of arguments supplied to function: size.'],
  [one('math.abs(1, 2) > 0'), '3:24 Incorrect number of arguments supplied to function: abs.'],
  [one('exists()'), '3:19 Incorrect number of arguments supplied to function: exists.'],
  [one('a() || b()'), '3:19 Invalid function name: a.', '3:26 Invalid function name: b.'],
  [one("'a'.matches('(')"), '3:31 Expected a valid pattern, found an error: invalid RE2 pattern'],
  [fn('return x;')],
  [fn('return 1;'), '3:12 Unused variable: x.'],
  [fn('let b = x; return x;'), '4:5 Unused variable: b.'],
  [fn('let y = y; return y == x;'), '4:9 Invalid variable name: y.'],
  [fn(`${lets(10)} return v9;`)],
  [fn(`${lets(11)} return v10;`), '3:10 Function has more than 10 variables: f.'],
  [
    firestoreRules('function g() { return 1; } match /a/{b} { allow get; }'),
    '2:76 Unused function: g.',
  ],
  [
    storageRules('match /a { allow get: if get(/a/b) == null; }'),
    '2:75 Invalid function name: get.',
  ],
])('%j loads with the warnings of Google', (rules, ...expected) => {
  const found = warningsOf(rules).map(({ sourcePosition: { line, column }, description }) =>
    `${line}:${column} ${description}`); // prettier-ignore
  expect(found).toEqual(
    expected.map((text): unknown =>
      text.includes('pattern') ? expect.stringContaining(text) : text,
    ),
  );
});

test('a warning has the position and the form of the Firebase Rules API', () => {
  const rules = one('nothing()');
  const [warning] = warningsOf(rules);
  const currentOffset = rules.indexOf('nothing');
  expect(warning).toEqual({
    sourcePosition: {
      fileName: 'test.rules',
      line: 3,
      column: 19,
      currentOffset,
      endOffset: currentOffset + 7,
    },
    description: 'Invalid function name: nothing.',
    severity: 'WARNING',
  });
  expect(warning && describeWarning(warning)).toBe(
    'test.rules:3:19: warning: Invalid function name: nothing.',
  );
});

/** Loads the rules with warnings and decides. */
const decision = async (rules: string, options: RequestOptions = {}) =>
  decide(compileRules(rules, 'test.rules'), options);

test.each<readonly [condition: string, allowed: boolean, why: string]>([
  ['unknown == 1 || true', true, 'the condition is true'],
  ['true || unknown.x', true, 'the condition is true'],
  ['unknown == 1', false, "error at 3:19: there is no variable 'unknown'"],
  ['!(unknown == 1)', false, "there is no variable 'unknown'"],
  ['nothing()', false, "there is no function 'nothing'"],
  ["'a'.contains('a')", false, "a string has no method 'contains'"],
  ["'a'.size(1) == 1", false, "'size' takes 0 arguments, found 1"],
  ['math.abs(1, 2) > 0', false, "'math.abs' takes 1 argument, found 2"],
  ['exists() || true', true, 'the condition is true'],
  ['exists()', false, "'exists' takes 1 argument, found 0"],
  ['debug(1, 2) == 1', false, "'debug' takes 1 argument, found 2"],
  ['firestore.get(/databases/d/documents/a/b) == 1', false, "no function 'firestore.get' here"],
  ["'a'.matches('(')", false, 'invalid RE2 pattern'],
])('%s is evaluated, allowed: %p', async (condition, allowed, why) => {
  const found = await decision(one(condition));
  expect({ ...found, why: found.tried[0]?.why }).toMatchObject({
    allowed,
    why: expect.stringContaining(why) as unknown,
  });
});

test.each<readonly [body: string, allowed: boolean, why: string]>([
  [`${lets(10)} return v9 == 1;`, true, 'the condition is true'],
  [`${lets(11)} return v9 == 1;`, false, "'f' has more than 10 'let'"],
  ['let y = y; return y == 1;', false, "there is no variable 'y'"],
  ['let y = y; return x == 1;', true, 'the condition is true'],
  ['let database = database; return database != "";', false, "no variable 'database'"],
])('the function %s is evaluated, allowed: %p', async (body, allowed, why) => {
  const found = await decision(fn(body));
  expect({ ...found, why: found.tried[0]?.why }).toMatchObject({
    allowed,
    why: expect.stringContaining(why) as unknown,
  });
});

test('a call with too few arguments denies even if the parameter is not used', async () => {
  const rules = firestoreRules(
    'function f(x) { return true; } match /docs/{id} { allow get: if f(); }',
  );
  const { allowed, tried } = await decision(rules);
  expect(allowed).toBe(false);
  expect(tried[0]?.why).toContain("'f' takes 1 argument, found 0");
});

test('10,000 let in a function load in linear time and deny', async () => {
  const { allowed } = await decision(fn(`${lets(10_000)} return v9 == 1;`));
  expect(allowed).toBe(false);
});

test.each([
  ['an empty match', firestoreRules('match /a/{b} {}'), '2:81'],
  ['recursion', firestoreRules('function f() { return f(); }'), '2:67'],
  [
    'a function defined twice',
    firestoreRules('function f() { return 1; } function f() { return 1; }'),
    '2:94',
  ],
])('%s is refused', (_title, rules, position) => {
  expect(() => compileRules(rules, 'a.rules')).toThrow(`a.rules:${position}: expected `);
});

test('strict: an unknown name is an error, an unused one a warning', () => {
  const strict = { strict: true };
  expect(() => compileRules(one('unknown == 1'), 'a', strict)).toThrow("found 'unknown'");
  expect(compileRules(fn('return 1;'), 'a', strict).warnings).toHaveLength(1);
});
