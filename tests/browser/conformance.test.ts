/** Renditions of a few files look like what Chromium shows; `npm run bench -- conformance` tests hundreds. */
import { join } from 'node:path';
import { CONTENT_TYPES } from '../../bench/conformance/case.js';
import { allCases } from '../../bench/conformance/cases/index.js';
import { openBrowser, type Browser } from '../../bench/conformance/chromium.js';
import { examine } from '../../bench/conformance/examine.js';
import { EXAMPLES } from '../../bench/conformance/examples.js';
import { openProcessor } from '../../bench/conformance/product.js';
import { openProduct } from '../../bench/product.js';

const ROOT = join(__dirname, '../..');
const cases = allCases(ROOT).filter(({ name }) => EXAMPLES.includes(name));

let browser: Browser;
let processor: ReturnType<typeof openProcessor>;

beforeAll(async () => {
  browser = await openBrowser(join(ROOT, 'bench', 'conformance', 'page.mjs'));
  processor = openProcessor(openProduct(ROOT));
}, 60_000);

afterAll(async () => {
  processor?.close();
  await browser?.close();
});

test.each(cases)('$name', async (one) => {
  const input = { ...one, bytes: await one.create(), type: CONTENT_TYPES[one.format] };
  const verdict = await examine(input, browser, processor);
  expect(verdict.kind === 'wrong' ? verdict.detail : '').toBe('');
});
