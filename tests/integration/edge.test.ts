/** The edge in front of the local stack: both Workers in Cloudflare's runtime, `serve`, Firestore and Storage. */
import type { Miniflare } from 'miniflare';
import sharp from 'sharp';
import { seal, type SealPublicKeys } from '../../functions/src/domain/seal.js';
import { hashToken } from '../../functions/src/domain/token.js';
import type { Manifest } from '../../functions/src/serve/manifest.js';
import { startWorkers, type WorkerLog } from '../../packages/edge/test/workers.js';
import { plainJpeg } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;
let token: string;
let publicKeys: SealPublicKeys;
let workers: Miniflare;
let base: URL;
const log: WorkerLog = [];

beforeAll(async () => {
  context = new TestContext();
  const owner = await context.user();
  token = (await context.upload(owner, await plainJpeg(1000, 500, '#808000'))).record.token;
  const { bucket, sealingKeys, serve } = context.stack;
  const image = { BUCKET: bucket, SEALING_KEYS: sealingKeys, RESIZING: 'binding', WIDTHS: '300' };
  workers = startWorkers({ image, file: { ORIGIN: serve } }, log);
  base = await workers.ready;
  publicKeys = (await (await fetch(new URL('seal-keys.json', base))).json()) as SealPublicKeys;
}, 90_000);

afterAll(async () => {
  await workers.dispose();
  await context.close();
  expect(log.join('')).toBe('');
});

const view = (path: string) => fetch(new URL(path, base));

test('publishes the same keys as `serve`', async () => {
  expect(publicKeys).toEqual(await (await fetch(context.serveUrl('seal-keys.json'))).json());
});

test('answers with the same images and manifests as `serve`', async () => {
  for (const text of [token, seal({ token }, publicKeys)]) {
    for (const path of ['', '/w400', '/w400.jpg', '/w800', '?w=500']) {
      const responses = [await view(`/${text}${path}`), await fetch(context.serveUrl(text) + path)];
      const [edge, direct] = await Promise.all(
        responses.map(async (response) => ({
          status: response.status,
          etag: response.headers.get('etag'),
          body: Buffer.from(await response.arrayBuffer()),
        })),
      );
      expect(edge).toEqual(direct);
      expect(edge?.status).toBe(200);
    }
  }
});

test('makes a width from the widest variant', async () => {
  const response = await view(`/${seal({ token, maxWidth: 350 }, publicKeys)}?w=2000`);
  const { width, height } = await sharp(await response.arrayBuffer()).metadata();
  expect([width, height]).toEqual([300, 150]);
  const manifest = (await (await view(`/${token}`)).json()) as Manifest;
  expect(manifest.variants.map((variant) => variant.width)).not.toContain(300);
});

test('a sealed link ends with its token', async () => {
  const path = `/${seal({ token }, publicKeys)}/w400`;
  expect((await view(path)).status).toBe(200);
  await context.firestore.doc(`imageTokens/${hashToken(token)}`).delete();
  // REVOCATION_SECONDS is 0 on this stack.
  expect((await view(path)).status).toBe(404);
});
