/** The vectors of all implementations, and what a user of the entry sees; tests/browser has it in Chromium. */
import { AEAD_AES_128_GCM, CipherSuite, KDF_HKDF_SHA256, KEM_DHKEM_X25519_HKDF_SHA256 } from 'hpke';
import { makeSealVectors } from '../../../functions/test/domain/seal-vectors.js';
import { openSealOpener } from '../../../functions/src/domain/seal.js';
import { parseSealingKeys, type SealingKey } from '../../../functions/src/domain/sealing-keys.js';
import { mintToken } from '../../../functions/src/domain/token.js';
import { seal as sealOnServer } from './admin.js';
import { canSeal, seal } from './seal.js';
import type { SealOptions } from './seal-options.js';

const { publicKeys, sealingKeys, audience, valid } = makeSealVectors();
const opener = openSealOpener(parseSealingKeys(sealingKeys) as SealingKey[], audience);
const entries: [string, typeof seal][] = [
  ['/seal', seal],
  ['/admin', sealOnServer],
];

/** RFC 9180 A.1.1, the first message: that `hpke` is what the functions have. */
test('hpke decrypts the message of RFC 9180 A.1.1', async () => {
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  const suite = new CipherSuite(KEM_DHKEM_X25519_HKDF_SHA256, KDF_HKDF_SHA256, AEAD_AES_128_GCM);
  const recipient = await suite.DeriveKeyPair(
    bytes('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037'),
  );
  const plaintext = await suite.Open(
    recipient,
    bytes('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
    bytes(
      'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
    ),
    {
      info: bytes('4f6465206f6e2061204772656369616e2055726e'),
      aad: bytes('436f756e742d30'),
    },
  );
  expect(Buffer.from(plaintext).toString()).toBe('Beauty is truth, truth beauty');
});

describe.each(entries)('%s', (_entry, make) => {
  test.each(valid)('seals what the functions open: $name', async ({ grant, sealed }) => {
    const { notAfter, ...others } = grant;
    const expiresAt = notAfter === undefined ? undefined : new Date(notAfter * 1000 + 999);
    const made = await make({ ...others, expiresAt, publicKeys });
    expect(opener.open(made)).toEqual(grant);
    expect(made).toHaveLength(sealed.length);
    expect(await make({ ...others, expiresAt, publicKeys })).not.toBe(made);
  });

  test.each<[string, Partial<SealOptions>, string]>([
    ['a token that is none', { token: 'spv_x' }, 'token: expected a public token'],
    ['a sealed token', { token: valid[0]?.sealed ?? '' }, 'token: expected a public token'],
    ['no variants', { variants: [] }, 'variants: expected at least one name'],
    ['a width of 0', { maxWidth: 0 }, 'maxWidth: expected a whole number from 1 to 65535, found 0'],
    ['an invalid date', { expiresAt: new Date(NaN) }, 'expiresAt: expected a time from 1970 to'],
    ['a date after 2106', { expiresAt: new Date(2 ** 32 * 1000) }, 'expiresAt: expected a time'],
    ['no keys', { publicKeys: { audience, keys: [] } }, 'publicKeys: expected the content of'],
  ])('rejects %s', async (_what, change, message) => {
    const made = make({ token: mintToken(), publicKeys, ...change });
    await expect(made).rejects.toThrow(TypeError);
    await expect(made).rejects.toThrow(message);
  });
});

describe('without X25519', () => {
  /** Loads the entry once more, because it remembers what it has found. */
  async function withCrypto(
    value: unknown,
    action: (entry: { canSeal: typeof canSeal; seal: typeof seal }) => Promise<void>,
  ) {
    const original = Object.getOwnPropertyDescriptor(globalThis, 'crypto') as PropertyDescriptor;
    Object.defineProperty(globalThis, 'crypto', { value, configurable: true });
    try {
      await jest.isolateModulesAsync(async () => action(await import('./seal.js')));
    } finally {
      Object.defineProperty(globalThis, 'crypto', original);
    }
  }

  test.each<[string, unknown]>([
    ['a page that is not from https', { getRandomValues: () => {} }],
    ['an old browser', { subtle: { generateKey: () => Promise.reject(new DOMException('', 'NotSupportedError')) } }], // prettier-ignore
  ])('%s gets a sentence that says what to do', async (_what, value) => {
    await withCrypto(value, async (entry) => {
      expect(await entry.canSeal()).toBe(false);
      await expect(entry.seal({ token: mintToken(), publicKeys })).rejects.toThrow(
        'Expected WebCrypto with X25519, found none: use a current browser and https, or seal on a server',
      );
    });
  });

  test('and with it, there is nothing to say', async () => {
    expect(await canSeal()).toBe(true);
  });
});
