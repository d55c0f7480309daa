/** Widths on demand on the local stack, which has WIDTHS=320,640. */
import { deleteObject, ref } from 'firebase/storage';
import sharp from 'sharp';
import { renditionsFolder } from '../../functions/src/domain/path.js';
import { hashToken } from '../../functions/src/domain/token.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { callFunction } from '../support/callable.js';
import { eventually } from '../support/eventually.js';
import { get, statusOf } from '../support/http.js';
import { photo } from '../support/pictures.js';
import { idTokenOf } from '../support/rest.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;
let owner: DemoUser;

beforeAll(async () => {
  context = new TestContext();
  owner = await context.user();
});
afterAll(() => context.close());

const urlOf = (token: string, query: string) => `${context.serveUrl(token)}?${query}`;

/** The width in pixels, and the format, of what a URL answers. */
async function pictureOf(url: string) {
  const { status, body } = await get(url);
  const { width, format } = await sharp(body).metadata();
  return { status, width, format };
}

async function onDemandObjects(name: string): Promise<string[]> {
  const prefix = renditionsFolder('variants', context.stack.bucket, name);
  const [files] = await context.bucket.getFiles({ prefix });
  return files.flatMap((file) => (file.name.includes('/on-demand-') ? [file.name] : []));
}

test('100 viewers make one; it is deleted with the image', async () => {
  const { imageId, name, record } = await context.upload(owner, photo());
  const url = urlOf(record.token, 'w=300&f=webp');
  const views = await Promise.all(Array.from({ length: 100 }, () => get(url)));
  const headers = views.map((view) => [view.status, view.headers.get('cache-control')]);
  expect(new Set(headers.map(String))).toEqual(new Set(['200,no-store']));
  await eventually(
    () => pictureOf(url),
    (picture) => expect(picture).toEqual({ status: 200, width: 320, format: 'webp' }),
    // The first width starts a process of the function.
    30_000,
  );
  const [object, ...others] = await onDemandObjects(name);
  expect(others).toEqual([]);
  const size = { width: 320, height: 180 };
  const rendition = {
    object,
    bytes: expect.any(Number) as number,
    etag: expect.any(String) as string,
  };
  const token = await context.tokenRecord(hashToken(record.token));
  expect(token?.image?.widths).toEqual({ 320: { ...size, webp: rendition } });
  const image = await context.firestore.doc(`users/${owner.uid}/images/${imageId}`).get();
  expect(image.get('widths')).toEqual({ 320: { ...size, formats: { webp: rendition } } });
  // Only what is asked for is made.
  const manifest = JSON.parse(
    (await get(context.serveUrl(record.token))).body.toString(),
  ) as object;
  expect(JSON.stringify(manifest)).not.toContain('320');

  await deleteObject(ref(owner.storage, name));
  await eventually(
    () => onDemandObjects(name),
    (objects) => expect(objects).toEqual([]),
    30_000,
  );
  expect(await statusOf(url)).toBe(404);
}, 90_000);

test('a share gets no wider picture than its variants, and shares what was made', async () => {
  const { imageId, name, record } = await context.upload(owner, photo());
  const request = {
    action: 'createShare',
    imageId,
    shareId: `share-${imageId}`,
    variants: ['w800'],
  };
  const idToken = await idTokenOf(owner);
  const { result } = await callFunction(context, 'sharing', { ...request, expiresIn: 60 }, idToken);
  const shared = String(result?.['token']);
  await eventually(
    () => pictureOf(urlOf(record.token, 'w=640&f=jpg')),
    (picture) => expect(picture).toMatchObject({ width: 640 }),
  );
  await expect(pictureOf(urlOf(shared, 'w=640&f=jpg'))).resolves.toMatchObject({ width: 800 });
  for (const token of [record.token, shared]) {
    await eventually(
      () => pictureOf(urlOf(token, 'w=320&f=jpg')),
      (picture) => expect(picture).toEqual({ status: 200, width: 320, format: 'jpeg' }),
    );
  }
  expect(await onDemandObjects(name)).toHaveLength(2);
}, 60_000);

test.each(['w=0', 'w=-1', 'w=1e9', 'w=NaN', 'w=320&dpr=101', 'w=', 'w=1000001'])(
  '?%s gets the documented answer',
  async (query) => {
    const { record } = await sharedImage();
    expect(await statusOf(urlOf(record.token, query))).toBe(400);
  },
);

test.each([
  ['a repeated width: the first counts', 'w=5000&w=1', 1600],
  ['the largest density', 'w=16&dpr=100', 1600],
  ['a variant that fits better than 640', 'w=350', 400],
])('%s: %s', async (_case, query, width) => {
  const { record } = await sharedImage();
  const picture = await pictureOf(urlOf(record.token, query));
  expect(picture.status).toBe(200);
  expect(picture.width).toBe(width);
});

let shared: ReturnType<TestContext['upload']> | undefined;
/** One image for tests that change nothing. */
function sharedImage() {
  return (shared ??= context.upload(owner, photo()));
}
