import { fromJson, NULL, path, timestamp } from '../index.js';
import { documentValue, objectValue, queriedValue } from './resources.js';

test("an object's metadata has the types of the service", () => {
  const time = '2025-01-31T12:00:00Z';
  const metadata = { size: '84210', generation: 3, contentType: 'image/png', etag: null };
  const found = objectValue({ ...metadata, updated: time, metadata: { a: 'b' } }, 'x');
  expect(found).toEqual(
    fromJson({ ...metadata, size: 84210, updated: new Date(time), metadata: { a: 'b' } }),
  );
  // As the Admin SDK shows an object.
  const whole = { kind: 'storage#object', storageClass: 'STANDARD', name: 'a' };
  expect(objectValue(whole, 'x')).toEqual(fromJson({ name: 'a' }));
  const special = { size: { $int: '1' }, timeCreated: { $timestamp: time } };
  expect(objectValue(special, 'x')).toEqual(
    fromJson({ size: 1, timeCreated: timestamp(new Date(time)) }),
  );
});

test.each<[json: unknown, message: string]>([
  [{ contentTyp: 'a' }, /^x: expected name, bucket, .* or metadata, found "contentTyp"$/.source],
  [{ contentType: 1 }, 'x.contentType: expected text or null, found 1'],
  [{ size: 1.5 }, 'x.size: expected a whole number, or its digits as text, found 1.5'],
  [{ size: '1.5' }, 'x.size: expected the decimal digits'],
  [{ updated: 'today' }, 'x.updated: expected a time'],
  [{ metadata: { a: 1 } }, 'x.metadata.a: expected text, found 1'],
  [{ metadata: 'a' }, 'x.metadata: expected an object of texts, found "a"'],
  [[], "x: expected an object's metadata or null, found []"],
])('%j is no metadata', (json, message) => {
  const wanted = message.startsWith('^') ? new RegExp(message) : message;
  expect(() => objectValue(json, 'x')).toThrow(wanted);
});

test('a document has data, id and __name__', () => {
  const name = ['databases', '(default)', 'documents', 'users', 'a'];
  expect(documentValue({ size: 1, b: 0.5 }, name, 'x')).toEqual(
    fromJson({ data: { size: 1, b: 0.5 }, id: 'a', __name__: path(name) }),
  );
  expect(() => documentValue({ $int: '1' }, name, 'x')).toThrow("x: expected a document's fields");
  expect(() => documentValue('a', name, 'x')).toThrow("x: expected a document's fields or null");
});

test('what a query finds is open', () => {
  expect(queriedValue({ a: null }, 'x')).toMatchObject({ open: true });
  const { fields } = queriedValue({ a: null }, 'x') as Extract<
    ReturnType<typeof queriedValue>,
    { type: 'map' }
  >;
  expect(fields.get('data')).toEqual({ type: 'map', fields: new Map([['a', NULL]]), open: true });
});
