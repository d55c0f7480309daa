/**
 * The edge without Cloudflare: both Workers in one Node.js server, with caches in memory and sharp in place of the
 * Images binding.
 *
 *     ORIGIN=https://YOUR-SITE/i BASE_URL=https://images.example.com PORT=8080 node server.mjs
 *
 * Behind a proxy with TLS. Further variables: those of the Workers (BUCKET, SEALING_KEYS, RESIZING, WIDTHS, CREDENTIAL …).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import sharp from 'sharp';
import fileWorker from 'storage-public-variants-edge/file-worker';
import imageWorker from 'storage-public-variants-edge/image-worker';

/** Bytes that each cache may hold. */
const MAX_CACHE_BYTES = 64 * 2 ** 20;

/** A cache in memory; what was used least recently is dropped. */
function openCache() {
  const entries = new Map();
  let bytes = 0;
  const remove = (key) => {
    bytes -= entries.get(key)?.body.length ?? 0;
    entries.delete(key);
  };
  return {
    async match(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      if (Date.now() >= entry.until) {
        bytes -= entry.body.length;
        return undefined;
      }
      entries.set(key, entry);
      return new Response(entry.body, { headers: entry.headers });
    },
    async put(key, response) {
      const maxAge = /max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '')?.[1] ?? 0;
      const body = new Uint8Array(await response.arrayBuffer());
      remove(key);
      entries.set(key, { body, headers: response.headers, until: Date.now() + maxAge * 1000 });
      bytes += body.length;
      for (const oldest of entries.keys()) {
        if (bytes <= MAX_CACHE_BYTES) break;
        remove(oldest);
      }
    },
  };
}

const caches = new Map();
const cacheStorage = {
  async open(name) {
    if (!caches.has(name)) caches.set(name, openCache());
    return caches.get(name);
  },
};

/** What the image worker needs of Cloudflare's Images binding. */
const images = {
  input: (stream) => ({
    transform({ width }) {
      this.width = width;
      return this;
    },
    async output({ format }) {
      const source = Buffer.from(await new Response(stream).arrayBuffer());
      const body = await sharp(source, { animated: true })
        .resize({ width: this.width, withoutEnlargement: true })
        .toFormat(format.replace('image/', ''))
        .toBuffer();
      return { response: () => new Response(body, { headers: { 'content-type': format } }) };
    },
  }),
};

const { BASE_URL = '', PORT = '8080', ...variables } = process.env;
if (!URL.canParse(BASE_URL)) {
  console.error('BASE_URL: expected the public URL of this server, found none');
  process.exit(1);
}
const env = {
  ...variables,
  CACHES: cacheStorage,
  IMAGES: images,
  FILES: { fetch: (request) => fileWorker.fetch(request, variables) },
};
const context = {
  waitUntil: (promise) => promise.catch((error) => console.error('not cached', error)),
};

const server = createServer({ maxHeaderSize: 16_384 }, (message, response) => {
  respond(message, response).catch(() => response.destroy());
});

async function respond(message, response) {
  const { method, rawHeaders } = message;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2)
    headers.append(rawHeaders[at], rawHeaders[at + 1]);
  // The proxy with TLS appends the address of the visitor; what is further left comes from the visitor.
  const forwarded = message.headers['x-forwarded-for']?.split(',').at(-1)?.trim();
  headers.set('cf-connecting-ip', forwarded ?? message.socket.remoteAddress ?? '');
  // The host of the request is the client's choice; the path is all that is used of it.
  const request = new Request(new URL(BASE_URL).origin + message.url, { method, headers });
  const answer = await imageWorker.fetch(request, env, context);
  response.writeHead(answer.status, Object.fromEntries(answer.headers));
  if (answer.body === null) response.end();
  else await pipeline(Readable.fromWeb(answer.body), response);
}

function stop() {
  server.close();
  server.closeIdleConnections();
}

await once(server.listen(Number(PORT)), 'listening');
console.log(`listening on port ${server.address().port}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
