/** Runs the reader against a server that imitates Google's REST APIs. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ATTEMPT_TIMEOUT_MS, REAL_TIMING, type RetryTiming } from './read-retry.js';
import { openReader, type Reader } from './reader.js';

/** A signal of a client that stays connected; each read has its own. */
const neverAborted = () => new AbortController().signal;
type Respond = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function withReader(
  respond: Respond,
  use: (reader: Reader, requests: string[], sleeps: number[]) => Promise<void>,
  databaseId = '(default)',
) {
  const requests: string[] = [];
  const sleeps: number[] = [];
  // Waits between attempts take no time; timeouts do.
  const sleep: RetryTiming['sleep'] = (milliseconds, signal) => {
    sleeps.push(milliseconds);
    return REAL_TIMING.sleep(milliseconds < ATTEMPT_TIMEOUT_MS ? 0 : milliseconds, signal);
  };
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      requests.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      respond(request, response, Buffer.concat(chunks as Buffer[]).toString());
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reader = openReader({
    databaseId,
    projectId: 'demo',
    tokensCollection: 'imageTokens',
    firestoreEmulator: host,
    storageEmulator: `http://${host}`,
    accessToken: () => Promise.reject(new Error('not expected for an emulator')),
    timing: { ...REAL_TIMING, sleep },
  });
  try {
    await use(reader, requests, sleeps);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

const json = (response: ServerResponse, value: unknown, status = 200) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

describe('findToken', () => {
  const fields = {
    uid: { stringValue: 'alice' },
    variants: { arrayValue: { values: [{ stringValue: 'thumb' }] } },
    none: { arrayValue: {} },
    expiresAt: { timestampValue: '2026-01-01T00:00:00.123456Z' },
    image: {
      mapValue: {
        fields: {
          w800: { mapValue: { fields: { width: { integerValue: '800' } } } },
          ratio: { doubleValue: 1.5 },
          cropped: { booleanValue: true },
          nothing: { nullValue: null },
          empty: { mapValue: {} },
        },
      },
    },
  };

  test('reads the record with one request and returns plain values, times in milliseconds', async () => {
    const bodies: string[] = [];
    const respond: Respond = (_request, response, body) => {
      bodies.push(body);
      json(response, [{ found: { name: 'x', fields }, readTime: '2026-01-01T00:00:00Z' }]);
    };
    await withReader(respond, async (reader, requests) => {
      expect(await reader.findToken('hash', neverAborted())).toEqual({
        uid: 'alice',
        variants: ['thumb'],
        none: [],
        expiresAt: Date.UTC(2026, 0, 1) + 123,
        image: { w800: { width: 800 }, ratio: 1.5, cropped: true, nothing: null, empty: {} },
      });
      const documents = '/v1/projects/demo/databases/(default)/documents';
      expect(requests).toEqual([`POST ${documents}:batchGet Bearer owner`]);
      expect(bodies).toEqual([`{"documents":["${documents.slice(4)}/imageTokens/hash"]}`]);
    });
  });

  test('reads from the database of DATABASE_ID', async () => {
    const respond: Respond = (_request, response) => json(response, [{ missing: 'x' }]);
    const check = async (reader: Reader, requests: string[]) => {
      await reader.findToken('hash', neverAborted());
      expect(requests).toEqual([
        'POST /v1/projects/demo/databases/photos/documents:batchGet Bearer owner',
      ]);
    };
    await withReader(respond, check, 'photos');
  });

  test('returns undefined for a missing record', async () => {
    const respond: Respond = (_request, response) => json(response, [{ missing: 'x' }]);
    await withReader(respond, async (reader) => {
      expect(await reader.findToken('hash', neverAborted())).toBeUndefined();
    });
  });

  test.each([
    ['a missing database', 404, { error: { status: 'NOT_FOUND' } }],
    ['no permission', 403, { error: {} }],
    ['a response without a document', 200, []],
    ['a response that is not a list', 200, { error: 'x' }],
  ])('throws for %s', async (_case, status, value) => {
    const respond: Respond = (_request, response) => json(response, value, status);
    await withReader(respond, async (reader) => {
      await expect(reader.findToken('hash', neverAborted())).rejects.toThrow(
        /^expected a response with data, found/,
      );
    });
  });

  test('retries a network error, a 429 and a 5xx, and throws after four attempts', async () => {
    let failures = 3;
    const respond: Respond = (request, response) => {
      failures -= 1;
      if (failures === 2) request.socket.destroy();
      else if (failures === 1) json(response, {}, 429);
      else if (failures === 0) json(response, {}, 503);
      else json(response, [{ missing: 'x' }]);
    };
    await withReader(respond, async (reader, requests) => {
      expect(await reader.findToken('hash', neverAborted())).toBeUndefined();
      expect(requests).toHaveLength(4);
    });
    const unavailable: Respond = (_request, response) => json(response, {}, 503);
    await withReader(unavailable, async (reader, requests) => {
      await expect(reader.findToken('hash', neverAborted())).rejects.toMatchObject({ code: 503 });
      expect(requests).toHaveLength(4);
    });
  });

  test('waits for Retry-After in seconds', async () => {
    let isFirst = true;
    const respond: Respond = (_request, response) => {
      if (isFirst) response.setHeader('Retry-After', '2').writeHead(503).end();
      else json(response, [{ missing: 'x' }]);
      isFirst = false;
    };
    await withReader(respond, async (reader, _requests, sleeps) => {
      expect(await reader.findToken('hash', neverAborted())).toBeUndefined();
      expect(sleeps).toContain(2000);
    });
  });

  test('retries when the body of the response is cut off', async () => {
    let isFirst = true;
    const respond: Respond = (request, response) => {
      if (!isFirst) return void json(response, [{ missing: 'x' }]);
      isFirst = false;
      response.writeHead(200, { 'Content-Length': '100' }).write('[', () => {
        request.socket.destroy();
      });
    };
    await withReader(respond, async (reader, requests) => {
      expect(await reader.findToken('hash', neverAborted())).toBeUndefined();
      expect(requests).toHaveLength(2);
    });
  });

  test('does not retry an aborted read', async () => {
    const controller = new AbortController();
    const respond: Respond = () => controller.abort(new Error('gone'));
    await withReader(respond, async (reader, requests) => {
      await expect(reader.findToken('hash', controller.signal)).rejects.toThrow('gone');
      expect(requests).toHaveLength(1);
    });
  });
});

describe('readRendition', () => {
  test('reads the whole object or a range with one request, its name escaped', async () => {
    const ranges: (string | undefined)[] = [];
    const respond: Respond = (request, response) => {
      ranges.push(request.headers.range);
      response.statusCode = request.headers.range ? 206 : 200;
      response.end('0123');
    };
    await withReader(respond, async (reader, requests) => {
      for (const range of [undefined, { start: 0, end: 3 }]) {
        const object = await reader.readRendition(
          'b',
          'variants/a b/1.webp',
          range,
          neverAborted(),
        );
        expect(object?.bytes).toBe(4);
        expect(String(Buffer.concat((await object?.body.toArray()) as Buffer[]))).toBe('0123');
      }
      const line = 'GET /storage/v1/b/b/o/variants%2Fa%20b%2F1.webp?alt=media Bearer owner';
      expect(requests).toEqual([line, line]);
      expect(ranges).toEqual([undefined, 'bytes=0-3']);
    });
  });

  test.each([404, 416])('returns undefined for a %i', async (status) => {
    const respond: Respond = (_request, response) => json(response, {}, status);
    await withReader(respond, async (reader) => {
      expect(
        await reader.readRendition('b', 'o', { start: 9, end: 9 }, neverAborted()),
      ).toBeUndefined();
    });
  });

  test.each([200, 403])('throws for a %i response to a range request', async (status) => {
    const respond: Respond = (_request, response) => response.writeHead(status).end('0123456789');
    await withReader(respond, async (reader) => {
      const read = reader.readRendition('b', 'o', { start: 0, end: 3 }, neverAborted());
      await expect(read).rejects.toMatchObject({ code: status });
    });
  });

  test('throws for a response without Content-Length', async () => {
    const respond: Respond = (_request, response) => response.writeHead(200).end('0123');
    await withReader(respond, async (reader) => {
      const read = reader.readRendition('b', 'o', undefined, neverAborted());
      await expect(read).rejects.toMatchObject({ code: 'no length' });
    });
  });

  test('aborts the body when the signal aborts midway', async () => {
    const controller = new AbortController();
    let closed: Promise<unknown> | undefined;
    const respond: Respond = (_request, response) => {
      closed = once(response, 'close');
      response.writeHead(200, { 'Content-Length': '1000000' }).write('0123');
    };
    await withReader(respond, async (reader) => {
      const object = await reader.readRendition('b', 'o', undefined, controller.signal);
      const ended = object?.body.toArray();
      controller.abort(new Error('gone'));
      await expect(ended).rejects.toThrow();
      await closed;
    });
  });
});
