import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expressionMutants } from './expression-mutants.js';
import { createMutants } from './mutants.js';
import { compileRules } from '../index.js';
import { parse } from '../parser.js';
import { Source } from '../source.js';
import { printExpression, printRules } from './print.js';
import { replaceNode, parseExpression } from './tree.js';

/** The mutants of an expression. */
function mutantsOf(text: string, variables: string[] = []): string[] {
  const whole = parseExpression(text);
  return expressionMutants(whole, variables).map(({ from, to }) =>
    printExpression(replaceNode(whole, from, to)),
  );
}

describe('expressionMutants', () => {
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
    const normal = (all: string[]) =>
      all.map((one) => printExpression(parseExpression(one))).sort();
    expect(normal(mutantsOf(text))).toEqual(normal(changes));
  });

  test('replaces a variable by each other variable', () => {
    expect(mutantsOf('uid == name', ['uid', 'name', 'uid']).slice(5)).toEqual([
      'name == name',
      'uid == uid',
    ]);
    expect(mutantsOf('other', ['uid'])).toEqual([]);
  });
});

test('creates these mutants of a small file', () => {
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
  const isAddition = (description: string): boolean => description.endsWith(' added');
  expect(
    mutants
      .filter(({ description }) => !isAddition(description))
      .map(({ line, column, description }) => `${line}:${column} ${description}`),
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
  const additions = mutants
    .filter(({ description }) => isAddition(description))
    .map(({ description }) => description);
  expect(additions.slice(0, 4)).toEqual([
    '/a/{id} allow read, delete: && resource == null added',
    '/a/{id} allow read, delete: && resource != null added',
    "/a/{id} allow read, delete: && request.auth.token.firebase.sign_in_provider != 'anonymous' added",
    '/a/{id}: allow get: if true added',
  ]);
  // Three added conditions. In two blocks, five methods for everyone, for signed-in users and for the user
  // in the metadata (not for list); `allow get: if true` of the closed block is an earlier mutant.
  expect(additions).toHaveLength(3 + 14 + 13);
  // Five changes of the path of the closed block and two of its statement.
  expect(withoutEffect).toBe(7);
});

describe.each(['storage.rules', 'firestore.rules'])('%s', (file) => {
  const source = readFileSync(join(__dirname, '../../../..', file), 'utf8');
  const { mutants } = createMutants(source, file);

  test('has valid mutants that differ from it and from each other', () => {
    const own = printRules(parse(new Source(source, file)));
    const sources = mutants.map((mutant) => mutant.source);
    expect(new Set([own, ...sources]).size).toBe(sources.length + 1);
    expect(sources.length).toBeGreaterThan(50);
    for (const mutant of sources) expect(() => compileRules(mutant, 'mutant')).not.toThrow();
  });

  test('has a unique description for each mutant', () => {
    expect(new Set(mutants.map(({ description }) => description)).size).toBe(mutants.length);
  });
});

test('creates no mutant for version 1 when the file is invalid there', () => {
  const source = `rules_version = '2';
service cloud.firestore { match /a/{b=**}/c { allow get: if b == b; } }`;
  expect(createMutants(source, 'a').mutants.map(({ description }) => description)).not.toContain(
    'rules_version 2 → 1',
  );
});
