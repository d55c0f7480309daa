import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expressionMutants } from './expression-mutants.js';
import { createMutants } from './mutants.js';
import { compileRules } from '../index.js';
import { parse } from '../parser.js';
import { Source } from '../source.js';
import { printExpression, printRules } from './print.js';
import { exchange, expressionOf } from './tree.js';

/** What an expression becomes, one change at a time. */
function changed(text: string, variables: string[] = []): string[] {
  const whole = expressionOf(text);
  return expressionMutants(whole, variables).map(({ from, to }) =>
    printExpression(exchange(whole, from, to)),
  );
}

describe('the changes of an expression', () => {
  test.each<[text: string, changes: string[]]>([
    ['f() && g()', ['f() || g()', 'f()', 'g()']],
    ['f() || g()', ['f() && g()', 'f()', 'g()']],
    ['f() == g()', ['!=', '<', '<=', '>', '>='].map((other) => `f() ${other} g()`)],
    ['f() <= g()', ['==', '!=', '<', '>', '>='].map((other) => `f() ${other} g()`)],
    ['f() + g()', ['f() - g()', 'f() * g()', 'f() / g()']],
    ['f() % g()', ['f() * g()', 'f() / g()']],
    ['f() in g()', ['!(f() in g())']],
    ['f() is int', ['!(f() is int)']],
    ['!f()', ['f()']],
    ['f() ? g() : h()', ['g()', 'h()']],
    ['true', ['false']],
    ['null', ['false']],
    ['7', ['8', '6']],
    ['9223372036854775807', ['9223372036854775806']],
    ['1.5', ['2.5', '0.5']],
    ["'a'", ["'ax'"]],
    ["b'a'", []],
    ['[f(), g()]', ['[g()]', '[f()]']],
    ["{'a': 1}", ["{'a': 2}", "{'a': 0}"]],
    ['/a/$(f(true))', ['/a/$(f(false))']],
    ['f(true)[true]', ['f(false)[true]', 'f(true)[false]']],
    ['f()[1:2]', ['f()[2:2]', 'f()[0:2]', 'f()[1:3]', 'f()[1:1]']],
    ['request.auth.uid', ['request.auth.token', 'request.resource.uid']],
    ['request.resource.size', ['request.resource.generation', 'resource.size']],
    ['resource', ['request.resource']],
    ["a.matches('b')", ['.*b', 'b.*', '.*', '(?i)b'].map((other) => `a.matches('${other}')`)],
    ["a.join('b')", ["a.join('bx')"]],
    [
      'f() && (g() || h())',
      [
        'f() || (g() || h())',
        'f()',
        'g() || h()',
        'f() && (g() && h())',
        'f() && g()',
        'f() && h()',
      ],
    ],
  ])('%s', (text, changes) => {
    const normal = (all: string[]) => all.map((one) => printExpression(expressionOf(one))).sort();
    expect(normal(changed(text))).toEqual(normal(changes));
  });

  test('a variable becomes each of the others', () => {
    expect(changed('uid == name', ['uid', 'name', 'uid']).slice(5)).toEqual([
      'name == name',
      'uid == uid',
    ]);
    expect(changed('other', ['uid'])).toEqual([]);
  });
});

test('a small file has these mutants', () => {
  const source = `rules_version = '2';
service firebase.storage {
  match /b/{bucket}/o {
    match /a/{id} {
      function f() { return id == 'x'; }
      allow read, delete: if f();
    }
    match /closed/{all=**} {
      allow get: if false;
    }
  }
}`;
  const { mutants, withoutEffect } = createMutants(source, 'small.rules');
  const isOpening = (what: string): boolean => what.endsWith(' added');
  expect(
    mutants
      .filter(({ what }) => !isOpening(what))
      .map(({ line, column, what }) => `${line}:${column} ${what}`),
  ).toEqual([
    '1:1 rules_version 2 → 1',
    '3:3 /b/{bucket}/o → /bx/{bucket}/o',
    '3:3 /b/{bucket}/o → /b/{bucket=**}/o',
    '3:3 /b/{bucket}/o → /b/{bucket}/ox',
    '4:5 /a/{id} → /ax/{id}',
    '4:5 /a/{id} → /{any}/{id}',
    '4:5 /a/{id} → /a/{id=**}',
    '4:5 /a/{id} → /a/{id}/{below=**}',
    '4:5 /a/{id} → /{above=**}/a/{id}',
    '6:7 /a/{id} allow read, delete: dropped',
    '6:7 /a/{id} allow read, delete: get dropped',
    '6:7 /a/{id} allow read, delete: list dropped',
    '6:7 /a/{id} allow read, delete: delete dropped',
    '6:30 /a/{id} allow read, delete: if true',
    '5:29 /a/{id} f(): return true',
    '5:29 /a/{id} f(): return false',
    "5:29 /a/{id} f(): id == 'x' → id != 'x'",
    "5:29 /a/{id} f(): id == 'x' → id < 'x'",
    "5:29 /a/{id} f(): id == 'x' → id <= 'x'",
    "5:29 /a/{id} f(): id == 'x' → id > 'x'",
    "5:29 /a/{id} f(): id == 'x' → id >= 'x'",
    '5:29 /a/{id} f(): id → bucket',
    "5:35 /a/{id} f(): 'x' → 'xx'",
    '9:21 /closed/{all=**} allow get: if true',
  ]);
  const openings = mutants.filter(({ what }) => isOpening(what)).map(({ what }) => what);
  expect(openings.slice(0, 4)).toEqual([
    '/a/{id} allow read, delete: && resource == null added',
    '/a/{id} allow read, delete: && resource != null added',
    "/a/{id} allow read, delete: && request.auth.token.firebase.sign_in_provider != 'anonymous' added",
    '/a/{id}: allow get: if true added',
  ]);
  // Three narrower, and in two blocks: everybody, who is signed in, and the one in the metadata;
  // `allow get: if true` is what the closed block's own statement became before.
  expect(openings).toHaveLength(3 + 14 + 13);
  // The path of the closed block (its literal twice, its wildcard, below, above) and its statement.
  expect(withoutEffect).toBe(7);
});

describe.each(['storage.rules', 'firestore.rules'])('%s', (file) => {
  const source = readFileSync(join(__dirname, '../../../..', file), 'utf8');
  const { mutants } = createMutants(source, file);

  test('has mutants that all load or are refused, each other than it and the others', () => {
    const own = printRules(parse(new Source(source, file)));
    const sources = mutants.map((mutant) => mutant.source);
    expect(new Set([own, ...sources]).size).toBe(sources.length + 1);
    expect(sources.length).toBeGreaterThan(50);
    for (const mutant of sources) expect(() => compileRules(mutant, 'mutant')).not.toThrow();
  });

  test('has a description of its own for each', () => {
    expect(new Set(mutants.map(({ what }) => what)).size).toBe(mutants.length);
  });
});

test('what would not load in version 1 makes no mutant', () => {
  const source = `rules_version = '2';
service cloud.firestore { match /a/{b=**}/c { allow get: if b == b; } }`;
  expect(createMutants(source, 'a').mutants.map(({ what }) => what)).not.toContain(
    'rules_version 2 → 1',
  );
});
