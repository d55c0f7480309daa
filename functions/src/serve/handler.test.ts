import { Readable } from 'node:stream';
import { entityTag } from '../domain/entity-tag.js';
import { mintToken } from '../domain/token.js';
import { NOW, openServeFixture, type CollectedResponse } from '../../test/serve/serve-fixture.js';

describe('a rendition', () => {
  test('is sent with its bytes and headers', async () => {
    const { get, token } = openServeFixture();
    const response = await get(`/i/${token}/w800.webp`);
    expect(response.status).toBe(200);
    expect(response.body?.toString()).toBe('w800.webp');
    expect(response.headers).toEqual({
      'accept-ranges': 'bytes',
      'access-control-allow-origin': '*',
      'access-control-expose-headers':
        'Content-Length, Content-Range, ETag, RateLimit, RateLimit-Policy, Retry-After',
      'cache-control': 'public, max-age=30, s-maxage=30, must-revalidate',
      'content-disposition': 'inline; filename="w800.webp"',
      'content-length': '9',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-type': 'image/webp',
      'cross-origin-resource-policy': 'cross-origin',
      etag: entityTag('w800.webp'),
      'referrer-policy': 'no-referrer',
      'timing-allow-origin': '*',
      'x-content-type-options': 'nosniff',
      'x-robots-tag': 'noindex',
    });
  });

  test('has no X-Robots-Tag when NOINDEX is off', async () => {
    const { get, token } = openServeFixture({ config: { noindex: false } });
    expect((await get(`/${token}/w800.webp`)).headers).not.toHaveProperty('x-robots-tag');
  });

  test('costs one read of Firestore and one of Cloud Storage, then none within REVOCATION_SECONDS', async () => {
    const { get, token, backend, time } = openServeFixture();
    await get(`/${token}/w800.webp`);
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
    time.clock = 59_999;
    await get(`/${token}/w800.webp`);
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
    time.clock = 60_000;
    await get(`/${token}/w800.webp`);
    // The token record is read again; the bytes are cached under their entity tag.
    expect(backend.calls).toEqual({ findToken: 2, readRendition: 1 });
  });

  test('costs the same for many concurrent requests', async () => {
    const { get, token, backend } = openServeFixture();
    const responses = await Promise.all(
      Array.from({ length: 100 }, () => get(`/${token}/w800.webp`)),
    );
    expect(new Set(responses.map(({ body }) => String(body)))).toEqual(new Set(['w800.webp']));
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
  });

  test('that is large is read for each request, whole or in part', async () => {
    const { get, token, backend } = openServeFixture();
    const whole = await get(`/${token}/w1600.webp`);
    expect(whole.body?.equals(Buffer.alloc(600 * 1024, 7))).toBe(true);
    const part = await get(`/${token}/w1600.webp`, { headers: { range: 'bytes=-1000' } });
    expect([part.status, part.body?.length]).toEqual([206, 1000]);
    expect(part.headers).toMatchObject({ 'content-range': 'bytes 613400-614399/614400' });
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 2 });
  });

  test('with REVOCATION_SECONDS 0 costs one read of Firestore per request, and no further read of Cloud Storage', async () => {
    const { get, token, backend } = openServeFixture({ config: { revocationSeconds: 0 } });
    for (let requests = 1; requests <= 3; requests++) {
      const { headers } = await get(`/${token}/w800.webp`);
      expect(headers['cache-control']).toBe('public, no-cache');
      expect(backend.calls).toEqual({ findToken: requests, readRendition: 1 });
    }
  });

  test('with REVOCATION_SECONDS 0 does not share the read of an earlier request', async () => {
    const { get, token, backend, time } = openServeFixture({ config: { revocationSeconds: 0 } });
    const findToken = backend.reader.findToken.bind(backend.reader);
    const pending: (() => void)[] = [];
    backend.reader.findToken = async (hash, signal) => {
      await new Promise<void>((resolve) => pending.push(resolve));
      return findToken(hash, signal);
    };
    const responses = [get(`/${token}`)];
    while (pending.length < 1) await Promise.resolve();
    time.clock = 1;
    responses.push(get(`/${token}`));
    while (pending.length < 2) await new Promise(setImmediate);
    for (const resolve of pending) resolve();
    expect((await Promise.all(responses)).map(({ status }) => status)).toEqual([200, 200]);
    expect(backend.calls['findToken']).toBe(2);
  });

  test('is negotiated when the URL has no extension, with Vary: Accept', async () => {
    const { get, token } = openServeFixture();
    const webp = await get(`/${token}/w800`, { headers: { accept: 'image/webp,*/*' } });
    expect([webp.headers['content-type'], webp.headers['vary']]).toEqual(['image/webp', 'Accept']);
    const jpeg = await get(`/${token}/w800`, { headers: { accept: '*/*' } });
    expect([jpeg.headers['content-type'], jpeg.headers['vary']]).toEqual(['image/jpeg', 'Accept']);
    expect((await get(`/${token}/w800.webp`)).headers['vary']).toBeUndefined();
  });

  test('has the same headers for HEAD, no body, and no read of Cloud Storage', async () => {
    const { get, token, backend } = openServeFixture();
    const head = await get(`/${token}/w800.webp`, { method: 'HEAD' });
    expect(backend.calls['readRendition']).toBeUndefined();
    expect(head.body).toBeUndefined();
    expect(head.headers).toEqual((await get(`/${token}/w800.webp`)).headers);
  });

  test('gets a 304 when the entity tag matches, without a body or a read of Cloud Storage', async () => {
    const { get, token, backend } = openServeFixture();
    const headers = { 'if-none-match': `"x", W/${entityTag('w800.jpg')}` };
    const response = await get(`/${token}/w800`, { headers });
    expect(response).toMatchObject({
      status: 304,
      headers: {
        etag: entityTag('w800.jpg'),
        vary: 'Accept',
        'cache-control': 'public, max-age=30, s-maxage=30, must-revalidate',
      },
    });
    expect(response.body).toBeUndefined();
    expect(response.headers).not.toHaveProperty('content-length');
    expect(backend.calls['readRendition']).toBeUndefined();
  });

  test('is not cached after its token expires', async () => {
    const { get, token, time } = openServeFixture({ record: { expiresAt: NOW + 10_000 } });
    const { headers } = await get(`/${token}/w800.webp`);
    expect(headers['cache-control']).toBe('public, max-age=0, s-maxage=10, must-revalidate');
    time.now = NOW + 10_000;
    expect((await get(`/${token}/w800.webp`)).status).toBe(404);
  });

  test('by width is the narrowest that is wide enough, never a cropped one', async () => {
    const { get, token } = openServeFixture();
    const nameOf = async (query: string) =>
      (await get(`/${token}?${query}`)).headers['content-disposition'];
    expect(await nameOf('w=100')).toBe('inline; filename="w800.jpg"');
    expect(await nameOf('w=800')).toBe('inline; filename="w800.jpg"');
    expect(await nameOf('w=800&dpr=1.5')).toBe('inline; filename="w1600.webp"');
    expect(await nameOf('w=9999')).toBe('inline; filename="w1600.webp"');
    const { headers } = await get(`/${token}?w=1`, { headers: { accept: 'image/webp' } });
    expect([headers['content-type'], headers['vary']]).toEqual(['image/webp', 'Accept']);
    expect((await get(`/${token}?w=x`)).status).toBe(400);
  });

  test('by width is cropped when the token grants cropped variants only', async () => {
    const { get, token } = openServeFixture({ record: { variants: ['thumb'] } });
    expect((await get(`/${token}?w=800`)).headers['content-length']).toBe('10');
    const none = openServeFixture({ record: { variants: [] } });
    expect((await none.get(`/${none.token}?w=800`)).status).toBe(404);
  });
});

describe('a failed request', () => {
  async function failures(): Promise<[string, CollectedResponse][]> {
    const ready = openServeFixture();
    const limited = openServeFixture({ record: { variants: ['thumb'] } });
    const expired = openServeFixture({ record: { expiresAt: NOW } });
    const revoked = openServeFixture();
    revoked.backend.tokens.clear();
    const processing = openServeFixture();
    for (const record of processing.backend.tokens.values()) delete record.image;
    return [
      ['malformed', await ready.get('/spv_nonsense/w800')],
      ['no token', await ready.get('/')],
      ['wrong checksum', await ready.get(`/${ready.token.slice(0, -1)}-/w800`)],
      ['unknown token', await ready.get(`/${mintToken()}/w800`)],
      ['unknown token’s manifest', await ready.get(`/${mintToken()}`)],
      ['unknown variant', await ready.get(`/${ready.token}/w801`)],
      ['the name of an inherited property', await ready.get(`/${ready.token}/constructor`)],
      ['a format that is not configured', await ready.get(`/${ready.token}/w800.avif`)],
      ['a format that only other variants have', await ready.get(`/${ready.token}/thumb.jpg`)],
      ['unknown extension', await ready.get(`/${ready.token}/w800.png`)],
      ['a variant that the token does not grant', await limited.get(`/${limited.token}/w800`)],
      ['expired', await expired.get(`/${expired.token}/w800`)],
      [
        'expired, with If-None-Match',
        await expired.get(`/${expired.token}/w800.webp`, { headers: { 'if-none-match': '*' } }),
      ],
      ['no renditions yet', await processing.get(`/${processing.token}`)],
      ['revoked', await revoked.get(`/${revoked.token}/w800`)],
    ];
  }

  test('gets the same 404, with identical headers and body', async () => {
    const responses = await failures();
    const [[, first]] = responses as [[string, CollectedResponse]];
    expect(first.status).toBe(404);
    expect(first.headers['cache-control']).toBe('no-store');
    for (const [reason, response] of responses) {
      expect([reason, response]).toEqual([reason, first]);
    }
  });

  test('with a malformed token costs no read', async () => {
    const { get, token, backend } = openServeFixture();
    await get(`/${token.slice(0, -1)}-/w800`);
    await get('/favicon.ico');
    expect(backend.calls).toEqual({});
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])(
    'gets a 405 for %s, whatever the token',
    async (method) => {
      const { get, token } = openServeFixture();
      const response = await get(`/${token}/w800`, { method });
      expect([response.status, response.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
      expect(await get('/x', { method })).toEqual(response);
    },
  );

  test.each(['http', ['https', 'http'], 'https, http'])(
    'gets a 403 over plain HTTP, whatever the token: %j',
    async (proto) => {
      const { get, token, backend } = openServeFixture();
      const headers = { 'x-forwarded-proto': proto };
      const response = await get(`/${token}/w800`, { headers });
      expect([response.status, response.headers['cache-control']]).toEqual([403, 'no-store']);
      expect(await get('/x', { headers })).toEqual(response);
      expect(backend.calls).toEqual({});
    },
  );

  test.each(['https', 'http, https'])('is served when Google was reached by %j', async (proto) => {
    const { get, token } = openServeFixture();
    const headers = { 'x-forwarded-proto': proto };
    expect((await get(`/${token}/w800`, { headers })).status).toBe(200);
  });

  test.each([
    ['GET', { 'content-length': '1' }],
    ['HEAD', { 'transfer-encoding': 'chunked' }],
    ['OPTIONS', { 'content-length': '1' }],
    ['POST', { 'content-length': '1' }],
  ])('gets a 413 for %s with a body, and its connection is closed', async (method, headers) => {
    const { get, token, backend } = openServeFixture();
    const response = await get(`/${token}/w800`, { method, headers });
    expect([response.status, response.headers['connection']]).toEqual([413, 'close']);
    expect(await get('/x', { method, headers })).toEqual(response);
    expect(backend.calls).toEqual({});
  });
});

describe('when reads fail', () => {
  const failWith = (message: string) => () =>
    Promise.reject(Object.assign(new Error(`UNAVAILABLE ${message}`), { code: 14 }));

  test('returns a 503 with no-store, not a 404, when Firestore fails', async () => {
    const { get, token, backend, logged, hash } = openServeFixture();
    backend.reader.findToken = failWith(token);
    const response = await get(`/${token}/w800`);
    expect(response).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5', 'cache-control': 'no-store' },
    });
    expect(JSON.stringify(logged)).not.toContain(token);
    expect(logged).toEqual([
      ['ERROR', 'request failed', { token: hash.slice(0, 8), reason: 'Error 14' }],
    ]);
  });

  test('serves cached renditions within REVOCATION_SECONDS', async () => {
    const { get, token, backend, time } = openServeFixture();
    await get(`/${token}/w800.webp`);
    backend.reader.findToken = failWith('Firestore');
    backend.reader.readRendition = failWith('Storage');
    time.clock = 59_999;
    expect((await get(`/${token}/w800.webp`)).body?.toString()).toBe('w800.webp');
    expect((await get(`/${token}/thumb.webp`)).status).toBe(503);
    time.clock = 60_000;
    expect((await get(`/${token}/w800.webp`)).status).toBe(503);
  });

  test('reads the token record again when the rendition is missing after an overwrite', async () => {
    const { get, token, backend, image, put, hash } = openServeFixture();
    await get(`/${token}`);
    const webp = put('new.webp', Buffer.from('new'));
    const record = backend.tokens.get(hash);
    backend.renditions.delete('w800.webp');
    backend.tokens.set(hash, {
      ...(record as NonNullable<typeof record>),
      image: { ...image, generation: '2', renditions: { w800: { width: 1, height: 1, webp } } },
    });
    const response = await get(`/${token}/w800.webp`);
    expect([response.status, response.body?.toString(), response.headers['etag']]).toEqual([
      200,
      'new',
      entityTag('new'),
    ]);
    expect(backend.calls).toEqual({ findToken: 2, readRendition: 2 });
  });

  test('returns a 404 when the rendition is missing because the token was deleted', async () => {
    const { get, token, backend } = openServeFixture();
    await get(`/${token}`);
    backend.renditions.clear();
    backend.tokens.clear();
    expect((await get(`/${token}/w800.webp`)).status).toBe(404);
  });

  test('does not use a stale token record again when reading it again fails', async () => {
    const { get, token, backend } = openServeFixture();
    await get(`/${token}`);
    backend.renditions.clear();
    backend.reader.findToken = failWith('Firestore');
    expect((await get(`/${token}/w800.webp`)).status).toBe(503);
    expect((await get(`/${token}/w800.webp`, { method: 'HEAD' })).status).toBe(503);
  });

  test('returns a 503 after two reads when the rendition remains missing', async () => {
    const { get, token, backend } = openServeFixture();
    backend.renditions.clear();
    expect((await get(`/${token}/w800`)).status).toBe(503);
    expect(backend.calls['readRendition']).toBe(2);
  });

  test.each([
    ['w800.webp', 'with other bytes', Buffer.from('w801.webp')],
    ['w800.webp', 'with another length', Buffer.from('longer than it was')],
    ['w1600.webp', '(large) with another length', Buffer.from('short')],
  ])('never sends the wrong bytes: returns a 503 for %s %s', async (name, _case, data) => {
    const { get, token, backend } = openServeFixture();
    backend.renditions.set(name, data);
    expect((await get(`/${token}/${name}`)).status).toBe(503);
  });

  test('aborts the reads of a client that disconnects, and logs nothing', async () => {
    const { get, token, backend, logged } = openServeFixture();
    const signals: AbortSignal[] = [];
    backend.reader.readRendition = (_bucket, _object, _range, signal) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    const controller = new AbortController();
    const { signal } = controller;
    const responses = ['w800.webp', 'w1600.webp'].map((name) =>
      get(`/${token}/${name}`, { signal }),
    );
    while (signals.length < 2) await new Promise(setImmediate);
    controller.abort(new Error('gone'));
    for (const response of responses) await expect(response).rejects.toThrow('gone');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(logged).toEqual([]);
  });

  test('returns a 503 for an incomplete body and does not cache it', async () => {
    const { get, token, backend } = openServeFixture();
    const broken = jest
      .spyOn(backend.reader, 'readRendition')
      .mockImplementation(() =>
        Promise.resolve({ bytes: 9, body: Readable.from([Buffer.from('w800')]) }),
      );
    expect((await get(`/${token}/w800.webp`)).status).toBe(503);
    broken.mockRestore();
    expect((await get(`/${token}/w800.webp`)).body?.toString()).toBe('w800.webp');
  });
});
