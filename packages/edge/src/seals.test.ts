/** The same vectors as those of the other implementations. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SealVectors } from '../../../functions/test/domain/seal-vectors.js';
import { decrypt, deriveKeyPair, openContext } from './hpke.js';
import { openSeals } from './seals.js';

const FILE = join(__dirname, '..', '..', '..', 'tests', 'fixtures', 'seal', 'vectors.json');
const vectors = JSON.parse(readFileSync(FILE, 'utf8')) as SealVectors;
const opened = openSeals(vectors.sealingKeys, vectors.audience);

test.each(vectors.valid)('opens: $name', async ({ sealed, grant }) => {
  expect(await (await opened).open(sealed)).toEqual(grant);
});

test.each(vectors.invalid)('does not open: $name', async ({ sealed }) => {
  expect(await (await opened).open(sealed)).toBeUndefined();
});

test('opens nothing of another audience, and publishes the first key', async () => {
  const others = await openSeals(vectors.sealingKeys, 'another');
  for (const { sealed } of vectors.valid) expect(await others.open(sealed)).toBeUndefined();
  expect((await opened).publicKeys).toEqual(vectors.publicKeys);
});

test.each([
  ['a wrong length', '1:AAAA', 'b', 'SEALING_KEYS'],
  ['a repeated id', `${vectors.sealingKeys},7:${'A'.repeat(43)}`, 'b', 'SEALING_KEYS'],
  ['no bucket', vectors.sealingKeys, '', 'BUCKET'],
])('names what is wrong, and prints no key: %s', async (_what, keys, bucket, name) => {
  const error = await openSeals(keys, bucket).then(String, String);
  expect(error).toContain(name);
  for (const part of keys.split(/[:,]/).filter((text) => text.length > 3)) {
    expect(error).not.toContain(part);
  }
});

const bytes = (hexadecimal: string) => new Uint8Array(Buffer.from(hexadecimal, 'hex'));

// RFC 9180 appendix A.1.1.
test('decrypts the first message of the RFC', async () => {
  const ikm = '6db9df30aa07dd42ee5e8181afdb977e538f5e1fec8a06223f33f7013e525037';
  const pair = await deriveKeyPair(bytes(ikm));
  expect(Buffer.from(pair.publicKey).toString('hex')).toBe(
    '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  );
  const enc = bytes('37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431');
  const ciphertext = bytes(
    'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  );
  const message = { enc, ciphertext, aad: new TextEncoder().encode('Count-0') };
  const context = await openContext(bytes('4f6465206f6e2061204772656369616e2055726e'));
  const plaintext = await decrypt(pair, message, context);
  expect(Buffer.from(plaintext ?? []).toString()).toBe('Beauty is truth, truth beauty');
});
