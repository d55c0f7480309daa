/** Timestamps in JSON: RFC 3339 with 'Z' or an offset, from year 1 to 9999. */

/** A point in time as google.protobuf.Timestamp; seconds as text, as protobufjs has 64-bit integers. */
export interface TimestampParts {
  seconds: string;
  nanos: number;
}

const RFC3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|([+-])(\d\d):(\d\d))$/;
const HAS_OFFSET = /(?:Z|[+-]\d\d:\d\d)$/;
const MIN_SECONDS = -62_135_596_800;
const MAX_SECONDS = 253_402_300_799;
const MAX_ECHO = 100;

/**
 * Parses a timestamp. Days that do not exist are refused.
 * @returns the timestamp, or what is wrong with the text
 */
export function parseTimestamp(text: string): TimestampParts | string {
  const invalid = `Invalid time format: ${text.slice(0, MAX_ECHO)}`;
  if (!HAS_OFFSET.test(text)) {
    return "Illegal timestamp format; timestamps must end with 'Z' or have a valid timezone offset.";
  }
  const match = RFC3339.exec(text);
  if (!match) return invalid;
  const number = (group: number): number => Number(match[group] ?? 0);
  const [year, month, day] = [number(1), number(2), number(3)];
  const [hours, minutes, seconds] = [number(4), number(5), number(6)];
  const [offsetHours, offsetMinutes] = [number(10), number(11)];
  const date = new Date(0);
  // Date.UTC would take the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  const isDay = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  const isTime = hours < 24 && minutes < 60 && seconds < 60;
  if (!isDay || !isTime || offsetHours > 23 || offsetMinutes > 59) return invalid;
  const offset = (offsetHours * 60 + offsetMinutes) * 60 * (match[9] === '-' ? -1 : 1);
  const time = date.getTime() / 1000 + hours * 3600 + minutes * 60 + seconds - offset;
  if (time < MIN_SECONDS || time > MAX_SECONDS) return 'Timestamp value exceeds limits';
  return { seconds: String(time), nanos: Number((match[7] ?? '').padEnd(9, '0')) };
}
