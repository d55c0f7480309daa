/** What the Workers use of their platform besides `fetch`, `crypto` and streams. A Node.js server can provide it, too. */

/** Sends requests: a service binding, or any object with `fetch`. */
export interface Fetcher {
  fetch(request: Request): Promise<Response>;
}

export interface WorkerContext {
  /** Keeps the Worker alive until a promise has settled that the response does not wait for. */
  waitUntil(promise: Promise<unknown>): void;
}

/** The part of the Cache API that is used: it must respect `max-age` of what it stores. */
export interface EdgeCache {
  match(key: string): Promise<Response | undefined>;
  put(key: string, response: Response): Promise<void>;
}

export interface EdgeCaches {
  open(name: string): Promise<EdgeCache>;
}

/** The part of Cloudflare's Images binding that is used. */
export interface ImagesBinding {
  input(image: ReadableStream<Uint8Array>): ImageTransformer;
}

export interface ImageTransformer {
  transform(options: { width: number; fit: 'scale-down' }): ImageTransformer;
  /** @param options `format` is a media type */
  output(options: { format: string }): Promise<{ response(): Response }>;
}

/** Cloudflare's rate limiting binding. https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/ */
export interface RateLimitBinding {
  /** Counts one of a key. */
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** Options of `fetch` that Cloudflare adds. https://developers.cloudflare.com/images/transform-images/ */
export interface CloudflareRequestInit extends RequestInit {
  cf?: {
    image?: {
      width: number;
      fit: 'scale-down';
      format: string;
      metadata: 'none';
      'origin-auth': 'share-publicly';
    };
  };
}
