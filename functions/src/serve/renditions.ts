/** Renditions: small ones that were asked for lately from memory, others as they come from Storage. */
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { entityTag } from '../domain/entity-tag.js';
import type { RenditionInfo } from '../domain/records.js';
import type { ByteRange, Reader } from '../gcp/reader.js';
import { SingleFlight } from './single-flight.js';

/** What all remembered renditions may take, bytes. */
const MEMORY_BYTES = 96 * 2 ** 20;
/** A larger one is never kept in memory, bytes. 80 requests at once then take 40 MiB at most. */
export const SMALL_BYTES = 512 * 2 ** 10;

export interface Renditions {
  /** The whole, when it is in memory. */
  recall(rendition: RenditionInfo): Buffer | undefined;
  /**
   * The whole or a range of it; one read of Storage, which all who ask for a small one at the same
   * time share.
   * @returns undefined when it is gone, or is another one by now
   */
  read(
    bucket: string,
    rendition: RenditionInfo,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Buffer | Readable | undefined>;
}

/** @param clock as for the resolver */
export function openRenditions(
  reader: Pick<Reader, 'readRendition'>,
  clock: () => number,
): Renditions {
  const memory = new LRUCache<string, Buffer>({
    maxSize: MEMORY_BYTES,
    sizeCalculation: (bytes) => bytes.length + 512,
  });
  const flights = new SingleFlight<Buffer | undefined>();
  // The entity tag is of the bytes: what was written anew under the same name is another rendition.
  const keyOf = ({ object, etag }: RenditionInfo) => `${etag}${object}`;

  async function readWhole(bucket: string, rendition: RenditionInfo, stop: AbortSignal) {
    const found = await reader.readRendition(bucket, rendition.object, undefined, stop);
    if (found === undefined) return undefined;
    if (found.bytes !== rendition.bytes) {
      found.body.destroy();
      return undefined;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of found.body) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    if (entityTag(bytes) !== rendition.etag) return undefined;
    memory.set(keyOf(rendition), bytes);
    return bytes;
  }

  return {
    recall: (rendition) => memory.get(keyOf(rendition)),

    async read(bucket, rendition, range, signal) {
      if (rendition.bytes <= SMALL_BYTES) {
        const whole = await flights.join(keyOf(rendition), signal, { clock }, (stop) =>
          readWhole(bucket, rendition, stop),
        );
        return range ? whole?.subarray(range.start, range.end + 1) : whole;
      }
      const found = await reader.readRendition(bucket, rendition.object, range, signal);
      if (found === undefined) return undefined;
      const expected = range ? range.end - range.start + 1 : rendition.bytes;
      if (found.bytes === expected) return found.body;
      found.body.destroy();
      return undefined;
    },
  };
}
