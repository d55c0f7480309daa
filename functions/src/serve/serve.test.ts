import type { Timestamp } from 'firebase-admin/firestore';
import type { TokenRecord } from '../images/records.js';
import { fakeLibrary } from '../library/library.fake.js';
import { hashToken, mintToken } from '../tokens/token.js';
import type { Manifest } from './manifest.js';
import { serve, type Reply, type Request, type Serve } from './serve.js';

const NOW = Date.UTC(2026, 0, 1);
const placeholder = { thumbhash: 'AAAA', color: '#102030' };
const at = (ms: number) => ({ toMillis: () => ms }) as Timestamp;

function rendition(object: string) {
  return { object, bytes: object.length, etag: `"${object}"` };
}

function setUp(changes: Partial<TokenRecord<Timestamp>> = {}, base?: string) {
  const library = fakeLibrary();
  const token = mintToken();
  const logged: unknown[] = [];
  library.tokens.set(hashToken(token), {
    uid: 'alice',
    imageId: 'cat',
    kind: 'default',
    createdAt: at(0),
    image: {
      bucket: 'bucket',
      generation: '1',
      placeholder,
      renditions: {
        w800: {
          width: 800,
          height: 600,
          webp: rendition('w800.webp'),
          jpeg: rendition('w800.jpg'),
        },
        thumb: { width: 200, height: 200, webp: rendition('thumb.webp') },
      },
    },
    ...changes,
  });
  for (const name of ['w800.webp', 'w800.jpg', 'thumb.webp']) {
    library.renditions.set(name, Buffer.from(name));
  }
  const room: Serve = {
    config: { revocationSeconds: 60, ...(base !== undefined && { publicBaseUrl: base }) },
    library,
    now: () => NOW,
    log: (...line) => logged.push(line),
  };
  const get = (path: string, request: Partial<Request> = {}) =>
    serve({ method: 'GET', path, ...request }, room);
  return { library, token, room, get, logged };
}

describe('a variant', () => {
  test('is answered with its bytes and headers', async () => {
    const { get, token } = setUp();
    const reply = await get(`/i/${token}/w800.webp`);
    expect(reply.status).toBe(200);
    expect(reply.body?.toString()).toBe('w800.webp');
    expect(reply.headers).toEqual({
      'Access-Control-Allow-Origin': '*',
      'Cache-Control': 'public, max-age=30, s-maxage=30, must-revalidate',
      'Content-Disposition': 'inline',
      'Content-Length': '9',
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Content-Type': 'image/webp',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      ETag: '"w800.webp"',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    });
  });

  test('costs one read of Firestore and one of Storage', async () => {
    const { get, token, library } = setUp();
    await get(`/${token}/w800.webp`);
    expect(library.calls).toEqual({ findToken: 1, readRendition: 1 });
  });

  test('is negotiated without an extension, and says so', async () => {
    const { get, token } = setUp();
    const webp = await get(`/${token}/w800`, { accept: 'image/webp,*/*' });
    expect([webp.headers['Content-Type'], webp.headers['Vary']]).toEqual(['image/webp', 'Accept']);
    const jpeg = await get(`/${token}/w800`, { accept: '*/*' });
    expect([jpeg.headers['Content-Type'], jpeg.headers['Vary']]).toEqual(['image/jpeg', 'Accept']);
    expect((await get(`/${token}/w800.webp`)).headers['Vary']).toBeUndefined();
  });

  test('HEAD has the headers of GET and no body, and reads nothing from Storage', async () => {
    const { get, token, library } = setUp();
    const head = await get(`/${token}/w800.webp`, { method: 'HEAD' });
    expect(library.calls['readRendition']).toBeUndefined();
    expect(head.body).toBeUndefined();
    expect(head.headers).toEqual((await get(`/${token}/w800.webp`)).headers);
  });

  test('304 when the client has it, with neither body nor a read of Storage', async () => {
    const { get, token, library } = setUp();
    const reply = await get(`/${token}/w800`, { ifNoneMatch: '"x", W/"w800.jpg"' });
    expect(reply).toMatchObject({
      status: 304,
      headers: {
        ETag: '"w800.jpg"',
        Vary: 'Accept',
        'Cache-Control': 'public, max-age=30, s-maxage=30, must-revalidate',
      },
    });
    expect(reply.body).toBeUndefined();
    expect(reply.headers).not.toHaveProperty('Content-Length');
    expect(library.calls['readRendition']).toBeUndefined();
  });

  test('of an expiring token is not kept longer than the token lives', async () => {
    const { get, token } = setUp({ expiresAt: at(NOW + 10_000) });
    const { headers } = await get(`/${token}/w800.webp`);
    expect(headers['Cache-Control']).toBe('public, max-age=5, s-maxage=5, must-revalidate');
  });
});

describe('the manifest', () => {
  test('lists every variant, small to large, with addresses relative to its own', async () => {
    const { get, token } = setUp();
    const reply = await get(`/i/${token}`);
    expect(reply.headers['Content-Type']).toBe('application/json; charset=utf-8');
    const manifest = JSON.parse(String(reply.body)) as Manifest;
    expect(manifest).toEqual({
      version: 1,
      placeholder,
      variants: [
        {
          name: 'thumb',
          width: 200,
          height: 200,
          formats: {
            webp: { url: `${token}/thumb.webp`, contentType: 'image/webp', bytes: 10 },
          },
        },
        {
          name: 'w800',
          width: 800,
          height: 600,
          formats: {
            webp: { url: `${token}/w800.webp`, contentType: 'image/webp', bytes: 9 },
            jpeg: { url: `${token}/w800.jpg`, contentType: 'image/jpeg', bytes: 8 },
          },
        },
      ],
    });
    const url = manifest.variants[0]?.formats.webp?.url ?? '';
    expect(new URL(url, `https://example.com/i/${token}`).href).toBe(
      `https://example.com/i/${token}/thumb.webp`,
    );
  });

  test('has absolute addresses when PUBLIC_BASE_URL is set', async () => {
    const { get, token } = setUp({}, 'https://example.com/i');
    const manifest = JSON.parse(String((await get(`/${token}`)).body)) as Manifest;
    expect(manifest.variants[0]?.formats.webp?.url).toBe(
      `https://example.com/i/${token}/thumb.webp`,
    );
  });

  test('reveals nothing of owner, image or objects', async () => {
    const { get, token } = setUp();
    expect(String((await get(`/${token}`)).body)).not.toMatch(/alice|cat|bucket|generation/);
  });

  test('is revalidated, and lists only what the token may show', async () => {
    const { get, token } = setUp({ variants: ['thumb'] });
    const { headers, body } = await get(`/${token}`);
    expect((JSON.parse(String(body)) as Manifest).variants.map(({ name }) => name)).toEqual([
      'thumb',
    ]);
    const again = await get(`/${token}`, { ifNoneMatch: headers['ETag'] });
    expect([again.status, again.body]).toEqual([304, undefined]);
  });
});

describe('no', () => {
  async function refusals(): Promise<[string, Reply][]> {
    const one = setUp();
    const limited = setUp({ variants: ['thumb'] });
    const expired = setUp({ expiresAt: at(NOW) });
    const revoked = setUp();
    revoked.library.tokens.clear();
    const unmade = setUp();
    for (const record of unmade.library.tokens.values()) delete record.image;
    return [
      ['malformed', await one.get('/spv_nonsense/w800')],
      ['no token at all', await one.get('/')],
      ['wrong checksum', await one.get(`/${one.token.slice(0, -1)}-/w800`)],
      ['unknown token', await one.get(`/${mintToken()}/w800`)],
      ['unknown token’s manifest', await one.get(`/${mintToken()}`)],
      ['unknown variant', await one.get(`/${one.token}/w801`)],
      ['a property of every object', await one.get(`/${one.token}/constructor`)],
      ['a format that was not made', await one.get(`/${one.token}/w800.avif`)],
      ['a format of another variant', await one.get(`/${one.token}/thumb.jpg`)],
      ['unknown extension', await one.get(`/${one.token}/w800.png`)],
      ['variant not allowed', await limited.get(`/${limited.token}/w800`)],
      ['expired', await expired.get(`/${expired.token}/w800`)],
      [
        'expired, though the client has it',
        await expired.get(`/${expired.token}/w800.webp`, { ifNoneMatch: '*' }),
      ],
      ['nothing made yet', await unmade.get(`/${unmade.token}`)],
      ['revoked', await revoked.get(`/${revoked.token}/w800`)],
    ];
  }

  test('is the same 404, byte for byte and header for header', async () => {
    const replies = await refusals();
    const [[, first]] = replies as [[string, Reply]];
    expect(first.status).toBe(404);
    expect(first.headers['Cache-Control']).toBe('no-store');
    for (const [what, reply] of replies) expect([what, reply]).toEqual([what, first]);
  });

  test('for junk costs no read', async () => {
    const { get, token, library } = setUp();
    await get(`/${token.slice(0, -1)}-/w800`);
    await get('/favicon.ico');
    expect(library.calls).toEqual({});
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])(
    '405 for %s, known token or not',
    async (method) => {
      const { get, token } = setUp();
      const reply = await get(`/${token}/w800`, { method });
      expect([reply.status, reply.headers['Allow']]).toEqual([405, 'GET, HEAD']);
      expect(await get('/x', { method })).toEqual(reply);
    },
  );
});

describe('trouble', () => {
  test('Firestore failing is a 503 that no cache keeps, not a 404', async () => {
    const { get, token, library, logged } = setUp();
    library.records.findToken = () =>
      Promise.reject(Object.assign(new Error(`14 UNAVAILABLE ${token}`), { code: 14 }));
    const reply = await get(`/${token}/w800`);
    expect(reply).toMatchObject({
      status: 503,
      headers: { 'Retry-After': '5', 'Cache-Control': 'no-store' },
    });
    expect(JSON.stringify(logged)).not.toContain(token);
    expect(logged).toHaveLength(1);
  });

  test('a rendition that vanished after an overwrite is resolved once more', async () => {
    const { get, token, library } = setUp();
    const record = library.tokens.get(hashToken(token)) as TokenRecord<Timestamp>;
    library.renditions.set('new.webp', Buffer.from('new'));
    const newer = {
      ...record,
      image: {
        ...(record.image as NonNullable<typeof record.image>),
        renditions: { w800: { width: 1, height: 1, webp: rendition('new.webp') } },
      },
    };
    library.objects.readRendition = (name) => {
      library.tokens.set(hashToken(token), newer);
      return Promise.resolve(name === 'new.webp' ? Buffer.from('new') : undefined);
    };
    const reply = await get(`/${token}/w800.webp`);
    expect([reply.status, reply.body?.toString(), reply.headers['ETag']]).toEqual([
      200,
      'new',
      '"new.webp"',
    ]);
  });

  test('a rendition that is gone for good is a 503, after two reads and no more', async () => {
    const { get, token, library } = setUp();
    library.renditions.clear();
    expect((await get(`/${token}/w800`)).status).toBe(503);
    expect(library.calls['readRendition']).toBe(2);
  });
});
