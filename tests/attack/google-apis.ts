/** Imitates the REST APIs of Firestore and Cloud Storage that `serve` reads: at first, every token is valid. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { entityTag } from '../../functions/src/domain/entity-tag.js';

/** Names and bytes of the renditions that every token has, each as WebP. */
export const RENDITIONS = { w400: Buffer.alloc(9_488, 1), w800: Buffer.alloc(24_928, 2) };

export interface GoogleApis {
  /** `host:port`. */
  host: string;
  /** Requests so far, both APIs together. */
  readonly requests: number;
  /** HTTP status of every further response; 200 at first. */
  status: number;
  /** Whether every token exists, or none; true at first. */
  hasTokens: boolean;
  close(): void;
}

export async function openGoogleApis(): Promise<GoogleApis> {
  const renditions = Object.entries(RENDITIONS).map(([name, data]) => {
    const webp = {
      object: { stringValue: name },
      bytes: { integerValue: String(data.length) },
      etag: { stringValue: entityTag(data) },
    };
    const size = { width: { integerValue: '400' }, height: { integerValue: '300' } };
    return [name, mapValue({ ...size, webp: mapValue(webp) })] as const;
  });
  const placeholder = { thumbhash: { stringValue: 'AAAA' }, color: { stringValue: '#102030' } };
  const image = {
    bucket: { stringValue: 'bucket' },
    generation: { stringValue: '1' },
    placeholder: mapValue(placeholder),
    renditions: mapValue(Object.fromEntries(renditions)),
  };
  const record = {
    uid: { stringValue: 'alice' },
    imageId: { stringValue: 'cat' },
    kind: { stringValue: 'share' },
    createdAt: { timestampValue: '2026-01-01T00:00:00Z' },
    image: mapValue(image),
  };
  const apis = { requests: 0, status: 200, hasTokens: true };
  const server = createServer((request, response) => {
    apis.requests += 1;
    request.resume().once('end', () => {
      if (apis.status !== 200) return void response.writeHead(apis.status).end();
      if (request.method === 'POST') {
        response.setHeader('Content-Type', 'application/json');
        const result = apis.hasTokens ? { found: { fields: record } } : { missing: 'a document' };
        return void response.end(JSON.stringify([result]));
      }
      const name = /\/o\/([^?]+)/.exec(request.url ?? '')?.[1] as keyof typeof RENDITIONS;
      const data = RENDITIONS[name];
      response.writeHead(200, { 'Content-Length': data.length }).end(data);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return Object.assign(apis, {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  });
}

const mapValue = (fields: object) => ({ mapValue: { fields } });
