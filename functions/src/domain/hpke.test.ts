import { createPrivateKey } from 'node:crypto';
import { contextOf, decrypt, deriveKeyPair, encrypt } from './hpke.js';

const bytes = (hex: string) => Buffer.from(hex, 'hex');

/** RFC 9180 appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode, the first message. */
const RFC = {
  info: bytes('4f6465206f6e2061204772656369616e2055726e'),
  ikmE: bytes('7268600d403fce431561aef583ee1613527cff655c1343f29812e66706df3234'),
  ikmR: bytes('6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037'),
  skRm: bytes('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
  pkRm: bytes('3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d'),
  enc: bytes('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431'),
  pt: bytes('4265617574792069732074727574682c20747275746820626561757479'),
  aad: bytes('436f756e742d30'),
  ct: bytes(
    'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  ),
};
const recipient = deriveKeyPair(RFC.ikmR);
const BOUND = { context: contextOf(RFC.info), aad: RFC.aad };

test('derives the key pair of RFC 9180 A.1.1', () => {
  expect(Buffer.from(recipient.publicKey)).toEqual(RFC.pkRm);
  const der = recipient.privateKey.export({ format: 'der', type: 'pkcs8' });
  expect(der.subarray(-32)).toEqual(RFC.skRm);
  expect(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).asymmetricKeyType).toBe(
    'x25519',
  );
});

test('encrypts and decrypts the message of RFC 9180 A.1.1', () => {
  const { enc, ciphertext } = encrypt(RFC.pkRm, RFC.pt, BOUND, deriveKeyPair(RFC.ikmE));
  expect(Buffer.from(enc)).toEqual(RFC.enc);
  expect(Buffer.from(ciphertext)).toEqual(RFC.ct);
  expect(decrypt(recipient, { enc: RFC.enc, ciphertext: RFC.ct }, BOUND)).toEqual(RFC.pt);
});

test('uses a new ephemeral key for each message', () => {
  const [one, other] = [0, 1].map(() => encrypt(RFC.pkRm, RFC.pt, BOUND));
  expect(one?.enc).not.toEqual(other?.enc);
  expect(one && decrypt(recipient, one, BOUND)).toEqual(RFC.pt);
});

test('decrypts nothing with one changed bit, for another recipient, or bound to something else', () => {
  const message = { enc: RFC.enc, ciphertext: RFC.ct };
  for (const part of ['enc', 'ciphertext'] as const) {
    for (let at = 0; at < message[part].length; at++) {
      const changed = Buffer.from(message[part]);
      changed[at] = (changed[at] as number) ^ 1;
      expect(decrypt(recipient, { ...message, [part]: changed }, BOUND)).toBeUndefined();
    }
  }
  expect(decrypt(deriveKeyPair(RFC.ikmE), message, BOUND)).toBeUndefined();
  expect(decrypt(recipient, message, { ...BOUND, context: contextOf(RFC.aad) })).toBeUndefined();
  expect(decrypt(recipient, message, { ...BOUND, aad: RFC.info })).toBeUndefined();
});

// RFC 7748 section 6.1, and https://cr.yp.to/ecdh.html#validate: the shared secret would be zero for everyone.
test.each([
  ['zero', '00'.repeat(32)],
  ['one', `01${'00'.repeat(31)}`],
  ['order 8', 'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800'],
  ['order 8, another', '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157'],
  ['p - 1', `ec${'ff'.repeat(30)}7f`],
  ['p', `ed${'ff'.repeat(30)}7f`],
  ['p + 1', `ee${'ff'.repeat(30)}7f`],
])('refuses a point of small order: %s', (_name, hex) => {
  expect(decrypt(recipient, { enc: bytes(hex), ciphertext: RFC.ct }, BOUND)).toBeUndefined();
  expect(() => encrypt(bytes(hex), RFC.pt, BOUND)).toThrow();
});

test.each([0, 1, 15, 16])('decrypts no ciphertext of %d bytes', (length) => {
  const ciphertext = RFC.ct.subarray(0, length);
  expect(decrypt(recipient, { enc: RFC.enc, ciphertext }, BOUND)).toBeUndefined();
});
