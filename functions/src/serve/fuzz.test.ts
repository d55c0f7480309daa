/** Random requests: every response has an expected status, and never another image's bytes. */
import fc from 'fast-check';
import { mintToken } from '../domain/token.js';
import { openServeFixture, SEALING_KEYS, sealFor } from '../../test/serve/serve-fixture.js';

const fixture = openServeFixture({ config: { sealingKeys: SEALING_KEYS } });
const { token } = fixture;
const sealed = sealFor(token);

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
    sealed,
    sealed.slice(0, -16),
    `${sealed.slice(0, -4)}AAAA`,
    'seal-keys.json',
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
  fc
    .tuple(fc.nat({ max: 2000 }), fc.constantFrom('webp', 'jpg', 'avif', 'png', '__proto__', ''))
    .map(([w, f]) => `w=${w}&f=${f}`),
);
const randomUrl = fc
  .tuple(fc.array(segment, { maxLength: 5 }), query)
  .map(([segments, text]) => `/${segments.join('/')}${text && `?${text}`}`);
/** Half of the URLs are valid and most headers are absent: otherwise few requests would succeed. */
const validUrl = fc
  .constantFrom('w800', 'w800.webp', 'thumb.webp', 'w1600.webp')
  .map((name) => `/${token}/${name}`);
const rarely = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 3 });
const range = fc
  .tuple(fc.nat({ max: 12 }), fc.nat({ max: 12 }))
  .map(([first, last]) => `bytes=${first}-${last}`);
const request = fc.record({
  method: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom('GET', 'HEAD') },
    fc.constantFrom('OPTIONS', 'POST', 'BREW', ''),
  ),
  url: fc.oneof(validUrl, randomUrl),
  headers: fc.record({
    accept: rarely(header),
    range: rarely(fc.oneof(range, header)),
    'if-match': rarely(header),
    'if-none-match': rarely(header),
    'if-range': rarely(header),
    'x-forwarded-for': rarely(fc.oneof(header, fc.array(mostlyAscii))),
    'cf-connecting-ip': rarely(header),
  }),
  remoteAddress: fc.option(mostlyAscii, { nil: undefined }),
});

/** Valid characters of a header's value (RFC 9110 section 5.5); Node throws on others. */
const VALID_HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const EXPECTED_STATUSES = new Set([200, 204, 206, 304, 400, 404, 405, 412, 416]);

test('responds to any request with an expected status', async () => {
  const statuses = new Set<number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ url, ...rest }) => {
      const response = await fixture.get(url, rest);
      statuses.add(response.status);
      expect(EXPECTED_STATUSES).toContain(response.status);
      for (const value of Object.values(response.headers))
        expect(value).toMatch(VALID_HEADER_VALUE);
      if (
        response.status === 200 &&
        response.body &&
        response.headers['content-type']?.startsWith('image/')
      ) {
        const names = ['w800.webp', 'w800.jpg', 'thumb.webp', 'w1600.webp'];
        const { body } = response;
        expect(names.some((name) => fixture.backend.renditions.get(name)?.equals(body))).toBe(true);
      }
      if (response.body)
        expect(response.headers['content-length']).toBe(String(response.body.length));
    }),
    { seed: 5, numRuns: 3000 },
  );
  expect(fixture.logged).toEqual([]);
  // The generated requests reach every status.
  expect([...statuses].sort()).toEqual([...EXPECTED_STATUSES].sort());
});
