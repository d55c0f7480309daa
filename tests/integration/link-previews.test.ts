/** The preview that is made of a photo, as crawlers load it from the local stack. */
import sharp from 'sharp';
import { CRAWLERS } from '../../functions/test/serve/crawlers.js';
import { get } from '../support/http.js';
import { photo } from '../support/pictures.js';
import { TestContext } from '../support/stack.js';

const MAX_BYTES = 300_000;

let context: TestContext;
beforeAll(() => {
  context = new TestContext();
});
afterAll(() => context.close());

/** Uploads and returns the URL of the preview, without its extension. */
async function upload(data: Uint8Array): Promise<string> {
  const { record } = await context.upload(await context.user(), data);
  expect(record.variants?.['og']).toMatchObject({ width: 1200, height: 630, cropped: true });
  expect(Object.keys(record.variants?.['og']?.formats ?? {})).toEqual(['jpeg']);
  return `${context.stack.serve}/${record.token}/og`;
}

describe('of the sample photo', () => {
  let url: string;
  beforeAll(async () => {
    url = await upload(photo());
  }, 60_000);

  test.each(CRAWLERS)('$name gets a JPEG of 1200x630 pixels', async ({ headers }) => {
    for (const extension of ['.jpg', '']) {
      const response = await get(url + extension, { headers });
      expect(response.status).toBe('range' in headers ? 206 : 200);
      expect(response.headers.get('content-type')).toBe('image/jpeg');
      const rest = Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'range'));
      const { body } = await get(url + extension, { headers: rest });
      expect(body.length).toBeLessThanOrEqual(MAX_BYTES);
      expect(body.subarray(0, response.body.length).equals(response.body)).toBe(true);
      expect(await sharp(body).metadata()).toMatchObject({
        ...{ format: 'jpeg', width: 1200, height: 630 },
      });
    }
  });

  test('exists in no other format', async () => {
    expect((await get(`${url}.webp`)).status).toBe(404);
  });
});

test('of noise has at most 300 kB as well', async () => {
  const noise = sharp({
    create: {
      ...{ width: 1600, height: 1200, channels: 3, background: '#777' },
      noise: { type: 'gaussian', mean: 128, sigma: 90 },
    },
  });
  const url = await upload(await noise.jpeg({ quality: 95 }).toBuffer());
  const { status, body } = await get(`${url}.jpg`);
  expect(status).toBe(200);
  expect(body.length).toBeLessThanOrEqual(MAX_BYTES);
  // Not the blurred one: the highest quality that fits.
  expect(body.length).toBeGreaterThan(100_000);
}, 60_000);
