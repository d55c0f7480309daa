/** Whatever a stranger sends is an answer: never a 500, never an error, never the wrong picture. */
import fc from 'fast-check';
import { mintToken } from '../domain/token.js';
import { openServeFixture } from '../../test/serve/serve-fixture.js';

const scene = openServeFixture();
const { token } = scene;

const mostlyAscii = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
);
const digits = fc.stringMatching(/^[-0-9]{0,12}$/);
const etag = fc.constantFrom('"a"', 'W/"a"', '*', '"', 'W/', '""', 'a');
const header = fc.oneof(
  mostlyAscii,
  fc.constant(undefined),
  etag,
  fc.array(etag).map((tags) => tags.join(', ')),
  fc.array(digits).map((parts) => `bytes=${parts.join(',')}`),
  fc
    .array(fc.constantFrom('image/webp', 'image/*', '*/*', 'q=0', ';q=0.5', ',', ';', ' '))
    .map((parts) => parts.join('')),
  fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), mostlyAscii)).map((list) => list.join(',')),
  fc.integer({ min: 0, max: 20_000 }).map((length) => 'bytes=' + '0-1,'.repeat(length / 4)),
);
const segment = fc.oneof(
  mostlyAscii,
  fc.constantFrom(
    token,
    mintToken(),
    'w800',
    'w800.webp',
    'thumb.webp',
    '..',
    '%2e%2e',
    '__proto__',
    'constructor',
  ),
);
const query = fc.oneof(
  mostlyAscii,
  fc.constant(''),
  fc.tuple(digits, digits).map(([w, dpr]) => `w=${w}&dpr=${dpr}`),
);
const strange = fc
  .tuple(fc.array(segment, { maxLength: 5 }), query)
  .map(([segments, text]) => `/${segments.join('/')}${text && `?${text}`}`);
/** Half of the addresses are right, and most headers are absent, or little would get anywhere. */
const known = fc
  .constantFrom('w800', 'w800.webp', 'thumb.webp', 'w1600.webp')
  .map((name) => `/${token}/${name}`);
const seldom = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const range = fc
  .tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }))
  .map(([first, last]) => `bytes=${first}-${last}`);
const request = fc.record({
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('GET', 'HEAD') },
    fc.constantFrom('OPTIONS', 'POST', 'BREW', ''),
  ),
  url: fc.oneof(known, strange),
  headers: fc.record({
    accept: seldom(header),
    range: seldom(fc.oneof(range, header)),
    'if-match': seldom(header),
    'if-none-match': seldom(header),
    'if-range': seldom(header),
    'x-forwarded-for': seldom(fc.oneof(header, fc.array(mostlyAscii))),
  }),
  peer: fc.option(mostlyAscii, { nil: undefined }),
});

/** What can be sent in a header (RFC 9110 section 5.5), and so can't end the process while being sent. */
const SENDABLE = /^[\t\x20-\x7e\x80-\xff]*$/;
const EXPECTED = new Set([200, 204, 206, 304, 400, 404, 405, 412, 416]);

test('any request is answered', async () => {
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ url, ...rest }) => {
      const reply = await scene.get(url, rest);
      statuses.add(reply.status);
      expect(EXPECTED).toContain(reply.status);
      for (const value of Object.values(reply.headers)) expect(value).toMatch(SENDABLE);
      if (
        reply.status === 200 &&
        reply.body &&
        reply.headers['content-type']?.startsWith('image/')
      ) {
        const names = ['w800.webp', 'w800.jpg', 'thumb.webp', 'w1600.webp'];
        const { body } = reply;
        expect(names.some((name) => scene.backend.renditions.get(name)?.equals(body))).toBe(true);
      }
      if (reply.body) expect(reply.headers['content-length']).toBe(String(reply.body.length));
    }),
    { seed: 5, numRuns: 3000 },
  );
  expect(scene.logged).toEqual([]);
  // The table of requests does reach what it is to try.
  expect([...statuses].sort()).toEqual([...EXPECTED].sort());
});
