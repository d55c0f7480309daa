/** Requests over REST that differ from Google's answers most easily: times, pages, transforms, filters. */
import { PROJECT, startTestEmulator, type TestEmulator } from '../testing.js';

const NAME = `projects/${PROJECT}/databases/(default)/documents`;
const OWNER = { Authorization: 'Bearer owner' };

let emulator: TestEmulator;
/** A time at which c/1 to c/3 had the field n, and not yet twice its value. */
let before: string;

interface Document {
  name: string;
  fields?: Record<string, unknown>;
  createTime?: string;
}

beforeAll(async () => {
  emulator = await startTestEmulator();
  for (const n of [1, 2, 3]) await emulator.admin.doc(`c/${n}`).set({ n, 'a.b': n, tags: ['x'] });
  await emulator.admin.doc('c/4/deep/1').set({ n: 4 });
  const { readTime } = await emulator.admin.doc('c/1').get();
  before = readTime.toDate().toISOString().replace('Z', '999Z');
  while (Date.now() <= readTime.toMillis()) await new Promise((resolve) => setImmediate(resolve));
  for (const n of [1, 2, 3]) await emulator.admin.doc(`c/${n}`).update({ n: n * 2 });
});
afterAll(() => emulator.stop());

async function send(method: string, path: string, body?: unknown) {
  const init = {
    method,
    headers: OWNER,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  const response = await fetch(`${emulator.url}/v1/${NAME}${path}`, init);
  const json: unknown = await response.json();
  return { status: response.status, body: json };
}

/** Runs a query; returns the IDs and the field n of the documents, or the error. */
async function query(structuredQuery: object, more: object = {}): Promise<unknown> {
  const from = [{ collectionId: 'c' }];
  const { status, body } = await send('POST', ':runQuery', {
    structuredQuery: { from, ...structuredQuery },
    ...more,
  });
  const answers = body as { document?: Document; error?: { status: string } }[];
  if (status !== 200) return { status, error: answers[0]?.error?.status };
  return answers.flatMap(({ document }) => document?.name.split('/').at(-1) ?? []);
}

const value = (n: number) => ({ integerValue: String(n) });
const field = (fieldPath: string) => ({ fieldPath });
const filter = (path: string, op: string, operand: object) => ({
  fieldFilter: { field: field(path), op, value: operand },
});
const composite = (op: string, ...filters: object[]) => ({ compositeFilter: { op, filters } });
const list = (...values: object[]) => ({ arrayValue: { values } });
const order = (path: string, direction: string) => ({ field: field(path), direction });

describe('readTime', () => {
  const future = new Date(Date.now() + 60_000).toISOString();
  const old = new Date(Date.now() - 2 * 3600_000).toISOString();
  const at = (time: string) => encodeURIComponent(time);

  it('reads documents as they were', async () => {
    const { body } = await send('GET', `/c/1?readTime=${at(before)}`);
    expect(body).toMatchObject({ fields: { n: value(1) } });
    const many = await send('POST', ':batchGet', { documents: [`${NAME}/c/2`], readTime: before });
    expect(many.body).toMatchObject([{ found: { fields: { n: value(2) } } }]);
    expect(await query({ where: filter('n', 'EQUAL', value(3)) }, { readTime: before })).toEqual([
      '3',
    ]);
    const begun = await send('POST', ':beginTransaction', {
      options: { readOnly: { readTime: before } },
    });
    const { transaction } = begun.body as { transaction: string };
    const inside = await send('GET', `/c/3?transaction=${encodeURIComponent(transaction)}`);
    expect(inside.body).toMatchObject({ fields: { n: value(3) } });
  });

  it.each([
    ['the future', future, 'INVALID_ARGUMENT'],
    ['a time before the versions that are kept', old, 'FAILED_PRECONDITION'],
  ])('of %s is an error', async (_name, time, status) => {
    const answer = { status: 400, body: { error: { code: 400, status } } };
    expect(await send('GET', `/c/1?readTime=${at(time)}`)).toMatchObject(answer);
    expect(await query({}, { readTime: time })).toEqual({ status: 400, error: status });
    expect(
      await send('POST', ':batchGet', { documents: [`${NAME}/c/1`], readTime: time }),
    ).toMatchObject({ status: 400 });
  });
});

describe('ListDocuments', () => {
  const names = async (parameters: string) => {
    const { body } = await send('GET', `/c?${parameters}`);
    const { documents = [], nextPageToken } = body as {
      documents?: Document[];
      nextPageToken?: string;
    };
    return { ids: documents.map(({ name }) => name.split('/').at(-1)), documents, nextPageToken };
  };

  it('returns pages in an order', async () => {
    const first = await names('pageSize=2&orderBy=n%20desc');
    expect(first.ids).toEqual(['3', '2']);
    const second = await names(
      `pageSize=2&orderBy=n%20desc&pageToken=${encodeURIComponent(first.nextPageToken ?? '')}`,
    );
    expect(second).toMatchObject({ ids: ['1'] });
    expect(second.nextPageToken).toBeUndefined();
  });

  it('returns missing documents and masks fields', async () => {
    const missing = await names('showMissing=true&mask.fieldPaths=n');
    expect(missing.ids).toEqual(['1', '2', '3', '4']);
    expect(missing.documents[0]?.fields).toEqual({ n: value(2) });
    expect(missing.documents[3]).not.toHaveProperty('createTime');
  });
});

test.each([
  ['increments at the largest integer', { increment: value(5) }, '9223372036854775807', value(0), '9223372036854775807'],
  ['the maximum', { maximum: value(5) }, '3', value(5), '5'],
  ['the minimum', { minimum: value(5) }, '3', value(3), '3'],
])('transforms: %s', async (_name, transform, start, _result, expected) => {
  await send('PATCH', '/t/1', { fields: { n: { integerValue: start } } });
  const writes = [
    { transform: { document: `${NAME}/t/1`, fieldTransforms: [{ fieldPath: 'n', ...transform }] } },
  ];
  const { status, body } = await send('POST', ':commit', { writes });
  expect(status).toBe(200);
  expect(body).toMatchObject({
    writeResults: [{ transformResults: [{ integerValue: expected }] }],
  });
  expect((await send('GET', '/t/1')).body).toMatchObject({
    fields: { n: { integerValue: expected } },
  });
}); // prettier-ignore

test('appends the elements that a list misses', async () => {
  await send('PATCH', '/t/2', { fields: { l: list(value(1)) } });
  const fieldTransforms = [
    { fieldPath: 'l', appendMissingElements: { values: [value(1), value(2)] } },
  ];
  await send('POST', ':commit', {
    writes: [{ transform: { document: `${NAME}/t/2`, fieldTransforms } }],
  });
  expect((await send('GET', '/t/2')).body).toMatchObject({
    fields: { l: list(value(1), value(2)) },
  });
});

const thirty = Array.from({ length: 30 }, (_, n) => value(n));

test.each([
  ['in with 30 values', { where: filter('n', 'IN', list(...thirty)) }, ['1', '2', '3']],
  ['not-in', { where: filter('n', 'NOT_IN', list(value(2))) }, ['2', '3']],
  ['array-contains-any', { where: filter('tags', 'ARRAY_CONTAINS_ANY', list({ stringValue: 'x' })) }, ['1', '2', '3']],
  ['or', { where: composite('OR', filter('n', 'EQUAL', value(2)), filter('n', 'GREATER_THAN', value(5))) }, ['1', '3']],
  ['inequalities of two fields', { where: composite('AND', filter('n', 'GREATER_THAN', value(2)), filter('`a.b`', 'LESS_THAN', value(3))) }, ['2']],
  ['an inequality and another order', { where: filter('n', 'GREATER_THAN', value(2)), orderBy: [order('`a.b`', 'DESCENDING')] }, ['3', '2']],
])('queries: %s', async (_name, structuredQuery, ids) => {
  expect(await query(structuredQuery)).toEqual(ids);
}); // prettier-ignore

test('queries with 31 values of in are refused', async () => {
  const where = filter('n', 'IN', list(...thirty, value(30)));
  expect(await query({ where })).toEqual({ status: 400, error: 'INVALID_ARGUMENT' });
});

test('aggregates', async () => {
  const { body } = await send('POST', ':runAggregationQuery', {
    structuredAggregationQuery: {
      structuredQuery: { from: [{ collectionId: 'c' }] },
      aggregations: [
        { alias: 'count', count: {} },
        { alias: 'sum', sum: { field: field('n') } },
        { alias: 'avg', avg: { field: field('n') } },
      ],
    },
  });
  expect(body).toMatchObject([
    { result: { aggregateFields: { count: value(3), sum: value(12), avg: { doubleValue: 4 } } } },
  ]);
});

test.each([
  ['partitionQuery', ':partitionQuery', { structuredQuery: { from: [{ collectionId: 'c', allDescendants: true }] }, partitionCount: 2 }],
  ['vectors', ':runQuery', { structuredQuery: { from: [{ collectionId: 'c' }], findNearest: { vectorField: field('v'), queryVector: list({ doubleValue: 1 }), distanceMeasure: 'COSINE', limit: 1 } } }],
])('%s is unimplemented', async (_name, path, body) => {
  const { status, body: answer } = await send('POST', path, body);
  expect(status).toBe(501);
  expect([answer].flat()[0]).toMatchObject({ error: { status: 'UNIMPLEMENTED' } });
}); // prettier-ignore
