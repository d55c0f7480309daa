import { parseBackfillTask, parsePurgeTask, parseCleanupTask } from './tasks.js';

test.each([
  [parseCleanupTask, { name: 'originals/alice/cat' }],
  [parsePurgeTask, { uid: 'alice' }],
  [parsePurgeTask, { uid: 'alice', after: 'there' }],
  [parseBackfillTask, {}],
  [parseBackfillTask, { onlyIfChanged: true }],
  [parseBackfillTask, { step: 'count', run: 'r', part: 0, total: 1000, after: 'there' }],
  [parseBackfillTask, { step: 'make', run: 'r', page: 0, names: ['a/b/c'] }],
  [parseBackfillTask, { step: 'again', run: 'r', names: [] }],
])('%# is a task', (parse, task) => {
  // As it comes from a queue.
  expect(parse(JSON.parse(JSON.stringify(task)))).toEqual({ task });
});

test('no data at all is a backfill of everything: an extension sends that', () => {
  expect(parseBackfillTask(undefined)).toEqual({ task: {} });
  expect(parseBackfillTask(null)).toEqual({ task: {} });
});

test.each([
  [parseCleanupTask, {}, 'no fields'],
  [parseCleanupTask, { name: '' }, 'fields: name'],
  [parsePurgeTask, { uid: 'a/b' }, 'fields: uid'],
  [parsePurgeTask, 'alice@example.com', 'fields: 0'],
  [parseBackfillTask, { step: 'all' }, 'fields: step'],
  [parseBackfillTask, { step: 'make', run: 'r', page: -1 }, 'fields: step, run, page'],
  [parseBackfillTask, { step: 'make', run: 'r', page: 0 }, 'fields: step, run, page'],
  [
    parseBackfillTask,
    { step: 'again', run: 'r', names: Array(11).fill('a@example.com') },
    'fields',
  ],
  [parseBackfillTask, { force: true }, 'fields: force'],
])('%# is none, and the sentence says no value', (parse, data, found) => {
  const parsed = parse(data);
  expect(parsed).toEqual({ problem: expect.stringContaining(`; found ${found}`) as string });
  expect(JSON.stringify(parsed)).not.toContain('example.com');
});
