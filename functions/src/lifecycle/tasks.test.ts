import { parseBackfill, parsePurge, parseSweep } from './tasks.js';

test.each([
  [parseSweep, { name: 'originals/alice/cat' }],
  [parsePurge, { uid: 'alice' }],
  [parsePurge, { uid: 'alice', after: 'there' }],
  [parseBackfill, {}],
  [parseBackfill, { onlyIfChanged: true }],
  [parseBackfill, { step: 'count', run: 'r', part: 0, total: 1000, after: 'there' }],
  [parseBackfill, { step: 'make', run: 'r', page: 0, names: ['a/b/c'] }],
  [parseBackfill, { step: 'again', run: 'r', names: [] }],
])('%# is a task', (parse, task) => {
  // As it comes from a queue.
  expect(parse(JSON.parse(JSON.stringify(task)))).toEqual({ task });
});

test('no data at all is a backfill of everything: an extension sends that', () => {
  expect(parseBackfill(undefined)).toEqual({ task: {} });
  expect(parseBackfill(null)).toEqual({ task: {} });
});

test.each([
  [parseSweep, {}, 'no fields'],
  [parseSweep, { name: '' }, 'fields: name'],
  [parsePurge, { uid: 'a/b' }, 'fields: uid'],
  [parsePurge, 'alice@example.com', 'fields: 0'],
  [parseBackfill, { step: 'all' }, 'fields: step'],
  [parseBackfill, { step: 'make', run: 'r', page: -1 }, 'fields: step, run, page'],
  [parseBackfill, { step: 'make', run: 'r', page: 0 }, 'fields: step, run, page'],
  [parseBackfill, { step: 'again', run: 'r', names: Array(11).fill('a@example.com') }, 'fields'],
  [parseBackfill, { force: true }, 'fields: force'],
])('%# is none, and the sentence says no value', (parse, data, found) => {
  const parsed = parse(data);
  expect(parsed).toEqual({ problem: expect.stringContaining(`; found ${found}`) as string });
  expect(JSON.stringify(parsed)).not.toContain('example.com');
});
