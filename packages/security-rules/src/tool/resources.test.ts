import { fromJson, map, NULL, path, timestamp } from '../index.js';
import { Place } from './input.js';
import { documentValue, objectValue, queriedValue } from './resources.js';

const PLACE = new Place('x');

test("converts an object's metadata to the types of the service", () => {
  const time = '2025-01-31T12:00:00Z';
  const metadata = { size: '84210', generation: 3, contentType: 'image/png', etag: null };
  const value = objectValue({ ...metadata, updated: time, metadata: { a: 'b' } }, PLACE);
  expect(value).toEqual(
    fromJson({ ...metadata, size: 84210, updated: new Date(time), metadata: { a: 'b' } }),
  );
  // As in the Admin SDK.
  const complete = { kind: 'storage#object', storageClass: 'STANDARD', name: 'a' };
  expect(objectValue(complete, PLACE)).toEqual(fromJson({ name: 'a' }));
  const special = { size: { $int: '1' }, timeCreated: { $timestamp: time } };
  expect(objectValue(special, PLACE)).toEqual(
    fromJson({ size: 1, timeCreated: timestamp(new Date(time)) }),
  );
});

test('keeps custom metadata with any name', () => {
  const json: unknown = JSON.parse('{"metadata": {"__proto__": "a"}}');
  const { fields } = objectValue(json, PLACE) as Extract<
    ReturnType<typeof objectValue>,
    { type: 'map' }
  >;
  expect(fields.get('metadata')).toEqual({
    type: 'map',
    fields: new Map([['__proto__', fromJson('a')]]),
  });
});

test.each<[json: unknown, message: string]>([
  [{ contentTyp: 'a' }, /^x: expected name, bucket, .* or metadata, found "contentTyp"$/.source],
  [{ contentType: 1 }, 'x: contentType: expected a string or null, found 1'],
  [{ size: 1.5 }, 'x: size: expected a whole number, or its decimal digits as a string, found 1.5'],
  [
    { size: '1.5' },
    'x: size: expected a whole number, or its decimal digits as a string, found "1.5"',
  ],
  [{ updated: 'today' }, 'x: updated: expected an RFC 3339 time'],
  [{ metadata: { a: 1 } }, 'x: metadata.a: expected a string, found 1'],
  [{ metadata: 'a' }, 'x: metadata: expected an object of strings, found "a"'],
  [[], "x: expected an object's metadata or null, found []"],
])('rejects the metadata %j', (json, message) => {
  const expected = message.startsWith('^') ? new RegExp(message) : message;
  expect(() => objectValue(json, PLACE)).toThrow(expected);
});

test('returns data, id and __name__ of a document', () => {
  const name = ['databases', '(default)', 'documents', 'users', 'a'];
  expect(documentValue({ size: 1, b: 0.5 }, name, PLACE)).toEqual(
    fromJson({ data: { size: 1, b: 0.5 }, id: 'a', __name__: path(name) }),
  );
  expect(() => documentValue({ $int: '1' }, name, PLACE)).toThrow(
    "x: expected a document's fields",
  );
  expect(() => documentValue('a', name, PLACE)).toThrow("x: expected a document's fields or null");
});

test('returns the known fields of the documents of a query', () => {
  expect(queriedValue({ a: null }, PLACE)).toEqual(map([['data', map([['a', NULL]])]]));
  expect(queriedValue(undefined, PLACE)).toEqual(map([['data', map([])]]));
});
