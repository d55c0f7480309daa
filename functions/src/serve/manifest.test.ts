import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJSONSchema } from 'zod';
import type { Manifest } from './manifest.js';
import { openScene } from './scene.fake.js';

const published = readFileSync(join(__dirname, '../../manifest.v1.schema.json'), 'utf8');
/** Without the one format that zod takes for another: to it a reference is an absolute address. */
const schema = fromJSONSchema(
  JSON.parse(published, (_key, value: unknown) =>
    value === 'uri-reference' ? undefined : value,
  ) as Parameters<typeof fromJSONSchema>[0],
);

async function manifestOf(config: { publicBaseUrl?: string }): Promise<Manifest> {
  const { get, token } = openScene({ config });
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
