import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJSONSchema } from 'zod';
import type { Manifest } from './manifest.js';
import { openServeFixture, PLACEHOLDER } from '../../test/serve/serve-fixture.js';

const published = readFileSync(join(__dirname, '../../manifest.v1.schema.json'), 'utf8');
/** Without the one format that zod takes for another: to it a reference is an absolute address. */
const schema = fromJSONSchema(
  JSON.parse(published, (_key, value: unknown) =>
    value === 'uri-reference' ? undefined : value,
  ) as Parameters<typeof fromJSONSchema>[0],
);

async function manifestOf(config: { publicBaseUrl?: string }): Promise<Manifest> {
  const { get, token } = openServeFixture({ config });
  return JSON.parse(String((await get(`/i/${token}`)).body)) as Manifest;
}

describe('the published schema', () => {
  test.each([{}, { publicBaseUrl: 'https://example.com/i' }])('holds with %j', async (config) => {
    expect(schema.safeParse(await manifestOf(config)).error).toBeUndefined();
  });

  type Part = Record<string, unknown>;
  test.each<[string, (manifest: Part, variant: Part, webp: Part) => void]>([
    ['another version', (manifest) => (manifest['version'] = 2)],
    ['no placeholder', (manifest) => delete manifest['placeholder']],
    ['no pixels', (_manifest, variant) => (variant['width'] = 0)],
    ['a name that is a path', (_manifest, variant) => (variant['name'] = '../w800')],
    ['no word on cropping', (_manifest, variant) => delete variant['cropped']],
    ['no bytes', (_manifest, _variant, webp) => (webp['bytes'] = 0)],
    ['no address', (_manifest, _variant, webp) => delete webp['url']],
    ['a type that is no image', (_manifest, _variant, webp) => (webp['contentType'] = 'text/html')],
  ])('refuses %s', async (_what, spoil) => {
    const manifest = await manifestOf({});
    const [variant] = manifest.variants;
    spoil(manifest as unknown as Part, variant as Part, variant?.formats.webp as unknown as Part);
    expect(schema.safeParse(manifest).success).toBe(false);
  });
});

describe('the manifest', () => {
  test('lists every variant, small to large, with addresses relative to its own', async () => {
    const { get, token } = openServeFixture();
    const reply = await get(`/i/${token}`);
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    const manifest = JSON.parse(String(reply.body)) as Manifest;
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
            webp: { url: `${token}/thumb.webp`, contentType: 'image/webp', bytes: 10 },
          },
        },
        {
          name: 'w800',
          width: 800,
          height: 600,
          cropped: false,
          formats: {
            webp: { url: `${token}/w800.webp`, contentType: 'image/webp', bytes: 9 },
            jpeg: { url: `${token}/w800.jpg`, contentType: 'image/jpeg', bytes: 8 },
          },
        },
        {
          name: 'w1600',
          width: 1600,
          height: 1200,
          cropped: false,
          formats: {
            webp: { url: `${token}/w1600.webp`, contentType: 'image/webp', bytes: 614400 },
          },
        },
      ],
    });
    const url = manifest.variants[0]?.formats.webp?.url ?? '';
    expect(new URL(url, `https://example.com/i/${token}`).href).toBe(
      `https://example.com/i/${token}/thumb.webp`,
    );
  });

  test('has absolute addresses when PUBLIC_BASE_URL is set', async () => {
    const { get, token } = openServeFixture({ config: { publicBaseUrl: 'https://example.com/i' } });
    const manifest = JSON.parse(String((await get(`/${token}`)).body)) as Manifest;
    expect(manifest.variants[0]?.formats.webp?.url).toBe(
      `https://example.com/i/${token}/thumb.webp`,
    );
  });

  test('reveals nothing of owner, image or objects', async () => {
    const { get, token } = openServeFixture();
    expect(String((await get(`/${token}`)).body)).not.toMatch(/alice|cat|bucket|generation/);
  });

  test('is revalidated, and lists only what the token may show', async () => {
    const { get, token } = openServeFixture({ record: { variants: ['thumb'] } });
    const { headers, body } = await get(`/${token}`);
    expect((JSON.parse(String(body)) as Manifest).variants.map(({ name }) => name)).toEqual([
      'thumb',
    ]);
    const again = await get(`/${token}`, { headers: { 'if-none-match': headers['etag'] } });
    expect([again.status, again.body]).toEqual([304, undefined]);
  });
});
