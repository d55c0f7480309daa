/** Each part of a request at its length limit, and one character beyond. */
import { hashEdgeKey } from '../domain/edge-key.js';
import { openServeFixture } from '../../test/serve/serve-fixture.js';
import { LENGTH_LIMITS, type LimitedPart } from './length-limits.js';

const fixture = openServeFixture();
const { token } = fixture;
const ETAG = fixture.image.renditions.w800.webp.etag;
const OTHER_TAGS = '"x",';

/** A text of `length` characters: `unit` as often as it fits, then `end`. */
const pad = (length: number, unit: string, end: string) => {
  const rest = length - end.length;
  return ' '.repeat(rest % unit.length) + unit.repeat(Math.floor(rest / unit.length)) + end;
};

interface LimitCase {
  /** Sends a request with a value of this many characters. @returns what differs beyond the limit */
  send: (length: number) => unknown;
  within: unknown;
  beyond: unknown;
}

const get = (url: string, headers: Record<string, string> = {}) =>
  fixture.get(url.replace('T', token), { headers });
const statusOf = async (url: string, headers?: Record<string, string>) =>
  (await get(url, headers)).status;

/** client-address.test.ts has the test of `X-Forwarded-For`. */
const CASES: Record<Exclude<LimitedPart, 'x-forwarded-for'>, LimitCase> = {
  path: {
    send: (length) => statusOf(pad(length - token.length + 1, '/a', '/T/w800')),
    within: 200,
    beyond: 404,
  },
  query: { send: (length) => statusOf(`/T?${pad(length, 'a&', 'w=1')}`), within: 200, beyond: 400 },
  accept: {
    send: async (length) =>
      (await get('/T/w800', { accept: pad(length, `text/${'x'.repeat(94)},`, 'image/webp') }))
        .headers['content-type'],
    within: 'image/webp',
    beyond: 'image/jpeg',
  },
  'if-match': {
    send: (length) => statusOf('/T/w800.webp', { 'if-match': pad(length, OTHER_TAGS, ETAG) }),
    within: 200,
    beyond: 412,
  },
  'if-none-match': {
    send: (length) => statusOf('/T/w800.webp', { 'if-none-match': pad(length, OTHER_TAGS, ETAG) }),
    within: 304,
    beyond: 200,
  },
  'x-edge-key': {
    send: async (length) => {
      const key = 'k'.repeat(length);
      const { get: ask, token: own } = openServeFixture({
        config: { edgeKeyHashes: [hashEdgeKey(key)] },
      });
      return (await ask(`/${own}/w800.webp`, { headers: { 'x-edge-key': key } })).status;
    },
    within: 200,
    beyond: 404,
  },
  'if-range': {
    send: (length) =>
      statusOf('/T/w800.webp', { range: 'bytes=0-1', 'if-range': pad(length, ' ', ETAG) }),
    within: 206,
    beyond: 200,
  },
  range: {
    send: (length) =>
      statusOf('/T/w800.webp', { range: `bytes=${pad(length - 6, '0-1,', '0-1')}` }),
    within: 206,
    beyond: 200,
  },
};

test.each(Object.entries(CASES) as [LimitedPart, LimitCase][])(
  '%s is parsed up to its limit',
  async (part, { send, within, beyond }) => {
    const { max } = LENGTH_LIMITS[part];
    expect([await send(max), await send(max + 1)]).toEqual([within, beyond]);
  },
);

test('Accept is parsed up to its number of media ranges', async () => {
  const { maxMembers } = LENGTH_LIMITS.accept;
  const typeOf = async (members: number) => {
    const accept = `${'a/b,'.repeat(members - 1)}image/webp`;
    return (await get('/T/w800', { accept })).headers['content-type'];
  };
  expect(await typeOf(maxMembers)).toBe('image/webp');
  expect(await typeOf(maxMembers + 1)).toBe('image/jpeg');
});

test('the URL of a variant ignores a query over the limit', async () => {
  const query = 'a'.repeat(LENGTH_LIMITS.query.max + 1);
  expect(await statusOf(`/T/w800.webp?${query}`)).toBe(200);
});

test('a path over the limit gets the same response as an unknown token', async () => {
  const tooLong = await get(`/${'a'.repeat(LENGTH_LIMITS.path.max)}/T/w800.webp`);
  expect(tooLong).toEqual(await get('/unknown/w800.webp'));
});
