/**
 * What is asked how, in which state of the world, and answered what: the rows that
 * `conformance.test.ts` asks over a real connection and that docs/http.md shows.
 */
import type { Row, State } from './token-states.js';

const KEPT = 'public, max-age=30, s-maxage=30, must-revalidate';
const WEBP = { 'content-type': 'image/webp', etag: 'E', 'cache-control': KEPT };
const IMAGE = { ...WEBP, 'content-length': '9', 'accept-ranges': 'bytes' };
const EXACT = { ...IMAGE, vary: null };
const NO = {
  'cache-control': 'no-store',
  'content-type': 'text/plain; charset=utf-8',
  etag: null,
  vary: null,
};
const NOT_FOUND = { status: 404, body: 'Not found.', answer: { ...NO, 'content-length': '10' } };
const UNAVAILABLE = {
  status: 503,
  body: 'Temporarily unavailable. Try again shortly.',
  answer: { ...NO, 'retry-after': '5' },
};

const rows: Row[] = [];
const add = (state: State, ask: string, rest: Omit<Row, 'state' | 'ask'>) =>
  rows.push({ state, ask, ...rest });

// Addresses.
for (const prefix of ['', '/i', '/a/b']) {
  add('shown', `GET ${prefix}/T/w800.webp`, { status: 200, answer: EXACT, body: 'w800.webp' });
}
add('shown', 'HEAD /T/w800.webp', { status: 200, answer: EXACT, body: 0 });
add('shown', 'GET /T/w800.jpg', {
  status: 200,
  answer: { 'content-type': 'image/jpeg', vary: null },
  body: 'w800.jpg',
});
add('shown', 'GET /T/w800.jpeg', {
  status: 200,
  answer: { 'content-type': 'image/jpeg' },
  body: 'w800.jpg',
});
add('shown', 'GET /T/w800.webp?utm_source=x', { status: 200, answer: EXACT, body: 'w800.webp' });
add('shown', 'GET /T/w1600.webp', {
  status: 200,
  answer: { 'content-length': '614400' },
  body: 614_400,
});
add('shown', 'HEAD /T/w1600.webp', {
  status: 200,
  answer: { 'content-length': '614400' },
  body: 0,
});
add('shown', 'GET /T/thumb.webp', {
  status: 200,
  answer: { 'content-disposition': 'inline; filename="thumb.webp"' },
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
    add('shown', `${method} /T/w800`, {
      ...(accept !== undefined && { headers: { accept } }),
      status: 200,
      answer: { 'content-type': `image/${type}`, vary: 'Accept' },
      body: method === 'HEAD' ? 0 : `w800.${type === 'jpeg' ? 'jpg' : type}`,
    });
  }
}
add('shown', 'GET /T/thumb', {
  headers: { accept: 'image/jpeg' },
  status: 200,
  answer: { 'content-type': 'image/webp', vary: 'Accept' },
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
  const answer = { 'content-disposition': `inline; filename="${name}"`, vary: 'Accept' };
  add('shown', `GET /T?${query}`, { status: 200, answer });
}
add('limited', 'GET /T?w=800', {
  status: 200,
  answer: { 'content-disposition': 'inline; filename="thumb.webp"' },
});
for (const query of ['w=', 'w=x', 'w=0', 'w=-5', 'w=1e9', 'dpr=2', 'w=1&dpr=0', 'w=1&dpr=x']) {
  for (const state of ['shown', 'revoked'] as const) {
    add(state, `GET /T?${query}`, {
      status: 400,
      answer: NO,
      body: 'Expected ?w=WIDTH in pixels, and maybe &dpr=DENSITY.',
    });
  }
}

// The manifest.
const JSON_TYPE = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': KEPT,
  vary: null,
};
add('shown', 'GET /T', { status: 200, answer: JSON_TYPE });
add('shown', 'HEAD /T', { status: 200, answer: JSON_TYPE, body: 0 });
add('shown', 'GET /T?q=1', { status: 200, answer: JSON_TYPE });
add('shown', 'GET /T', {
  headers: { 'if-none-match': '*' },
  status: 304,
  answer: { 'cache-control': KEPT },
  body: 0,
});
add('shown', 'GET /T', { headers: { range: 'bytes=0-1' }, status: 200, answer: JSON_TYPE });
add('limited', 'GET /T', { status: 200, answer: JSON_TYPE });

// Preconditions.
const NOT_MODIFIED = {
  status: 304,
  answer: { etag: 'E', 'cache-control': KEPT, 'content-type': null },
  body: 0,
};
for (const tags of ['E', 'W/E', '*', '"x", E', '"x",W/E', ' E ']) {
  for (const method of ['GET', 'HEAD']) {
    add('shown', `${method} /T/w800.webp`, { headers: { 'if-none-match': tags }, ...NOT_MODIFIED });
  }
}
for (const tags of ['"x"', 'x', '"', 'W/"x"']) {
  add('shown', 'GET /T/w800.webp', {
    headers: { 'if-none-match': tags },
    status: 200,
    answer: EXACT,
    body: 'w800.webp',
  });
}
const [PAST, FUTURE] = ['Thu, 01 Jan 1970 00:00:00 GMT', 'Fri, 01 Jan 2100 00:00:00 GMT'];
add('shown', 'GET /T/w800.webp', {
  headers: { 'if-modified-since': FUTURE },
  status: 200,
  answer: EXACT,
  body: 'w800.webp',
});
add('shown', 'GET /T/w800.webp', {
  headers: { 'if-none-match': '"x"', 'if-modified-since': FUTURE },
  status: 200,
  answer: EXACT,
});
add('shown', 'GET /T/w800.webp', {
  headers: { 'if-none-match': 'E', 'if-modified-since': PAST },
  ...NOT_MODIFIED,
});
add('shown', 'GET /T/w800', {
  headers: { accept: 'image/webp', 'if-none-match': 'E' },
  status: 304,
  answer: { etag: 'E', vary: 'Accept' },
  body: 0,
});
add('shown', 'GET /T/w800', {
  headers: { accept: 'image/jpeg', 'if-none-match': 'E' },
  status: 200,
  answer: { vary: 'Accept' },
  body: 'w800.jpg',
});
for (const tags of ['E', '*', '"x", E']) {
  add('shown', 'GET /T/w800.webp', {
    headers: { 'if-match': tags },
    status: 200,
    answer: EXACT,
    body: 'w800.webp',
  });
}
for (const tags of ['"x"', 'W/E', 'x']) {
  for (const path of ['/T/w800.webp', '/T']) {
    add('shown', `GET ${path}`, { headers: { 'if-match': tags }, status: 412, answer: NO });
  }
}
add('shown', 'GET /T/w800.webp', {
  headers: { 'if-unmodified-since': PAST },
  status: 200,
  answer: EXACT,
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
  add('shown', 'GET /T/w800.webp', {
    headers: { range },
    status: 206,
    answer: { ...WEBP, 'content-range': contentRange, 'content-length': String(body.length) },
    body,
  });
}
add('shown', 'GET /T/w1600.webp', {
  headers: { range: 'bytes=614300-' },
  status: 206,
  answer: { 'content-range': 'bytes 614300-614399/614400' },
  body: 100,
});
for (const range of ['bytes=0-0,8-8', 'bytes=x', 'bytes=', 'items=0-3']) {
  add('shown', 'GET /T/w800.webp', {
    headers: { range },
    status: 200,
    answer: { ...EXACT, 'content-range': null },
    body: 'w800.webp',
  });
}
for (const range of ['bytes=9-', 'bytes=100-200', 'bytes=-0', 'bytes=3-1']) {
  add('shown', 'GET /T/w800.webp', {
    headers: { range },
    status: 416,
    answer: { ...NO, 'content-range': 'bytes */9' },
  });
}
add('shown', 'HEAD /T/w800.webp', {
  headers: { range: 'bytes=0-3' },
  status: 200,
  answer: EXACT,
  body: 0,
});
add('shown', 'GET /T/w800.webp', {
  headers: { range: 'bytes=0-3', 'if-range': 'E' },
  status: 206,
  body: 'w800',
});
for (const ifRange of ['"x"', 'W/E', PAST]) {
  add('shown', 'GET /T/w800.webp', {
    headers: { range: 'bytes=0-3', 'if-range': ifRange },
    status: 200,
    answer: EXACT,
    body: 'w800.webp',
  });
}
add('shown', 'GET /T/w800.webp', {
  headers: { range: 'bytes=0-3', 'if-none-match': 'E' },
  ...NOT_MODIFIED,
});
add('shown', 'GET /T/w800', {
  headers: { accept: 'image/webp', range: 'bytes=0-3' },
  status: 206,
  answer: { vary: 'Accept' },
  body: 'w800',
});

// Methods.
for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND']) {
  for (const path of ['/T/w800.webp', '/nothing']) {
    add('shown', `${method} ${path}`, {
      status: 405,
      answer: { ...NO, allow: 'GET, HEAD, OPTIONS' },
    });
  }
}
for (const path of ['/T/w800.webp', '/T', '/nothing']) {
  add('shown', `OPTIONS ${path}`, {
    headers: {
      origin: 'https://example.com',
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'range',
    },
    status: 204,
    answer: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, HEAD, OPTIONS',
      'access-control-allow-headers': 'If-Match, If-None-Match, If-Range, Range',
      allow: 'GET, HEAD, OPTIONS',
    },
    body: 0,
  });
}

// Every kind of "no".
const MISSING = [
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
];
for (const path of MISSING) add('shown', `GET ${path}`, NOT_FOUND);
add('shown', 'HEAD /T/w801', { ...NOT_FOUND, body: 0 });
add('limited', 'GET /T/w800.webp', NOT_FOUND);
add('limited', 'GET /T/thumb.webp', { status: 200, body: 'thumb.webp' });
for (const state of ['expired', 'revoked', 'making'] as const) {
  for (const path of ['/T', '/T/w800', '/T/w800.webp', '/T?w=800'])
    add(state, `GET ${path}`, NOT_FOUND);
  add(state, 'GET /T/w800.webp', { headers: { 'if-none-match': 'E' }, ...NOT_FOUND });
  add(state, 'GET /T/w800.webp', { headers: { range: 'bytes=99-' }, ...NOT_FOUND });
  add(state, 'HEAD /T/w800.webp', { ...NOT_FOUND, body: 0 });
}
add('expiring', 'GET /T/w800.webp', {
  status: 200,
  answer: { 'cache-control': 'public, max-age=0, s-maxage=10, must-revalidate' },
});
add('expiring', 'GET /T', {
  status: 200,
  answer: { 'cache-control': 'public, max-age=0, s-maxage=10, must-revalidate' },
});

// Trouble.
for (const path of ['/T', '/T/w800', '/T/w800.webp', '/T?w=1'])
  add('firestore down', `GET ${path}`, UNAVAILABLE);
add('firestore down', 'HEAD /T/w800.webp', { ...UNAVAILABLE, body: 0 });
add('firestore down', 'GET /nothing', NOT_FOUND);
for (const state of ['storage down', 'vanished'] as const) {
  add(state, 'GET /T/w800.webp', UNAVAILABLE);
  add(state, 'GET /T/w1600.webp', UNAVAILABLE);
  add(state, 'GET /T/w800.webp', { headers: { range: 'bytes=0-3' }, ...UNAVAILABLE });
  // What needs no byte of the rendition is answered.
  add(state, 'HEAD /T/w800.webp', { status: 200, answer: EXACT, body: 0 });
  add(state, 'GET /T/w800.webp', { headers: { 'if-none-match': 'E' }, ...NOT_MODIFIED });
  add(state, 'GET /T', { status: 200, answer: JSON_TYPE });
}

export const ROWS: readonly Row[] = rows;
