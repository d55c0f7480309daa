/** Valid images at the limits become ready within the memory of an isolated process. */
import { BOMBS } from '../../bench/processing/bombs.js';
import { measureUpload } from '../../bench/processing/memory-watch.js';
import type {
  IsolatedProcessor,
  ProcessLimits,
} from '../../functions/src/processing/isolated-processor.js';
import { bytesOf, checkBomb, open, SETTINGS } from './bomb-fixture.js';

const opened: IsolatedProcessor[] = [];
/** A new process, so that its measured memory is that of one file. */
function openNew(limits: Partial<ProcessLimits> = {}): IsolatedProcessor {
  const processUpload = open(limits);
  opened.push(processUpload);
  return processUpload;
}
afterEach(() => opened.splice(0).forEach((processUpload) => processUpload.close()));

/** Only Linux enforces `ulimit -d` and counts data memory. */
const onLinux = process.platform === 'linux' ? test : test.skip;

const VALID = BOMBS.filter(({ isHonest }) => isHonest);

test.each(VALID.map((bomb) => [bomb.name, bomb] as const))('%s', async (_name, bomb) => {
  await checkBomb(openNew(), bomb);
});

onLinux('the measured memory includes the pixels of the image', async () => {
  const bytes = await bytesOf('png-1600x16383-rgb');
  const { peakBytes, dataBytes } = await measureUpload(openNew(), bytes, SETTINGS);
  // The decoded image alone has 75 MiB.
  expect(peakBytes).toBeGreaterThan(100 * 2 ** 20);
  expect(dataBytes).toBeGreaterThan(100 * 2 ** 20);
});

onLinux('an image that exceeds the memory limit fails, and the next upload succeeds', async () => {
  const processUpload = openNew({ memory: 300 * 2 ** 20 });
  const large = await bytesOf('jpeg-50mp-progressive-444');
  const failed = await measureUpload(processUpload, large, SETTINGS);
  expect(failed.outcome).toBe('too-much-memory');
  expect(failed.dataBytes).toBeLessThanOrEqual(300 * 2 ** 20);
  const next = await measureUpload(processUpload, await bytesOf('jpeg-and-zip'), SETTINGS);
  expect(next.outcome).toBe('ready');
});
