/**
 * Fills every bounded table of `serve` before the soak measures: renditions, token records, unknown tokens, and
 * the counters of clients and tokens. Memory that grows afterwards is not a table that was still empty.
 */
import pLimit from 'p-limit';
import type { TokenRecord } from '../../functions/src/domain/records.js';
import type { BenchFixture } from '../lifecycle/fixture.js';
import { openProduct } from '../product.js';
import { openClient, sendAll, type ClientRequest } from '../serve/load.js';

/** As many as the counters of tokens and of clients hold, and some more. */
const TOKENS = 21_000;
/** As many as the cache of unknown tokens holds, and some more. */
const UNKNOWN_TOKENS = 6_000;
const KIB = 2 ** 10;
/** Together 120 MiB; the cache of renditions holds 96 MiB. */
const RENDITIONS = 480;
/** Size of a rendition, bytes: from 16 KiB to 495 KiB; larger ones than 512 KiB are not cached. */
const sizeOf = (index: number) => (16 + ((index * 37) % RENDITIONS)) * KIB;
/** Never cached, so that each view of a known token is counted against its client. */
const LARGE_BYTES = 600 * KIB;
/** Concurrent requests, uploads. */
const CONCURRENCY = 50;

/** @param port of `serve` */
export async function fillTables(fixture: BenchFixture, root: string, port: number): Promise<void> {
  const { mintToken, hashToken } = openProduct(root).token();
  const start = performance.now();
  const step = (text: string) =>
    process.stderr.write(`- ${Math.round((performance.now() - start) / 1000)} s: ${text}\n`);
  step(`storing ${RENDITIONS} renditions`);
  const small = await storeRenditions(fixture, root);
  const tokens = Array.from({ length: TOKENS }, () => mintToken());
  step(`writing ${TOKENS} token records`);
  const writer = fixture.firestore.bulkWriter();
  for (const [index, token] of tokens.entries()) {
    const record = tokenRecord(index, fixture.stack.bucket, {
      w400: small[index % RENDITIONS] as Rendition,
      w1600: small[RENDITIONS] as Rendition,
    });
    void writer.set(fixture.firestore.doc(`imageTokens/${hashToken(token)}`), record);
  }
  await writer.close();

  step('filling the tables of serve');
  const client = openClient(port, CONCURRENCY);
  const send = async (count: number, requestAt: (index: number) => ClientRequest) => {
    const responses = await sendAll(client, count, CONCURRENCY, (index) => ({
      headers: { 'x-forwarded-for': `172.20.${index >> 8}.${index & 255}` },
      ...requestAt(index),
    }));
    return responses.map(({ status }) => status);
  };
  const tokenAt = (index: number) => tokens[index % TOKENS] as string;
  const filled = [
    ...(await send(TOKENS, (index) => ({ method: 'HEAD', path: `/${tokenAt(index)}/w400.webp` }))),
    ...(await send(RENDITIONS, (index) => ({ path: `/${tokenAt(index)}/w400.webp` }))),
    ...(await send(TOKENS, (index) => ({
      path: `/${tokenAt(index % RENDITIONS)}/w1600.webp`,
      headers: {
        'x-forwarded-for': `172.21.${index >> 8}.${index & 255}`,
        range: 'bytes=0-0',
      },
    }))),
  ];
  const failed = filled.filter((status) => status !== 200 && status !== 206);
  if (failed.length > 0) {
    throw new Error(`expected 200 or 206, found ${failed.length} times ${failed[0]}`);
  }
  await send(UNKNOWN_TOKENS, () => ({ path: `/${mintToken()}/w400` }));
  client.close();
  step('measuring');
}

interface Rendition {
  object: string;
  bytes: number;
  etag: string;
}

/** @returns the small renditions, then the large one */
async function storeRenditions(fixture: BenchFixture, root: string): Promise<Rendition[]> {
  const { entityTag } = openProduct(root).entityTag();
  const sizes = [...Array.from({ length: RENDITIONS }, (_, index) => sizeOf(index)), LARGE_BYTES];
  return pLimit(CONCURRENCY).map(sizes, async (bytes, index) => {
    const data = Buffer.alloc(bytes, `${index} `);
    const object = `soak/${index}.webp`;
    await fixture.bucket.file(object).save(data, { resumable: false, contentType: 'image/webp' });
    return { object, bytes, etag: entityTag(data) };
  });
}

function tokenRecord(
  index: number,
  bucket: string,
  renditions: Record<string, Rendition>,
): TokenRecord<Date> {
  const variants = Object.entries(renditions).map(([name, webp]) => {
    const width = Number(name.slice(1));
    return [name, { width, height: width, webp }] as const;
  });
  return {
    uid: 'soak',
    imageId: `filling-${index}`,
    imagePath: `users/soak/images/filling-${index}`,
    kind: 'default',
    createdAt: new Date(),
    image: {
      attempt: 'soak',
      bucket,
      generation: '1',
      placeholder: { thumbhash: 'AAAA', color: '#102030' },
      renditions: Object.fromEntries(variants),
    },
  };
}
