import { compileRules, LIMITS, SharedReads, type DocumentReader } from './index.js';
import { allowed, decide, documentsOf, firestoreRules, outcome, storageRules } from './testing.js';

const inDocs = (condition: string, declarations = ''): string =>
  firestoreRules(`${declarations} match /docs/{id} { allow read, write: if ${condition}; }`);

describe('functions', () => {
  test.each([
    ['parameters', 'sum(1, 2) == 3', 'function sum(a, b) { return a + b; }'],
    ['let', 'f(2) == 9', 'function f(a) { let b = a + 1; let c = b * b; return c; }'],
    ['no parameters', 'f()', 'function f() { return true; }'],
    ['a call of a later one', 'f()', 'function f() { return g(); } function g() { return true; }'],
    ['a parameter hides a global', "f({'a': 1}) == 1", 'function f(request) { return request.a; }'],
    ['a parameter hides a namespace', "f('ab') == 2", 'function f(math) { return math.size(); }'],
    ['a name inside that is the same', 'f(1) == 2', 'function f(id) { let x = id; return x + 1; }'],
  ])('%s', async (_what, condition, declarations) => {
    expect(await allowed(inDocs(condition, declarations))).toBe(true);
  });

  test('the innermost function of a name is meant', async () => {
    const rules = firestoreRules(`
      function f() { return 'outer'; }
      match /docs/{id} { function f() { return 'inner'; } allow get: if f() == 'inner'; }`);
    expect(await allowed(rules)).toBe(true);
  });

  test.each<[string, string, boolean]>([
    ['an argument that is not asked for', 'unused(request.nothing)', true],
    ['a let that is not asked for', 'unusedLet()', true],
    ['an argument', 'used(request.nothing)', false],
    ['an argument beside what rescues it', 'used(request.nothing) || true', true],
    ['a let', 'usedLet()', false],
    ['a let beside what rescues it', 'usedLet() || true', true],
    ['a let of the name of what every rule has', 'whole() == 1', true],
  ])('an error counts where it is asked for: %s', async (_what, condition, is) => {
    const functions = `
      function unused(a) { return true; }
      function unusedLet() { let a = request.nothing; return true; }
      function used(a) { return a; }
      function usedLet() { let a = request.nothing; return a; }
      function whole() { let resource = resource.data; return resource.n; }`;
    const rules = firestoreRules(`match /docs/{id} { ${functions} allow get: if ${condition}; }`);
    expect(await allowed(rules, { resource: { data: { n: 1 } } })).toBe(is);
  });

  test('a let is worked out once', async () => {
    const documents = documentsOf({ 'x/y': {} });
    const f = `function f() { let a = debug(get(/databases/(default)/documents/x/y)); return a.data == a.data; }`;
    const { allowed, debugged } = await decide(inDocs('f()', f), { documents });
    expect([allowed, debugged.length]).toEqual([true, 1]);
  });

  test.each([
    [20, true],
    [21, false],
  ])('calls %i deep: %s', async (depth, is) => {
    const chain = Array.from({ length: depth }, (_, i) =>
      i === depth - 1
        ? `function f${i}() { return true; }`
        : `function f${i}() { return f${i + 1}(); }`,
    );
    const rules = inDocs('f0() || true', chain.join('\n'));
    // A limit is not rescued by the other side.
    expect(await allowed(rules)).toBe(is);
  });
});

describe('documents', () => {
  const documents = () =>
    documentsOf(
      { 'users/ann': { role: 'admin' }, 'users/bob': { role: 'user' } },
      { 'users/ann': { role: 'user' }, 'users/new': {} },
    );
  const at = (name: string): string => `/databases/$(database)/documents/${name}`;

  test.each([
    [`get(${at('users/ann')}).data.role == 'admin'`, true],
    [`get(${at('users/$(request.auth.uid)')}).id == 'ann'`, true],
    [`get(${at('users/nobody')}) == null`, false],
    [`get(${at('users/nobody')}) == null || true`, true],
    [`get(${at('users/nobody')}).data.role == 'admin'`, false],
    [`exists(${at('users/ann')})`, true],
    [`exists(${at('users/nobody')})`, false],
    [`!exists(${at('users/nobody')})`, true],
    [`getAfter(${at('users/ann')}).data.role == 'user'`, true],
    [`existsAfter(${at('users/new')})`, true],
    [`existsAfter(${at('users/bob')})`, false],
    [`exists(path('databases/' + database + '/documents/users/ann'))`, true],
    [`!exists(${at("users/$('ann/x/y')")})`, false],
    [`!exists(/users/ann)`, false],
    [`!exists(${at('users')})`, false],
    [`!exists(${at('users/ann/posts')})`, false],
    [`!exists('users/ann')`, false],
    [`!exists(/databases/$(database)/documents)`, false],
    [`get(${at('users/ann')}) != getAfter(${at('users/ann')})`, true],
  ])('%s: %s', async (condition, is) => {
    const given = { request: { auth: { uid: 'ann' } }, documents: documents() };
    expect(await allowed(inDocs(condition), given)).toBe(is);
  });

  test('without a reader, reading is an error; without getAfter, getAfter is', async () => {
    expect(await allowed(inDocs(`!exists(${at('a/b')})`))).toBe(false);
    const reader: DocumentReader = { get: (path) => documents().get(path) };
    expect(await allowed(inDocs(`!exists(${at('a/b')})`), { documents: reader })).toBe(true);
    expect(await allowed(inDocs(`!existsAfter(${at('a/b')})`), { documents: reader })).toBe(false);
  });

  test('a document is read once', async () => {
    const reader = documents();
    const twice = `get(${at('users/ann')}) != null && exists(${at('users/ann')})`;
    await decide(inDocs(twice), { documents: reader });
    expect(reader.asked).toEqual(['users/ann']);
  });

  const reads = (count: number, call: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => call(n)).join(' && ');

  test.each([
    [10, true],
    [11, false],
  ])('Firestore rules may read %i documents: %s', async (count, is) => {
    const condition = reads(count, (n) => `!exists(${at(`a/b${n}`)})`);
    const given = { documents: documents() };
    expect(await allowed(inDocs(condition), given)).toBe(is);
    expect(await allowed(inDocs(`(${condition}) || true`), given)).toBe(is);
  });

  test.each([
    [2, true],
    [3, false],
  ])('Storage rules may read %i documents: %s', async (count, is) => {
    const where = '/databases/(default)/documents';
    const once = reads(count, (n) => `!firestore.exists(${where}/a/b${n})`);
    const rules = storageRules(`match /{x} { allow get: if ${once} && ${once}; }`);
    const given = { service: 'firebase.storage', path: 'a', documents: documents() } as const;
    expect(await allowed(rules, given)).toBe(is);
  });

  describe('requests of one batch', () => {
    const exists = (from: number, to: number): string =>
      inDocs(reads(to - from, (n) => `!exists(${at(`a/b${from + n}`)})`));
    const together = async (...rules: string[]): Promise<[boolean[], string[]]> => {
      const reader = documents();
      const sharedReads = new SharedReads();
      const given = { documents: reader, sharedReads };
      const answers = [];
      for (const each of rules) answers.push(await allowed(each, given));
      return [answers, reader.asked];
    };

    test.each([
      ['20 documents of two requests', [exists(0, 10), exists(10, 20)], [true, true], 20],
      ['a 21st', [exists(0, 10), exists(10, 20), exists(20, 21)], [true, true, false], 20],
      [
        'the same ones again',
        [exists(0, 10), exists(10, 20), exists(5, 15)],
        [true, true, true],
        20,
      ],
      ['11 of one request', [exists(0, 11), exists(11, 12)], [false, true], 11],
    ])('%s', async (_what, rules, answers, asked) => {
      const found = await together(...rules);
      expect(found[0]).toEqual(answers);
      expect(found[1]).toHaveLength(asked);
    });

    test('as it is and as it will be are two reads', async () => {
      const both = (n: number): string =>
        `!exists(${at(`a/b${n}`)}) && !existsAfter(${at(`a/b${n}`)})`;
      const five = (from: number): string => inDocs(reads(5, (n) => both(from + n)));
      expect((await together(five(0), five(5), five(10)))[0]).toEqual([true, true, false]);
    });
  });

  test('when reading fails, deciding fails', async () => {
    const documents = { get: () => Promise.reject(new Error('no connection')) };
    const rules = inDocs(`exists(${at('a/b')}) || true`);
    await expect(decide(rules, { documents })).rejects.toThrow('no connection');
  });
});

describe('limits of a request', () => {
  // Each `true || …` is one expression for `||` and one for `true`.
  const allows = (count: number): string =>
    firestoreRules(`match /docs/{id} { ${'allow get: if 1 == 2;\n'.repeat(count)} allow get; }`);

  test.each([
    [333, true],
    [334, false],
  ])('%i conditions of 3 expressions: %s', async (count, is) => {
    expect(await allowed(allows(count))).toBe(is);
  });

  test('the statement that passed the limit says so, and nothing after it is tried', async () => {
    const { tried } = await decide(allows(400));
    expect(tried).toHaveLength(334);
    expect(tried.at(-1)?.why).toMatch(/more than 1000 expressions/);
  });

  const doubling = (value: string, next: string): string => {
    const body = Array.from(
      { length: 9 },
      (_, i) => `let v${i + 1} = ${next.replaceAll('$', `v${i}`)};`,
    );
    return `function f(x) { let v0 = x; ${body.join(' ')} return v9; } ${value}`;
  };
  const nested = 'f(f(f(f(f(f(f("aaaaaaaa")))))))';

  test.each([
    ['strings', doubling('', '$ + $'), `${nested}.size() > 0`],
    ['lists', doubling('', '[$, $]'), `${nested} == ${nested}`],
    ['maps', doubling('', "{'a': $, 'b': $}"), `${nested} in [${nested}]`],
    [
      'concatenated lists',
      doubling('', '$.concat($)'),
      nested.replace('"aaaaaaaa"', '[1]') + '.size() > 0',
    ],
    ['replaced strings', doubling('', "$.replace('a', 'aa')"), `${nested}.size() > 0`],
  ])('values that double are stopped: %s', async (_what, declarations, condition) => {
    const { tried } = await decide(inDocs(condition, declarations));
    expect(tried[0]?.why).toMatch(/too big|nested too deeply/);
  });

  test('a pattern that backtracks elsewhere takes no time here', async () => {
    const given = { request: { text: 'a'.repeat(50_000) } };
    expect(await outcome("request.text.matches('(a*)*b')", given)).toBe(false);
    expect(await outcome("request.text.matches('(a|a)*')", given)).toBe(true);
    expect(await outcome("request.text.matches('(x+x+)+y')", given)).toBe(false);
  });

  test('patterns from data are bounded', async () => {
    const given = { request: { text: 'a'.repeat(50_000), pattern: 'a{900}'.repeat(100) } };
    expect(await outcome('request.text.matches(request.pattern)', given)).toMatch(/too big/);
    const long = { request: { pattern: 'a'.repeat(LIMITS.patternLength + 1) } };
    expect(await outcome("'a'.matches(request.pattern)", long)).toMatch(
      /more than 5000 characters/,
    );
  });

  test('many recursive wildcards in nested matches stay quick', async () => {
    const nest = Array.from({ length: 9 }, (_, i) => `match /{a${i}=**}/x {`).join('');
    const rules = firestoreRules(`${nest} allow get; ${'}'.repeat(9)}`);
    const path = [...Array.from({ length: 500 }, () => 'x'), 'y'].join('/');
    expect(await allowed(rules, { path })).toBe(false);
  });

  test('debug() hands on what it was given, and it is kept', async () => {
    const { debugged } = await decide(inDocs("debug(1 + 1) == 2 && debug('x') == 'x'"));
    expect(debugged).toEqual([
      { type: 'int', value: 2n },
      { type: 'string', value: 'x' },
    ]);
  });

  test('a ruleset can be asked many times at once', async () => {
    const rules = compileRules(inDocs("id == 'a'"), 'a');
    const paths = Array.from({ length: 50 }, (_, i) => (i % 2 ? 'docs/a' : 'docs/b'));
    const answers = await Promise.all(paths.map((path) => allowed(rules, { path })));
    expect(answers).toEqual(paths.map((path) => path === 'docs/a'));
  });
});
