/**
 * The conformance cases: state, request, expected response. `conformance.test.ts` sends each over a real
 * connection, and docs/reference/http.md lists them.
 */
import type { ConformanceCase, State } from './token-states.js';

const CACHED = 'public, max-age=30, s-maxage=30, must-revalidate';
const WEBP = { 'content-type': 'image/webp', etag: 'E', 'cache-control': CACHED };
const IMAGE = { ...WEBP, 'content-length': '9', 'accept-ranges': 'bytes' };
const EXACT = { ...IMAGE, vary: null };
const REFUSAL = {
  'cache-control': 'no-store',
  'content-type': 'text/plain; charset=utf-8',
  etag: null,
  vary: null,
};
const NOT_FOUND = {
  status: 404,
  body: 'Not found.',
  response: { ...REFUSAL, 'content-length': '10' },
};
const UNAVAILABLE = {
  status: 503,
  body: 'Temporarily unavailable. Try again shortly.',
  response: { ...REFUSAL, 'retry-after': '5' },
};

const cases: ConformanceCase[] = [];
const add = (state: State, request: string, rest: Omit<ConformanceCase, 'state' | 'request'>) =>
  cases.push({ state, request, ...rest });

// URLs.
for (const prefix of ['', '/i', '/a/b']) {
  add('ready', `GET ${prefix}/T/w800.webp`, { status: 200, response: EXACT, body: 'w800.webp' });
}
add('ready', 'HEAD /T/w800.webp', { status: 200, response: EXACT, body: 0 });
add('ready', 'GET /T/w800.jpg', {
  status: 200,
  response: { 'content-type': 'image/jpeg', vary: null },
  body: 'w800.jpg',
});
add('ready', 'GET /T/w800.jpeg', {
  status: 200,
  response: { 'content-type': 'image/jpeg' },
  body: 'w800.jpg',
});
add('ready', 'GET /T/w800.webp?utm_source=x', { status: 200, response: EXACT, body: 'w800.webp' });
add('ready', 'GET /T/w1600.webp', {
  status: 200,
  response: { 'content-length': '614400' },
  body: 614_400,
});
add('ready', 'HEAD /T/w1600.webp', {
  status: 200,
  response: { 'content-length': '614400' },
  body: 0,
});
add('ready', 'GET /T/thumb.webp', {
  status: 200,
  response: { 'content-disposition': 'inline; filename="thumb.webp"' },
  body: 'thumb.webp',
});

// Negotiation.
const BY_ACCEPT: [accept: string | undefined, type: string][] = [
  [undefined, 'jpeg'],
  ['*/*', 'jpeg'],
  ['image/*', 'jpeg'],
  ['image/webp', 'webp'],
  ['image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8', 'webp'],
  ['image/webp;q=0.2,image/jpeg;q=0.9', 'jpeg'],
  ['image/webp;q=0.9,image/jpeg;q=0.2', 'webp'],
  ['image/jpeg;q=0,*/*', 'webp'],
  ['text/html', 'jpeg'],
  ['nonsense', 'jpeg'],
];
for (const [accept, type] of BY_ACCEPT) {
  for (const method of ['GET', 'HEAD']) {
    add('ready', `${method} /T/w800`, {
      ...(accept !== undefined && { headers: { accept } }),
      status: 200,
      response: { 'content-type': `image/${type}`, vary: 'Accept' },
      body: method === 'HEAD' ? 0 : `w800.${type === 'jpeg' ? 'jpg' : type}`,
    });
  }
}
add('ready', 'GET /T/thumb', {
  headers: { accept: 'image/jpeg' },
  status: 200,
  response: { 'content-type': 'image/webp', vary: 'Accept' },
  body: 'thumb.webp',
});

// By width.
const BY_WIDTH: [query: string, name: string][] = [
  ['w=1', 'w800.jpg'],
  ['w=800', 'w800.jpg'],
  ['w=801', 'w1600.webp'],
  ['w=400&dpr=2', 'w800.jpg'],
  ['w=401&dpr=2', 'w1600.webp'],
  ['dpr=1.5&w=533.3', 'w800.jpg'],
  ['w=100000', 'w1600.webp'],
  ['q=75&w=640&auto=format', 'w800.jpg'],
];
for (const [query, name] of BY_WIDTH) {
  const response = { 'content-disposition': `inline; filename="${name}"`, vary: 'Accept' };
  add('ready', `GET /T?${query}`, { status: 200, response });
}
add('limited', 'GET /T?w=800', {
  status: 200,
  response: { 'content-disposition': 'inline; filename="thumb.webp"' },
});
// In an exact format, which shared caches that ignore `Vary` need: only variants in that format count.
const BY_WIDTH_AND_FORMAT: [query: string, name: string][] = [
  ['w=800&f=webp', 'w800.webp'],
  ['f=jpeg&w=800', 'w800.jpg'],
  ['w=800&f=jpg', 'w800.jpg'],
  ['w=401&dpr=2&f=webp', 'w1600.webp'],
  ['w=401&dpr=2&f=jpeg', 'w800.jpg'],
];
for (const [query, name] of BY_WIDTH_AND_FORMAT) {
  const response = {
    'content-disposition': `inline; filename="${name}"`,
    'cache-control': CACHED,
    vary: null,
  };
  add('ready', `GET /T?${query}`, { headers: { accept: 'image/*' }, status: 200, response });
}
for (const query of [
  'w=',
  'w=x',
  'w=0',
  'w=-5',
  'w=1e9',
  'dpr=2',
  'w=1&dpr=0',
  'w=1&dpr=x',
  'f=webp',
  'w=1&f=png',
  'w=1&f=',
  'w=1&f=constructor',
]) {
  for (const state of ['ready', 'revoked'] as const) {
    add(state, `GET /T?${query}`, {
      status: 400,
      response: REFUSAL,
      body: 'Expected ?w=WIDTH in pixels, and maybe &dpr=DENSITY and &f=FORMAT (avif, webp or jpeg).',
    });
  }
}

// The manifest.
const JSON_TYPE = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': CACHED,
  vary: null,
};
add('ready', 'GET /T', { status: 200, response: JSON_TYPE });
add('ready', 'HEAD /T', { status: 200, response: JSON_TYPE, body: 0 });
add('ready', 'GET /T?q=1', { status: 200, response: JSON_TYPE });
add('ready', 'GET /T', {
  headers: { 'if-none-match': '*' },
  status: 304,
  response: { 'cache-control': CACHED },
  body: 0,
});
add('ready', 'GET /T', { headers: { range: 'bytes=0-1' }, status: 200, response: JSON_TYPE });
add('limited', 'GET /T', { status: 200, response: JSON_TYPE });

// Preconditions.
const NOT_MODIFIED = {
  status: 304,
  response: { etag: 'E', 'cache-control': CACHED, 'content-type': null },
  body: 0,
};
for (const tags of ['E', 'W/E', '*', '"x", E', '"x",W/E', ' E ']) {
  for (const method of ['GET', 'HEAD']) {
    add('ready', `${method} /T/w800.webp`, { headers: { 'if-none-match': tags }, ...NOT_MODIFIED });
  }
}
for (const tags of ['"x"', 'x', '"', 'W/"x"']) {
  add('ready', 'GET /T/w800.webp', {
    headers: { 'if-none-match': tags },
    status: 200,
    response: EXACT,
    body: 'w800.webp',
  });
}
const [PAST, FUTURE] = ['Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT'];
add('ready', 'GET /T/w800.webp', {
  headers: { 'if-modified-since': FUTURE },
  status: 200,
  response: EXACT,
  body: 'w800.webp',
});
add('ready', 'GET /T/w800.webp', {
  headers: { 'if-none-match': '"x"', 'if-modified-since': FUTURE },
  status: 200,
  response: EXACT,
});
add('ready', 'GET /T/w800.webp', {
  headers: { 'if-none-match': 'E', 'if-modified-since': PAST },
  ...NOT_MODIFIED,
});
add('ready', 'GET /T/w800', {
  headers: { accept: 'image/webp', 'if-none-match': 'E' },
  status: 304,
  response: { etag: 'E', vary: 'Accept' },
  body: 0,
});
add('ready', 'GET /T/w800', {
  headers: { accept: 'image/jpeg', 'if-none-match': 'E' },
  status: 200,
  response: { vary: 'Accept' },
  body: 'w800.jpg',
});
for (const tags of ['E', '*', '"x", E']) {
  add('ready', 'GET /T/w800.webp', {
    headers: { 'if-match': tags },
    status: 200,
    response: EXACT,
    body: 'w800.webp',
  });
}
for (const tags of ['"x"', 'W/E', 'x']) {
  for (const path of ['/T/w800.webp', '/T']) {
    add('ready', `GET ${path}`, { headers: { 'if-match': tags }, status: 412, response: REFUSAL });
  }
}
add('ready', 'GET /T/w800.webp', {
  headers: { 'if-unmodified-since': PAST },
  status: 200,
  response: EXACT,
});

// Ranges of the nine bytes "w800.webp", and of the 614 400 of w1600.webp.
const RANGES: [range: string, contentRange: string, body: string][] = [
  ['bytes=0-3', 'bytes 0-3/9', 'w800'],
  ['bytes=5-', 'bytes 5-8/9', 'webp'],
  ['bytes=-4', 'bytes 5-8/9', 'webp'],
  ['bytes=-400', 'bytes 0-8/9', 'w800.webp'],
  ['bytes=8-400', 'bytes 8-8/9', 'p'],
  ['bytes=0-1,2-3', 'bytes 0-3/9', 'w800'],
  ['bytes=0-2, 1-3', 'bytes 0-3/9', 'w800'],
];
for (const [range, contentRange, body] of RANGES) {
  add('ready', 'GET /T/w800.webp', {
    headers: { range },
    status: 206,
    response: { ...WEBP, 'content-range': contentRange, 'content-length': String(body.length) },
    body,
  });
}
add('ready', 'GET /T/w1600.webp', {
  headers: { range: 'bytes=614300-' },
  status: 206,
  response: { 'content-range': 'bytes 614300-614399/614400' },
  body: 100,
});
for (const range of ['bytes=0-0,8-8', 'bytes=x', 'bytes=', 'items=0-3']) {
  add('ready', 'GET /T/w800.webp', {
    headers: { range },
    status: 200,
    response: { ...EXACT, 'content-range': null },
    body: 'w800.webp',
  });
}
for (const range of ['bytes=9-', 'bytes=100-200', 'bytes=-0', 'bytes=3-1']) {
  add('ready', 'GET /T/w800.webp', {
    headers: { range },
    status: 416,
    response: { ...REFUSAL, 'content-range': 'bytes */9' },
  });
}
add('ready', 'HEAD /T/w800.webp', {
  headers: { range: 'bytes=0-3' },
  status: 200,
  response: EXACT,
  body: 0,
});
add('ready', 'GET /T/w800.webp', {
  headers: { range: 'bytes=0-3', 'if-range': 'E' },
  status: 206,
  body: 'w800',
});
for (const ifRange of ['"x"', 'W/E', PAST]) {
  add('ready', 'GET /T/w800.webp', {
    headers: { range: 'bytes=0-3', 'if-range': ifRange },
    status: 200,
    response: EXACT,
    body: 'w800.webp',
  });
}
add('ready', 'GET /T/w800.webp', {
  headers: { range: 'bytes=0-3', 'if-none-match': 'E' },
  ...NOT_MODIFIED,
});
add('ready', 'GET /T/w800', {
  headers: { accept: 'image/webp', range: 'bytes=0-3' },
  status: 206,
  response: { vary: 'Accept' },
  body: 'w800',
});

// Methods.
for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
  for (const path of ['/T/w800.webp', '/nothing']) {
    add('ready', `${method} ${path}`, {
      status: 405,
      response: { ...REFUSAL, allow: 'GET, HEAD, OPTIONS' },
    });
  }
}
for (const path of ['/T/w800.webp', '/T', '/nothing']) {
  add('ready', `OPTIONS ${path}`, {
    headers: {
      origin: 'https://example.com',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'range',
    },
    status: 204,
    response: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
      'access-control-allow-headers': 'If-Match, If-None-Match, If-Range, Range',
      allow: 'GET, HEAD, OPTIONS',
    },
    body: 0,
  });
}

// Not found.
const NOT_FOUND_PATHS = [
  '/',
  '/favicon.ico',
  '/T/',
  '/T/w801',
  '/T/w800.png',
  '/T/w800.avif',
  '/T/w800.webp/x',
  '/T/thumb.jpg',
  '/T/constructor',
  '/T/__proto__',
  '/T/..%2f',
  '/Tx',
  '/Tx/w800',
  '/U',
  '/U/w800',
  '/U?w=1',
  '/T?w=800&f=avif',
  '/U?w=800&f=webp',
];
for (const path of NOT_FOUND_PATHS) add('ready', `GET ${path}`, NOT_FOUND);
add('ready', 'HEAD /T/w801', { ...NOT_FOUND, body: 0 });
add('limited', 'GET /T/w800.webp', NOT_FOUND);
add('limited', 'GET /T/thumb.webp', { status: 200, body: 'thumb.webp' });
for (const state of ['expired', 'revoked', 'processing'] as const) {
  for (const path of ['/T', '/T/w800', '/T/w800.webp', '/T?w=800', '/T?w=800&f=webp'])
    add(state, `GET ${path}`, NOT_FOUND);
  add(state, 'GET /T/w800.webp', { headers: { 'if-none-match': 'E' }, ...NOT_FOUND });
  add(state, 'GET /T/w800.webp', { headers: { range: 'bytes=99-' }, ...NOT_FOUND });
  add(state, 'HEAD /T/w800.webp', { ...NOT_FOUND, body: 0 });
}
add('expiring', 'GET /T/w800.webp', {
  status: 200,
  response: { 'cache-control': 'public, max-age=0, s-maxage=10, must-revalidate' },
});
add('expiring', 'GET /T', {
  status: 200,
  response: { 'cache-control': 'public, max-age=0, s-maxage=10, must-revalidate' },
});

// Unavailable.
for (const path of ['/T', '/T/w800', '/T/w800.webp', '/T?w=1'])
  add('firestore down', `GET ${path}`, UNAVAILABLE);
add('firestore down', 'HEAD /T/w800.webp', { ...UNAVAILABLE, body: 0 });
add('firestore down', 'GET /nothing', NOT_FOUND);
for (const state of ['storage down', 'missing'] as const) {
  add(state, 'GET /T/w800.webp', UNAVAILABLE);
  add(state, 'GET /T/w1600.webp', UNAVAILABLE);
  add(state, 'GET /T/w800.webp', { headers: { range: 'bytes=0-3' }, ...UNAVAILABLE });
  // Responses without rendition bytes need no read of Cloud Storage.
  add(state, 'HEAD /T/w800.webp', { status: 200, response: EXACT, body: 0 });
  add(state, 'GET /T/w800.webp', { headers: { 'if-none-match': 'E' }, ...NOT_MODIFIED });
  add(state, 'GET /T', { status: 200, response: JSON_TYPE });
}

// Sealed tokens.
add('sealed', 'GET /T/w800.webp', { status: 200, response: EXACT, body: 'w800.webp' });
add('sealed', 'GET /i/T/w800.jpg', { status: 200, body: 'w800.jpg' });
add('sealed', 'HEAD /T/w800.webp', { status: 200, response: EXACT, body: 0 });
add('sealed', 'GET /T/w800', { status: 200, response: { vary: 'Accept' }, body: 'w800.jpg' });
add('sealed', 'GET /T?w=801', {
  status: 200,
  response: { 'content-disposition': 'inline; filename="w1600.webp"' },
});
add('sealed', 'GET /T', { status: 200, response: JSON_TYPE });
add('sealed', 'GET /T/w801', NOT_FOUND);
add('sealed', 'GET /T/seal-keys.json', NOT_FOUND);
add('sealed', 'GET /T?w=0', { status: 400, response: REFUSAL });
const SEAL_KEYS = {
  status: 200,
  response: {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'public, max-age=300, s-maxage=300, must-revalidate',
  },
};
add('sealed', 'GET /i/seal-keys.json', SEAL_KEYS);
add('sealed', 'HEAD /seal-keys.json', { ...SEAL_KEYS, body: 0 });
add('sealed', 'POST /seal-keys.json', { status: 405, response: REFUSAL });
add('sealed with limits', 'GET /T/w800.webp', { status: 200, response: EXACT, body: 'w800.webp' });
add('sealed with limits', 'GET /T?w=801', {
  status: 200,
  response: { 'content-disposition': 'inline; filename="w800.jpg"' },
});
add('sealed with limits', 'GET /T', { status: 200, response: JSON_TYPE });
add('sealed with limits', 'GET /T/w1600.webp', NOT_FOUND);
add('sealed with limits', 'GET /T/thumb.webp', NOT_FOUND);
for (const path of ['/T', '/T/w800.webp', '/T?w=800']) {
  add('sealed and expiring', `GET ${path}`, {
    status: 200,
    response: { 'cache-control': 'public, max-age=0, s-maxage=10, must-revalidate' },
  });
}
for (const state of [
  'sealed and expired',
  'sealed and revoked',
  'sealed for others',
  'sealed without keys',
] as const) {
  for (const path of ['/T', '/T/w800', '/T/w800.webp', '/T?w=800'])
    add(state, `GET ${path}`, NOT_FOUND);
  add(state, 'HEAD /T/w800.webp', { ...NOT_FOUND, body: 0 });
}
add('sealed without keys', 'GET /seal-keys.json', NOT_FOUND);

const OVER_QUOTA = {
  status: 429,
  body: 'Too many requests. Try again later.',
  response: {
    ...REFUSAL,
    'retry-after': '60',
    'ratelimit-policy': '"token-bytes";q=1;qu="content-bytes";w=60',
    ratelimit: '"token-bytes";r=0;t=60',
  },
};
for (const path of ['/T', '/T/w800.webp', '/T?w=800&f=webp']) {
  add('over quota', `GET ${path}`, OVER_QUOTA);
}

export const CASES: readonly ConformanceCase[] = cases;
