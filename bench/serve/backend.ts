/** Imitates the REST APIs of Firestore and Cloud Storage in a process of its own, and counts reads. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openProduct } from '../product.js';

/** Messages of the parent: ask for the counts, or set the kind of tokens, by hash. */
export type BackendMessage = 'counts' | Record<string, TokenKind>;
/** Every other token is valid. */
export type TokenKind = 'unknown' | 'expired';

export interface BackendCounts {
  firestoreReads: number;
  storageReads: number;
}

/** Bytes of each rendition: the WebP files of the sample photo, and one that is too large to be cached. */
export const SIZES = { thumb: 5_208, w400: 9_488, w800: 24_928, w4000: 900_000 };

function main(root: string): void {
  const { entityTag } = openProduct(root).entityTag();
  const counts: BackendCounts = { firestoreReads: 0, storageReads: 0 };
  const objects = new Map<string, Buffer>();
  const renditions = Object.fromEntries(
    Object.entries(SIZES).map(([name, bytes], index) => {
      const data = Buffer.alloc(bytes, index + 1);
      objects.set(name, data);
      const webp = {
        object: stringValue(name),
        bytes: integerValue(bytes),
        etag: stringValue(entityTag(data)),
      };
      return [
        name,
        mapValue({ width: integerValue(bytes), height: integerValue(100), webp: mapValue(webp) }),
      ];
    }),
  );
  const image = mapValue({
    bucket: stringValue('bench'),
    generation: stringValue('1'),
    placeholder: mapValue({ thumbhash: stringValue('AAAA'), color: stringValue('#102030') }),
    renditions: mapValue(renditions),
  });
  const createdAt = { timestampValue: '2026-01-01T00:00:00Z' };
  const valid = {
    uid: stringValue('u'),
    imageId: stringValue('i'),
    kind: stringValue('share'),
    createdAt,
    image,
  };

  const kinds = new Map<string, TokenKind>();
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    if (request.method === 'POST') {
      counts.firestoreReads += 1;
      void request.toArray().then((chunks) => {
        const { documents } = JSON.parse(String(Buffer.concat(chunks as Buffer[]))) as {
          documents: [string];
        };
        const kind = kinds.get(documents[0].split('/').at(-1) ?? '') ?? 'valid';
        const fields = kind === 'expired' ? { ...valid, expiresAt: createdAt } : valid;
        const result = kind === 'unknown' ? { missing: documents[0] } : { found: { fields } };
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify([result]));
      });
      return;
    }
    counts.storageReads += 1;
    const data = objects.get(/\/o\/([^?]+)/.exec(url)?.[1] ?? '');
    if (!data) return void response.writeHead(404).end();
    const [, start, end] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const part = start ? data.subarray(Number(start), Number(end) + 1) : data;
    response.writeHead(start ? 206 : 200, { 'Content-Length': part.length }).end(part);
  });
  process.on('message', (message: BackendMessage) => {
    if (message === 'counts') return void process.send?.({ ...counts });
    for (const [hash, kind] of Object.entries(message)) kinds.set(hash, kind);
    process.send?.('done');
  });
  process.once('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

const stringValue = (value: string) => ({ stringValue: value });
const integerValue = (value: number) => ({ integerValue: String(value) });
const mapValue = (fields: object) => ({ mapValue: { fields } });

if (require.main === module) main(process.argv[2] as string);
