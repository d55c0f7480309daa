/**
 * The bytes of renditions, by their entity tags, which are hashes of the bytes: they may be kept for long, because who
 * may see them is decided for every view.
 */
import type { ByteRange } from '../../../functions/src/gcp/reader.js';
import type { RenditionInfo } from '../../../functions/src/domain/records.js';
import type { Origin } from './origin.js';
import type { EdgeCache, WorkerContext } from './platform.js';

export type Body = Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

export interface Renditions {
  /**
   * @param rendition `object` is its path at the origin
   * @returns undefined when the origin has it no more
   * @throws OriginUnavailable
   */
  read(rendition: RenditionInfo, range?: ByteRange): Promise<Body | undefined>;
}

/** How long bytes are kept, seconds: 30 days. */
export const BYTES_SECONDS = 30 * 24 * 3600;
/** Larger renditions are streamed and not kept, bytes: a Worker has 128 MB for all requests that it runs at once. */
export const MAX_BUFFERED_BYTES = 8 * 2 ** 20;

/** @param base of the keys: the URL of this Worker, up to the path */
export function openRenditions(
  origin: Origin,
  cache: EdgeCache,
  base: string,
  context: WorkerContext,
): Renditions {
  async function readWhole(rendition: RenditionInfo, key: string) {
    const response = await origin.get(rendition.object, { 'if-match': rendition.etag });
    if (response.status !== 200) return undefined;
    const body = new Uint8Array(await response.arrayBuffer());
    if (body.length !== rendition.bytes) return undefined;
    const headers = { 'cache-control': `max-age=${BYTES_SECONDS}` };
    context.waitUntil(cache.put(key, new Response(body, { headers })));
    return body;
  }

  return {
    async read(rendition, range) {
      const { object, bytes, etag } = rendition;
      if (bytes > MAX_BUFFERED_BYTES) {
        const headers = { 'if-match': etag, ...(range && { range: `bytes=${rangeText(range)}` }) };
        const response = await origin.get(object, headers);
        if (response.status !== (range ? 206 : 200)) return undefined;
        return response.body ?? undefined;
      }
      const key = `${base}/renditions/${encodeURIComponent(etag)}`;
      const cached = await cache.match(key);
      if (cached && !range) return cached.body ?? undefined;
      const whole = cached
        ? new Uint8Array(await cached.arrayBuffer())
        : await readWhole(rendition, key);
      return range ? whole?.subarray(range.start, range.end + 1) : whole;
    },
  };
}

const rangeText = ({ start, end }: ByteRange) => `${start}-${end}`;
