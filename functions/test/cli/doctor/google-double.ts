/** A server that answers as Google's APIs do, and a `fetch` that sends all requests to it. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  openRestClient,
  type Fetch,
  type RestClient,
} from '../../../src/cli/doctor/installation/rest.js';

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: object | string | Buffer;
  /** Sends no response. */
  hangs?: true;
}

export interface Sent {
  /** `METHOD HOST/PATH`, without a query. */
  key: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export type Replies = Record<string, Reply | ((sent: Sent) => Reply)>;

export interface GoogleDouble {
  /** By `METHOD HOST/PATH`, or the beginning of one and `*`; others have a 404. Tests change it. */
  replies: Replies;
  sent: Sent[];
  fetch: Fetch;
  client(options?: { timeoutMs?: number; maxBytes?: number; token?: string }): RestClient;
  close(): Promise<void>;
}

/** The error of an account without a permission: https://cloud.google.com/apis/design/errors#error_info */
export function denied(permission: string): Reply {
  return {
    status: 403,
    body: {
      error: {
        code: 403,
        message: `Permission '${permission}' denied on resource (or it may not exist).`,
        status: 'PERMISSION_DENIED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'IAM_PERMISSION_DENIED',
            domain: 'iam.googleapis.com',
            metadata: { permission },
          },
        ],
      },
    },
  };
}

/** The error of an API that is off: https://cloud.google.com/service-usage/docs/reference/rest/v1/ErrorReason */
export function disabled(service: string): Reply {
  return {
    status: 403,
    body: {
      error: {
        code: 403,
        message: `${service} has not been used in project demo-shop before or it is disabled.`,
        status: 'PERMISSION_DENIED',
        details: [
          {
            '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
            reason: 'SERVICE_DISABLED',
            domain: 'googleapis.com',
            metadata: { consumer: 'projects/123456789012', service },
          },
        ],
      },
    },
  };
}

/** An error of Cloud Storage: https://cloud.google.com/storage/docs/json_api/v1/status-codes */
export function storageDenied(permission: string): Reply {
  const message =
    `admin@example.com does not have ${permission} access to the Google Cloud Storage bucket. Permission '${permission}' ` +
    'denied on resource (or it may not exist).';
  const errors = [{ message, domain: 'global', reason: 'forbidden' }];
  return { status: 403, body: { error: { code: 403, message, errors } } };
}

const NOT_FOUND: Reply = {
  status: 404,
  body: { error: { code: 404, message: 'Requested entity was not found.', status: 'NOT_FOUND' } },
};

export async function openGoogleDouble(replies: Replies): Promise<GoogleDouble> {
  const double = { replies, sent: [] as Sent[] };
  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const url = new URL(request.url ?? '', 'http://localhost');
      const key = `${request.method} ${decodeURI(url.pathname).slice(1)}`;
      const sent = { key, query: url.searchParams, headers: request.headers, body };
      double.sent.push(sent);
      const prefix = Object.keys(double.replies).find(
        (one) => one.endsWith('*') && key.startsWith(one.slice(0, -1)),
      );
      const found = double.replies[key] ?? double.replies[prefix ?? ''] ?? NOT_FOUND;
      const reply = typeof found === 'function' ? found(sent) : found;
      if (reply.hangs) return;
      const isText = typeof reply.body === 'string' || Buffer.isBuffer(reply.body);
      response.writeHead(reply.status ?? 200, {
        'Content-Type': isText ? 'text/plain' : 'application/json; charset=UTF-8',
        ...reply.headers,
      });
      response.end(isText ? reply.body : JSON.stringify(reply.body ?? {}));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const send: Fetch = (url, init) => {
    const { host, pathname, search } = new URL(url);
    return fetch(`http://127.0.0.1:${port}/${host}${pathname}${search}`, init);
  };
  return Object.assign(double, {
    fetch: send,
    client: ({ token = 'ya29.secret', ...options } = {}) =>
      openRestClient({
        projectId: 'demo-shop',
        accessToken: () => Promise.resolve(token),
        fetch: send,
        ...options,
      }),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  } satisfies Partial<GoogleDouble>);
}
