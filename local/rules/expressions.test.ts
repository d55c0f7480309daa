import { firestoreRules, outcome } from './testing.js';

const request = {
  auth: { uid: 'ann', token: { email: 'ann@example.com', roles: ['editor'] } },
  time: new Date('2026-11-23T10:20:30.456Z'),
  n: null,
  big: 9007199254740993n,
  f: 1.5,
  bytes: Buffer.from('abc'),
  set: new Set(['a', 'b']),
  nested: { a: { b: { c: 1 } } },
};
const resource = { data: { owner: 'ann', tags: ['x', 'y'], count: 3 }, id: 'a' };
const given = { request, resource };

const TRUE = `
  true | !false | !!true | 1 + 2 == 3 | 7 / 2 == 3 | -7 / 2 == -3 | -7 % 3 == -1 | 7.0 / 2 == 3.5
  1 == 1.0 | 2 > 1.5 | 1 + 0.5 == 1.5 | 0.1 + 0.2 != 0.3 | 1e3 == 1000 | 1.5e-1 == 0.15 | 3 - 1 - 1 == 1
  2 + 3 * 4 == 14 | (2 + 3) * 4 == 20 | 20 / 2 / 5 == 2 | -2 * -3 == 6 | - -1 == 1 | 5 % 3 == 2
  9223372036854775807 > 0 | -9223372036854775808 < 0 | request.big == 9007199254740993
  1.0 / 0.0 > 1000000 | 5.5 % 2 == 1.5 | 1 < 2 == true | true == 2 > 1 | 'a' + 'b' == 'ab'
  'a' < 'b' | 'B' < 'a' | 'a' <= 'a' | 'ab' > 'a' | 'a' >= 'a' | '\\uffff' < '\\U0001F600' | "it's" == 'it\\'s'
  'a\\x41\\u0042\\103' == 'aABC' | '\\n'.size() == 1 | '😀'.size() == 1 | 'abc'[0] == 'a' | 'abc'[1:3] == 'bc'
  'abc'[0:0] == '' | 'a😀c'[1] == '😀' | 'a' in ['a', 'b'] | !('c' in ['a', 'b']) | 1 in [1.0]
  'owner' in resource.data | !('nobody' in resource.data) | 'a' in request.set | !(1 in request.set)
  1 is int | 1 is number | 1.0 is float | 1.0 is number | !(1 is float) | 'a' is string | true is bool | [] is list
  {} is map | /a/b is path | request.time is timestamp | duration.value(1, 's') is duration
  latlng.value(1, 2) is latlng | b'a' is bytes | [].toSet() is set | {}.diff({}) is map_diff | !(null is map)
  null == null | null != 1 | request.n == null | 'a' != 1 | 1 != true | [] != {} | [1, 'a', null] == [1, 'a', null]
  [1, 2] != [2, 1] | {'a': 1, 'b': 2} == {'b': 2, 'a': 1} | {'a': 1} != {'a': 2} | [[1]] == [[1.0]]
  [1, 2, 3][1] == 2 | [1, 2, 3][0:2] == [1, 2] | [1, 2, 3][1:1] == [] | {'a': {'b': 1}}['a']['b'] == 1 | {'a': 1}.a == 1
  true ? true : false | false ? false : true | true ? false ? false : true : false | (true ? 1 : 2) == 1
  true || false && false | !(false && true || false) | !false && true | true || 1/0 == 1 | 1/0 == 1 || true
  !(false && 1/0 == 1) | !(1/0 == 1 && false) | true || request.nothing | request.nothing || true | 1 || true
  1 + 1 in [2] | 1 in [1] == true | !(2 in [1] == true) | 1 is int == true | 2 > 1 is bool | 1 == 1 && 2 == 2
  request.auth.uid == 'ann' | request.auth['uid'] == resource.data.owner | request['auth'].token['email'] == 'ann@example.com'
  resource.data.tags[0] == 'x' | resource.data.tags.size() == 2 | resource.id == 'a' | -resource.data.count == -3
  /a/b == /a/b | /a/b != /a/c | /a/$(request.auth.uid) == /a/ann | /a/$('x' + 'y')/c == /a/xy/c | path('a/b') == /a/b
  path('/a/b') == /a/b | /a/$(/b/c)/d == /a/b/c/d | (/a/b)[1] == 'b' | /databases/(default)/documents/a != /a
  [1, 2,].size() == 2 | {'a': 1,}.size() == 1 | /* comment */ true | true // comment
  'a'.size() == 1 && (1 == 2 || 'x' == 'x') | debug(1 == 1) | debug('x') == 'x' | request.f == 1.5
`;

const FALSE = `
  false | 1 == 2 | 'a' == 'b' | 1 == '1' | null == false | request.auth == null | 0.0 / 0.0 == 0.0 / 0.0
  [0.0 / 0.0] == [0.0 / 0.0] | 1 > 1 | 'b' < 'a' | 1 in [] | 'x' in {} | true && false | false || false
  false && request.nothing | request.nothing && false | 1 is string | true ? false : true | !true
  /a/b == '/a/b' | request.set == ['a', 'b'] | b'a' == 'a' | true == 1 | 1 < 0.0 / 0.0 | 2.0 >= 0.0 / 0.0
`;

const ERRORS: readonly (readonly [condition: string, why: RegExp])[] = [
  ['request.nothing', /property 'nothing' is undefined/],
  ['request.n.x == 1', /a null has no property 'x'/],
  ['resource.data.missing == null', /property 'missing' is undefined/],
  ["resource.data['missing'] == null", /property 'missing' is undefined/],
  ['request.auth.constructor == null', /property 'constructor' is undefined/],
  ['request.__proto__ == null', /property '__proto__' is undefined/],
  ["'a'.length == 1", /a string has no property 'length'/],
  ['1 / 0 == 1', /division by zero/],
  ['1 % 0 == 1', /division by zero/],
  ['9223372036854775807 + 1 > 0', /integer overflow/],
  ['-9223372036854775808 - 1 < 0', /integer overflow/],
  ['9223372036854775807 * 2 > 0', /integer overflow/],
  ['-(-9223372036854775808) > 0', /integer overflow/],
  ["'a' + 1 == 'a1'", /'\+' can't be applied to string and int/],
  ['[1] + [2] == [1, 2]', /'\+' can't be applied to list and list/],
  ["'a' < 1", /can't compare string with int/],
  ['null < 1', /can't compare null with int/],
  ['true < false', /can't compare bool with bool/],
  ['!1', /'!' can't be applied to int/],
  ["-'a' == 1", /'-' can't be applied to string/],
  ["'a' in 'abc'", /'in' expects list, set or map, found string/],
  ['1 in null', /'in' expects list, set or map, found null/],
  ['[1][1] == 1', /index 1 is out of range/],
  ['[1][-1] == 1', /index -1 is out of range/],
  ["[1]['0'] == 1", /expected int, found string/],
  ["{'a': 1}[0] == 1", /expected string, found int/],
  ["'abc'[3] == ''", /index 3 is out of range/],
  ["'abc'[1:4] == 'bc'", /range 1:4 is out of range/],
  ["'abc'[2:1] == ''", /range 2:1 is out of range/],
  ['1 ? true : false', /expected bool, found int/],
  ["1/0 == 1 || 'a' == 'b'", /division by zero/],
  ['false || request.nothing', /property 'nothing' is undefined/],
  ['true && request.nothing', /property 'nothing' is undefined/],
  ['request.nothing && true', /property 'nothing' is undefined/],
  ['request.nothing || false', /property 'nothing' is undefined/],
  ['1 && true', /expected bool, found int/],
  ['!(request.nothing == 1)', /property 'nothing' is undefined/],
  ['1', /is int and not bool/],
  ['null', /is null and not bool/],
  ["'true'", /is string and not bool/],
  ['/a/$(1) == /a/b', /a path is made of strings and paths, found int/],
  ["/a/$('b/c') == /a/b/c", /"b\/c" is not one segment of a path/],
  ["/a/$('') == /a", /"" is not one segment of a path/],
  ["path('a//b') == /a/b", /no empty segments/],
  ["(/a/b)['x'] == 'a'", /expected int, found string/],
  ["request.time.uid == 'x'", /a timestamp has no property 'uid'/],
];

/** A table written as conditions between bars, so that one is one line or less. */
function cells(table: string): string[] {
  return table
    .split('\n')
    .flatMap((line) => line.split(/(?<=^|[^|]) \| (?=[^|])/u))
    .map((cell) => cell.trim())
    .filter((cell) => cell !== '');
}

test.each(cells(TRUE))('%s', async (condition) => {
  // A comment may end the condition: its own line keeps the rest of the rule out of it.
  expect(await outcome(`${condition}\n`, given)).toBe(true);
});

test.each(cells(FALSE))('not: %s', async (condition) => {
  expect(await outcome(condition, given)).toBe(false);
});

test.each(ERRORS)('no value: %s', async (condition, why) => {
  const found = await outcome(condition, given);
  expect(found).toMatch(why);
});

test('an error says where the expression stands', async () => {
  const column = firestoreRules('match /{any=**} { allow read, write: if true && ').split('\n')[1];
  expect(await outcome('true && request.x', given)).toBe(
    `error at 2:${(column ?? '').length - 3}: property 'x' is undefined`,
  );
});
