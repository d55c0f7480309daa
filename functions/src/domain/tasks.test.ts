import { cleanupTaskId, roundCleanupTime } from './tasks.js';

describe('roundCleanupTime', () => {
  test.each([
    [0, 5_000],
    [5, 5_000],
    [60, 15_000],
    [86_400, 21_600_000],
  ])('with a revocation bound of %d s, rounds up to multiples of %d ms', (seconds, interval) => {
    for (const offset of [0, 1, interval - 2001, interval - 1000, interval - 1]) {
      const at = interval * 1000 + offset;
      const rounded = roundCleanupTime(at, seconds);
      expect(rounded % interval).toBe(0);
      expect(rounded - at).toBeGreaterThanOrEqual(2000);
      expect(rounded - at).toBeLessThan(interval + 2000);
    }
  });
});

describe('cleanupTaskId', () => {
  const cat = { name: 'originals/alice/cat' };
  const replaced = { before: '1', until: 5 };

  test('has only characters that Cloud Tasks allows, and no name', () => {
    expect(cleanupTaskId({ ...cat, replaced }, 15_000)).toMatch(/^[A-Za-z0-9_-]{43,80}$/);
    expect(cleanupTaskId(cat, 15_000)).not.toContain('alice');
  });

  test('is the same for the same image, time and kind of task', () => {
    const other = { ...cat, replaced: { before: '2', until: 6 } };
    expect(cleanupTaskId({ ...cat, replaced }, 15_000)).toBe(cleanupTaskId(other, 15_000));
    const ids = [
      cleanupTaskId(cat, 15_000),
      cleanupTaskId({ ...cat, replaced }, 15_000),
      cleanupTaskId(cat, 30_000),
      cleanupTaskId(cat, 30_000, 15_000),
      cleanupTaskId({ name: 'originals/alice/dog' }, 15_000),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});
