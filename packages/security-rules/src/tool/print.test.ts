import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '../parser.js';
import { Source } from '../source.js';
import { printExpression, printRules } from './print.js';
import { expressionOf } from './tree.js';

test.each([
  'a && (b || c)',
  'a || b && c',
  '(a || b) && c',
  'a && (b && c)',
  'a - b - c',
  'a - (b - c)',
  '(a + b) * c % d / e',
  '!(a && b)',
  '!a.b',
  '-(-1)',
  '(-1).c',
  '!(a is map) && b.c is int',
  'a in [\'b\', "c"]',
  '(a ? b : c) ? d : e',
  'a ? b : c ? d : e',
  '(a ? b : c) + 1',
  "a.b['c'][1:2].d(e, f(g))",
  "{'a': 1, 'b': {}}.a",
  "get(/databases/$(database)/documents/users/$(request.auth.uid + 'x')).data",
  '(/a/b)[0]',
  "'it\\'s \\\\ \\n'",
  "b'\\x00\\xff'",
  'a == 1.5 || b == 2.0 || c == 1e30 || d == -9223372036854775808',
  '(a == b) == (c != d)',
  'a < (b == c)',
])('%s reads as the same after printing', (text) => {
  const printed = printExpression(expressionOf(text));
  const shape = (of: string): string => JSON.stringify(expressionOf(of), withoutPlaces);
  expect(shape(printed)).toBe(shape(text));
});

test.each([
  ['((a)) && (b.c)', 'a && b.c'],
  ['"it\'s"', "'it\\'s'"],
  ['b"a"', "b'\\x61'"],
  ['1.0', '1.0'],
])('%s is printed as %s', (text, printed) => {
  expect(printExpression(expressionOf(text))).toBe(printed);
});

test.each(['storage.rules', 'firestore.rules'])('%s reads as the same', (file) => {
  const tree = parse(new Source(readFileSync(join(__dirname, '../../../..', file), 'utf8'), file));
  const again = parse(new Source(printRules(tree), file));
  expect(JSON.stringify(again, withoutPlaces)).toBe(JSON.stringify(tree, withoutPlaces));
});

test('all that a file can have is printed', () => {
  const text = `rules_version = '2';
function f(a, b) {
  let c = a;
  return b == c;
}
service firebase.storage {
  match /b/{bucket}/o {
    function g() {
      return true;
    }
    allow read, create;
    allow write: if g();
    match /{all=**} {}
  }
}
`;
  expect(printRules(parse(new Source(text, 'a')))).toBe(text);
});

/** Leaves out where things stand in the text, and writes what JSON can't hold. */
function withoutPlaces(key: string, value: unknown): unknown {
  if (key === 'start' || key === 'end' || key === 'nameStart') return undefined;
  if (value instanceof Set) return [...value].sort();
  return typeof value === 'bigint' ? String(value) : value;
}
