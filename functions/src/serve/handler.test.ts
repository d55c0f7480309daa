import { Readable } from 'node:stream';
import { entityTag } from '../domain/entity-tag.js';
import { hashToken, mintToken } from '../domain/token.js';
import { NOW, openServeFixture, type Seen } from '../../test/serve/serve-fixture.js';

describe('a variant', () => {
  test('is answered with its bytes and headers', async () => {
    const { get, token } = openServeFixture();
    const reply = await get(`/i/${token}/w800.webp`);
    expect(reply.status).toBe(200);
    expect(reply.body?.toString()).toBe('w800.webp');
    expect(reply.headers).toEqual({
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

  test('may be indexed when NOINDEX is off', async () => {
    const { get, token } = openServeFixture({ config: { noindex: false } });
    expect((await get(`/${token}/w800.webp`)).headers).not.toHaveProperty('x-robots-tag');
  });

  test('costs one read of Firestore and one of Storage, and then none until the bound', async () => {
    const { get, token, backend, time } = openServeFixture();
    await get(`/${token}/w800.webp`);
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
    time.clock = 59_999;
    await get(`/${token}/w800.webp`);
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
    time.clock = 60_000;
    await get(`/${token}/w800.webp`);
    // What the token resolves to is asked anew; the bytes are still those of that entity tag.
    expect(backend.calls).toEqual({ findToken: 2, readRendition: 1 });
  });

  test('asked for by many at once costs the same', async () => {
    const { get, token, backend } = openServeFixture();
    const all = await Promise.all(Array.from({ length: 100 }, () => get(`/${token}/w800.webp`)));
    expect(new Set(all.map(({ body }) => String(body)))).toEqual(new Set(['w800.webp']));
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 1 });
  });

  test('that is large is streamed each time, or a part of it', async () => {
    const { get, token, backend } = openServeFixture();
    const whole = await get(`/${token}/w1600.webp`);
    expect(whole.body?.equals(Buffer.alloc(600 * 1024, 7))).toBe(true);
    const part = await get(`/${token}/w1600.webp`, { headers: { range: 'bytes=-1000' } });
    expect([part.status, part.body?.length]).toEqual([206, 1000]);
    expect(part.headers).toMatchObject({ 'content-range': 'bytes 613400-614399/614400' });
    expect(backend.calls).toEqual({ findToken: 1, readRendition: 2 });
  });

  test('with a bound of 0, each view is checked and its bytes are not read again', async () => {
    const { get, token, backend } = openServeFixture({ config: { revocationSeconds: 0 } });
    for (let view = 1; view <= 3; view++) {
      const { headers } = await get(`/${token}/w800.webp`);
      expect(headers['cache-control']).toBe('public, no-cache');
      expect(backend.calls).toEqual({ findToken: view, readRendition: 1 });
    }
  });

  test('with a bound of 0, a view does not board the read of one before it', async () => {
    const { get, token, backend, time } = openServeFixture({ config: { revocationSeconds: 0 } });
    const findToken = backend.reader.findToken.bind(backend.reader);
    const opened: (() => void)[] = [];
    backend.reader.findToken = async (hash, signal) => {
      await new Promise<void>((open) => opened.push(open));
      return findToken(hash, signal);
    };
    const both = [get(`/${token}`)];
    while (opened.length < 1) await Promise.resolve();
    time.clock = 1;
    both.push(get(`/${token}`));
    while (opened.length < 2) await new Promise(setImmediate);
    for (const open of opened) open();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect(backend.calls['findToken']).toBe(2);
  });

  test('is negotiated without an extension, and says so', async () => {
    const { get, token } = openServeFixture();
    const webp = await get(`/${token}/w800`, { headers: { accept: 'image/webp,*/*' } });
    expect([webp.headers['content-type'], webp.headers['vary']]).toEqual(['image/webp', 'Accept']);
    const jpeg = await get(`/${token}/w800`, { headers: { accept: '*/*' } });
    expect([jpeg.headers['content-type'], jpeg.headers['vary']]).toEqual(['image/jpeg', 'Accept']);
    expect((await get(`/${token}/w800.webp`)).headers['vary']).toBeUndefined();
  });

  test('HEAD has the headers of GET and no body, and reads nothing from Storage', async () => {
    const { get, token, backend } = openServeFixture();
    const head = await get(`/${token}/w800.webp`, { method: 'HEAD' });
    expect(backend.calls['readRendition']).toBeUndefined();
    expect(head.body).toBeUndefined();
    expect(head.headers).toEqual((await get(`/${token}/w800.webp`)).headers);
  });

  test('304 when the client has it, with neither body nor a read of Storage', async () => {
    const { get, token, backend } = openServeFixture();
    const headers = { 'if-none-match': `"x", W/${entityTag('w800.jpg')}` };
    const reply = await get(`/${token}/w800`, { headers });
    expect(reply).toMatchObject({
      status: 304,
      headers: {
        etag: entityTag('w800.jpg'),
        vary: 'Accept',
        'cache-control': 'public, max-age=30, s-maxage=30, must-revalidate',
      },
    });
    expect(reply.body).toBeUndefined();
    expect(reply.headers).not.toHaveProperty('content-length');
    expect(backend.calls['readRendition']).toBeUndefined();
  });

  test('of an expiring token is not kept longer than the token lives', async () => {
    const { get, token, time } = openServeFixture({ record: { expiresAt: NOW + 10_000 } });
    const { headers } = await get(`/${token}/w800.webp`);
    expect(headers['cache-control']).toBe('public, max-age=0, s-maxage=10, must-revalidate');
    time.now = NOW + 10_000;
    expect((await get(`/${token}/w800.webp`)).status).toBe(404);
  });

  test('by width: the narrowest that is wide enough, never a crop', async () => {
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

  test('by width, of a token that shows crops only, is a crop', async () => {
    const { get, token } = openServeFixture({ record: { variants: ['thumb'] } });
    expect((await get(`/${token}?w=800`)).headers['content-length']).toBe('10');
    const none = openServeFixture({ record: { variants: [] } });
    expect((await none.get(`/${none.token}?w=800`)).status).toBe(404);
  });
});

describe('no', () => {
  async function refusals(): Promise<[string, Seen][]> {
    const one = openServeFixture();
    const limited = openServeFixture({ record: { variants: ['thumb'] } });
    const expired = openServeFixture({ record: { expiresAt: NOW } });
    const revoked = openServeFixture();
    revoked.backend.tokens.clear();
    const unmade = openServeFixture();
    for (const record of unmade.backend.tokens.values()) delete record.image;
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
        await expired.get(`/${expired.token}/w800.webp`, { headers: { 'if-none-match': '*' } }),
      ],
      ['nothing made yet', await unmade.get(`/${unmade.token}`)],
      ['revoked', await revoked.get(`/${revoked.token}/w800`)],
    ];
  }

  test('is the same 404, byte for byte and header for header', async () => {
    const replies = await refusals();
    const [[, first]] = replies as [[string, Seen]];
    expect(first.status).toBe(404);
    expect(first.headers['cache-control']).toBe('no-store');
    for (const [what, reply] of replies) expect([what, reply]).toEqual([what, first]);
  });

  test('for junk costs no read', async () => {
    const { get, token, backend } = openServeFixture();
    await get(`/${token.slice(0, -1)}-/w800`);
    await get('/favicon.ico');
    expect(backend.calls).toEqual({});
  });

  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE'])(
    '405 for %s, known token or not',
    async (method) => {
      const { get, token } = openServeFixture();
      const reply = await get(`/${token}/w800`, { method });
      expect([reply.status, reply.headers['allow']]).toEqual([405, 'GET, HEAD, OPTIONS']);
      expect(await get('/x', { method })).toEqual(reply);
    },
  );
});

describe('trouble', () => {
  const down = (what: string) => () =>
    Promise.reject(Object.assign(new Error(`UNAVAILABLE ${what}`), { code: 14 }));

  test('Firestore failing is a 503 that no cache keeps, not a 404', async () => {
    const { get, token, backend, logged, hash } = openServeFixture();
    backend.reader.findToken = down(token);
    const reply = await get(`/${token}/w800`);
    expect(reply).toMatchObject({
      status: 503,
      headers: { 'retry-after': '5', 'cache-control': 'no-store' },
    });
    expect(JSON.stringify(logged)).not.toContain(token);
    expect(logged).toEqual([
      ['ERROR', 'a request could not be answered', { token: hash.slice(0, 8), reason: 'Error 14' }],
    ]);
  });

  test('with Firestore down, what is known is served to the end of its bound', async () => {
    const { get, token, backend, time } = openServeFixture();
    await get(`/${token}/w800.webp`);
    backend.reader.findToken = down('Firestore');
    backend.reader.readRendition = down('Storage');
    time.clock = 59_999;
    expect((await get(`/${token}/w800.webp`)).body?.toString()).toBe('w800.webp');
    expect((await get(`/${token}/thumb.webp`)).status).toBe(503);
    time.clock = 60_000;
    expect((await get(`/${token}/w800.webp`)).status).toBe(503);
  });

  test('a rendition that vanished after an overwrite is resolved once more', async () => {
    const { get, token, backend, image, put, hash } = openServeFixture();
    await get(`/${token}`);
    const webp = put('new.webp', Buffer.from('new'));
    const record = backend.tokens.get(hash);
    backend.renditions.delete('w800.webp');
    backend.tokens.set(hash, {
      ...(record as NonNullable<typeof record>),
      image: { ...image, generation: '2', renditions: { w800: { width: 1, height: 1, webp } } },
    });
    const reply = await get(`/${token}/w800.webp`);
    expect([reply.status, reply.body?.toString(), reply.headers['etag']]).toEqual([
      200,
      'new',
      entityTag('new'),
    ]);
    expect(backend.calls).toEqual({ findToken: 2, readRendition: 2 });
  });

  test('a rendition that vanished because its token was deleted is a 404', async () => {
    const { get, token, backend } = openServeFixture();
    await get(`/${token}`);
    backend.renditions.clear();
    backend.tokens.clear();
    expect((await get(`/${token}/w800.webp`)).status).toBe(404);
  });

  test('a rendition that is gone for good is a 503, after two reads and no more', async () => {
    const { get, token, backend } = openServeFixture();
    backend.renditions.clear();
    expect((await get(`/${token}/w800`)).status).toBe(503);
    expect(backend.calls['readRendition']).toBe(2);
  });

  test.each([
    ['w800.webp', 'of other bytes', Buffer.from('w801.webp')],
    ['w800.webp', 'of another length', Buffer.from('longer than it was')],
    ['w1600.webp', 'that is large, of another length', Buffer.from('short')],
  ])('never a wrong image: %s %s is a 503', async (name, _how, data) => {
    const { get, token, backend } = openServeFixture();
    backend.renditions.set(name, data);
    expect((await get(`/${token}/${name}`)).status).toBe(503);
  });

  test('a client that goes away stops the reads made for it alone, and nothing is logged', async () => {
    const { get, token, backend, logged } = openServeFixture();
    const signals: AbortSignal[] = [];
    backend.reader.readRendition = (_bucket, _object, _range, signal) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    const left = new AbortController();
    const signal = () => left.signal;
    const views = ['w800.webp', 'w1600.webp'].map((name) => get(`/${token}/${name}`, { signal }));
    while (signals.length < 2) await new Promise(setImmediate);
    left.abort(new Error('gone'));
    for (const view of views) await expect(view).rejects.toThrow('gone');
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
    expect(logged).toEqual([]);
  });

  test('a body that breaks off is broken off, and is not remembered', async () => {
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

describe('limits', () => {
  const quotas = { views: 2, failures: 2, token: 0 };
  const from = (address: string) => ({ headers: { 'x-forwarded-for': address } });

  test('a client that costs too many reads hears 429, but sees what is in memory', async () => {
    const { get, token } = openServeFixture({ config: { quotas } });
    const view = (name: string, address = '192.0.2.1') => get(`/${token}/${name}`, from(address));
    expect((await view('w800.webp')).status).toBe(200);
    expect((await view('w800.jpg')).status).toBe(200);
    const reply = await view('thumb.webp');
    expect(reply).toMatchObject({
      status: 429,
      headers: {
        'cache-control': 'no-store',
        ratelimit: '"views";r=0;t=60',
        'ratelimit-policy': '"views";q=2;w=60',
        'retry-after': '60',
      },
    });
    expect((await view('w800.webp')).status).toBe(200);
    expect((await view('thumb.webp', '192.0.2.2')).status).toBe(200);
  });

  test('a client that guesses hears 429 for whatever it asks that is not in memory', async () => {
    const { get, token, backend } = openServeFixture({
      config: { quotas: { ...quotas, views: 0 } },
    });
    const guess = async () => (await get(`/${mintToken()}/w800`, from('192.0.2.1'))).status;
    expect([await guess(), await guess(), await guess()]).toEqual([404, 404, 429]);
    const asked = backend.calls['findToken'];
    const urls = [`/${mintToken()}`, `/${token}/w800.webp`, '/junk', `/${token}?w=x`];
    const replies = await Promise.all(urls.map((url) => get(url, from('192.0.2.1'))));
    expect(replies.map(({ status }) => status)).toEqual([429, 429, 429, 429]);
    expect(new Set(replies.map(({ headers }) => JSON.stringify(headers))).size).toBe(1);
    expect(backend.calls['findToken']).toBe(asked);
    expect((await get(`/${token}/w800.webp`, from('192.0.2.2'))).status).toBe(200);
  });

  test('a gallery of 500 pictures does not trip the shipped limits', async () => {
    const shipped = { views: 3000, failures: 60, token: 6000 };
    const { backend, openInstance, hash } = openServeFixture({ config: { quotas: shipped } });
    const get = openInstance();
    const record = backend.tokens.get(hash) as NonNullable<ReturnType<typeof backend.tokens.get>>;
    const tokens = Array.from({ length: 500 }, () => mintToken());
    for (const token of tokens) backend.tokens.set(hashToken(token), record);
    const replies = await Promise.all(tokens.map((token) => get(`/${token}/w800.webp`)));
    expect(replies.every(({ status }) => status === 200)).toBe(true);
  });
});
