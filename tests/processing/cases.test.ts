/**
 * Processes the files of tests/fixtures/cases with the default parameters, and compares each result with
 * expected.json, whose `about` explains its fields. tests/integration/cases.test.ts uploads the same files.
 */
import { openProduct } from '../../bench/product.js';
import { ROOT } from '../support/stack.js';
import { CASES, describeDifferences, readCaseFile, toCaseResult } from '../support/case-check.js';
import { open, SETTINGS } from './bomb-fixture.js';

const isolated = open();
afterAll(() => isolated.close());

test.each(CASES.map((entry) => [entry.name, entry] as const))(
  '%s has the expected result, in the isolated process and in this one',
  async (_name, entry) => {
    const bytes = readCaseFile(entry);
    const { processImage } = openProduct(ROOT).processing();
    for (const processor of [isolated, processImage]) {
      const result = await toCaseResult(processor(bytes, SETTINGS));
      expect(await describeDifferences(result, entry)).toEqual([]);
    }
  },
);
