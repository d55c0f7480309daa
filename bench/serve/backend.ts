/** Firestore and Storage as their REST APIs look, in a process of their own; they count what is read. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openProduct } from '../product.js';

/** What the parent may ask. */
export type BackendQuestion = 'counts';
export interface BackendCounts {
  firestoreReads: number;
  storageReads: number;
}

/** Bytes of each rendition that a token shows: the WebPs of the sample photo, and one that is streamed. */
export const SIZES = { thumb: 5_208, w400: 9_488, w800: 24_928, w4000: 900_000 };

function main(root: string): void {
  const { entityTag } = openProduct(root).entityTag();
  const counts: BackendCounts = { firestoreReads: 0, storageReads: 0 };
  const objects = new Map<string, Buffer>();
  const renditions = Object.fromEntries(
    Object.entries(SIZES).map(([name, bytes], at) => {
      const data = Buffer.alloc(bytes, at + 1);
      objects.set(name, data);
      const webp = { object: text(name), bytes: whole(bytes), etag: text(entityTag(data)) };
      return [name, map({ width: whole(bytes), height: whole(100), webp: map(webp) })];
    }),
  );
  const image = map({
    bucket: text('bench'),
    generation: text('1'),
    placeholder: map({ thumbhash: text('AAAA'), color: text('#102030') }),
    renditions: map(renditions),
  });
  const created = { timestampValue: '2026-01-01T00:00:00Z' };
  const shown = {
    uid: text('u'),
    imageId: text('i'),
    kind: text('share'),
    createdAt: created,
    image,
  };

  /** By hash, as told by the parent: `unknown` or `expired`; everything else is shown. */
  const kinds = new Map<string, string>();
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    if (request.method === 'POST') {
      counts.firestoreReads += 1;
      void request.toArray().then((chunks) => {
        const { documents } = JSON.parse(String(Buffer.concat(chunks as Buffer[]))) as {
          documents: [string];
        };
        const kind = kinds.get(documents[0].split('/').at(-1) ?? '') ?? 'shown';
        const fields = kind === 'expired' ? { ...shown, expiresAt: created } : shown;
        const answer = kind === 'unknown' ? { missing: documents[0] } : { found: { fields } };
        response.writeHead(200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify([answer]));
      });
      return;
    }
    counts.storageReads += 1;
    const data = objects.get(/\/o\/([^?]+)/.exec(url)?.[1] ?? '');
    if (!data) return void response.writeHead(404).end();
    const [, from, to] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const part = from ? data.subarray(Number(from), Number(to) + 1) : data;
    response.writeHead(from ? 206 : 200, { 'Content-Length': part.length }).end(part);
  });
  process.on('message', (message: BackendQuestion | Record<string, string>) => {
    if (message === 'counts') return void process.send?.({ ...counts });
    for (const [hash, kind] of Object.entries(message)) kinds.set(hash, kind);
    process.send?.('told');
  });
  process.once('disconnect', () => process.exit());
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

const text = (stringValue: string) => ({ stringValue });
const whole = (value: number) => ({ integerValue: String(value) });
const map = (fields: object) => ({ mapValue: { fields } });

if (require.main === module) main(process.argv[2] as string);
