import { compileRules, LIMITS, SharedReads, type DocumentReader } from './index.js';
import {
  isAllowed,
  decide,
  createDocumentReader,
  firestoreRules,
  evaluateCondition,
  storageRules,
} from './testing.js';

const inDocs = (condition: string, declarations = ''): string =>
  firestoreRules(`${declarations} match /docs/{id} { allow read, write: if ${condition}; }`);

describe('functions', () => {
  test.each([
    ['parameters', 'sum(1, 2) == 3', 'function sum(a, b) { return a + b; }'],
    ['let', 'f(2) == 9', 'function f(a) { let b = a + 1; let c = b * b; return c; }'],
    ['no parameters', 'f()', 'function f() { return true; }'],
    [
      'a call of a function declared later',
      'f()',
      'function f() { return g(); } function g() { return true; }',
    ],
    ['a parameter hides a global', "f({'a': 1}) == 1", 'function f(request) { return request.a; }'],
    ['a parameter hides a namespace', "f('ab') == 2", 'function f(math) { return math.size(); }'],
    [
      'a parameter with the name of a wildcard',
      'f(1) == 2',
      'function f(id) { let x = id; return x + 1; }',
    ],
  ])('%s', async (_title, condition, declarations) => {
    expect(await isAllowed(inDocs(condition, declarations))).toBe(true);
  });

  test('a call resolves to the innermost function of that name', async () => {
    const rules = firestoreRules(`
      function f() { return 'outer'; }
      match /docs/{id} { function f() { return 'inner'; } allow get: if f() == 'inner'; }`);
    expect(await isAllowed(rules)).toBe(true);
  });

  test.each<[string, string, boolean]>([
    ['an unused argument', 'unused(request.nothing)', true],
    ['an unused let', 'unusedLet()', true],
    ['a used argument', 'used(request.nothing)', false],
    ['a used argument with || true', 'used(request.nothing) || true', true],
    ['a used let', 'usedLet()', false],
    ['a used let with || true', 'usedLet() || true', true],
    ['a let with the name of a global variable', 'whole() == 1', true],
  ])('an error counts only where the value is used: %s', async (_title, condition, is) => {
    const functions = `
      function unused(a) { return true; }
      function unusedLet() { let a = request.nothing; return true; }
      function used(a) { return a; }
      function usedLet() { let a = request.nothing; return a; }
      function whole() { let resource = resource.data; return resource.n; }`;
    const rules = firestoreRules(`match /docs/{id} { ${functions} allow get: if ${condition}; }`);
    expect(await isAllowed(rules, { resource: { data: { n: 1 } } })).toBe(is);
  });

  test('a let is evaluated once', async () => {
    const documents = createDocumentReader({ 'x/y': {} });
    const f = `function f() { let a = debug(get(/databases/(default)/documents/x/y)); return a.data == a.data; }`;
    const { allowed, debugged } = await decide(inDocs('f()', f), { documents });
    expect([allowed, debugged.length]).toEqual([true, 1]);
  });

  test.each([
    [20, true],
    [21, false],
  ])('calls nested %i levels deep: %s', async (depth, is) => {
    const chain = Array.from({ length: depth }, (_, i) =>
      i === depth - 1
        ? `function f${i}() { return true; }`
        : `function f${i}() { return f${i + 1}(); }`,
    );
    const rules = inDocs('f0() || true', chain.join('\n'));
    // `|| true` does not help: exceeding a limit denies the request.
    expect(await isAllowed(rules)).toBe(is);
  });
});

describe('documents', () => {
  const documents = () =>
    createDocumentReader(
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
    const options = { request: { auth: { uid: 'ann' } }, documents: documents() };
    expect(await isAllowed(inDocs(condition), options)).toBe(is);
  });

  test('get() fails without a reader, getAfter() fails without getAfter', async () => {
    expect(await isAllowed(inDocs(`!exists(${at('a/b')})`))).toBe(false);
    const reader: DocumentReader = { get: (path) => documents().get(path) };
    expect(await isAllowed(inDocs(`!exists(${at('a/b')})`), { documents: reader })).toBe(true);
    expect(await isAllowed(inDocs(`!existsAfter(${at('a/b')})`), { documents: reader })).toBe(
      false,
    );
  });

  test('each document is read once', async () => {
    const reader = documents();
    const twice = `get(${at('users/ann')}) != null && exists(${at('users/ann')})`;
    await decide(inDocs(twice), { documents: reader });
    expect(reader.readPaths).toEqual(['users/ann']);
  });

  const reads = (count: number, call: (n: number) => string): string =>
    Array.from({ length: count }, (_, n) => call(n)).join(' && ');

  test.each([
    [10, true],
    [11, false],
  ])('Firestore rules may read %i documents: %s', async (count, is) => {
    const condition = reads(count, (n) => `!exists(${at(`a/b${n}`)})`);
    const options = { documents: documents() };
    expect(await isAllowed(inDocs(condition), options)).toBe(is);
    expect(await isAllowed(inDocs(`(${condition}) || true`), options)).toBe(is);
  });

  test.each([
    [2, true],
    [3, false],
  ])('Storage rules may read %i documents: %s', async (count, is) => {
    const where = '/databases/(default)/documents';
    const once = reads(count, (n) => `!firestore.exists(${where}/a/b${n})`);
    const rules = storageRules(`match /{x} { allow get: if ${once} && ${once}; }`);
    const options = { service: 'firebase.storage', path: 'a', documents: documents() } as const;
    expect(await isAllowed(rules, options)).toBe(is);
  });

  describe('requests of one batch', () => {
    const exists = (from: number, to: number): string =>
      inDocs(reads(to - from, (n) => `!exists(${at(`a/b${from + n}`)})`));
    const together = async (...rules: string[]): Promise<[boolean[], string[]]> => {
      const reader = documents();
      const sharedReads = new SharedReads();
      const options = { documents: reader, sharedReads };
      const results = [];
      for (const source of rules) results.push(await isAllowed(source, options));
      return [results, reader.readPaths];
    };

    test.each([
      ['20 documents in two requests', [exists(0, 10), exists(10, 20)], [true, true], 20],
      ['a 21st document', [exists(0, 10), exists(10, 20), exists(20, 21)], [true, true, false], 20],
      [
        'documents that were read before',
        [exists(0, 10), exists(10, 20), exists(5, 15)],
        [true, true, true],
        20,
      ],
      ['11 documents in one request', [exists(0, 11), exists(11, 12)], [false, true], 11],
    ])('%s', async (_title, rules, expected, readCount) => {
      const [results, paths] = await together(...rules);
      expect(results).toEqual(expected);
      expect(paths).toHaveLength(readCount);
    });

    test('a document before and after the writes counts as two reads', async () => {
      const both = (n: number): string =>
        `!exists(${at(`a/b${n}`)}) && !existsAfter(${at(`a/b${n}`)})`;
      const five = (from: number): string => inDocs(reads(5, (n) => both(from + n)));
      expect((await together(five(0), five(5), five(10)))[0]).toEqual([true, true, false]);
    });
  });

  test('evaluation rejects if the reader rejects', async () => {
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
    expect(await isAllowed(allows(count))).toBe(is);
  });

  test('the statement that exceeds the limit reports it, and evaluation stops', async () => {
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
  ])('stops values that double in size: %s', async (_title, declarations, condition) => {
    const { tried } = await decide(inDocs(condition, declarations));
    expect(tried[0]?.why).toMatch(/too big|nested too deeply/);
  });

  test('patterns with catastrophic backtracking elsewhere match in linear time', async () => {
    const options = { request: { text: 'a'.repeat(50_000) } };
    expect(await evaluateCondition("request.text.matches('(a*)*b')", options)).toBe(false);
    expect(await evaluateCondition("request.text.matches('(a|a)*')", options)).toBe(true);
    expect(await evaluateCondition("request.text.matches('(x+x+)+y')", options)).toBe(false);
  });

  test('limits the cost of patterns from data', async () => {
    const options = { request: { text: 'a'.repeat(50_000), pattern: 'a{900}'.repeat(100) } };
    expect(await evaluateCondition('request.text.matches(request.pattern)', options)).toMatch(
      /too big/,
    );
    const long = { request: { pattern: 'a'.repeat(LIMITS.patternLength + 1) } };
    expect(await evaluateCondition("'a'.matches(request.pattern)", long)).toMatch(
      /more than 5000 characters/,
    );
  });

  test('many recursive wildcards in nested matches do not take exponential time', async () => {
    const nest = Array.from({ length: 9 }, (_, i) => `match /{a${i}=**}/x {`).join('');
    const rules = firestoreRules(`${nest} allow get; ${'}'.repeat(9)}`);
    const path = [...Array.from({ length: 500 }, () => 'x'), 'y'].join('/');
    expect(await isAllowed(rules, { path })).toBe(false);
  });

  test('debug() returns its argument and records it', async () => {
    const { debugged } = await decide(inDocs("debug(1 + 1) == 2 && debug('x') == 'x'"));
    expect(debugged).toEqual([
      { type: 'int', value: 2n },
      { type: 'string', value: 'x' },
    ]);
  });

  test('a ruleset evaluates requests concurrently', async () => {
    const rules = compileRules(inDocs("id == 'a'"), 'a');
    const paths = Array.from({ length: 50 }, (_, i) => (i % 2 ? 'docs/a' : 'docs/b'));
    const results = await Promise.all(paths.map((path) => isAllowed(rules, { path })));
    expect(results).toEqual(paths.map((path) => path === 'docs/a'));
  });
});
