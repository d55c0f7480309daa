import { compileRules, RulesSyntaxError } from './index.js';
import { firestoreRules, loadError, runWithTimeout, storageRules } from './testing.js';

/** A file with one condition, which starts at 3:42. */
const one = (condition: string): string =>
  `service cloud.firestore {\nmatch /databases/{database}/documents {\nmatch /docs/{id} { allow read, write: if ${condition};\n}}}`;

const service = (body: string): string => `service cloud.firestore {\n${body}\n}`;
const match = (body: string): string => `service cloud.firestore { match /a/{b} {\n${body}\n} }`;
/** A file with one function, whose body starts on line 3. */
const fn = (body: string): string =>
  `rules_version = '2'; ${service(`function f(x) {\n${body}\n}`)}`;

const REJECTED: readonly (readonly [rules: string, position: string, message: RegExp])[] = [
  ['', '1:1', /expected 'service', found the end of the file/],
  ['rules_version = 2;', '1:17', /expected the version '1' or '2', found '2'/],
  ["rules_version = '3';", '1:17', /expected the version '1' or '2', found ''3''/],
  ["rules_version '2';", '1:15', /expected '=' after 'rules_version', found ''2''/],
  ['service cloud.storage {}', '1:9', /cloud.firestore or firebase.storage, found cloud.storage/],
  ['service cloud.firestore', '1:24', /expected '{' after the name of the service, found the end/],
  ["service cloud.firestore {}\nrules_version = '2';", '2:1', /expected 'service' or 'function'/],
  ['import "other";', '1:1', /expected 'service' or 'function', found 'import'/],
  [service('allow read;'), '2:1', /expected 'match', 'function' or '}', found 'allow'/],
  [service('match a/{b} {}'), '2:7', /expected a path that starts with '\/'/],
  [service('match / {}'), '2:8', /expected a path segment after '\/', found ' '/],
  [service('match /a/ {}'), '2:10', /expected a path segment after '\/', found ' '/],
  [service('match /a/{b}.png {}'), '2:13', /expected '{' after the path of the match, found '.'/],
  [service('match /a/*.png {}'), '2:9', /expected '\*\/' to end this comment/],
  [service('match /a/{b} {} match /{c=***} {}'), '2:24', /expected a wildcard/],
  [service('match /a/{b}/{b} {}'), '2:14', /expected a new name, found {b} again/],
  [service('match /{a=**}/b {}'), '2:14', /expected {name=\*\*} last in its path .*found '\/'/],
  [`rules_version='2';${service('match /{a=**}/b/{c=**} {}')}`, '2:17', /at most one {name=\*\*}/],
  [match('allow'), '3:1', /expected a method after 'allow' .*found '}'/],
  [match('allow reed;'), '2:7', /expected a method after 'allow' \(read, write, get.*found 'reed'/],
  [match('allow read, ;'), '2:13', /expected a method/],
  [match('allow read if true;'), '2:12', /expected ':' or ';' after the methods, found 'if'/],
  [match('allow read: true;'), '2:13', /expected 'if' after ':', found 'true'/],
  [match('allow read: if ;'), '2:16', /expected an expression, found ';'/],
  [match('allow read: if true true;'), '2:21', /expected an operator or ';' after the condition/],
  [
    match('match /c/{d} {}'),
    '2:15',
    /expected 'allow', 'match' or 'function' in this match, found '}'/,
  ],
  [match('read;'), '2:1', /expected 'allow', 'match', 'function' or '}', found 'read'/],
  [one('true'), '', /^$/],
  [one('&& true'), '3:42', /expected an expression, found '&&'/],
  [one('(true'), '3:47', /expected '\)', found ';'/],
  [one('true)'), '3:46', /expected an operator or ';' after the condition, found '\)'/],
  [one('true ? 1'), '3:50', /expected ':' and the second value of this conditional/],
  [one('[1'), '3:44', /expected '\]' or ',' in this list/],
  [one("{'a' 1}"), '3:47', /expected ':' after the key/],
  [one('{a: 1}'), '3:43', /expected a string as key of this map, found 'a'/],
  [one("{'a': 1, 'a': 2}"), '3:51', /expected a key that is unique in this map/],
  [one('request.'), '3:50', /expected a name after '.', found ';'/],
  [one('request.auth.uid = "x"'), '3:59', /expected an operator or ';'/],
  [one('request.auth.uid === "x"'), '3:61', /expected an expression, found '='/],
  [one('a & b'), '3:44', /found '&'/],
  [one('"abc'), '3:42', /expected " to end this string on its line/],
  [one("'a\\qb' == ''"), '3:44', /expected an escape .*found \\q/],
  [one("b'\\u0041' == b''"), '3:44', /expected an escape/],
  [one("'\\U00110000' == ''"), '3:43', /expected a Unicode code point/],
  [one("'\\ud800' == ''"), '3:43', /expected a Unicode code point/],
  [one('1x == 1'), '3:42', /found letters in it/],
  [one('0x1F == 31'), '3:42', /found letters in it/],
  [one('.5 < 1'), '3:42', /expected an expression, found '.'/],
  [one('9223372036854775808 > 0'), '3:42', /expected an expression, found '9223372036854775808'/],
  [one('9223372036854775809 > 0'), '3:42', /expected a 64-bit integer/],
  [one('99999999999999999999999999999 > 0'), '3:42', /expected a 64-bit integer/],
  [one('1 is integer'), '3:47', /expected a type after 'is' \(one of bool, .*found 'integer'/],
  [one('null is null'), '3:50', /expected a type after 'is'/],
  [one('true /* no end'), '3:47', /expected '\*\/' to end this comment/],
  [one('unknown == 1'), '3:42', /expected a variable in scope, found 'unknown'/],
  [one('unknown.x == 1'), '3:42', /expected a variable in scope, found 'unknown'/],
  [one('unknown.size() == 1'), '3:42', /expected a variable in scope, found 'unknown'/],
  [one('nothing()'), '3:42', /expected a function in scope, found 'nothing'/],
  [one('math == 1'), '3:42', /expected a call such as 'math\.…\(\)', found 'math' alone/],
  [one('math.sin(1) > 0'), '3:42', /expected a function of 'math', found 'sin'/],
  [one('math.abs(1, 2) > 0'), '3:42', /expected 1 argument of 'math.abs', found 2/],
  [one("'a'.contains('a')"), '3:46', /expected a method, found 'contains'/],
  [one("'a'.constructor('a')"), '3:46', /expected a method, found 'constructor'/],
  [one("'a'.size(1) == 1"), '3:42', /expected 0 arguments of 'size', found 1/],
  [one("{}.get('a') == 1"), '3:42', /expected 2 arguments of 'get', found 1/],
  [
    one("(/a/b).bind({'b': 'c'}) == /a/c"),
    '3:49',
    /found 'bind', which is not supported: the reference does not document which parts/,
  ],
  [
    one("'a'.matches('(')"),
    '3:54',
    /expected a valid pattern, found an error: invalid RE2 pattern/,
  ],
  [one("'a'.matches('(?=a)')"), '3:54', /invalid RE2 pattern/],
  [one("'a'.matches('(a)\\\\1')"), '3:54', /invalid RE2 pattern/],
  [one("'a'.split('')"), '3:52', /expected a pattern that does not match the empty string/],
  [service('function f() { let a = 1; return a; }'), '2:16', /'let' is for rules_version = '2'/],
  [one("'a'.replace('a', '$1') == ''"), '3:59', /without '\\' and '\$'/],
  [one('/a/ == /b'), '3:45', /expected a path segment after '\/'/],
  [one('/a/$(1 == /b'), '3:54', /expected '\)' after the expression of '\$\('/],
  [one('/a/$id == /b'), '3:45', /expected a path segment after '\/', found '\$'/],
  [
    one('firestore.get(/databases/d/documents/a/b) == null'),
    '3:42',
    /expected 'get' without 'firestore.'/,
  ],
  [
    storageRules('match /a { allow get: if get(/a/b) == null; }'),
    '2:75',
    /expected 'firestore.get'/,
  ],
  [
    storageRules('match /a { allow get: if firestore.getAfter(/a/b) == null; }'),
    '2:75',
    /found 'getAfter'/,
  ],
  [service('function get(a) { return a; }'), '2:1', /found 'get', which is built in/],
  [service('function int(a) { return a; }'), '2:1', /found 'int', which is built in/],
  [
    service('function f() { return 1; }\nfunction f() { return 2; }'),
    '3:1',
    /found function 'f' again/,
  ],
  [service('function f(a, a) { return 1; }'), '2:15', /expected a unique parameter, found 'a'/],
  [
    service('function f(a b) { return 1; }'),
    '2:14',
    /expected '\)' after the parameters, found 'b'/,
  ],
  [service('function if() { return 1; }'), '2:10', /expected a name after 'function', found 'if'/],
  [
    service('function f() { return g(); }\nfunction g() { return f(); }'),
    '2:1',
    /'f' calls itself/,
  ],
  [service('function f() { return f(); }'), '2:1', /no recursion/],
  [fn('let y = 1'), '4:1', /expected ';' after the value of 'let', found '}'/],
  [fn('let x = 1; return x;'), '3:5', /expected a new name after 'let', found 'x'/],
  [fn('let y = y; return y;'), '3:9', /expected a variable in scope, found 'y'/],
  [
    firestoreRules('match /docs/{id} { function f() { let id = id; return id; } }'),
    '2:110',
    /expected a variable in scope, found 'id'/,
  ],
  [fn('x'), '3:1', /expected 'return' or 'let' in the function, found 'x'/],
  [fn('return x; return x;'), '3:11', /expected '}' after the return value/],
  [fn('return if;'), '3:8', /expected an expression, found 'if'/],
  [fn('return f2(x);'), '3:8', /expected a function in scope, found 'f2'/],
  [
    service('function f(x) { return x; } match /a/{b} { allow get: if f(); }'),
    '2:58',
    /expected 1 argument of 'f', found 0/,
  ],
  [
    service('match /a/{b} { function f() { return b; } } match /c/{d} { allow get: if f(); }'),
    '2:74',
    /found 'f'/,
  ],
  [service('function f() { return b; } match /a/{b} { allow get: if f(); }'), '2:23', /found 'b'/],
];

test.each(REJECTED)('rejects %j at %s', (rules, position, expected) => {
  const message = loadError(rules);
  if (position === '') {
    expect(message).toBeUndefined();
  } else {
    expect(message).toMatch(expected);
    expect(message).toMatch(new RegExp(`^test.rules:${position}: expected `, 'u'));
  }
});

const repeat = (text: string, times: number): string => text.repeat(times);

const AT_LIMITS: readonly (readonly [title: string, rules: string, message: RegExp | undefined])[] =
  [
    ['99 parentheses', one(`${repeat('(', 95)}true${repeat(')', 95)}`), undefined],
    ['100,000 parentheses', one(repeat('(', 100_000)), /levels of nesting/],
    ['100,000 exclamation marks', one(`${repeat('!', 100_000)}true`), /levels of nesting/],
    ['100,000 lists', one(repeat('[', 100_000)), /levels of nesting/],
    ['10,000 conditionals', one(`${repeat('true ? true : ', 10_000)}true`), /levels of nesting/],
    [
      '1,000 brackets of a list',
      one(repeat('[', 1000)),
      /at most 100 levels of nesting, found more/,
    ],
    ['1,000 brackets of an index', one(`a${repeat('[a', 1000)}`), /levels of nesting/],
    ['1,000 calls', one(repeat('f(', 1000)), /levels of nesting/],
    ['1,000 paths', one(repeat('/$(', 1000)), /levels of nesting/],
    ['1,000 maps', one(repeat("{'a': ", 1000)), /levels of nesting/],
    ['300 operators ||', one(`${repeat('false || ', 300)}true`), undefined],
    ['20,000 operators ||', one(`${repeat('false || ', 20_000)}true`), /at most 400 levels/],
    ['20,000 members', one(`request${repeat('.a', 20_000)}`), /at most 400 levels/],
    ['a large file', ' '.repeat(300_000), /at most 262144 bytes/],
    [
      '10 nested matches',
      service(`${repeat('match /a {', 10)}allow get;${repeat('}', 10)}`),
      undefined,
    ],
    [
      '11 nested matches',
      service(`${repeat('match /a {', 11)}allow get;${repeat('}', 11)}`),
      /nested matches/,
    ],
    ['10,000 nested matches', service(repeat('match /a {', 10_000)), /levels of nesting/],
    ['101 segments', service(`match ${repeat('/a', 101)} {}`), /at most 100 path segments/],
    [
      '21 wildcards',
      service(`match ${Array.from({ length: 21 }, (_, i) => `/{a${i}}`).join('')} {}`),
      /at most 20 wildcards/,
    ],
    ['10 lets', fn(`${lets(10)}return x;`), undefined],
    ['11 lets', fn(`${lets(11)}return x;`), /at most 10 'let' in a function, found 'let'/],
    ['7 parameters', service('function f(a, b, c, d, e, f, g) { return 1; }'), undefined],
    [
      '8 parameters',
      service('function f(a, b, c, d, e, f, g, h) { return 1; }'),
      /at most 7 param/,
    ],
    [
      'a call chain of 5,000 functions',
      service(
        Array.from({ length: 5000 }, (_, i) => `function f${i}() { return f${i + 1}(); }`).join(
          '\n',
        ) + 'function f5000() { return 1; }',
      ),
      undefined,
    ],
  ];

function lets(count: number): string {
  return Array.from({ length: count }, (_, i) => `let v${i} = 1;`).join(' ');
}

test.each(AT_LIMITS)('%s', (_title, rules, expected) => {
  const message = loadError(rules);
  if (expected) expect(message).toMatch(expected);
  else expect(message).toBeUndefined();
});

/** A file of 256 KB: `unit` between the two others as often as it fits. */
const fill = (before: string, unit: string, after: string): string =>
  before +
  unit.repeat(Math.floor((256 * 1024 - before.length - after.length) / unit.length)) +
  after;

const [start = '', end = ''] = one('?').split('?');

/** Each takes well below a second; with backtracking it would take minutes or more. */
test.each<readonly [title: string, rules: string, result: RegExp]>([
  [
    'statements',
    fill('service cloud.firestore { match /a/{b} {', 'allow get: if b == 1;', '}}'),
    /^loaded/,
  ],
  ['a comment', fill(`${start}/*`, '* /', `*/ true${end}`), /^loaded/],
  ['line comments', fill(start, '//\n', `true${end}`), /^loaded/],
  [
    'whitespace after nested conditionals',
    fill(`${start}${repeat('b ? c : ', 90)}d`, ' ', end),
    /^loaded/,
  ],
  [
    'whitespace between parentheses',
    one(`${repeat('(', 90)}a${repeat(`${repeat(' ', 2700)})`, 90)}`),
    /^loaded/,
  ],
  ['a string', fill(`${start}'`, 'x', `' == ''${end}`), /^loaded/],
  ['escapes', fill(`${start}'`, String.raw`\n`, `' == ''${end}`), /^loaded/],
  ['a list', fill(`${start}1 in [`, '1,', `1]${end}`), /^loaded/],
  ['a list without an end', fill(`${start}[`, '1,', end), /expected an expression, found ';'/],
  [
    'a map',
    one(`{${Array.from({ length: 20_000 }, (_, n) => `'${n}': 1`).join()}} == null`),
    /^loaded/,
  ],
  ['operators', fill(`${start}b`, ' || b', end), /at most 400 levels/],
  ['members', fill(`${start}b`, '.c', end), /at most 400 levels/],
  ['brackets', fill(start, '[', end), /levels of nesting/],
  ['a string without an end', fill(`${start}'`, 'x', ''), /expected ' to end this string/],
  ['a wildcard without an end', fill('service cloud.firestore { match /{', 'a', ''), /a wildcard/],
])('256 KB of %s', (_title, rules, expected) => {
  const result = runWithTimeout(() => {
    try {
      // Names that are not in scope are warnings here.
      compileRules(rules, 'test.rules');
      return 'loaded';
    } catch (error) {
      return String(error);
    }
  });
  expect(result).toMatch(expected);
});

const ACCEPTED: readonly string[] = [
  "rules_version = '2'\nservice firebase.storage { match /b/{bucket}/o { match /{all=**} { allow read; } } }",
  'rules_version="1"; service cloud.firestore { match /a/{b} { allow read, write: if true } }',
  'service cloud.firestore {} service firebase.storage {}',
  'function f() { return true; } service cloud.firestore { match /a/{b} { allow get: if f(); } }',
  match(
    'allow read: if true\nallow write: if false\nmatch /c/{d} { allow get; }\nfunction f() { return 1 }',
  ),
  match('allow get, list, create, update, delete;'),
  match('match /x.y-z~1%20@+:/{id=*} { allow get: if id == b; }'),
  firestoreRules('match /{path=**}/songs/{song} { allow get: if path[0] == song; }'),
  one('later(1)').replace('match /docs', 'function later(x) { return x == 1; } match /docs'),
];

test.each(ACCEPTED)('accepts %j', (rules) => {
  expect(loadError(rules)).toBeUndefined();
});

test('RulesSyntaxError has properties for file, line and column', () => {
  const load = (): unknown => compileRules('service cloud.firestore {\n  😀', 'storage.rules');
  expect(load).toThrow(RulesSyntaxError);
  expect(load).toThrow("storage.rules:2:3: expected an expression or a statement, found '😀'");
  try {
    load();
  } catch (error) {
    expect(error).toMatchObject({ file: 'storage.rules', line: 2, column: 3 });
  }
});

test('ignores a byte order mark', () => {
  expect(loadError('\ufeffservice cloud.firestore {}')).toBeUndefined();
  expect(loadError('\ufeffservice x {}')).toContain('test.rules:1:9: ');
});

test('a ruleset has its version and services', () => {
  const rules = compileRules(storageRules('allow get;'), 'a');
  expect(rules).toMatchObject({ version: '2', services: ['firebase.storage'] });
  expect(compileRules('service cloud.firestore {}', 'a').version).toBe('1');
});
