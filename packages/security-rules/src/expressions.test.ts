import { firestoreRules, outcome, verdict, type Row } from './testing.js';

const given = {
  request: { auth: { uid: 'ann', token: { email: 'ann@example.com' } }, n: null },
  resource: { data: { owner: 'ann', tags: ['x', 'y'], count: 3 }, id: 'a' },
};

/** What holds by putting together what the reference says. */
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
  // A comment may end the condition: its own line keeps the rest of the rule out of it.
  comments: [
    ['true // comment\n', true],
    ['true /* one */ && /* two\nlines */ true', true],
    ['true /* no end', "refused: expected '*/' to end this comment"],
  ],
};

describe.each(Object.entries(PAGES))('%s', (_page, rows) => {
  test.each(rows)('%s is %p', async (...row) => {
    expect(await verdict(row, given)).toBe(row[1]);
  });
});

test('an error says where the expression stands', async () => {
  const column = firestoreRules('match /{any=**} { allow read, write: if true && ').split('\n')[1];
  expect(await outcome('true && request.x', given)).toBe(
    `error at 2:${(column ?? '').length - 3}: property 'x' is undefined`,
  );
});
