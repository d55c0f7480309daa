import { openGrpcCounter, storageOperation, type BilledOperation } from './billed-operations.js';

const FIRESTORE = '/google.firestore.v1.Firestore';

/** A field with a length. */
function field(number: number, ...bytes: Uint8Array[]): Buffer {
  const content = Buffer.concat(bytes);
  return Buffer.concat([Buffer.from([number * 8 + 2, content.length]), content]);
}

/** A gRPC message with its prefix. */
function frame(...fields: Uint8Array[]): Buffer {
  const message = Buffer.concat(fields);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Counts one call. */
function countCall(method: string, sent: Buffer[], received: Buffer[]): BilledOperation[] {
  const counted: BilledOperation[] = [];
  const counter = openGrpcCounter(`${FIRESTORE}/${method}`, (operation) => counted.push(operation));
  sent.forEach(counter.sent);
  received.forEach(counter.received);
  counter.ended();
  return counted;
}

test.each([
  ['GET', '/storage/v1/b/bucket/o/name?alt=media', 'classB'],
  ['GET', '/storage/v1/b/bucket/o/name', 'classB'],
  ['GET', '/storage/v1/b/bucket/o?prefix=a', 'classA'],
  ['GET', '/storage/v1/b/bucket/o', 'classA'],
  ['POST', '/upload/storage/v1/b/bucket/o?uploadType=multipart', 'classA'],
  ['PATCH', '/storage/v1/b/bucket/o/name', 'classA'],
  ['DELETE', '/storage/v1/b/bucket/o/name', undefined],
])('%s %s is %s', (method, path, operation) =>
  expect(storageOperation(method, path)).toBe(operation),
);

const NAME = field(1, Buffer.from('projects/p/databases/d'));

test('a commit bills each of its writes and deletions', () => {
  const update = field(2, field(1, Buffer.from('document')));
  const deletion = field(2, field(2, Buffer.from('name')));
  const commit = frame(NAME, update, deletion, update, field(3, Buffer.from('transaction')));
  expect(countCall('Commit', [commit], [frame(NAME)])).toEqual([
    'documentWrite',
    'documentDelete',
    'documentWrite',
  ]);
});

test('each document that is read is billed, also one that does not exist', () => {
  const found = frame(field(1, Buffer.from('document')));
  const missing = frame(field(2, Buffer.from('name')));
  const transaction = frame(field(3, Buffer.from('transaction')));
  const bytes = Buffer.concat([transaction, found, missing]);
  // Chunks begin and end anywhere.
  const chunks = [bytes.subarray(0, 3), bytes.subarray(3, 30), bytes.subarray(30)];
  expect(countCall('BatchGetDocuments', [frame(NAME)], chunks)).toEqual([
    'documentRead',
    'documentRead',
  ]);
});

test('a query bills its documents, and one read without any', () => {
  const document = frame(field(1, Buffer.from('document')));
  const end = frame(field(3, Buffer.from('time')));
  expect(countCall('RunQuery', [], [document, document, end])).toHaveLength(2);
  expect(countCall('RunQuery', [], [end])).toEqual(['documentRead']);
  expect(countCall('RunAggregationQuery', [], [document])).toEqual(['documentRead']);
});

test('calls without documents bill nothing', () => {
  const document = frame(field(1, Buffer.from('text')));
  for (const method of ['BeginTransaction', 'Rollback', 'Listen']) {
    expect(countCall(method, [document], [document])).toEqual([]);
  }
});
