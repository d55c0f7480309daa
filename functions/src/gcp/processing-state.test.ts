import type { Progress } from '../domain/backfill-progress.js';
import { reportProcessingState } from './processing-state.js';

const progress: Progress = {
  run: 'r',
  replaced: [],
  settings: 's',
  state: 'done',
  total: 12,
  done: 12,
  failed: 0,
  pagesDone: 2,
  started: 0,
  updated: 0,
};
const EXTENSION = { EXT_INSTANCE_ID: 'images' };

function setUp(fail?: () => Promise<void>) {
  const logged: unknown[][] = [];
  const reported: unknown[][] = [];
  const setProcessingState = (...args: unknown[]) => Promise.resolve(void reported.push(args));
  const report = (changes: Partial<Progress>, environment = {}) =>
    reportProcessingState(
      { ...progress, ...changes },
      environment,
      (...line) => logged.push(line),
      {
        setProcessingState: fail ?? setProcessingState,
      },
    );
  return { reported, logged, report };
}

test('reports a completed backfill, with a warning if images failed', async () => {
  const { reported, report } = setUp();
  await report({}, EXTENSION);
  await report({ failed: 3 }, EXTENSION);
  expect(reported).toEqual([
    ['PROCESSING_COMPLETE', '12 images checked, 0 of them could not be processed.'],
    ['PROCESSING_WARNING', '12 images checked, 3 of them could not be processed.'],
  ]);
});

test('reports a backfill that stopped early', async () => {
  const { reported } = setUp();
  await reportProcessingState('stopped', EXTENSION, () => {}, {
    setProcessingState: (...args) => Promise.resolve(void reported.push(args)),
  });
  await reportProcessingState('stopped', {}, () => {}, {
    setProcessingState: (...args) => Promise.resolve(void reported.push(args)),
  });
  expect(reported).toEqual([
    ['PROCESSING_FAILED', 'The backfill stopped early. Call startBackfill to start again.'],
  ]);
});

test('reports nothing before completion, and nothing in a function kit', async () => {
  const { reported, report } = setUp();
  await report({ state: 'running' }, EXTENSION);
  await report({}, {});
  expect(reported).toEqual([]);
});

test('logs a failed report and does not throw', async () => {
  const { logged, report } = setUp(() =>
    Promise.reject(Object.assign(new Error('no'), { code: 7 })),
  );
  await report({}, EXTENSION);
  expect(logged).toEqual([
    ['WARNING', 'failed to set the processing state of the extension', { reason: 'Error 7' }],
  ]);
});
