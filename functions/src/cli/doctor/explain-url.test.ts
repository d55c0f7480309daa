/** Every reason for which `serve` gives a 404, against an installation in memory. */
import { CAT_RECORD, openSettled, type Memory } from '../../../test/cli/doctor-fixture.js';
import { sealFor } from '../../../test/serve/serve-fixture.js';
import { mintToken } from '../../domain/token.js';
import { explainUrl } from './explain-url.js';

const BASE = 'https://example.com/i';
const SHARE = 'share-of-cat-0001';

async function open() {
  const memory = await openSettled();
  const token = memory.backend.images.get(CAT_RECORD)?.token ?? '';
  return { memory, token };
}

const explain = ({ harness, backend, time }: Memory, url: string) =>
  explainUrl(url, harness.config, backend, time.now);

async function reasonOf(memory: Memory, url: string) {
  const { status, reason } = await explain(memory, url);
  return [status, reason];
}

test('says what the URL of an image gets', async () => {
  const { memory, token } = await open();
  expect(await explain(memory, `${BASE}/${token}/w40`)).toEqual({
    ...{ status: 200, reason: 'w40 as webp', image: CAT_RECORD },
  });
  expect(await reasonOf(memory, `${BASE}/${token}/w40.jpg`)).toEqual([200, 'w40 as jpeg']);
  expect(await reasonOf(memory, `${BASE}/${token}`)).toEqual([200, 'the manifest of the image']);
  const [status, reason] = await reasonOf(memory, `${BASE}/${token}?w=100`);
  expect(status).toBe(200);
  expect(reason).toMatch(/^w\d+ as webp$/);
});

const NO_SUCH_TOKEN =
  'there is no such token: it was revoked or replaced, its image was deleted, or it is of another installation';

test.each<[string, (token: string) => string, number, string]>([
  ['no token', () => '/cat.jpg', 404, 'no token: expected …/{token}/{variant}'],
  [
    'a lost character',
    (token) => `/${token.slice(0, -1)}/w40`,
    404,
    'expected 37 characters, found 36',
  ],
  [
    'a changed character',
    (token) => `/${change(token)}/w40`,
    404,
    'the checksum of the token is wrong',
  ],
  ['a sealed link cut off', () => '/sps_AAAA/w40', 404, 'the sealed link is malformed'],
  ['another token', () => `/${mintToken()}/w40`, 404, NO_SUCH_TOKEN],
  ['another variant', (token) => `/${token}/w9999`, 404, 'there is no such variant: it shows '],
  ['another format', (token) => `/${token}/w40.avif`, 404, 'w40 has no avif, but webp, jpeg'],
  [
    'an unknown extension',
    (token) => `/${token}/w40.bmp`,
    404,
    'what follows the token is no variant',
  ],
  ['a wrong query', (token) => `/${token}?w=NaN`, 400, 'expected w and dpr as positive numbers'],
  ['keys', () => '/seal-keys.json', 200, 'the public keys of sealed links'],
])('names %s', async (_title, path, status, reason) => {
  const { memory, token } = await open();
  const explained = await explain(memory, BASE + path(token));
  expect(explained.status).toBe(status);
  expect(explained.reason).toContain(reason);
  expect(JSON.stringify(explained)).not.toMatch(/sp[sv]_/);
});

/** The last character is one of the checksum. */
const change = (token: string) => token.slice(0, -1) + (token.endsWith('0') ? '1' : '0');

test('names the state of an image without renditions', async () => {
  const { memory, token } = await open();
  const url = `${BASE}/${token}/w40`;
  for (const record of memory.backend.tokens.values()) delete record.image;
  const image = memory.backend.images.get(CAT_RECORD);
  if (image === undefined) throw new Error('expected an image record');
  const reasons: unknown[] = [];
  for (const state of ['processing', 'held', 'failed', 'ready'] as const) {
    const error = { code: 'not-an-image', message: '' };
    memory.backend.images.set(CAT_RECORD, { ...image, state, error });
    reasons.push((await explain(memory, url)).reason);
  }
  memory.backend.images.delete(CAT_RECORD);
  reasons.push((await explain(memory, url)).reason);
  expect(reasons).toEqual([
    'the image is being processed for the first time',
    'the content filter holds the image until it is released',
    'processing failed: not-an-image',
    'the image is ready, and its token has no renditions: run this command with --fix instead of --url',
    'the token has no image record: run this command with --fix instead of --url',
  ]);
});

test('says that only the edge gets an answer', async () => {
  const { memory, token } = await open();
  const { harness, backend, time } = memory;
  const config = { ...harness.config, edgeKeyHashes: ['A'.repeat(43)] };
  const { reason } = await explainUrl(`${BASE}/${token}/w40`, config, backend, time.now);
  expect(reason).toBe('w40 as webp, to the edge alone (EDGE_KEY_HASHES)');
});

test('names the end of a share, and what it shows', async () => {
  const { memory } = await open();
  const request = { imageId: 'cat', shareId: SHARE, expiresIn: 60, variants: ['w20'] };
  const { token = '' } = await memory.backend.shares.create('alice', request);
  const narrow = [404, 'the token gives no access to this variant: it shows w20'];
  expect(await reasonOf(memory, `${BASE}/${token}/w40`)).toEqual(narrow);
  memory.time.now += 60_000;
  const { status, reason } = await explain(memory, `${BASE}/${token}/w20`);
  expect([status, reason]).toEqual([404, expect.stringMatching(/^the share ended on 20.*Z$/)]);
});

test.each([
  ['cat.jpg', /expected the URL of an image/],
  [`${BASE}/${sealFor(mintToken())}/w40`, /found a sealed link/],
])('refuses what it cannot explain, without repeating it', async (url, message) => {
  const { memory } = await open();
  await expect(explain(memory, url)).rejects.toThrow(message);
  await expect(explain(memory, url)).rejects.not.toThrow(/sps_/);
});
