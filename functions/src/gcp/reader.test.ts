/** The reader against a server that answers as Google's REST APIs do. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openReader, type Reader } from './reader.js';

/** A signal of its own for each read, as each view has. */
const never = () => new AbortController().signal;
type Answer = (request: IncomingMessage, response: ServerResponse, body: string) => void;

async function withReader(answer: Answer, use: (reader: Reader, asked: string[]) => Promise<void>) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    void request.toArray().then((chunks) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      answer(request, response, Buffer.concat(chunks as Buffer[]).toString());
    });
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const reader = openReader({
    projectId: 'demo',
    tokensCollection: 'imageTokens',
    firestoreEmulator: host,
    storageEmulator: `http://${host}`,
    accessToken: () => Promise.reject(new Error('an emulator needs none')),
  });
  try {
    await use(reader, asked);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
}

const json = (response: ServerResponse, value: unknown, status = 200) =>
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));

describe('a token’s record', () => {
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

  test('is read with one request and given as plain values, times in milliseconds', async () => {
    const bodies: string[] = [];
    const answer: Answer = (_request, response, body) => {
      bodies.push(body);
      json(response, [{ found: { name: 'x', fields }, readTime: '2026-01-01T00:00:00Z' }]);
    };
    await withReader(answer, async (reader, asked) => {
      expect(await reader.findToken('hash', never())).toEqual({
        uid: 'alice',
        variants: ['thumb'],
        none: [],
        expiresAt: Date.UTC(2026, 0, 1) + 123,
        image: { w800: { width: 800 }, ratio: 1.5, cropped: true, nothing: null, empty: {} },
      });
      const documents = '/v1/projects/demo/databases/(default)/documents';
      expect(asked).toEqual([`POST ${documents}:batchGet Bearer owner`]);
      expect(bodies).toEqual([`{"documents":["${documents.slice(4)}/imageTokens/hash"]}`]);
    });
  });

  test('that is missing is undefined', async () => {
    const answer: Answer = (_request, response) => json(response, [{ missing: 'x' }]);
    await withReader(answer, async (reader) => {
      expect(await reader.findToken('hash', never())).toBeUndefined();
    });
  });

  test.each([
    ['a database that is not there', 404, { error: { status: 'NOT_FOUND' } }],
    ['no permission', 403, { error: {} }],
    ['an answer without a document', 200, []],
    ['an answer that is none', 200, { error: 'x' }],
  ])('%s is a failure, not an unknown token', async (_what, status, value) => {
    const answer: Answer = (_request, response) => json(response, value, status);
    await withReader(answer, async (reader) => {
      await expect(reader.findToken('hash', never())).rejects.toThrow(/^expected an answer, found/);
    });
  });

  test('what may pass is tried twice, then thrown', async () => {
    let fails = 1;
    const answer: Answer = (request, response) => {
      if (fails-- > 0) request.socket.destroy();
      else json(response, [{ missing: 'x' }]);
    };
    await withReader(answer, async (reader, asked) => {
      expect(await reader.findToken('hash', never())).toBeUndefined();
      expect(asked).toHaveLength(2);
      fails = 2;
      await expect(reader.findToken('hash', never())).rejects.toThrow();
      expect(asked).toHaveLength(4);
    });
    const unavailable: Answer = (_request, response) => json(response, {}, 503);
    await withReader(unavailable, async (reader, asked) => {
      await expect(reader.findToken('hash', never())).rejects.toMatchObject({ code: 503 });
      expect(asked).toHaveLength(2);
    });
  });

  test('whoever leaves stops it, and it is not tried again', async () => {
    const left = new AbortController();
    const answer: Answer = () => left.abort(new Error('gone'));
    await withReader(answer, async (reader, asked) => {
      await expect(reader.findToken('hash', left.signal)).rejects.toThrow('gone');
      expect(asked).toHaveLength(1);
    });
  });
});

describe('a rendition', () => {
  test('is read with one request, its name escaped, whole or in part', async () => {
    const ranges: (string | undefined)[] = [];
    const answer: Answer = (request, response) => {
      ranges.push(request.headers.range);
      response.statusCode = request.headers.range ? 206 : 200;
      response.end('0123');
    };
    await withReader(answer, async (reader, asked) => {
      for (const range of [undefined, { start: 0, end: 3 }]) {
        const found = await reader.readRendition('b', 'variants/a b/1.webp', range, never());
        expect(found?.bytes).toBe(4);
        expect(String(Buffer.concat((await found?.body.toArray()) as Buffer[]))).toBe('0123');
      }
      const line = 'GET /storage/v1/b/b/o/variants%2Fa%20b%2F1.webp?alt=media Bearer owner';
      expect(asked).toEqual([line, line]);
      expect(ranges).toEqual([undefined, 'bytes=0-3']);
    });
  });

  test.each([404, 416])('%i: it is gone, or another one', async (status) => {
    const answer: Answer = (_request, response) => json(response, {}, status);
    await withReader(answer, async (reader) => {
      expect(await reader.readRendition('b', 'o', { start: 9, end: 9 }, never())).toBeUndefined();
    });
  });

  test.each([200, 403])('%i to a range is a failure', async (status) => {
    const answer: Answer = (_request, response) => response.writeHead(status).end('0123456789');
    await withReader(answer, async (reader) => {
      const read = reader.readRendition('b', 'o', { start: 0, end: 3 }, never());
      await expect(read).rejects.toMatchObject({ code: status });
    });
  });

  test('without a length is a failure: nothing would tell that it broke off', async () => {
    const answer: Answer = (_request, response) => response.writeHead(200).end('0123');
    await withReader(answer, async (reader) => {
      const read = reader.readRendition('b', 'o', undefined, never());
      await expect(read).rejects.toMatchObject({ code: 'no length' });
    });
  });

  test('whoever leaves midway stops the stream', async () => {
    const left = new AbortController();
    let closed: Promise<unknown> | undefined;
    const answer: Answer = (_request, response) => {
      closed = once(response, 'close');
      response.writeHead(200, { 'Content-Length': '1000000' }).write('0123');
    };
    await withReader(answer, async (reader) => {
      const found = await reader.readRendition('b', 'o', undefined, left.signal);
      const ended = found?.body.toArray();
      left.abort(new Error('gone'));
      await expect(ended).rejects.toThrow();
      await closed;
    });
  });
});
