/** The image worker in front of an instance of `serve` in memory, without the file worker. */
import type { ServeResponse } from '../../../functions/src/serve/refuse.js';
import type { openServeFixture } from '../../../functions/test/serve/serve-fixture.js';
import { neverAborted } from '../../../functions/test/serve/serve-fixture.js';
import imageWorker from '../src/image-worker.js';
import type { ImageWorkerEnv } from '../src/env.js';
import { memoryCaches } from './memory-caches.js';

/** The URL of the edge. */
export const EDGE = 'https://images.example';

type Serve = ReturnType<typeof openServeFixture>['serve'];

/** Converts a response of `serve`, which may be streamed. */
export async function toWebResponse({ status, headers, body }: ServeResponse): Promise<Response> {
  const pairs = headers.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : [],
  );
  const chunks: Uint8Array[] = [];
  if (typeof body === 'string') chunks.push(new TextEncoder().encode(body));
  else if (body instanceof Uint8Array) chunks.push(body);
  else if (body !== undefined) for await (const chunk of body) chunks.push(chunk as Uint8Array);
  const bytes = body === undefined ? null : Buffer.concat(chunks);
  return new Response(bytes, { status, headers: pairs });
}

/** @param env differs from that of a Worker without sealed links and resizing */
export function openEdge(serve: Serve, env: Partial<ImageWorkerEnv> = {}) {
  const caches = memoryCaches();
  /** Paths that the origin was asked for. */
  const asked: string[] = [];
  const pending: Promise<unknown>[] = [];
  const FILES = {
    async fetch(request: Request): Promise<Response> {
      const { pathname, search } = new URL(request.url);
      asked.push(pathname + search);
      const headers = Object.fromEntries(request.headers);
      const { method } = request;
      const url = pathname + search;
      return toWebResponse(await serve({ method, url, headers, signal: neverAborted() }));
    },
  };
  const settings: ImageWorkerEnv = { FILES, CACHES: caches, BUCKET: 'bucket', ...env };
  return {
    asked,
    caches,
    /** Sends a request to the edge, and waits until everything is in its caches. */
    get: async (path: string, init: RequestInit = {}): Promise<Response> => {
      const request = new Request(EDGE + path, init);
      const waitUntil = (promise: Promise<unknown>) => void pending.push(promise);
      const response = await imageWorker.fetch(request, settings, { waitUntil });
      await Promise.all(pending);
      return response;
    },
  };
}
