/** The guides for apps, whose code no test compiles: that they say so, and that names in the code are the functions'. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS, parseConfig } from '../functions/src/config/config.js';
import { fillTemplate, parseTemplate } from '../functions/src/domain/path.js';
import { parseRoute } from '../functions/src/serve/route.js';
import { mintToken } from '../functions/src/domain/token.js';
import { parseSharingInput } from '../functions/src/sharing/input.js';
import { codeBlocksOf, ROOT } from './support/documentation.js';
import { runExample } from './support/examples.js';

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const config = parseConfig({ BUCKET: 'bucket' });

/** How each language writes a variable in a string, and a field of a map. */
const GUIDES = [
  ['swift', 'docs/guides/mobile/swift.md', (name: string) => `\\(${name})`],
  ['kotlin', 'docs/guides/mobile/kotlin.md', (name: string) => `$${name}`],
  ['dart', 'docs/guides/mobile/flutter.md', (name: string) => `$${name}`],
] as const;

/** Field and value in a map: a string, a number, a list of strings, or the name of a variable. */
const FIELD = /["'](\w+)["'](?::| to) ?(\[[^\]]*\]|listOf\([^)]*\)|"[^"]*"|'[^']*'|[\w.]+)/g;

const VARIABLES: Readonly<Record<string, string>> = {
  id: 'a-random-image-id',
  shareId: '6f1d3c5e-8a17-4b0f-9d53-2f8b5a0c7e14',
};

function valueOf(text: string): unknown {
  const strings = [...text.matchAll(/["'](\w+)["']/g)].map(([, string]) => string);
  if (/^(?:\[|listOf)/.test(text)) return strings;
  if (/^\d/.test(text)) return Number(text.replaceAll('_', ''));
  return strings[0] ?? VARIABLES[text];
}

describe.each(GUIDES)('%s', (language, path, variable) => {
  const blocks = codeBlocksOf({ path, text: textOf(path) });
  const code = blocks.map((block) => block.code).join('\n');

  test('each block is marked as not compiled, and the page says so before the first', () => {
    expect(blocks.length).toBeGreaterThan(4);
    for (const block of blocks) {
      expect([block.language, block.info]).toEqual([language, 'not compiled']);
    }
    expect(textOf(path).split('```')[0]).toContain('**not compiled**');
  });

  test('has every step, and says which caches break the bound', () => {
    const headings = [...textOf(path).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(['Upload', 'Wait', 'Show', 'Share', 'Cache settings']);
  });

  test('uses the default paths, states and variants', () => {
    const values = { uid: variable('uid'), imageId: variable('id') };
    const images = parseTemplate(`${DEFAULTS.IMAGES_COLLECTION}/{imageId}`, ['uid', 'imageId']);
    for (const template of [config.originalsPath, images]) {
      if (typeof template === 'string') throw new Error(template);
      expect(code).toContain(fillTemplate(template, values));
    }
    expect(code).toMatch(/["']ready["']/);
    expect(code).toMatch(/["']failed["']/);
    const url = `${variable('base')}/${variable('token')}/`;
    const shown = code
      .split(url)
      .slice(1)
      .map((rest) => /^\w+/.exec(rest)?.[0]);
    expect(shown.length).toBeGreaterThan(1);
    const names = config.variants.map(({ name }) => name);
    for (const name of shown) expect(names).toContain(name);
  });

  test('calls the function of the kit with input that it accepts', () => {
    expect(code).toMatch(/["']kit-images-sharing["']/);
    const calls = code.split(/(?=["']action["'])/).slice(1);
    const actions = calls.map((call) => {
      const [map = ''] = call.split(/\n *\]\)|\n *\}\)|\)\)\.await|\]\)\n|\}\);/);
      const input = Object.fromEntries(
        [...map.matchAll(FIELD)].map(([, name = '', value = '']) => [name, valueOf(value)]),
      );
      return parseSharingInput(input, config).action;
    });
    expect(actions).toEqual(['createShare', 'revokeShare']);
  });
});

describe('link-previews.md', () => {
  const path = 'docs/guides/link-previews.md';
  const blocks = codeBlocksOf({ path, text: textOf(path) });
  const html = blocks.find(({ language }) => language === 'html')?.code ?? '';
  const propertiesIn = (text: string) =>
    Object.fromEntries(
      [...text.matchAll(/<meta (?:property|name)="([^"]+)" content="([^"]*)" \/>/g)].map(
        ([, name = '', content = '']) => [name, content],
      ),
    );
  const og = config.variants.find(({ name }) => name === 'og');

  test('the elements name the variant og as it is configured by default', () => {
    const properties = propertiesIn(html);
    const token = mintToken();
    const url = new URL(properties['og:image']?.replace('TOKEN', token) ?? '');
    const route = { token, variant: 'og', format: 'jpeg' };
    expect(parseRoute(url.pathname)).toEqual(route);
    expect(properties).toMatchObject({
      'og:image:type': 'image/jpeg',
      'og:image:width': String(og?.width),
      'og:image:height': String(og?.height),
    });
    expect(og?.maxBytes).toBe(300_000);
  });

  test.each([
    [undefined, {}],
    [{ token: 'spv_x', original: { generation: '7' }, variants: {} }, {}],
    [
      {
        token: 'spv_x',
        original: { generation: '7' },
        variants: { og: { width: 600, height: 315 } },
      },
      {
        'og:image': 'https://YOUR-SITE/i/spv_x/og.jpg?v=7',
        'og:image:type': 'image/jpeg',
        'og:image:width': '600',
        'og:image:height': '315',
      },
    ],
  ])('the example makes the elements of a record: %j', async (record, expected) => {
    const code = blocks.find(({ language }) => language === 'ts')?.code ?? '';
    const paths: string[] = [];
    const { previewElements } = runExample(code, {
      'firebase-admin/firestore': {
        getFirestore: () => ({
          doc: (name: string) => {
            paths.push(name);
            return { get: () => Promise.resolve({ data: () => record }) };
          },
        }),
      },
    }) as { previewElements: (uid: string, imageId: string) => Promise<string> };
    expect(propertiesIn(await previewElements('alice', 'cat'))).toEqual(expected);
    expect(paths).toEqual(['users/alice/images/cat']);
  });
});

test.each([
  [{ adult: 'VERY_UNLIKELY', violence: 'UNLIKELY', racy: 'VERY_UNLIKELY' }, 5, 'allow'],
  [{ adult: 'POSSIBLE', violence: 'UNLIKELY', racy: 'UNLIKELY' }, 5, 'hold'],
  [{ adult: 'UNLIKELY', violence: 'VERY_LIKELY', racy: 'UNLIKELY' }, 5, 'reject'],
  [undefined, 5, 'hold'],
  [{ adult: 'UNLIKELY' }, 7_000_001, 'hold'],
])('the content filter of the guide: %j of %d bytes is %s', async (found, bytes, verdict) => {
  const path = 'docs/guides/content-filter.md';
  const [example] = codeBlocksOf({ path, text: textOf(path) }).filter(
    ({ language }) => language === 'ts',
  );
  const download = () => Promise.resolve([Buffer.from('photo')]);
  const file = (name: string, { generation }: { generation: string }) => {
    expect([name, generation]).toEqual(['originals/alice/cat', '7']);
    return { download };
  };
  const modules = {
    'firebase-admin/app': { initializeApp: () => {} },
    'firebase-admin/storage': { getStorage: () => ({ bucket: () => ({ file }) }) },
    'firebase-functions/https': {
      onRequest: (_options: object, handle: (...args: object[]) => Promise<void>) => handle,
    },
    'google-auth-library': {
      GoogleAuth: class {
        getAccessToken = () => Promise.resolve('access');
      },
    },
  };
  const fetch = (_url: string, { body }: { body: string }) => {
    expect(body).toContain(Buffer.from('photo').toString('base64'));
    return Promise.resolve({ json: () => ({ responses: [{ safeSearchAnnotation: found }] }) });
  };
  const { filter } = runExample(example?.code ?? '', modules, { fetch }) as {
    filter: (request: object, response: object) => Promise<void>;
  };
  const answers: unknown[] = [];
  const question = { bucket: 'b', name: 'originals/alice/cat', generation: '7', bytes };
  await filter({ body: question }, { json: (answer: unknown) => answers.push(answer) });
  expect(answers).toEqual([{ verdict }]);
});
