import {
  bool,
  compileRules,
  fromJson,
  PartialMap,
  Unknown,
  type Possibility,
  type Possible,
  type PossibleTrace,
} from './index.js';
import { firestoreRules } from './testing.js';

const NOW = new Date('2026-01-01T00:00:00Z');
const uid = (name: string, not: string[] = []): Unknown =>
  new Unknown('visible', {
    type: 'string',
    identity: { group: 'uid', name },
    not: new Set(not),
  });

/** `t`, `f`: known; `c`: the client chooses; `v`: fixed and visible; `me`, `other`: different users. */
const REQUEST = new PartialMap(
  new Map<string, Possible>([
    ['t', bool(true)],
    ['f', bool(false)],
    ['c', new Unknown('client')],
    ['v', new Unknown('visible')],
    ['me', uid('me', ['docs'])],
    ['other', uid('other')],
    ['claims', new PartialMap(new Map<string, Possible>([['level', fromJson(1)]]))],
    ['custom', new PartialMap(new Map(), new Unknown('visible'))],
    [
      'time',
      new Unknown('visible', {
        type: 'timestamp',
        identity: { group: 'request.time', name: 'now' },
      }),
    ],
  ]),
);

function trace(condition: string, body = ''): PossibleTrace | undefined {
  const source = firestoreRules(
    `match /docs/{id}/{rest=**} { ${body} allow get: if ${condition}; }`,
  );
  return compileRules(source, 'test.rules').possibilities({
    service: 'cloud.firestore',
    method: 'get',
    path: ['databases', '(default)', 'documents', 'docs', 'ID', 'sub', 'x'],
    request: REQUEST,
    resource: fromJson(null),
    unknownSegments: new Map([['ID', uid('me')]]),
    now: NOW,
  })[0];
}

const FAILS = 'request.absent';
const HIDDEN = 'get(/databases/$(database)/documents/a/b).data.ok';

test.each<[condition: string, possibility: Possibility]>([
  ['true', 'always'],
  ['request.f', 'never'],
  [FAILS, 'never'],
  ['request.c', 'chosen'],
  ['request.v', 'depends'],
  [HIDDEN, 'depends'],
  // Operands of && and ||: what the client cannot choose decides &&, and what it can choose decides ||.
  ['request.c && request.t', 'chosen'],
  ['request.c && request.f', 'never'],
  [`request.c && ${FAILS}`, 'never'],
  [`${FAILS} && request.v`, 'never'],
  ['request.c && request.v', 'depends'],
  ['request.v && request.c', 'depends'],
  ['request.c || request.v', 'chosen'],
  ['request.v || request.c', 'chosen'],
  ['request.v || request.t', 'always'],
  ['request.v || request.f', 'depends'],
  [`${FAILS} || request.v`, 'depends'],
  [`request.v || ${FAILS}`, 'depends'],
  [`${FAILS} || request.f`, 'never'],
  ['!request.c', 'chosen'],
  ['!request.v', 'depends'],
  // A client fits what it sends to what it knows, but not to what it does not.
  ['request.c == 1', 'chosen'],
  ['request.c == request.v', 'chosen'],
  [`request.c == ${HIDDEN}`, 'depends'],
  ['request.v == 1', 'depends'],
  ["request.c.name.matches('a.*')", 'chosen'],
  ['request.c.size() < 5 && request.c[0] == 1', 'chosen'],
  // Identities and types.
  ['request.me == id', 'always'],
  ['request.other == id', 'never'],
  ['request.other != id', 'always'],
  ["request.me == 'x'", 'depends'],
  ["request.me == 'docs'", 'never'],
  ['request.me == 1', 'never'],
  ['request.me != null', 'always'],
  ['request.me is string', 'always'],
  ['request.me is int', 'never'],
  ['request.v is string', 'depends'],
  ['request.me in [id]', 'always'],
  ['request.other in [id]', 'never'],
  ["request.other in [id, 'x']", 'depends'],
  ['request.me.size() > 3', 'depends'],
  ['request.me.absent == 1', 'never'],
  // Maps and paths of which a part is known.
  ['request != null', 'always'],
  ['request.claims.level == 1', 'always'],
  ['request.claims.role == 1', 'never'],
  ["'role' in request.claims", 'never'],
  ["'level' in request.claims", 'always'],
  ["request.claims.get('role', 'none') == 'none'", 'always'],
  ['request.custom.role == 1', 'depends'],
  ["'role' in request.custom", 'depends'],
  ["request.custom.get('role', 1) == 1", 'depends'],
  ["rest[0] == 'sub'", 'always'],
  ['rest[2] == 1', 'never'],
  // The time of a request is now or later.
  ['request.time < timestamp.date(2025, 1, 1)', 'never'],
  ['request.time < timestamp.date(2027, 1, 1)', 'always'],
  ['request.time > timestamp.date(2027, 1, 1)', 'always'],
  ['timestamp.date(2025, 1, 1) > request.time', 'never'],
  ['request.time.hours() < 12', 'depends'],
  // Conditionals.
  ['request.c ? true : false', 'chosen'],
  ['request.v ? true : false', 'depends'],
  ['request.c ? request.f : false', 'never'],
  ['request.c ? request.v : false', 'depends'],
  ['request.c ? request.v : true', 'chosen'],
  [`request.v ? ${FAILS} : false`, 'never'],
])('%s: %s', (condition, possibility) => {
  expect(trace(condition)?.possibility).toBe(possibility);
});

test('names the expression that the decision depends on', () => {
  expect(trace('request.t && request.custom.role == 1')).toMatchObject({
    possibility: 'depends',
    on: 'request.custom.role',
  });
});

test('functions have parameters and variables', () => {
  const body =
    'function isSame(user, other) { let same = user == other; return same && request.t; }';
  expect(trace('isSame(request.me, id)', body)?.possibility).toBe('always');
  expect(trace('isSame(request.other, id)', body)?.possibility).toBe('never');
});

test('a condition that takes too many steps may allow the request', () => {
  const calls = Array.from({ length: 15 }, (_, level) => {
    const inner = level === 0 ? 'request.v' : `f${level - 1}()`;
    return `function f${level}() { return ${inner} && ${inner}; }`;
  });
  expect(trace('f14()', calls.join(' '))?.possibility).toBe('depends');
});

test('describes each statement with its whole pattern', () => {
  const source = firestoreRules(
    'match /a/{b} { allow get, list; match /{c=**} { allow write: if false; } }',
  );
  const { statements } = compileRules(source, 'test.rules');
  expect(
    statements.map(({ line, methods, pattern, condition }) => [
      line,
      [...methods],
      pattern.length,
      condition,
    ]),
  ).toEqual([
    [2, ['get', 'list'], 5, undefined],
    [2, ['create', 'update', 'delete'], 6, 'false'],
  ]);
});
