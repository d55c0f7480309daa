/** Sealed tokens: the test vectors of all implementations (`npm run docs` writes them), and properties of the codec. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { makeSealVectors } from '../../test/domain/seal-vectors.js';
import { expectUpToDate, readProjectFile } from '../../test/generated-file.js';
import { deriveKeyPair } from './hpke.js';
import { openSealOpener, seal } from './seal.js';
import {
  decodeGrant,
  decodeKey,
  decodeSealed,
  encodeGrant,
  encodeSealed,
  isSealed,
  toBase64Url,
  type SealGrant,
} from './seal-codec.js';
import { formatSealingKeys, parseSealingKeys, type SealingKey } from './sealing-keys.js';
import { decodeToken, encodeToken, isToken } from './token-text.js';
import { mintToken } from './token.js';

const VECTORS = 'tests/fixtures/seal/vectors.json';
const vectors = makeSealVectors();
const keys = parseSealingKeys(vectors.sealingKeys) as SealingKey[];
const opener = openSealOpener(keys, vectors.audience);

const token = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(encodeToken);
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const grants: fc.Arbitrary<SealGrant> = fc
  .record({
    token,
    notAfter: optional(fc.integer({ min: 1, max: 2 ** 32 - 1 })),
    maxWidth: optional(fc.integer({ min: 1, max: 65_535 })),
    variants: optional(fc.uniqueArray(name, { minLength: 1, maxLength: 20 })),
  })
  .filter(({ variants }) => variants === undefined || variants.join().length <= 255);
const withoutUndefined = (grant: SealGrant) => JSON.parse(JSON.stringify(grant)) as SealGrant;

describe('test vectors', () => {
  test(`${VECTORS} is up to date (npm run docs)`, () => {
    expectUpToDate(VECTORS, `${JSON.stringify(vectors, null, 2)}\n`);
    expect(readProjectFile(VECTORS)).toContain('"invalid"');
  });

  test.each(vectors.valid)('$name', ({ kid, grant, sealed, ephemeralSeed }) => {
    expect(opener.canOpen(sealed)).toBe(true);
    expect(opener.open(sealed)).toEqual(grant);
    const key = keys.find((one) => one.kid === kid) as SealingKey;
    const { publicKeys } = openSealOpener([key], vectors.audience);
    const ephemeral = deriveKeyPair(decodeKey(ephemeralSeed) as Uint8Array);
    expect(seal(grant, publicKeys, ephemeral)).toBe(sealed);
  });

  test.each(vectors.invalid)('opens nothing: $name', ({ sealed }) => {
    expect(opener.open(sealed)).toBeUndefined();
  });

  test('publish the first key only', () => {
    expect(opener.publicKeys).toEqual(vectors.publicKeys);
  });
});

describe('a grant', () => {
  test('is decoded as it was encoded, in one spelling', () => {
    fc.assert(
      fc.property(grants, (grant) => {
        const bytes = encodeGrant(grant);
        expect((bytes.length - 28) % 12).toBe(0);
        expect(decodeGrant(bytes)).toEqual(withoutUndefined(grant));
      }),
    );
  });

  test('is refused if no encoder makes it', () => {
    const near = fc
      .tuple(grants, fc.nat({ max: 330 }), fc.nat({ max: 255 }), fc.integer({ min: -13, max: 13 }))
      .map(([grant, at, value, longer]) => {
        const bytes = [...encodeGrant(grant)];
        bytes[at % bytes.length] = value;
        bytes.length = Math.max(0, bytes.length + longer);
        return Uint8Array.from(bytes, (byte) => byte ?? 0);
      });
    const any = fc.oneof(near, fc.uint8Array({ maxLength: 330 }));
    fc.assert(
      fc.property(any, (bytes) => {
        const grant = decodeGrant(bytes);
        if (grant !== undefined) expect(encodeGrant(grant)).toEqual(bytes);
      }),
      { numRuns: 2000 },
    );
  });

  test.each<[string, Partial<SealGrant>, string]>([
    ['no token', { token: '' }, 'token: expected a public token'],
    ['a sealed token', { token: vectors.valid[0]?.sealed ?? '' }, 'token: expected'],
    ['no variants', { variants: [] }, 'variants: expected at least one name of a variant'],
    ['a name twice', { variants: ['a', 'a'] }, 'variants: expected each name once'],
    ['no name', { variants: [''] }, 'variants: expected names of 1 to 40'],
    ['two names in one', { variants: ['a,b'] }, 'variants: expected names of 1 to 40'],
    ['257 bytes', { variants: Array.from({ length: 7 }, (_, at) => String(at).repeat(36)).concat('a') }, 'found 260'], // prettier-ignore
    ['an expiry of 0', { notAfter: 0 }, 'notAfter: expected a whole number from 1 to 4294967295'],
    ['a late expiry', { notAfter: 2 ** 32 }, 'notAfter: expected'],
    ['half a second', { notAfter: 1.5 }, 'notAfter: expected'],
    [
      'no number',
      { maxWidth: NaN },
      'maxWidth: expected a whole number from 1 to 65535, found NaN',
    ],
    ['a width of 0', { maxWidth: 0 }, 'maxWidth: expected'],
    ['a large width', { maxWidth: 65_536 }, 'maxWidth: expected'],
  ])('can not have %s', (_what, change, message) => {
    expect(() => encodeGrant({ token: mintToken(), ...change })).toThrow(TypeError);
    expect(() => encodeGrant({ token: mintToken(), ...change })).toThrow(message);
  });

  test('has errors that do not contain the token', () => {
    const other = mintToken().slice(0, -1);
    expect(() => encodeGrant({ token: other })).not.toThrow(other.slice(4));
  });
});

describe('a sealed token', () => {
  test('has one spelling for its parts', () => {
    const bytes = fc.nat({ max: 22 }).chain((units) => {
      const length = 78 + 12 * units;
      return fc.uint8Array({ minLength: length, maxLength: length });
    });
    fc.assert(
      fc.property(bytes, fc.boolean(), (data, isVersion1) => {
        if (isVersion1) data[0] = 1;
        const text = `sps_${Buffer.from(data).toString('base64url')}`;
        expect(isSealed(text)).toBe(true);
        const parts = decodeSealed(text);
        expect(parts === undefined).toBe(data[0] !== 1);
        if (parts) expect(encodeSealed(parts)).toBe(text);
      }),
    );
  });

  test('is not any other text', () => {
    const character = fc.constantFrom(...'AZaz09-_', '.', '/', '+', '=', '\n', '\u00e9');
    const text = fc.array(character, { maxLength: 480 }).map((all) => `sps_${all.join('')}`);
    fc.assert(
      fc.property(text, (sealed) => {
        const isForm = /^sps_[\w-]*$/.test(sealed) && (sealed.length - 108) % 16 === 0;
        const isLength = sealed.length >= 108 && sealed.length <= 460;
        expect(isSealed(sealed)).toBe(isForm && isLength);
      }),
    );
  });

  test('has nothing in common with another one of the same grant', () => {
    const grant = { token: mintToken(), variants: ['w800'], maxWidth: 800 };
    const [one, other] = [0, 1].map(() =>
      Buffer.from(seal(grant, opener.publicKeys).slice(4), 'base64url'),
    ) as [Buffer, Buffer];
    expect(one.length).toBe(other.length);
    // Version and key id are those of all sealed tokens.
    expect(one.subarray(0, 2)).toEqual(other.subarray(0, 2));
    for (let at = 2; at + 6 <= one.length; at++) {
      expect(other.includes(one.subarray(at, at + 6))).toBe(false);
    }
    expect(one.includes(Buffer.from(decodeToken(grant.token) as Uint8Array))).toBe(false);
    expect(one.toString('latin1')).not.toContain('w800');
  });

  test.each([
    [{ audience: '', keys: vectors.publicKeys.keys }],
    [{ audience: 'a', keys: [] }],
    [{ audience: 'a', keys: [{ kid: 256, key: toBase64Url(new Uint8Array(32)) }] }],
    [{ audience: 'a', keys: [{ kid: 1.5, key: toBase64Url(new Uint8Array(32)) }] }],
    [{ audience: 'a', keys: [{ kid: 1, key: toBase64Url(new Uint8Array(31)) }] }],
  ])('can not be made with %j', (publicKeys) => {
    const message = 'publicKeys: expected the content of seal-keys.json';
    expect(() => seal({ token: mintToken() }, publicKeys)).toThrow(message);
  });
});

describe('a token as bytes', () => {
  test('has one text, with the checksum of zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (bytes) => {
        const text = encodeToken(bytes);
        expect(isToken(text)).toBe(true);
        expect(decodeToken(text)).toEqual(bytes);
        const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
        const sum = [...text.slice(-6)].reduce((value, digit) => 62 * value + digits.indexOf(digit), 0); // prettier-ignore
        expect(sum).toBe(crc32(text.slice(0, -6)));
      }),
    );
  });

  test('does not exist for a number above 160 bits', () => {
    const sums = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    let checksum = '';
    for (let rest = crc32(`spv_${'z'.repeat(27)}`); rest > 0; rest = Math.floor(rest / 62)) {
      checksum = sums.charAt(rest % 62) + checksum;
    }
    const text = `spv_${'z'.repeat(27)}${checksum.padStart(6, '0')}`;
    expect([isToken(text), decodeToken(text)]).toEqual([true, undefined]);
  });
});

describe('SEALING_KEYS', () => {
  const SEED = toBase64Url(new Uint8Array(32).fill(1));
  const OTHER = toBase64Url(new Uint8Array(32).fill(2));

  test('has keys in an order that matters', () => {
    const text = `255:${SEED},0:${OTHER}`;
    const parsed = parseSealingKeys(` 255:${SEED} ,\n0:${OTHER}\n`) as SealingKey[];
    expect(parsed.map(({ kid }) => kid)).toEqual([255, 0]);
    expect(formatSealingKeys(parsed)).toBe(text);
    expect(parseSealingKeys(' \n')).toEqual([]);
  });

  test.each([
    [SEED, 'in entry 1 a key id from 0 to 255 and a colon', 'something else'],
    [`:${SEED}`, 'in entry 1 a key id from 0 to 255 and a colon', 'something else'],
    [`256:${SEED}`, 'in entry 1 a key id from 0 to 255 and a colon', 'something else'],
    [`01:${SEED}`, 'in entry 1 a key id from 0 to 255 and a colon', 'something else'],
    [`-1:${SEED}`, 'in entry 1 a key id from 0 to 255 and a colon', 'something else'],
    [`${SEED}:1`, 'in entry 1 a key id from 0 to 255 and a colon', 'something else'],
    [`1:${SEED},`, 'in entry 2 a key id from 0 to 255 and a colon', 'something else'],
    [`1:${SEED},1:${OTHER}`, 'in entry 2 a key id of its own', 'key id 1 again'],
    ['1:', 'in entry 1, key id 1, 32 bytes as 43 characters of base64url', '0 characters'],
    [`1:${SEED},9:${OTHER}=`, 'in entry 2, key id 9, 32 bytes as', '44 characters'],
    [`1:${SEED.slice(1)}`, 'in entry 1, key id 1, 32 bytes as', '42 characters'],
    // Not the canonical spelling: the last character has bits that no byte has.
    [`1:${SEED.slice(0, -1)}F`, 'in entry 1, key id 1, 32 bytes as', 'others'],
    [`1:${SEED.slice(0, -1)}+`, 'in entry 1, key id 1, 32 bytes as', 'others'],
    [Array.from({ length: 17 }, (_, kid) => `${kid}:${SEED}`).join(), 'at most 16 keys', '17'],
  ])('%#: is refused with the entry, and without the key', (text, expected, found) => {
    const problem = parseSealingKeys(text) as { expected: string; found: string };
    expect(problem.expected).toContain(expected);
    expect(problem.found).toBe(found);
    expect(JSON.stringify(problem)).not.toContain(SEED.slice(1, 9));
    expect(JSON.stringify(problem)).not.toContain(OTHER.slice(1, 9));
  });
});
