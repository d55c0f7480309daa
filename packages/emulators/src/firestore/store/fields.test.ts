import { parseName } from '../names.js';
import type * as v1 from '../v1.js';
import { deleteField, getField, parseFieldPath, pickFields, setField } from './fields.js';

const ROOT = 'projects/p/databases/(default)/documents';
const text = (stringValue: string): v1.Value => ({ stringValue });

it('reads, sets and deletes fields by path, without changing maps that others hold', () => {
  expect(parseFieldPath('a.`b.c\\``.`d`')).toEqual(['a', 'b.c`', 'd']);
  const fields: v1.Fields = {};
  setField(fields, 'a.b', text('x'));
  const held = fields['a'];
  setField(fields, 'a.c', text('y'));
  expect(held).toEqual({ mapValue: { fields: { b: text('x') } } });
  expect(getField(fields, 'a.c')).toEqual(text('y'));
  expect(getField(fields, 'a.constructor')).toBeUndefined();
  expect(pickFields(fields, ['a.b', 'none'])).toEqual({
    a: { mapValue: { fields: { b: text('x') } } },
  });
  deleteField(fields, 'a.b');
  deleteField(fields, 'none.b');
  expect(fields).toEqual({ a: { mapValue: { fields: { c: text('y') } } } });
});

it('sets a field named __proto__ as any other', () => {
  const fields: v1.Fields = {};
  setField(fields, '__proto__.x', text('y'));
  expect(Object.keys(fields)).toEqual(['__proto__']);
  expect(getField(fields, '__proto__.x')).toEqual(text('y'));
});

it.each(['', '.', 'a.', '.a', 'a..b', '`a', '`a`b', '``', 'a.`b`.'])(
  'rejects the field path "%s"',
  (path) => {
    expect(() => parseFieldPath(path)).toThrow(/^Invalid (empty )?property path/);
  },
);

it('parses resource names and rejects others', () => {
  expect(parseName(`${ROOT}/a/b c`)).toEqual({
    project: 'p',
    database: '(default)',
    path: ['a', 'b c'],
  });
  expect(parseName('projects/p/databases/d').path).toEqual([]);
  expect(() => parseName('projects/p')).toThrow('Not a resource name');
});
