import { parseBackfillTask, parsePurgeTask, parseCleanupTask } from './tasks.js';

test.each([
  [parseCleanupTask, { name: 'originals/alice/cat' }],
  [parsePurgeTask, { uid: 'alice' }],
  [parsePurgeTask, { uid: 'alice', after: 'page-token' }],
  [parseBackfillTask, {}],
  [parseBackfillTask, { onlyIfChanged: true }],
  [parseBackfillTask, { step: 'count', run: 'r', part: 0, total: 1000, after: 'page-token' }],
  [parseBackfillTask, { step: 'process', run: 'r', page: 0, names: ['a/b/c'] }],
  [parseBackfillTask, { step: 'recheck', run: 'r', names: [] }],
])('parses task %#', (parse, task) => {
  // Queues deliver JSON.
  expect(parse(JSON.parse(JSON.stringify(task)))).toEqual({ task });
});

test('parses a task without data as a backfill of all images: extensions send that', () => {
  expect(parseBackfillTask(undefined)).toEqual({ task: {} });
  expect(parseBackfillTask(null)).toEqual({ task: {} });
});

test.each([
  [parseCleanupTask, {}, 'no fields'],
  [parseCleanupTask, { name: '' }, 'fields: name'],
  [parsePurgeTask, { uid: 'a/b' }, 'fields: uid'],
  [parsePurgeTask, 'alice@example.com', 'fields: 0'],
  [parseBackfillTask, { step: 'all' }, 'fields: step'],
  [parseBackfillTask, { step: 'process', run: 'r', page: -1 }, 'fields: step, run, page'],
  [parseBackfillTask, { step: 'process', run: 'r', page: 0 }, 'fields: step, run, page'],
  [
    parseBackfillTask,
    { step: 'recheck', run: 'r', names: Array(11).fill('a@example.com') },
    'fields',
  ],
  [parseBackfillTask, { force: true }, 'fields: force'],
])('rejects task %#; the message contains no values', (parse, data, found) => {
  const parsed = parse(data);
  expect(parsed).toEqual({ problem: expect.stringContaining(`; found ${found}`) as string });
  expect(JSON.stringify(parsed)).not.toContain('example.com');
});
