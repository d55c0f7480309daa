/** Examines one file: shows it and its renditions in Chromium, and compares them. */
import type { Case } from './case.js';
import type { Browser, NotShown, Shown } from './chromium.js';
import type { Processed, Processor } from './product.js';
import { judge, type Rendition, type Verdict } from './verdict.js';

export interface Input extends Omit<Case, 'create' | 'format' | 'row' | 'name'> {
  bytes: Buffer;
  /** Content type. */
  type: string;
}

export async function examine(
  input: Input,
  browser: Browser,
  processor: Processor,
): Promise<Verdict> {
  const reference = input.reference && (await input.reference());
  const shown = await browser.show(
    reference ?? input.bytes,
    reference ? typeOf(reference) : input.type,
  );
  const processed = await processor(input.bytes, input.parameters);
  const renditions = await showRenditions(browser, processed, shown);
  const verdict = judge(shown, processed, renditions, input);
  if (!input.picture || verdict.kind === 'wrong') return verdict;
  const picture = await browser.show(input.picture(), 'image/png');
  const second = judge(picture, processed, renditions, { ...input, tolerance: 'encoder' });
  if (second.kind !== 'wrong') return verdict;
  return { ...second, detail: `the picture that was encoded: ${second.detail}` };
}

/** References are PNG, except for a few JPEG files. */
const typeOf = (bytes: Buffer) => (bytes[0] === 0xff ? 'image/jpeg' : 'image/png');

async function showRenditions(
  browser: Browser,
  processed: Processed,
  original: Shown | NotShown,
): Promise<Rendition[]> {
  if (processed.kind !== 'ready' || 'error' in original) return [];
  const renditions: Rendition[] = [];
  for (const { format, quality, data } of processed.renditions) {
    const shown = await browser.show(data, `image/${format}`, original.fit);
    renditions.push({ format, quality, shown });
  }
  return renditions;
}
