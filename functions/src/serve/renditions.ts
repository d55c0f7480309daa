/** Rendition bytes: small ones are cached in memory, large ones are streamed from Cloud Storage. */
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { entityTag } from '../domain/entity-tag.js';
import type { RenditionInfo } from '../domain/records.js';
import type { ByteRange, Reader } from '../gcp/reader.js';
import { SingleFlight } from './single-flight.js';

/** Size of the cache, bytes. */
const MAX_CACHE_BYTES = 96 * 2 ** 20;
/** Larger renditions are streamed and never cached, bytes. 80 concurrent reads take at most 40 MiB. */
const MAX_CACHED_RENDITION_BYTES = 512 * 2 ** 10;
/** Memory that each cache entry takes besides its bytes, estimated. */
const ENTRY_OVERHEAD_BYTES = 512;

export interface RenditionStore {
  /** The whole rendition, if it is in memory. */
  get(rendition: RenditionInfo): Buffer | undefined;
  /**
   * Reads a rendition or a range of it with one read of Cloud Storage; concurrent reads of a small
   * rendition share it.
   * @returns undefined when the object is missing or holds other bytes than the record says
   */
  read(
    bucket: string,
    rendition: RenditionInfo,
    range: ByteRange | undefined,
    signal: AbortSignal,
  ): Promise<Buffer | Readable | undefined>;
}

/** @param clock monotonic, milliseconds */
export function openRenditions(
  reader: Pick<Reader, 'readRendition'>,
  clock: () => number,
): RenditionStore {
  const cache = new LRUCache<string, Buffer>({
    maxSize: MAX_CACHE_BYTES,
    sizeCalculation: (bytes) => bytes.length + ENTRY_OVERHEAD_BYTES,
  });
  const reads = new SingleFlight<Buffer | undefined>(clock);
  // The entity tag is a hash of the bytes: an object that was rewritten has another key.
  const keyOf = ({ object, etag }: RenditionInfo) => `${etag}${object}`;

  async function readWhole(bucket: string, rendition: RenditionInfo, signal: AbortSignal) {
    const object = await reader.readRendition(bucket, rendition.object, undefined, signal);
    if (object === undefined) return undefined;
    if (object.bytes !== rendition.bytes) {
      object.body.destroy();
      return undefined;
    }
    const bytes = Buffer.concat((await object.body.toArray()) as Buffer[]);
    if (entityTag(bytes) !== rendition.etag) return undefined;
    cache.set(keyOf(rendition), bytes);
    return bytes;
  }

  return {
    get: (rendition) => cache.get(keyOf(rendition)),

    async read(bucket, rendition, range, signal) {
      if (rendition.bytes <= MAX_CACHED_RENDITION_BYTES) {
        const whole = await reads.run(
          keyOf(rendition),
          (shared) => readWhole(bucket, rendition, shared),
          { signal },
        );
        return range ? whole?.subarray(range.start, range.end + 1) : whole;
      }
      const object = await reader.readRendition(bucket, rendition.object, range, signal);
      if (object === undefined) return undefined;
      const expected = range ? range.end - range.start + 1 : rendition.bytes;
      if (object.bytes === expected) return object.body;
      object.body.destroy();
      return undefined;
    },
  };
}
