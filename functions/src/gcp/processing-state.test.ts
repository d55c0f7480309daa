import type { Progress } from '../domain/backfill-progress.js';
import { reportProcessingState } from './processing-state.js';

const progress: Progress = {
  ...{
    run: 'r',
    replaced: [],
    settings: 's',
    state: 'done',
    total: 12,
    done: 12,
    failed: 0,
    pagesDone: 2,
  },
  ...{ started: 0, updated: 0 },
};
const EXTENSION = { EXT_INSTANCE_ID: 'images' };

function setUp(fail?: () => Promise<void>) {
  const logged: unknown[][] = [];
  const heard: unknown[][] = [];
  const hear = (...told: unknown[]) => Promise.resolve(void heard.push(told));
  const tell = (changes: Partial<Progress>, environment = {}) =>
    reportProcessingState(
      { ...progress, ...changes },
      environment,
      (...line) => logged.push(line),
      {
        setProcessingState: fail ?? hear,
      },
    );
  return { heard, logged, tell };
}

test('the end is told, and whether it was a good one', async () => {
  const { heard, tell } = setUp();
  await tell({}, EXTENSION);
  await tell({ failed: 3 }, EXTENSION);
  expect(heard).toEqual([
    ['PROCESSING_COMPLETE', '12 images were looked at, 0 of them could not be made.'],
    ['PROCESSING_WARNING', '12 images were looked at, 3 of them could not be made.'],
  ]);
});

test('and that it has stopped', async () => {
  const { heard } = setUp();
  await reportProcessingState('stopped', EXTENSION, () => {}, {
    setProcessingState: (...told) => Promise.resolve(void heard.push(told)),
  });
  await reportProcessingState('stopped', {}, () => {}, {
    setProcessingState: (...told) => Promise.resolve(void heard.push(told)),
  });
  expect(heard).toEqual([
    ['PROCESSING_FAILED', 'Not all images were looked at. Call startBackfill to start again.'],
  ]);
});

test('nothing is told before the end, nor by a function kit', async () => {
  const { heard, tell } = setUp();
  await tell({ state: 'running' }, EXTENSION);
  await tell({}, {});
  expect(heard).toEqual([]);
});

test('not to be heard is no failure of the backfill', async () => {
  const { logged, tell } = setUp(() => Promise.reject(Object.assign(new Error('no'), { code: 7 })));
  await tell({}, EXTENSION);
  expect(logged).toEqual([
    ['WARNING', 'the state of the extension could not be set', { reason: 'Error 7' }],
  ]);
});
