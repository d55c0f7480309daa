/**
 * Uploads the files of tests/fixtures/cases with the content type that expected.json states, and compares the
 * image record and what `serve` returns with it.
 */
import type { Format } from '../../functions/src/domain/format.js';
import type { DemoUser } from '../../tools/dev/start/demo-user.js';
import { waitForImage } from '../../tools/dev/stack/wait-for-image.js';
import {
  CASES,
  describeDifferences,
  readCaseFile,
  type CaseResult,
  type ExpectedCase,
} from '../support/case-check.js';
import { get } from '../support/http.js';
import { uploadRaw } from '../support/rest.js';
import { TestContext } from '../support/stack.js';

let context: TestContext;
let owner: DemoUser;

beforeAll(async () => {
  context = new TestContext();
  owner = await context.user();
});
afterAll(() => context.close());

const EXTENSIONS: Record<Format, string> = {
  webp: 'webp',
  jpeg: 'jpg',
  avif: 'avif',
  png: 'png',
};

/** Uploads the file and downloads every rendition from `serve`. */
async function upload(entry: ExpectedCase): Promise<CaseResult> {
  const { uid } = owner;
  const imageId = entry.name.replace(/\W/g, '-');
  const { generation } = await uploadRaw(context, owner, `originals/${uid}/${imageId}`, {
    data: readCaseFile(entry),
    contentType: entry.contentType,
  });
  const record = await waitForImage(owner, { imageId, generation, timeout: 30_000 });
  const { state, token, original, error, placeholder, variants } = record;
  if (state === 'failed') return { code: String(error?.code) };
  const { width = 0, height = 0 } = original;
  if (!placeholder || !variants) throw new Error('expected a placeholder and variants, found none');
  const renditions = Object.entries(variants).flatMap(([name, variant]) =>
    (Object.keys(variant.formats) as Format[]).map(async (format) => {
      const url = context.serveUrl(token, `${name}.${EXTENSIONS[format]}`);
      const { status, body } = await get(url);
      expect(status).toBe(200);
      const size = { width: variant.width, height: variant.height };
      return { ...size, variants: [name], format, data: body };
    }),
  );
  return { original: { width, height }, placeholder, renditions: await Promise.all(renditions) };
}

test.each(CASES.map((entry) => [entry.name, entry] as const))(
  '%s has the expected result',
  async (_name, entry) => expect(await describeDifferences(await upload(entry), entry)).toEqual([]),
);
