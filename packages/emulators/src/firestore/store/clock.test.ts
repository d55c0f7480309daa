import { CommitClock } from './clock.js';

it('returns a later time for each commit, and later read times after it', () => {
  const clock = new CommitClock();
  const times = Array.from({ length: 1000 }, () => clock.tick());
  expect(new Set(times).size).toBe(1000);
  expect(times).toEqual([...times].sort((left, right) => left - right));
  expect(clock.now()).toBeGreaterThanOrEqual(times.at(-1) ?? 0);
  expect(clock.tick()).toBeGreaterThan(clock.now() - 1_000_000);
  expect(Math.abs(clock.now() / 1000 - Date.now())).toBeLessThan(1000);
});
