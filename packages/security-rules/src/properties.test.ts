import fc from 'fast-check';
import { compileRules, fromJson, RulesSyntaxError, type RulesValue } from './index.js';
import {
  decide,
  createDocumentReader,
  firestoreRules,
  runWithTimeout,
  evaluateCondition,
  storageRules,
} from './testing.js';

const SAMPLE = `rules_version = '2';
service cloud.firestore {
  function owner(uid) { let a = request.auth; return a != null && a.uid == uid; }
  match /databases/{database}/documents {
    match /users/{uid}/{rest=**} {
      allow read, list: if owner(uid) || uid in ['a', "b\\x41"] && !(1 + 2 * -3 <= 4.5e1);
      allow write: if request.resource.data.keys().hasOnly(['a']) ? true : /a/$(uid)/b is path;
      match /x/{y} { allow get: if get(/databases/$(database)/documents/a/b).data[y][0:1] == b'\\052'; }
    }
  }
}`;

const WORDS = [
  ...'{ } ( ) [ ] , ; : . ? = == != < <= > >= && || ! + - * / % // /* */ $ $( ** & | @ \\ \' "'.split(
    ' ',
  ),
  ...'rules_version service cloud.firestore firebase.storage match allow read write get list'.split(
    ' ',
  ),
  ...'create if true false null in is let return function int string request resource x y'.split(
    ' ',
  ),
  ...[
    "'2'",
    '/a/{b}',
    '/{c=**}',
    '/x/$(y)',
    '1',
    '2.5',
    '9223372036854775808',
    "'a'",
    "b'a'",
    '\n',
    '😀',
  ],
];

/** Loads any text: it is accepted, or rejected with a valid line and column. */
function loadAny(text: string): void {
  try {
    compileRules(text, 'fuzz.rules');
  } catch (error) {
    if (!(error instanceof RulesSyntaxError)) throw error;
    const line = text.split('\n')[error.line - 1];
    expect(line).toBeDefined();
    expect(error.column).toBeGreaterThanOrEqual(1);
    expect(error.column).toBeLessThanOrEqual(Array.from(line ?? '').length + 1);
    expect(error.problem).toMatch(/^expected /u);
  }
}

/** Checks a property with many inputs within the timeout. */
function checkWithTimeout<T extends [unknown, ...unknown[]]>(property: fc.IProperty<T>): void {
  runWithTimeout(() => {
    fc.assert(property, { numRuns: 1000 });
  });
}

describe('loading terminates', () => {
  test('for any text', () => {
    checkWithTimeout(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), loadAny));
  });

  test('for words of the language in any order', () => {
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 60 });
    checkWithTimeout(fc.property(words, fc.constantFrom('', ' '), (w, by) => loadAny(w.join(by))));
  });

  test('for words as a condition', () => {
    const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 20 });
    const put = (w: string[]) =>
      loadAny(storageRules(`match /{x} { allow get: if ${w.join(' ')}; }`));
    checkWithTimeout(fc.property(words, put));
  });

  test('for a file that is cut off or changed in one place', () => {
    const place = fc.nat(SAMPLE.length);
    checkWithTimeout(
      fc.property(place, fc.nat(20), fc.constantFrom('', ...WORDS), (at, removed, word) => {
        loadAny(SAMPLE.slice(0, at) + word + SAMPLE.slice(at + removed));
        loadAny(SAMPLE.slice(0, at) + word);
      }),
    );
  });
});

const leaf = fc.constantFrom(
  ...['true', 'false', 'null', '0', '1', '-2', '1.5', "''", "'abc'", "'a'", "b'ab'", '[]', '{}'],
  ...['[1, 2]', "{'a': 1}", '/a/b', 'request', 'request.x', 'request.auth', 'resource.data', 'id'],
  ...["['a'].toSet()", "{'a': 1}.diff({})", 'request.time', "duration.value(1, 's')"],
  ...['latlng.value(1, 2)', 'all', 'f(1)', 'exists(/databases/a/documents/x/y)'],
);

const BINARY = ['||', '&&', '==', '!=', 'in', '<', '<=', '>', '>=', '+', '-', '*', '/', '%'];

/** Any expression that can be loaded; evaluating it may fail. */
const anyExpression = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('expression'), fc.constantFrom(...BINARY), tie('expression'))
      .map(([a, operator, b]) => `(${a} ${operator} ${b})`),
    fc.tuple(fc.constantFrom('!', '-'), tie('expression')).map(([o, a]) => `${o}(${a})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('int', 'number', 'map', 'string', 'path'))
      .map(([a, type]) => `(${a} is ${type})`),
    fc
      .tuple(tie('expression'), tie('expression'), tie('expression'))
      .chain(([a, b, c]) =>
        fc.constantFrom(`(${a} ? ${b} : ${c})`, `(${a})[${b}:${c}]`, `(${a}).get(${b}, ${c})`),
      ),
    fc
      .tuple(tie('expression'), tie('expression'))
      .chain(([a, b]) =>
        fc.constantFrom(
          ...[`(${a})[${b}]`, `[${a}, ${b}]`, `{'x': ${a}, 'y': ${b}}`, `(${a}).matches(${b})`],
          ...[
            `(${a}).hasAny(${b})`,
            `(${a}).split(debug(${b}))`,
            `/a/$(${a})/$(${b})`,
            `math.pow(${a}, ${b})`,
          ],
          ...[
            `(${a}).diff(${b})`,
            `(${a}).union(${b})`,
            `(${a}).join(${b})`,
            `timestamp.value(${a})`,
          ],
        ),
      ),
    tie('expression').chain((a) =>
      fc.constantFrom(
        ...[`(${a}).size()`, `(${a}).toSet()`, `(${a}).keys()`, `(${a}).lower()`, `(${a}).x`],
        ...[
          `string(${a})`,
          `int(${a})`,
          `path(${a})`,
          `f(${a})`,
          `debug(${a})`,
          `math.round(${a})`,
        ],
        ...[`get(${a})`, `hashing.md5(${a})`, `(${a}).seconds()`, `(${a}).affectedKeys()`],
      ),
    ),
  ),
})).expression;

test('evaluating any expression terminates with a Boolean or a reason', async () => {
  await fc.assert(
    fc.asyncProperty(anyExpression, fc.jsonValue({ maxDepth: 3 }), async (expression, data) => {
      const rules = firestoreRules(`
        function f(x) { let y = x; return y; }
        match /docs/{id}/{all=**} { allow get: if ${expression}; }`);
      const options = {
        request: { x: data, time: new Date(0) },
        resource: { data },
        documents: createDocumentReader({ 'x/y': { a: 1 } }),
      };
      const { allowed, tried } = await decide(rules, options);
      expect(tried).toHaveLength(1);
      expect(tried[0]?.allowed).toBe(allowed);
      expect(tried[0]?.why).toMatch(
        /is true|is false|^error at \d+:\d+: .|not bool|more than|too big/u,
      );
    }),
    { numRuns: 2000 },
  );
});

/** Three-valued logic of the reference: an error is the result unless an operand decides. */
type Truth = boolean | 'error';

interface Condition {
  readonly text: string;
  readonly truth: Truth;
}

const not = (a: Condition): Condition => ({
  text: `!(${a.text})`,
  truth: a.truth === 'error' ? 'error' : !a.truth,
});

function join(a: Condition, b: Condition, operator: '||' | '&&'): Condition {
  const decisive = operator === '||';
  const truths = [a.truth, b.truth];
  const undecided = truths.includes('error') ? 'error' : !decisive;
  const truth = truths.includes(decisive) ? decisive : undecided;
  return { text: `(${a.text} ${operator} ${b.text})`, truth };
}

const condition = fc.letrec<{ any: Condition }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'medium' },
    fc.constantFrom<Condition>(
      { text: 'true', truth: true },
      { text: 'false', truth: false },
      { text: 'request.nothing', truth: 'error' },
      { text: '(1 / 0 == 1)', truth: 'error' },
      { text: '1', truth: 'error' },
      { text: 'yes()', truth: true },
      { text: '(request.auth != null)', truth: false },
    ),
    tie('any').map(not),
    fc
      .tuple(tie('any'), tie('any'), fc.constantFrom('||' as const, '&&' as const))
      .map(([a, b, operator]) => join(a, b, operator)),
    fc.tuple(tie('any'), tie('any'), tie('any')).map(([a, b, c]) => ({
      text: `(${a.text} ? ${b.text} : ${c.text})`,
      truth: a.truth === 'error' ? a.truth : a.truth ? b.truth : c.truth,
    })),
  ),
})).any;

/** A lone `1` is an error only where a Boolean is needed, which is always the case here. */
async function truthOf(text: string): Promise<Truth> {
  const rules = firestoreRules(`
    function yes() { return true; }
    match /docs/{id} { allow get: if ${text}; allow get: if !(${text}); }`);
  const { tried } = await decide(rules);
  if (tried[0]?.allowed) return true;
  return tried[1]?.allowed ? false : 'error';
}

test('conditions with errors follow three-valued logic', async () => {
  await fc.assert(
    fc.asyncProperty(condition, async ({ text, truth }) => {
      expect(await truthOf(text)).toBe(truth);
    }),
    { numRuns: 500 },
  );
});

test('De Morgan, double negation and commutativity hold, also with errors', async () => {
  await fc.assert(
    fc.asyncProperty(condition, condition, async ({ text: a }, { text: b }) => {
      expect(await truthOf(`!(${a} && ${b})`)).toBe(await truthOf(`!(${a}) || !(${b})`));
      expect(await truthOf(`!(${a} || ${b})`)).toBe(await truthOf(`!(${a}) && !(${b})`));
      expect(await truthOf(`!!(${a})`)).toBe(await truthOf(a));
      expect(await truthOf(`${a} && ${b}`)).toBe(await truthOf(`${b} && ${a}`));
    }),
    { numRuns: 200 },
  );
});

/** An expression tree, printed with all parentheses or only with the necessary ones. */
type Tree =
  { readonly leaf: string } | { readonly operator: string; readonly parts: readonly Tree[] };

/** The precedence table of the reference, highest last. */
const LEVELS = [['?'], ['||'], ['&&'], ['==', '!='], ['in', 'is'], ['<', '<=', '>', '>='], ['+', '-'], ['*', '/', '%'], ['!', '~']]; // prettier-ignore

const levelOf = (tree: Tree): number =>
  'leaf' in tree ? LEVELS.length : LEVELS.findIndex((level) => level.includes(tree.operator));

/** `minLevel` is the lowest level that needs no parentheses here. */
function print(tree: Tree, all: boolean, minLevel = 0): string {
  if ('leaf' in tree) return tree.leaf;
  const level = levelOf(tree);
  const [a, b, c] = tree.parts;
  const part = (child: Tree | undefined, at: number) => (child ? print(child, all, at) : '');
  let text: string;
  if (tree.operator === '?') text = `${part(a, 1)} ? ${part(b, 0)} : ${part(c, 0)}`;
  else if (tree.operator === 'is') text = `${part(a, level)} is bool`;
  else if (!b) text = `${tree.operator === '~' ? '-' : '!'}${part(a, level)}`;
  else text = `${part(a, level)} ${tree.operator} ${part(b, level + 1)}`;
  return all || level < minLevel ? `(${text})` : text;
}

const tree = fc.letrec<{ any: Tree }>((tie) => {
  const of = (operators: readonly string[], count: number): fc.Arbitrary<Tree> =>
    fc
      .tuple(
        fc.constantFrom(...operators),
        fc.array(tie('any'), { minLength: count, maxLength: count }),
      )
      .map(([operator, parts]) => ({ operator, parts }));
  return {
    any: fc.oneof(
      { depthSize: 'medium' },
      fc
        .constantFrom('true', 'false', '1', '2', '3.5', "'a'", '[1, true]', 'null')
        .map((text) => ({ leaf: text })),
      of(BINARY, 2),
      of(['!', '~', 'is'], 1),
      of(['?'], 3),
    ),
  };
}).any;

test('redundant parentheses do not change the result', async () => {
  const value = async (text: string): Promise<RulesValue[]> => {
    const rules = firestoreRules(`match /docs/{id} { allow get: if debug(${text}) == 0; }`);
    const { debugged, tried } = await decide(rules);
    // Positions differ; the rest of the message is the same.
    const why = tried[0]?.why.replace(/\b\d+:\d+/gu, '').replace(/^.* is (?=true|false)/u, '');
    return [...debugged, fromJson(why)];
  };
  await fc.assert(
    fc.asyncProperty(tree, async (any) => {
      expect(await value(print(any, false))).toEqual(await value(print(any, true)));
    }),
    { numRuns: 1000 },
  );
});

test('fromJson converts JavaScript values to rules values', async () => {
  const options = {
    request: {
      whole: 1,
      part: 1.5,
      big: 2n ** 62n,
      date: new Date(0),
      bytes: new Uint8Array([97]),
      set: new Set([1, 1n]),
      map: new Map([['a', 1]]),
      gone: undefined,
      // An object of the same shape as a rules value is converted like other data.
      fake: { type: 'path', segments: ['a'] },
    },
  };
  const conditions = [
    'request.whole is int && request.part is float && request.big == 4611686018427387904',
    "request.date == timestamp.value(0) && request.bytes == b'a' && request.set.size() == 1",
    "request.map.a == 1 && !('gone' in request) && request.fake is map",
  ];
  for (const condition of conditions)
    expect(await evaluateCondition(condition, options)).toBe(true);
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  expect(() => fromJson(cyclic)).toThrow(TypeError);
  expect(() => fromJson(() => 1)).toThrow(TypeError);
});
