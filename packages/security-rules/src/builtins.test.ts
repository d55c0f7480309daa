import { evaluateRow, type Row } from './testing.js';

/** Details that the reference implies, and undocumented cases that the engine rejects. */
const PAGES: Record<string, readonly Row[]> = {
  String: [
    ["'a\\nb'.matches('a.b')", false],
    ["'a\\nb'.matches('(?s)a.b')", true],
    ["'a.png'.matches('.*\\\\.png')", true],
    ["'😀'.matches('.')", true],
    ["'aaa'.replace('a+', 'b') == 'b'", true],
    ["''.split('/') == ['']", true],
    ["'/a//b'.split('/') == ['', 'a', '', 'b']", true],
    ["'é€'.size() == 2 && '😀'.size() == 2", true],
    ["'É'.lower() == 'É' && 'é'.upper() == 'é'", true],
    ["'\\uffff' < '😀'", false],
    ["'\\n'.size() == 1", true],
    ["'  a b\\t'.trim() == 'a b'", true],
    ["'aa'.matches('(a)' + '\\\\1')", 'error: invalid RE2 pattern'],
    ['string(/a/b) == "/a/b"', true],
    ["string(-0.5) == '-0.5' && string(0.0) == '0.0'", true],
    ["string(10000000.0) == '1.0E7'", true],
    ["string(0.00015) == '1.5E-4'", true],
    ["string(12345678.5) == '1.23456785E7' && string(0.001) == '0.001'", true],
    ["string(-0.0) == '-0.0'", true],
    ["string(0.0 / 0.0) == 'NaN'", true],
    ["'a/b/'.split('/') == ['a', 'b'] && ',,'.split(',') == ['']", true],
    ["'abc'.split('') == ['a', 'b', 'c']", 'rejected: expected a pattern that does not match the'],
    ["'abc'.split('b' + '*') == ['a', 'c']", 'error: expected a pattern that does not match the'],
    ["'abc'.replace('b*', '-') == ''", 'rejected: expected a pattern that does not match the'],
    ["'abc'.replace('b' + '?', '-') == ''", 'error: expected a pattern that does not match the'],
    ["'a'.replace('a', '$1') == ''", "rejected: expected a replacement without '\\' and '$'"],
    ["'a'.replace('a', 'b' + '\\\\1') == 'b'", "error: expected a replacement without '\\' and"],
  ],
  'List and Set': [
    ["['a', 1, true].join('-') == 'a-1-true'", true],
    ["[].join(',') == ''", true],
    ['[[1]].join(",") == "1"', "error: a list can't be converted to string"],
    ['[0.0 / 0.0] == [0.0 / 0.0]', false],
    ["'a' in request.set && !(1 in request.set) && request.set.size() == 3", true],
    ["['a'].hasAll(['a'].toSet())", 'error: expected list, found set'],
  ],
  Map: [["request.map.get('constructor', 7) == 7", true]],
  numbers: [
    ['int(-2.7) == -2', true],
    ["float('1e3') == 1000", true],
    ['bool(true) && int(1) == 1 && float(1.0) == 1.0', true],
    ['math.round(-1.5) == -1 && math.round(1.5) == 2', true],
    ['1.0 / 0.0 > 1000000', true],
  ],
  Timestamp: [['timestamp.date(99, 3, 1).year() == 99', true]],
  Path: [
    ["/a/$('x' + 'y')/c == /a/xy/c && /a/$(/b/c)/d == /a/b/c/d", true],
    ['/databases/(default)/documents/a != /a', true],
    ["/a/$('b/c') == /a/b/c", 'error: expected one path segment, found "b/c"'],
    ["/a/$('') == /a", 'error: expected one path segment, found ""'],
  ],
};

const options = { request: { map: { a: 1 }, set: new Set(['a', 'b', 'c']) } };

describe.each(Object.entries(PAGES))('%s', (_page, rows) => {
  test.each(rows)('%s is %p', async (...row) => {
    expect(await evaluateRow(row, options)).toBe(row[1]);
  });
});
