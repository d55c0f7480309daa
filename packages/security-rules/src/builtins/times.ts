import { EvaluationError } from '../errors.js';
import { duration, int, NANOS_PER_SECOND, timestamp } from '../values.js';
import { functionsOf, methodsOf } from './method.js';

const SECONDS_PER_DAY = 86_400n;
const NANOS_PER_DAY = SECONDS_PER_DAY * NANOS_PER_SECOND;

const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['w', 7n * NANOS_PER_DAY],
  ['d', NANOS_PER_DAY],
  ['h', 3600n * NANOS_PER_SECOND],
  ['m', 60n * NANOS_PER_SECOND],
  ['s', NANOS_PER_SECOND],
  ['ms', 1_000_000n],
  ['ns', 1n],
]);

/** The remainder of a division, never negative, also for times before 1970. */
function remainder(value: bigint, size: bigint): bigint {
  return ((value % size) + size) % size;
}

function floorDivide(value: bigint, size: bigint): bigint {
  return (value - remainder(value, size)) / size;
}

/** Converts nanoseconds since 1970 to a Date, rounded down to milliseconds. */
function dateOf(nanos: bigint): Date {
  return new Date(Number(floorDivide(nanos, 1_000_000n)));
}

function midnight(nanos: bigint): bigint {
  return nanos - remainder(nanos, NANOS_PER_DAY);
}

function dayOfYear(nanos: bigint): bigint {
  const newYear = dateOf(nanos);
  newYear.setUTCMonth(0, 1);
  newYear.setUTCHours(0, 0, 0, 0);
  return (midnight(nanos) - BigInt(newYear.getTime()) * 1_000_000n) / NANOS_PER_DAY + 1n;
}

/** The methods of Timestamp. */
export const TIMESTAMP_METHODS = methodsOf('timestamp', {
  date: [0, ({ nanos }) => timestamp(midnight(nanos))],
  time: [0, ({ nanos }) => duration(remainder(nanos, NANOS_PER_DAY))],
  year: [0, ({ nanos }) => int(dateOf(nanos).getUTCFullYear())],
  month: [0, ({ nanos }) => int(dateOf(nanos).getUTCMonth() + 1)],
  day: [0, ({ nanos }) => int(dateOf(nanos).getUTCDate())],
  hours: [0, ({ nanos }) => int(dateOf(nanos).getUTCHours())],
  minutes: [0, ({ nanos }) => int(dateOf(nanos).getUTCMinutes())],
  seconds: [0, ({ nanos }) => int(dateOf(nanos).getUTCSeconds())],
  nanos: [0, ({ nanos }) => int(remainder(nanos, NANOS_PER_SECOND))],
  toMillis: [0, ({ nanos }) => int(floorDivide(nanos, 1_000_000n))],
  // 1 (Monday) to 7 (Sunday), as in ISO 8601.
  dayOfWeek: [0, ({ nanos }) => int(dateOf(nanos).getUTCDay() || 7)],
  dayOfYear: [0, ({ nanos }) => int(dayOfYear(nanos))],
});

/** The methods of Duration: whole seconds and the remaining nanoseconds, with the same sign. */
export const DURATION_METHODS = methodsOf('duration', {
  seconds: [0, ({ nanos }) => int(nanos / NANOS_PER_SECOND)],
  nanos: [0, ({ nanos }) => int(nanos % NANOS_PER_SECOND)],
});

/** The functions of `timestamp.`. */
export const TIMESTAMP_FUNCTIONS = functionsOf({
  date: [
    3,
    (args) => {
      const [year, month, day] = [0, 1, 2].map((index) => Number(args.get(index, 'int').value));
      const date = new Date(0);
      date.setUTCFullYear(year ?? NaN, (month ?? NaN) - 1, day);
      // Date converts an invalid month or day to a later date.
      if (date.getUTCMonth() + 1 !== month || date.getUTCDate() !== day) {
        throw new EvaluationError('the date does not exist');
      }
      return timestamp(date);
    },
  ],
  value: [1, (args) => timestamp(args.get(0, 'int').value * 1_000_000n)],
});

/** The functions of `duration.`. */
export const DURATION_FUNCTIONS = functionsOf({
  abs: [
    1,
    (args) => {
      const { nanos } = args.get(0, 'duration');
      return duration(nanos < 0n ? -nanos : nanos);
    },
  ],
  time: [
    4,
    (args) => {
      const [hours = 0n, minutes = 0n, seconds = 0n, nanos = 0n] = [0, 1, 2, 3].map(
        (index) => args.get(index, 'int').value,
      );
      return duration((hours * 3600n + minutes * 60n + seconds) * NANOS_PER_SECOND + nanos);
    },
  ],
  value: [
    2,
    (args) => {
      const unit = UNITS.get(args.get(1, 'string').value);
      if (!unit) throw new EvaluationError(`expected a unit: ${[...UNITS.keys()].join(', ')}`);
      return duration(args.get(0, 'int').value * unit);
    },
  ],
});
