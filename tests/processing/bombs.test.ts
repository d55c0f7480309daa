/** Malicious files cannot exceed the memory and time of the isolated process. */
import { BOMBS } from '../../bench/processing/bombs.js';
import { checkBomb, open } from './bomb-fixture.js';

/** One process for many files, as in production; its measured memory includes that of earlier files. */
const processUpload = open();
afterAll(() => processUpload.close());

const MALICIOUS = BOMBS.filter(({ isHonest }) => !isHonest);

test.each(MALICIOUS.map((bomb) => [bomb.name, bomb] as const))('%s', async (_name, bomb) => {
  await checkBomb(processUpload, bomb);
});
