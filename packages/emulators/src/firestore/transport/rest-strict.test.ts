/** Requests that do not fit the protocol: the answers are those of Google's REST API. */
import { PROJECT, startTestEmulator, type TestEmulator } from '../testing.js';

const NAME = `projects/${PROJECT}/databases/(default)/documents`;
const OPEN = `rules_version = '2'; service cloud.firestore {
  match /databases/{database}/documents/{document=**} { allow read, write; } }`;

let emulator: TestEmulator;

beforeAll(async () => {
  emulator = await startTestEmulator(OPEN);
  await emulator.admin.doc('a/1').set({ n: 1 });
});
afterAll(() => emulator.stop());

interface Answer {
  status: number;
  error: { code: number; message: string; status: string; details?: object[] };
}

/** @param path after the database; a body that is no text is sent as JSON */
async function send(method: string, path: string, body?: unknown): Promise<Answer> {
  const text = typeof body === 'string' || body === undefined ? body : JSON.stringify(body);
  const response = await fetch(`${emulator.url}/v1/${NAME}${path}`, {
    method,
    headers: { 'Content-Type': 'text/plain' },
    ...(text !== undefined && { body: text }),
  });
  const json = (await response.json()) as { error: Answer['error'] } | { error: Answer['error'] }[];
  const { error } = Array.isArray(json) ? (json[0] ?? { error: undefined }) : json;
  return { status: response.status, error: error as Answer['error'] };
}

const valueOf = (value: unknown) => ({ fields: { a: value } });
const write = (value: unknown) => ({
  writes: [{ update: { name: `${NAME}/a/2`, fields: { a: value } } }],
});
const query = (structuredQuery: object) => ({ structuredQuery });
const FROM = [{ collectionId: 'a' }];
const URL_OF = 'type.googleapis.com/google.';

type Row = [name: string, method: string, path: string, body: unknown, message: string];

const REFUSED: Row[] = [
  ['an unknown field', 'POST', ':runQuery', { x: 1 }, 'Invalid JSON payload received. Unknown name "x": Cannot find field.'],
  ['an unknown field of a message', 'POST', ':runQuery', query({ form: [] }), `Invalid JSON payload received. Unknown name "form" at 'structured_query': Cannot find field.`],
  ['an unknown field in a list', 'POST', ':runQuery', query({ from: [{ id: 'a' }] }), `Invalid JSON payload received. Unknown name "id" at 'structured_query.from[0]': Cannot find field.`],
  ['an unknown field of a document', 'PATCH', '/a/2', { field: {} }, `Invalid JSON payload received. Unknown name "field" at 'document': Cannot find field.`],
  ['an unknown type of a value', 'PATCH', '/a/2', valueOf({ intValue: 1 }), `Invalid JSON payload received. Unknown name "intValue" at 'document.fields[0].value': Cannot find field.`],
  ['text for a 64-bit integer', 'PATCH', '/a/2', valueOf({ integerValue: 'x' }), `Invalid value at 'document.fields[0].value.integer_value' (TYPE_INT64), "x"`],
  ['2^63', 'PATCH', '/a/2', valueOf({ integerValue: '9223372036854775808' }), `Invalid value at 'document.fields[0].value.integer_value' (TYPE_INT64), "9223372036854775808"`],
  ['2^63 as a number', 'POST', ':commit', `{"writes":[{"update":{"name":"${NAME}/a/2","fields":{"a":{"integerValue":9223372036854775808}}}}]}`, `Invalid value at 'writes[0].update.fields[0].value.integer_value' (TYPE_INT64), "9223372036854775808"`],
  ['less than -2^63', 'PATCH', '/a/2', valueOf({ integerValue: '-9223372036854775809' }), 'TYPE_INT64'],
  ['a fraction for an integer', 'PATCH', '/a/2', valueOf({ integerValue: 1.5 }), `(TYPE_INT64), 1.5`],
  ['a boolean for an integer', 'PATCH', '/a/2', valueOf({ integerValue: true }), `(TYPE_INT64), true`],
  ['a number for a string', 'PATCH', '/a/2', valueOf({ stringValue: 7 }), `Invalid value at 'document.fields[0].value.string_value' (TYPE_STRING), 7`],
  ['half a surrogate pair', 'PATCH', '/a/2', valueOf({ stringValue: '\ud800' }), '(TYPE_STRING), Invalid UTF-8'],
  ['text for a boolean', 'PATCH', '/a/2', valueOf({ booleanValue: 'true' }), `(TYPE_BOOL), "true"`],
  ['text for a double', 'PATCH', '/a/2', valueOf({ doubleValue: 'much' }), `(TYPE_DOUBLE), "much"`],
  ['a double that is too large', 'PATCH', '/a/2', '{"fields":{"a":{"doubleValue":1e999}}}', '(TYPE_DOUBLE)'],
  ['bytes that are not base64', 'POST', ':commit', write({ bytesValue: '!!!' }), `Invalid value at 'writes[0].update.fields[0].value.bytes_value' (TYPE_BYTES), Base64 decoding failed for "!!!"`],
  ['a transaction that is not base64', 'POST', ':commit', { transaction: 'not base64!' }, `Invalid value at 'transaction' (TYPE_BYTES), Base64 decoding failed for "not base64!"`],
  ['a time without an offset', 'PATCH', '/a/2', valueOf({ timestampValue: '2026-01-02T03:04:05' }), `Invalid value at 'document.fields[0].value.timestamp_value' (${URL_OF}protobuf.Timestamp), Field 'timestampValue', Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.`],
  ['31 February', 'PATCH', '/a/2', valueOf({ timestampValue: '2026-02-31T03:04:05Z' }), 'Invalid time format: 2026-02-31T03:04:05Z'],
  ['the year 0', 'PATCH', '/a/2', valueOf({ timestampValue: '0000-01-01T00:00:00Z' }), 'Timestamp value exceeds limits'],
  ['a number for a time', 'PATCH', '/a/2', valueOf({ timestampValue: 5 }), `(${URL_OF}protobuf.Timestamp), 5`],
  ['two types of a value', 'PATCH', '/a/2', valueOf({ integerValue: 1, stringValue: 'x' }), `Invalid value at 'document.fields[0].value' (oneof), oneof field 'value_type' is already set. Cannot set 'stringValue'`],
  ['text for a value', 'PATCH', '/a/2', valueOf('x'), `Invalid value at 'document.fields[0].value' (${URL_OF}firestore.v1.Value), "x"`],
  ['null for a value', 'PATCH', '/a/2', valueOf(null), `Invalid value at 'document.fields[0].value' (${URL_OF}firestore.v1.Value), null`],
  ['a list for a value', 'PATCH', '/a/2', valueOf([1]), `Invalid value at 'document.fields[0].value' (${URL_OF}firestore.v1.Value), [...]`],
  ['text for a geo point', 'PATCH', '/a/2', valueOf({ geoPointValue: 'x' }), `(${URL_OF}type.LatLng), "x"`],
  ['a value without a type', 'PATCH', '/a/2', valueOf({}), 'type unset'],
  ['a value without a type in a list', 'PATCH', '/a/2', valueOf({ arrayValue: { values: [{}] } }), 'type unset'],
  ['a latitude over 90', 'PATCH', '/a/2', valueOf({ geoPointValue: { latitude: 91, longitude: 0 } }), 'Latitude must be in [-90, 90].'],
  ['a longitude over 180', 'PATCH', '/a/2', valueOf({ geoPointValue: { latitude: 0, longitude: -181 } }), 'Longitude must be in [-180, 180].'],
  ['a reference that is no name', 'PATCH', '/a/2', valueOf({ referenceValue: 'x' }), 'x'],
  ['text for the fields', 'PATCH', '/a/2', { fields: 'x' }, `Invalid value at 'document.fields' (${URL_OF}firestore.v1.Document.FieldsEntry), "x"`],
  ['an unknown operator', 'POST', ':runQuery', query({ from: FROM, where: { fieldFilter: { field: { fieldPath: 'n' }, op: 'LIKE', value: { integerValue: 1 } } } }), `Invalid value at 'structured_query.where.field_filter.op' (${URL_OF}firestore.v1.StructuredQuery.FieldFilter.Operator), "LIKE"`],
  ['an unknown direction', 'POST', ':runQuery', query({ from: FROM, orderBy: [{ field: { fieldPath: 'n' }, direction: 'desc' }] }), `Invalid value at 'structured_query.order_by[0].direction' (${URL_OF}firestore.v1.StructuredQuery.Direction), "desc"`],
  ['an object for a list', 'POST', ':runQuery', query({ from: FROM[0] }), `Invalid value at 'structured_query.from' (${URL_OF}firestore.v1.StructuredQuery.CollectionSelector), {...}`],
  ['null in a list', 'POST', ':runQuery', query({ from: [null] }), `Invalid value at 'structured_query.from[0]'`],
  ['a list for a message', 'POST', ':runQuery', query([]), `Invalid JSON payload received. Unknown name "structuredQuery": Proto field is not repeating, cannot start list.`],
  ['a limit of 2^31', 'POST', ':runQuery', query({ from: FROM, limit: 2147483648 }), `Invalid value at 'structured_query.limit.value' (TYPE_INT32), 2147483648`],
  ['an aggregation with an unknown field', 'POST', ':runAggregationQuery', { structuredAggregationQuery: { aggregations: [{ max: {} }] } }, `Unknown name "max" at 'structured_aggregation_query.aggregations[0]'`],
  ['a list of names with a number', 'POST', ':batchGet', { documents: [7] }, `Invalid value at 'documents[0]' (TYPE_STRING), 7`],
  ['an unknown option of a transaction', 'POST', ':beginTransaction', { options: { readWrite: { x: 1 } } }, `Unknown name "x" at 'options.read_write'`],
  ['a list as the body', 'POST', ':commit', [], 'Invalid JSON payload received. Unknown name "": Root element must be a message.'],
  ['null as the body', 'POST', ':commit', 'null', 'Root element must be a message.'],
  ['half a body', 'POST', ':commit', '{"writes":', 'Invalid JSON payload received.'],
  ['maps that nest too deeply', 'PATCH', '/a/2', valueOf(nested(200)), 'Message too deep.'],
  ['100,000 brackets', 'POST', ':commit', `{"writes":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'nested more than 1000 levels deep.'],
  ['an unknown parameter', 'GET', '/a/1?masked=n', undefined, `Invalid JSON payload received. Unknown name "masked": Cannot bind query parameter. Field 'masked' could not be found in request message.`],
  ['a parameter of the path', 'GET', '/a/1?name=x', undefined, 'Cannot bind query parameter.'],
  ['a parameter that is a message', 'GET', '/a/1?mask=n', undefined, 'Cannot bind query parameter.'],
  ['a parameter of another method', 'POST', ':commit?pageSize=1', {}, 'Cannot bind query parameter.'],
  ['text for a boolean parameter', 'GET', '/a?showMissing=yes', undefined, `Invalid value at 'show_missing' (TYPE_BOOL), "yes"`],
  ['text for a numeric parameter', 'GET', '/a?pageSize=x', undefined, `Invalid value at 'page_size' (TYPE_INT32), "x"`],
  ['a parameter twice', 'GET', '/a?pageSize=1&pageSize=2', undefined, 'Proto field is not repeating, cannot start list.'],
  ['two times of reading', 'GET', '/a/1?readTime=2026-01-02T03:04:05Z&transaction=abcd', undefined, `oneof field 'consistency_selector' is already set`],
  ['a time in a parameter that is none', 'GET', '/a/1?readTime=yesterday', undefined, 'Illegal timestamp format'],
  ['a precondition that is no boolean', 'DELETE', '/a/2?currentDocument.exists=1', undefined, `Invalid value at 'current_document.exists' (TYPE_BOOL), "1"`],
  ['percent-encoding that is not UTF-8', 'GET', '/a/%ff', undefined, 'percent-encoding'],
  ['half an escape in the path', 'GET', '/a/%4', undefined, 'percent-encoding'],
]; // prettier-ignore

function nested(depth: number): object {
  let value: object = { nullValue: null };
  for (let level = 0; level < depth; level++) value = { mapValue: { fields: { a: value } } };
  return value;
}

test.each(REFUSED)('refuses %s with 400', async (_name, method, path, body, message) => {
  const { status, error } = await send(method, path, body);
  expect(error).toMatchObject({
    status: 'INVALID_ARGUMENT',
    code: 400,
    message: expect.stringContaining(message) as string,
  });
  expect(status).toBe(400);
});

const ACCEPTED: [name: string, method: string, path: string, body: unknown][] = [
  ['names in snake case', 'POST', ':runQuery', { structured_query: { from: [{ collection_id: 'a', all_descendants: false }] } }],
  ['64-bit integers as numbers', 'PATCH', '/a/3', '{"fields":{"a":{"integerValue":9223372036854775807}}}'],
  ['64-bit integers as text', 'PATCH', '/a/3', valueOf({ integerValue: '-9223372036854775808' })],
  ['integers with an exponent', 'PATCH', '/a/3', '{"fields":{"a":{"integerValue":1e3}}}'],
  ['doubles as text', 'PATCH', '/a/3', valueOf({ doubleValue: 'NaN' })],
  ['base64 and base64url', 'PATCH', '/a/3', valueOf({ arrayValue: { values: [{ bytesValue: '-_8=' }, { bytesValue: '+/8' }] } })],
  ['enums as numbers', 'POST', ':runQuery', query({ from: FROM, orderBy: [{ field: { fieldPath: 'n' }, direction: 2 }] })],
  ['null for an absent field', 'POST', ':runQuery', { structuredQuery: { from: FROM, where: null }, readTime: null }],
  ['null values', 'PATCH', '/a/3', valueOf({ nullValue: 'NULL_VALUE' })],
  ['limits as messages', 'POST', ':runQuery', query({ from: FROM, limit: { value: 5 } })],
  ['a time with an offset', 'PATCH', '/a/3', valueOf({ timestampValue: '2026-01-02T03:04:05.123456+05:30' })],
  ['an empty body', 'POST', ':beginTransaction', ''],
  ['parameters in snake case, repeated', 'GET', '/a/1?mask.field_paths=n&mask.fieldPaths=m', undefined],
  ['parameters of every Google API', 'GET', '/a/1?alt=json&$alt=json&key=x&prettyPrint=false&$.xgafv=2', undefined],
]; // prettier-ignore

test.each(ACCEPTED)('accepts %s', async (_name, method, path, body) => {
  expect(await send(method, path, body)).toEqual({ status: 200, error: undefined });
});

test('keeps the exact value of a number with 19 digits, and text that looks like one', async () => {
  const values =
    '{"integerValue":9223372036854775807},{"stringValue":" 1234567890123456789 \\\\\\""}';
  await send('PATCH', '/a/4', `{"fields":{"a":{"arrayValue":{"values":[${values}]}}}}`);
  const response = await fetch(`${emulator.url}/v1/${NAME}/a/4`);
  expect(await response.json()).toMatchObject({
    fields: {
      a: {
        arrayValue: {
          values: [
            { integerValue: '9223372036854775807' },
            { stringValue: ' 1234567890123456789 \\"' },
          ],
        },
      },
    },
  });
});

test('lists what does not fit, as google.rpc.BadRequest', async () => {
  const { error } = await send('PATCH', '/a/2', {
    fields: { a: { integerValue: 'x' }, b: { stringValue: 1 } },
    x: 1,
  });
  expect(error.message.split('\n')).toHaveLength(3);
  expect(error.details).toEqual([
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [
        {
          field: 'document.fields[0].value.integer_value',
          description: expect.any(String) as string,
        },
        {
          field: 'document.fields[1].value.string_value',
          description: expect.any(String) as string,
        },
        {
          field: 'document',
          description: expect.stringContaining('Unknown name "x"') as string,
        },
      ],
    },
  ]);
});

test('answers the errors of a streaming method in a list', async () => {
  const response = await fetch(`${emulator.url}/v1/${NAME}:runQuery`, {
    method: 'POST',
    body: '{"x":1}',
  });
  expect(await response.json()).toMatchObject([{ error: { code: 400 } }]);
});

test.each([
  ['spaces', 'a b'],
  ['dots', 'a.b..c'],
  ['percent signs', '100%'],
  ['other alphabets and emoji', 'é漢😀'],
  ['a colon', 'a:commit'],
  ['a question mark', 'a?b#c'],
  ['a plus sign', 'a+b'],
])('finds documents whose IDs have %s', async (_name, id) => {
  await emulator.admin.collection('ids').doc(id).set({ id });
  const response = await fetch(`${emulator.url}/v1/${NAME}/ids/${encodeURIComponent(id)}`);
  expect(await response.json()).toMatchObject({ fields: { id: { stringValue: id } } });
});

test('takes an encoded slash for a part of the ID', async () => {
  expect((await send('PATCH', '/a/x%2Fy', {})).status).toBe(200);
  const ids = (await emulator.admin.collection('a').listDocuments()).map(({ id }) => id);
  expect(ids).toContain('x%2Fy');
});

test('refuses a body over 11 MiB with 413, and reads on', async () => {
  const body = ' '.repeat(12 * 1024 * 1024);
  const response = await fetch(`${emulator.url}/v1/${NAME}:commit`, { method: 'POST', body }).catch(
    () => undefined,
  );
  // The connection may be closed before the whole body is sent.
  if (response) {
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: { code: 413, message: 'Request payload size exceeds the limit: 11534336 bytes.' },
    });
  }
  expect((await send('GET', '/a/1')).status).toBe(200);
});
