import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from '../parser.js';
import { Source } from '../source.js';
import { printExpression, printRules } from './print.js';
import { parseExpression } from './tree.js';

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
])('parsing the printed %s gives an equal tree', (text) => {
  const printed = printExpression(parseExpression(text));
  const shape = (source: string): string =>
    JSON.stringify(parseExpression(source), withoutPositions);
  expect(shape(printed)).toBe(shape(text));
});

test.each([
  ['((a)) && (b.c)', 'a && b.c'],
  ['"it\'s"', "'it\\'s'"],
  ['b"a"', "b'\\x61'"],
  ['1.0', '1.0'],
])('prints %s as %s', (text, printed) => {
  expect(printExpression(parseExpression(text))).toBe(printed);
});

test.each(['storage.rules', 'firestore.rules'])(
  'parsing the printed %s gives an equal tree',
  (file) => {
    const tree = parse(
      new Source(readFileSync(join(__dirname, '../../../..', file), 'utf8'), file),
    );
    const again = parse(new Source(printRules(tree), file));
    expect(JSON.stringify(again, withoutPositions)).toBe(JSON.stringify(tree, withoutPositions));
  },
);

test('prints all parts of a file', () => {
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

/** A JSON replacer that leaves out positions and converts sets and bigints. */
function withoutPositions(key: string, value: unknown): unknown {
  if (key === 'start' || key === 'end' || key === 'nameStart' || key === 'parameterStarts')
    return undefined;
  if (value instanceof Set) return [...value].sort();
  return typeof value === 'bigint' ? String(value) : value;
}
