/**
 * Which operations a request to Google bills: documents of Firestore, and classes of Cloud Storage.
 * @see https://cloud.google.com/firestore/pricing
 * @see https://cloud.google.com/storage/pricing#operations-by-class
 */

/** An operation that has a price. */
export type BilledOperation =
  'documentRead' | 'documentWrite' | 'documentDelete' | 'classA' | 'classB';

/**
 * The class of a request to the JSON API of Cloud Storage.
 * @returns undefined for a deletion, which is free
 */
export function storageOperation(method: string, path: string): BilledOperation | undefined {
  if (method === 'DELETE') return undefined;
  if (method !== 'GET') return 'classA';
  // Without the name of an object it is a list.
  return /\/o([?]|$)/.test(path) ? 'classA' : 'classB';
}

/** The bytes of a gRPC call, as they arrive. */
export interface GrpcCounter {
  /** What the client sends. */
  sent: (chunk: Uint8Array) => void;
  /** What the client receives. */
  received: (chunk: Uint8Array) => void;
  /** The call has ended. */
  ended: () => void;
}

/** Numbers of fields: https://github.com/googleapis/googleapis/blob/master/google/firestore/v1/firestore.proto */
const FIELDS = {
  commit: { writes: 2 },
  write: { delete: 2 },
  batchGet: { found: 1, missing: 2 },
  runQuery: { document: 1 },
};

/**
 * Counts what a call of Firestore's gRPC API bills.
 * @param path of the call, such as /google.firestore.v1.Firestore/Commit
 */
export function openGrpcCounter(
  path: string,
  count: (operation: BilledOperation) => void,
): GrpcCounter {
  const method = path.slice(path.lastIndexOf('/') + 1);
  let documents = 0;
  const sent = openFrames((message) => {
    if (method !== 'Commit' && method !== 'BatchWrite') return;
    for (const { number, bytes } of fieldsOf(message)) {
      if (number !== FIELDS.commit.writes) continue;
      const isDelete = fieldsOf(bytes).some((field) => field.number === FIELDS.write.delete);
      count(isDelete ? 'documentDelete' : 'documentWrite');
    }
  });
  const received = openFrames((message) => {
    const numbers = fieldsOf(message).map(({ number }) => number);
    const { found, missing } = FIELDS.batchGet;
    const isRead =
      method === 'BatchGetDocuments'
        ? numbers.includes(found) || numbers.includes(missing)
        : method === 'RunQuery' && numbers.includes(FIELDS.runQuery.document);
    if (!isRead) return;
    documents += 1;
    count('documentRead');
  });
  return {
    sent,
    received,
    ended() {
      // A query without results, and one that only counts up to a thousand index entries, is billed as one read.
      const isQuery = method === 'RunQuery' || method === 'RunAggregationQuery';
      if (isQuery && documents === 0) count('documentRead');
    },
  };
}

/** A flag, and the length of the message: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md */
const PREFIX_BYTES = 5;

/** Splits the bytes of a gRPC stream into messages. */
function openFrames(handle: (message: Buffer) => void): (chunk: Uint8Array) => void {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= PREFIX_BYTES) {
      const end = PREFIX_BYTES + rest.readUInt32BE(1);
      if (rest.length < end) return;
      if (rest[0] !== 0) throw new Error('expected a message without compression, found one with');
      handle(rest.subarray(PREFIX_BYTES, end));
      rest = rest.subarray(end);
    }
  };
}

interface Field {
  number: number;
  /** Empty unless the field has a length. */
  bytes: Buffer;
}

/** The top fields of a message: https://protobuf.dev/programming-guides/encoding */
function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const readNumber = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = readNumber();
    const number = Math.floor(key / 8);
    const type = key % 8;
    let bytes = message.subarray(0, 0);
    if (type === 0) readNumber();
    else if (type === 1) at += 8;
    else if (type === 5) at += 4;
    else {
      const length = readNumber();
      bytes = message.subarray(at, at + length);
      at += length;
    }
    fields.push({ number, bytes });
  }
  return fields;
}
