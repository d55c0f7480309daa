/** Rendition bytes: small ones are cached in memory, large ones are streamed from Cloud Storage. */
import type { Readable } from 'node:stream';
import { LRUCache } from 'lru-cache';
import { entityTag } from '../domain/entity-tag.js';
import type { RenditionInfo } from '../domain/records.js';
import type { ByteRange, Reader } from '../gcp/reader.js';
import { SingleFlight } from './single-flight.js';

/** Size of the cache, bytes. */
export const MAX_CACHE_BYTES = 96 * 2 ** 20;
/** Larger renditions are streamed and never cached, bytes. 80 concurrent reads take at most 40 MiB. */
const MAX_CACHED_RENDITION_BYTES = 512 * 2 ** 10;
/** Memory that each cache entry takes besides its bytes and its key, estimated. */
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
    sizeCalculation: (bytes, key) => bytes.buffer.byteLength + key.length + ENTRY_OVERHEAD_BYTES,
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
    const bytes = concatenate((await object.body.toArray()) as Buffer[]);
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

/**
 * Like `Buffer.concat`, but with memory of its own: a small Buffer of Node's pool would keep 8 KiB in memory for as
 * long as it is cached.
 */
function concatenate(chunks: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafeSlow(chunks.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const chunk of chunks) offset += chunk.copy(bytes, offset);
  return bytes;
}
