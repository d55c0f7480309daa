/** Other types of originals, from the upload to the public URLs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Manifest } from '../../functions/src/serve/manifest.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { get } from '../support/http.js';
import { plainJpeg } from '../support/pictures.js';
import { ROOT, TestContext } from '../support/stack.js';

let context: TestContext;
let owner: DemoUser;

beforeAll(async () => {
  context = new TestContext();
  owner = await context.user();
});

afterAll(() => context.close());

/** Requests a variant and returns its size in pixels and its number of frames. */
async function sizeOf(token: string, variant: string) {
  const { status, body } = await get(context.serveUrl(token, variant));
  expect(status).toBe(200);
  const { width, height, pages = 1, pageHeight } = await sharp(body, { pages: -1 }).metadata();
  return { width, height: pageHeight ?? height, pages };
}

test('converts a HEIC of a phone to WebP and JPEG and applies its orientation', async () => {
  const heic = readFileSync(join(ROOT, 'tests/fixtures/heic/phone.heic'));
  const { record } = await context.upload(owner, heic, { contentType: 'image/heic' });
  expect(record.state).toBe('ready');
  expect(record.original).toMatchObject({ width: 700, height: 1000, contentType: 'image/heic' });
  const size = { width: 400, height: 571, pages: 1 };
  expect(await sizeOf(record.token, 'w400.webp')).toEqual(size);
  expect(await sizeOf(record.token, 'w400.jpg')).toEqual(size);
});

test('an animated GIF stays animated in WebP; JPEG has its first frame', async () => {
  const frames = [20, 120, 220].map((level) => Buffer.alloc(60 * 40 * 3, level));
  const raw = { width: 60, height: 120, channels: 3, pageHeight: 40 } as const;
  const gif = await sharp(Buffer.concat(frames), { raw })
    .gif({ delay: [70, 70, 70] })
    .toBuffer();
  const { record } = await context.upload(owner, gif, { contentType: 'image/gif' });
  expect(record.original).toMatchObject({ width: 60, height: 40 });
  expect(await sizeOf(record.token, 'w400.webp')).toEqual({ width: 60, height: 40, pages: 3 });
  expect(await sizeOf(record.token, 'w400.jpg')).toEqual({ width: 60, height: 40, pages: 1 });
});

test('variants with identical renditions share one object, and each URL works', async () => {
  const { record } = await context.upload(owner, await plainJpeg(300, 200, '#4080c0'));
  const names = ['w400', 'w800', 'w1600'];
  for (const name of names) {
    expect(record.variants?.[name]).toEqual(record.variants?.['w400']);
    expect(await sizeOf(record.token, `${name}.webp`)).toEqual({
      width: 300,
      height: 200,
      pages: 1,
    });
  }
  const { body } = await get(context.serveUrl(record.token));
  const { variants } = JSON.parse(body.toString()) as Manifest;
  expect(variants.map(({ name }) => name).sort()).toEqual(['og', 'thumb', ...names].sort());
});
