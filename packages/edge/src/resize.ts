/** Widths that are made at the edge: which one a request gets, and how it is made. */
import { FORMATS, type Format } from '../../../functions/src/domain/format.js';
import { entityTagOf } from '../../../functions/src/domain/entity-tag-text.js';
import type { RenditionInfo } from '../../../functions/src/domain/records.js';
import { negotiateFormat } from '../../../functions/src/serve/negotiate.js';
import {
  formatsOf,
  variantsForWidth,
  type NamedVariant,
} from '../../../functions/src/serve/select-rendition.js';
import type { ServableToken } from '../../../functions/src/serve/resolve.js';
import { digestOf } from './digest.js';
import { IF_MATCH } from './headers.js';
import { OriginUnavailable } from './origin.js';
import type { CloudflareRequestInit, EdgeCache, WorkerContext } from './platform.js';
import { BYTES_SECONDS, MAX_BUFFERED_BYTES, type Renditions } from './renditions.js';
import type { ResizingSettings } from './settings.js';

/** What is made. */
export interface Plan {
  /** Name of the variant that it is made from. */
  name: string;
  source: RenditionInfo;
  /** Pixels. */
  width: number;
  format: Format;
  isNegotiated: boolean;
}

export interface Wanted {
  /** Device pixels. */
  width: number;
  format?: Format | undefined;
  accept?: string | undefined;
  /** Of a sealed link, pixels. */
  maxWidth?: number | undefined;
}

/** The format of the source, so that a width is the same transformation for all formats: it is billed once. */
const SOURCE_FORMATS: readonly Format[] = ['webp', 'jpeg', 'png', 'avif'];

/**
 * Rounds the wanted width up to one that is made, or is there already, and that neither the widest variant nor the
 * sealed link forbids; else down.
 * @param record narrowed to the variants that may be seen, whatever their widths
 * @param widths ascending, pixels
 * @returns undefined when a variant has that width, or when nothing can be made: `serve`'s own selection applies
 */
export function planResize(
  record: ServableToken<number>,
  widths: readonly number[],
  wanted: Wanted,
): Plan | undefined {
  const variants = variantsForWidth(record, undefined);
  const widest = variants.at(-1);
  if (widest === undefined) return undefined;
  const limit = Math.min(widest.width, wanted.maxWidth ?? Infinity);
  const made = variants.map((variant) => variant.width);
  const possible = [...new Set([...widths, ...made])]
    .filter((width) => width <= limit)
    .sort((a, b) => a - b);
  const width = possible.find((each) => each >= wanted.width) ?? possible.at(-1);
  if (width === undefined || made.includes(width)) return undefined;
  const format = chooseFormat(widest, wanted);
  const source = SOURCE_FORMATS.map((each) => widest[each]).find(Boolean);
  if (format === undefined || source === undefined) return undefined;
  const isNegotiated = wanted.format === undefined && formatsOf(widest).length > 1;
  return { name: widest.name, source, width, format, isNegotiated };
}

/** A format that the variant has: others were not chosen for the image. */
function chooseFormat(variant: NamedVariant, { format, accept }: Wanted): Format | undefined {
  const formats = formatsOf(variant);
  if (format === undefined) return negotiateFormat(accept, formats);
  return formats.includes(format) ? format : undefined;
}

export interface Resizer {
  /**
   * @returns undefined when the origin has the source no more
   * @throws ResizingFailed, OriginUnavailable
   */
  resize(plan: Plan): Promise<{ body: Uint8Array<ArrayBuffer>; etag: string } | undefined>;
}

interface ResizerOptions {
  cache: EdgeCache;
  /** Of the keys in the cache: the URL of this Worker, up to the path. */
  base: string;
  context: WorkerContext;
  timeoutMs: number;
}

/** Never answered with the source instead: it may be much larger. */
export class ResizingFailed extends Error {}

export function openResizer(
  settings: ResizingSettings,
  renditions: Renditions,
  { cache, base, context, timeoutMs }: ResizerOptions,
): Resizer {
  const make = (plan: Plan) =>
    settings.mode === 'binding'
      ? makeWithBinding(settings.images, plan, renditions)
      : makeWithFetch(settings, plan, timeoutMs);

  return {
    async resize(plan) {
      const { source, width, format } = plan;
      const key = `${base}/resized/${encodeURIComponent(source.etag)}/${width}/${format}`;
      const cached = await cache.match(key);
      const knownTag = cached?.headers.get('etag');
      if (cached && knownTag) return { body: await bytesOf(cached), etag: knownTag };
      const response = await make(plan);
      if (response === undefined) return undefined;
      const type = response.headers.get('content-type');
      if (response.status !== 200 || type !== FORMATS[format].contentType) {
        await response.body?.cancel();
        throw new ResizingFailed(`expected ${format}, found status ${response.status}, ${type}`);
      }
      const body = await bytesOf(response);
      const etag = entityTagOf(await digestOf(body));
      const headers = { 'cache-control': `max-age=${BYTES_SECONDS}`, etag };
      context.waitUntil(cache.put(key, new Response(body, { headers })));
      return { body, etag };
    },
  };
}

async function bytesOf(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await response.arrayBuffer());
}

async function makeWithBinding(
  images: Extract<ResizingSettings, { mode: 'binding' }>['images'],
  { source, width, format }: Plan,
  renditions: Renditions,
): Promise<Response | undefined> {
  if (source.bytes > MAX_BUFFERED_BYTES) {
    throw new ResizingFailed(`expected a source of at most ${MAX_BUFFERED_BYTES} bytes`);
  }
  const body = await renditions.read(source);
  if (body === undefined) return undefined;
  const stream = body instanceof ReadableStream ? body : new Response(body).body;
  try {
    const resized = images
      .input(stream as ReadableStream<Uint8Array>)
      .transform({ width, fit: 'scale-down' });
    return (await resized.output({ format: FORMATS[format].contentType })).response();
  } catch (error) {
    throw new ResizingFailed('the Images binding failed', { cause: error });
  }
}

/** Cloudflare keeps the result under the URL of the source: the entity tag makes it one of this generation. */
async function makeWithFetch(
  { filesUrl, callerSecret }: Extract<ResizingSettings, { mode: 'cf.image' }>,
  { source, width, format }: Plan,
  timeoutMs: number,
): Promise<Response | undefined> {
  const url = `${filesUrl}${source.object}?${IF_MATCH}=${encodeURIComponent(source.etag)}`;
  const image = { width, fit: 'scale-down', format, metadata: 'none' } as const;
  const init: CloudflareRequestInit = {
    headers: { authorization: `Bearer ${callerSecret}` },
    cf: { image: { ...image, 'origin-auth': 'share-publicly' } },
    signal: AbortSignal.timeout(timeoutMs),
  };
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    throw new OriginUnavailable('resizing did not respond', { cause: error });
  }
  const resized = response.headers.get('cf-resized');
  if (resized !== null && !/\berr=/.test(resized)) return response;
  await response.body?.cancel();
  // 9404 and 9408: the origin answered 404 or another 4xx, such as 412.
  if (resized !== null && /\berr=94(04|08)\b/.test(resized)) return undefined;
  const found = resized === null ? 'no header cf-resized' : /\berr=\d{0,4}/.exec(resized)?.[0];
  throw new ResizingFailed(`expected a resized image, found ${found}`);
}
