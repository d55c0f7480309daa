/**
 * Options of variants from the client package to HTTP: a local stack of its own, with parameters as an installation
 * sets them.
 */
import { join } from 'node:path';
import { createMockUserToken } from '@firebase/util';
import sharp from 'sharp';
import type { Images } from 'storage-public-variants-client';
import { hashToken } from '../../functions/src/domain/token.js';
import type { Manifest } from '../../functions/src/serve/manifest.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { StackContext } from '../../tools/dev/stack/stack-context.js';
import { startStack, type Stack } from '../../tools/dev/stack/stack.js';
import { callFunction } from '../support/callable.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { colorAt, columns, solidPng } from '../support/pictures.js';
import { run } from '../support/run.js';
import { ROOT, testStack } from '../support/stack.js';

const LOGO = 'watermarks/logo.png';
const PARAMETERS = {
  REVOCATION_SECONDS: '0',
  FORMATS: 'webp,jpeg',
  QUALITY: '70',
  VARIANTS: [
    'face:80x80:cover:focal',
    'card:300x300:contain:background=ff0000',
    'bw:160:gray',
    'icon:64x64:png',
    'coarse:240:quality=60',
    'fine:240:quality=90',
    'teaser:320:blur=12',
    'mark:300:watermark',
    'w400:400',
  ].join(),
  WATERMARK: `${LOGO}?gravity=southeast&scale=0.25&opacity=1`,
};
const PUBLIC = ['mark', 'teaser'];

let stack: Stack;
let context: StackContext;
let owner: DemoUser;
let images: Images;

beforeAll(async () => {
  const { form, official } = testStack();
  stack = await startStack({
    ...{ root: ROOT, form, official, freePorts: true, parameters: PARAMETERS },
  });
  context = new StackContext(stack.info);
  owner = await context.user();
  images = owner.images;
}, 180_000);
afterAll(async () => {
  await context?.close();
  await stack?.stop();
}, 30_000);

const jpegFile = async () =>
  new File([new Uint8Array(await columns(600, 400))], 'cat.jpg', { type: 'image/jpeg' });

const view = async (...path: string[]) => (await get(context.serveUrl(...path))).body;

test('fails while the watermark is missing or too large, and is repaired by the backfill', async () => {
  const upload = images.upload(await jpegFile());
  const unavailable = { code: 'failed', image: { error: { code: 'watermark-unavailable' } } };
  const error = await upload.ready.catch((reason: unknown) => reason as Error);
  expect(error).toMatchObject(unavailable);
  expect((error as Error).message).toMatch(/^[A-Z].+\.$/);
  const put = (data: Buffer) =>
    context.bucket.file(LOGO).save(data, { resumable: false, contentType: 'image/png' });
  await put(Buffer.alloc(5_000_001));
  await expect(images.upload(await jpegFile()).ready).rejects.toMatchObject(unavailable);
  const name = `originals/${owner.uid}/${upload.id}`;
  expect((await context.bucket.file(name).exists())[0]).toBe(true);

  await put(await solidPng(40, 40, '#ffffff'));
  const admin = { sub: 'admin', admin: true, iat: Math.floor(Date.now() / 1000) };
  const token = createMockUserToken(admin, stack.info.projectId);
  await expect(callFunction(context, 'startBackfill', {}, token)).resolves.toMatchObject({
    status: 200,
  });
  const record = context.firestore.doc(`users/${owner.uid}/images/${upload.id}`);
  const image = await eventually(
    async () => (await record.get()).data(),
    (found) => expect(found?.['state']).toBe('ready'),
    60_000,
  );
  expect(await colorAt(await view(String(image?.['token']), 'mark'), 0.95, 0.95)).toBe('white');
}, 120_000);

describe('a photo with a focal point', () => {
  let imageId: string;
  /** The default token, and that of a share of everything. */
  let token: string;
  let shared: string;

  beforeAll(async () => {
    const upload = images.upload(await jpegFile(), { focus: { x: 0.3, y: 0.6 } });
    const image = await upload.ready;
    imageId = upload.id;
    token = String(image.token);
    expect(image.original.focus).toEqual({ x: 0.3, y: 0.6 });
    const share = await images.shares.create({ imageId, expiresIn: null });
    shared = String(share.token);
  }, 60_000);

  test.each([
    ['face.jpg', { format: 'jpeg', width: 80, height: 80 }],
    ['face.webp', { format: 'webp', width: 80, height: 80 }],
    ['card.jpg', { format: 'jpeg', width: 300, height: 300 }],
    ['bw.jpg', { format: 'jpeg', width: 160, height: 107 }],
    ['icon', { format: 'png', width: 64, height: 43 }],
    ['icon.png', { format: 'png', width: 64, height: 43 }],
    ['teaser.webp', { format: 'webp', width: 320, height: 213 }],
    ['mark.jpg', { format: 'jpeg', width: 300, height: 200 }],
  ])('%s has the format and the size of its variant', async (path, expected) => {
    const { status, headers, body } = await get(context.serveUrl(shared, path));
    expect([status, headers.get('content-type')]).toEqual([200, `image/${expected.format}`]);
    expect(await sharp(body).metadata()).toMatchObject(expected);
  });

  test('the pixels show what the options say', async () => {
    const face = await view(shared, 'face.jpg');
    expect([await colorAt(face, 0.1, 0.5), await colorAt(face, 0.9, 0.5)]).toEqual([
      'red',
      'green',
    ]);
    // Bars above and below, in the color that is configured.
    const card = await view(shared, 'card.jpg');
    expect([await colorAt(card, 0.5, 0.05), await colorAt(card, 0.5, 0.95)]).toEqual([
      'red',
      'red',
    ]);
    expect(await colorAt(card, 0.5, 0.5)).toBe('green');
    const gray = await colorAt(await view(shared, 'bw.jpg'), 0.1, 0.5);
    const [r = NaN, g = NaN, b = NaN] = gray.split(',').map(Number);
    expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThan(4);
    expect(await colorAt(await view(shared, 'icon'), 0.5, 0.5)).toBe('green');
    const mark = await view(shared, 'mark.jpg');
    expect([await colorAt(mark, 0.95, 0.95), await colorAt(mark, 0.95, 0.05)]).toEqual([
      'white',
      'blue',
    ]);
    const coarse = await view(shared, 'coarse.jpg');
    expect(coarse.length).toBeLessThan((await view(shared, 'fine.jpg')).length);
    const [teaser, sharpest] = await Promise.all(
      ['teaser.jpg', 'w400.jpg'].map(async (path) => sharp(await view(shared, path)).stats()),
    );
    expect(teaser?.sharpness).toBeLessThan((sharpest?.sharpness ?? 0) / 3);
  });

  test('the default token shows nothing that is sharper than its teaser', async () => {
    const hidden = ['w400', 'w400.jpg', 'w400.png', 'face', 'card', 'bw', 'icon', 'coarse', 'fine'];
    for (const path of hidden) {
      expect([path, await statusOf(context.serveUrl(token, path))]).toEqual([path, 404]);
    }
    const teaser = await view(token, 'teaser.webp');
    for (const width of [1, 310, 400, 9999]) {
      const url = `${context.serveUrl(token)}?w=${width}&f=webp`;
      expect([width, (await get(url)).body.equals(teaser)]).toEqual([width, true]);
    }
    const manifest = JSON.parse(String(await view(token))) as Manifest;
    expect(manifest.variants.map(({ name }) => name).sort()).toEqual(PUBLIC);
    // A public variant without a rendition, as before a backfill: no other stands in for it.
    const record = context.firestore.doc(`imageTokens/${hashToken(token)}`);
    const { mark, ...others } = (await record.get()).get('image.renditions') as Record<
      string,
      object
    >;
    await record.update({ 'image.renditions': others });
    expect(await statusOf(context.serveUrl(token, 'mark'))).toBe(404);
    await record.update({ 'image.renditions': { ...others, mark } });
    expect(await statusOf(context.serveUrl(token, 'mark'))).toBe(200);
  }, 30_000);

  test('its owner moves the focal point, and the crops follow under the same URLs', async () => {
    const before = await view(shared, 'w400.jpg');
    await images.setFocus(imageId, { x: 1, y: 0.5 });
    await eventually(
      async () => colorAt(await view(shared, 'face.jpg'), 0.9, 0.5),
      (color) => expect(color).toBe('blue'),
      30_000,
    );
    expect((await view(shared, 'w400.jpg')).equals(before)).toBe(true);
    await expect(images.setFocus(imageId, { x: 1.5, y: 0.5 })).rejects.toThrow(/^[A-Z].+\. /);
  }, 60_000);
});

test('a focal point beyond the image is ignored, and the crop is centered', async () => {
  const upload = images.upload(await jpegFile(), { focus: { x: 2, y: 0.5 } });
  const image = await upload.ready;
  expect(image.original).not.toHaveProperty('focus');
  const { token: shared = '' } = await images.shares.create({
    imageId: upload.id,
    expiresIn: null,
  });
  const face = await view(shared, 'face.jpg');
  expect([await colorAt(face, 0.02, 0.5), await colorAt(face, 0.98, 0.5)]).toEqual(['red', 'blue']);
}, 60_000);

test.each([
  ['w9:9:quality=91', ':quality=POINTS from 60 to 90'],
  ['w9:9:blur=0', ':blur=PIXELS from 1 to 100'],
  ['w9:9:sepia', 'instead of ":sepia"'],
  ['w9:9:watermark', 'WATERMARK: expected an object'],
])('the functions do not load with VARIANTS=%s, and say why', async (variants, sentence) => {
  const env = { ...process.env, BUCKET: 'bucket', VARIANTS: variants };
  const load = run(process.execPath, [join(ROOT, 'functions', 'lib', 'index.js')], { env });
  await expect(load).rejects.toThrow(sentence);
});
