import { firestoreRules, evaluateCondition, evaluateRow, type Row } from './testing.js';

const options = {
  request: { auth: { uid: 'ann', token: { email: 'ann@example.com' } }, n: null },
  resource: { data: { owner: 'ann', tags: ['x', 'y'], count: 3 }, id: 'a' },
};

/** Combinations of statements of the reference. */
const PAGES: Record<string, readonly Row[]> = {
  members: [
    ["request.auth['uid'] == resource.data.owner", true],
    ["request['auth'].token['email'] == 'ann@example.com'", true],
    ["resource.data.tags[0] == 'x' && resource.data.tags.size() == 2", true],
    ['-resource.data.count == -3', true],
    ['/a/$(request.auth.uid) == /a/ann', true],
    ["'a😀c'[3] == 'c' && 'a😀c'[1:3] == '😀'", true],
    ['request.n == null', true],
    ['request.__proto__ == null', "error: property '__proto__' is undefined"],
    ["resource.data['missing'] == null", "error: property 'missing' is undefined"],
  ],
  errors: [
    ['true || 1/0 == 1', true],
    ['1/0 == 1 || true', true],
    ['!(false && 1/0 == 1)', true],
    ['!(1/0 == 1 && false)', true],
    ["1/0 == 1 || 'a' == 'b'", 'error: division by zero'],
    ["'a'.size() == 1 && (1 == 2 || 'x' == 'x')", true],
  ],
  // The line break ends the comment, so that the rest of the rule is not part of it.
  comments: [
    ['true // comment\n', true],
    ['true /* one */ && /* two\nlines */ true', true],
    ['true /* no end', "rejected: expected '*/' to end this comment"],
  ],
};

describe.each(Object.entries(PAGES))('%s', (_page, rows) => {
  test.each(rows)('%s is %p', async (...row) => {
    expect(await evaluateRow(row, options)).toBe(row[1]);
  });
});

test('an error has the line and column of the expression', async () => {
  const column = firestoreRules('match /{any=**} { allow read, write: if true && ').split('\n')[1];
  expect(await evaluateCondition('true && request.x', options)).toBe(
    `error at 2:${(column ?? '').length - 3}: property 'x' is undefined`,
  );
});
