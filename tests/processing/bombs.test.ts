/** No file can take more than the stated memory and time, whatever it is; bench/derive/bombs.ts has them. */
import { join } from 'node:path';
import type { Bomb } from '../../bench/processing/bomb.js';
import { BOMBS } from '../../bench/processing/bombs.js';
import { FOREIGN } from '../../bench/processing/disguised-files.js';
import { watch } from '../../bench/processing/memory-watch.js';
import { parseConfig } from '../../functions/src/config/config.js';
import {
  openIsolatedProcessor,
  type IsolatedProcessor,
  type ProcessLimits,
} from '../../functions/src/processing/isolated-processor.js';
import type { ProcessSettings } from '../../functions/src/processing/process-image.js';
import { PROCESS_LIMITS } from '../../functions/src/processing/limits.js';

const root = join(__dirname, '..', '..');
const script = join(root, 'functions', 'lib', 'processing', 'isolated-processor-child.js');
const plan: ProcessSettings = parseConfig({ BUCKET: 'bucket' });
/** Only Linux counts what a process may write to, and keeps a limit on it. */
const onLinux = process.platform === 'linux' ? test : test.skip;

const opened: IsolatedProcessor[] = [];
function open(limits: Partial<ProcessLimits> = {}): IsolatedProcessor {
  const derive = openIsolatedProcessor({ ...PROCESS_LIMITS, ...limits }, script);
  opened.push(derive);
  return derive;
}
afterEach(() => opened.splice(0).forEach((derive) => derive.close()));

const bytesOf = async (name: string) =>
  (BOMBS.find((bomb) => bomb.name === name) as Bomb).make(root);

test.each(BOMBS.map((bomb) => [bomb.name, bomb] as const))('%s', async (_name, bomb) => {
  const bytes = await bomb.make(root);
  const watched = await watch(open(), bytes, { ...plan, ...bomb.bounds });
  const { outcome, detail, derived, peakBytes, dataBytes } = watched;
  const isExpected = (bomb.expected as readonly string[]).includes(outcome);
  expect({ isExpected, outcome, detail }).toMatchObject({ isExpected: true });
  expect(peakBytes).toBeLessThan(PROCESS_LIMITS.memory);
  expect(dataBytes).toBeLessThanOrEqual(PROCESS_LIMITS.memory);
  for (const { data } of derived?.renditions ?? []) {
    expect(data.length).toBeGreaterThan(0);
    expect(data.includes(FOREIGN)).toBe(false);
  }
});

onLinux('what is measured is what the process took', async () => {
  const { peakBytes, dataBytes } = await watch(open(), await bytesOf('png-1600x16383-rgb'), plan);
  // The picture alone has 75 MiB.
  expect(peakBytes).toBeGreaterThan(100 * 2 ** 20);
  expect(dataBytes).toBeGreaterThan(100 * 2 ** 20);
});

onLinux('a picture that takes too much memory ends so, and the next is taken', async () => {
  const derive = open({ memory: 300 * 2 ** 20 });
  const large = await watch(derive, await bytesOf('jpeg-50mp-progressive-444'), plan);
  expect(large.outcome).toBe('too-much-memory');
  expect(large.dataBytes).toBeLessThanOrEqual(300 * 2 ** 20);
  const next = await watch(derive, await bytesOf('jpeg-and-zip'), plan);
  expect(next.outcome).toBe('ready');
});
