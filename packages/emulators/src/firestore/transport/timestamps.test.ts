import { parseTimestamp } from './timestamps.js';

test.each([
  ['1970-01-01T00:00:00Z', '0', 0],
  ['2026-01-02T03:04:05.123456789Z', '1767323045', 123456789],
  ['2026-01-02T03:04:05.5+05:30', '1767303245', 500000000],
  ['2026-01-02T03:04:05-00:30', '1767324845', 0],
  ['2024-02-29T23:59:59Z', '1709251199', 0],
  ['0001-01-01T00:00:00Z', '-62135596800', 0],
  ['1969-12-31T23:59:59.25Z', '-1', 250000000],
  ['9999-12-31T23:59:59.999999999Z', '253402300799', 999999999],
])('parses %s', (text, seconds, nanos) => {
  expect(parseTimestamp(text)).toEqual({ seconds, nanos });
});

test.each([
  ['2026-01-02T03:04:05', 'Illegal timestamp format'],
  ['2026-01-02', 'Illegal timestamp format'],
  ['', 'Illegal timestamp format'],
  ['2026-02-29T00:00:00Z', 'Invalid time format'],
  ['2026-13-01T00:00:00Z', 'Invalid time format'],
  ['2026-00-01T00:00:00Z', 'Invalid time format'],
  ['2026-01-01T24:00:00Z', 'Invalid time format'],
  ['2026-01-01T00:60:00Z', 'Invalid time format'],
  ['2026-01-01T00:00:00.Z', 'Invalid time format'],
  ['2026-01-01T00:00:00.1234567890Z', 'Invalid time format'],
  ['2026-01-01 00:00:00Z', 'Invalid time format'],
  ['2026-01-01T00:00:00+24:00', 'Invalid time format'],
  ['12026-01-01T00:00:00Z', 'Invalid time format'],
  ['0000-12-31T23:59:59Z', 'exceeds limits'],
  ['9999-12-31T23:59:59-01:00', 'exceeds limits'],
])('refuses %s', (text, problem) => {
  expect(parseTimestamp(text)).toContain(problem);
});
