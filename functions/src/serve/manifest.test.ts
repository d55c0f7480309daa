import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJSONSchema } from 'zod';
import type { Manifest } from './manifest.js';
import { openServeFixture, PLACEHOLDER } from '../../test/serve/serve-fixture.js';

const published = readFileSync(join(__dirname, '../../manifest.v1.schema.json'), 'utf8');
/** Without `uri-reference`: zod accepts only absolute URLs for it. */
const schema = fromJSONSchema(
  JSON.parse(published, (_key, value: unknown) =>
    value === 'uri-reference' ? undefined : value,
  ) as Parameters<typeof fromJSONSchema>[0],
);

async function getManifest(config: { publicBaseUrl?: string }): Promise<Manifest> {
  const { get, token } = openServeFixture({ config });
  return JSON.parse(String((await get(`/i/${token}`)).body)) as Manifest;
}

describe('manifest.v1.schema.json', () => {
  test.each([{}, { publicBaseUrl: 'https://example.com/i' }])(
    'accepts the manifest with %j',
    async (config) => {
      expect(schema.safeParse(await getManifest(config)).error).toBeUndefined();
    },
  );

  type Part = Record<string, unknown>;
  test.each<[string, (manifest: Part, variant: Part, webp: Part) => void]>([
    ['another version', (manifest) => (manifest['version'] = 2)],
    ['no placeholder', (manifest) => delete manifest['placeholder']],
    ['a width of 0', (_manifest, variant) => (variant['width'] = 0)],
    ['a variant name that is a path', (_manifest, variant) => (variant['name'] = '../w800')],
    ['a variant without cropped', (_manifest, variant) => delete variant['cropped']],
    ['a size of 0 bytes', (_manifest, _variant, webp) => (webp['bytes'] = 0)],
    ['no URL', (_manifest, _variant, webp) => delete webp['url']],
    [
      'a content type other than an image',
      (_manifest, _variant, webp) => (webp['contentType'] = 'text/html'),
    ],
  ])('rejects %s', async (_case, invalidate) => {
    const manifest = await getManifest({});
    const [variant] = manifest.variants;
    invalidate(
      manifest as unknown as Part,
      variant as Part,
      variant?.formats.webp as unknown as Part,
    );
    expect(schema.safeParse(manifest).success).toBe(false);
  });
});

describe('the manifest', () => {
  test('lists every variant, narrowest first, with URLs relative to its own', async () => {
    const { get, token } = openServeFixture();
    const response = await get(`/i/${token}`);
    expect(response.headers['content-type']).toBe('application/json; charset=utf-8');
    const manifest = JSON.parse(String(response.body)) as Manifest;
    const etag = expect.stringMatching(/^"[\w-]{27}"$/) as string;
    expect(manifest).toEqual({
      version: 1,
      placeholder: PLACEHOLDER,
      variants: [
        {
          name: 'thumb',
          width: 200,
          height: 200,
          cropped: true,
          formats: {
            webp: { url: `${token}/thumb.webp`, contentType: 'image/webp', bytes: 10, etag },
          },
        },
        {
          name: 'w800',
          width: 800,
          height: 600,
          cropped: false,
          formats: {
            webp: { url: `${token}/w800.webp`, contentType: 'image/webp', bytes: 9, etag },
            jpeg: { url: `${token}/w800.jpg`, contentType: 'image/jpeg', bytes: 8, etag },
          },
        },
        {
          name: 'w1600',
          width: 1600,
          height: 1200,
          cropped: false,
          formats: {
            webp: { url: `${token}/w1600.webp`, contentType: 'image/webp', bytes: 614400, etag },
          },
        },
      ],
    });
    const url = manifest.variants[0]?.formats.webp?.url ?? '';
    expect(new URL(url, `https://example.com/i/${token}`).href).toBe(
      `https://example.com/i/${token}/thumb.webp`,
    );
  });

  test('has absolute URLs when PUBLIC_BASE_URL is set', async () => {
    const { get, token } = openServeFixture({ config: { publicBaseUrl: 'https://example.com/i' } });
    const manifest = JSON.parse(String((await get(`/${token}`)).body)) as Manifest;
    expect(manifest.variants[0]?.formats.webp?.url).toBe(
      `https://example.com/i/${token}/thumb.webp`,
    );
  });

  test('reveals neither owner nor image id nor objects', async () => {
    const { get, token } = openServeFixture();
    expect(String((await get(`/${token}`)).body)).not.toMatch(/alice|cat|bucket|generation/);
  });

  test('lists only variants that the token grants, and supports revalidation', async () => {
    const { get, token } = openServeFixture({ record: { variants: ['thumb'] } });
    const { headers, body } = await get(`/${token}`);
    expect((JSON.parse(String(body)) as Manifest).variants.map(({ name }) => name)).toEqual([
      'thumb',
    ]);
    const revalidated = await get(`/${token}`, { headers: { 'if-none-match': headers['etag'] } });
    expect([revalidated.status, revalidated.body]).toEqual([304, undefined]);
  });
});
