import fc from 'fast-check';
import { FUNCTIONS, METHODS, NAMESPACES } from './builtins/index.js';
import { equals, keyOf } from './equality.js';
import { EvaluationError, LimitError } from './errors.js';
import * as rules from './index.js';
import type { RulesValue } from './index.js';
import { Work } from './limits.js';
import { applyBinary, applyUnary, element, range } from './operators.js';
import { runWithTimeout } from './testing.js';
import { isRulesValue, mapDiff, type TypeName } from './values.js';

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const keys = fc.array(fc.string({ maxLength: 3 }), { maxLength: 3 });
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 10 }),
  fc.constantFrom('a', 'ab', '(', '[a', 'a*', '.*', '\\1', '$1', '(?=a)', 's', 'w', 'true', '1e5'),
);
/** Nanoseconds of all valid times and durations, and some outside their range. */
const nanos = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n });

/** Values of each type; null for values that can't be created. */
const byType = fc.letrec<Record<TypeName | 'any', RulesValue>>((tie) => {
  const items = fc.array(tie('any'), { maxLength: 4 });
  const fields = fc.array(fc.tuple(fc.string({ maxLength: 2 }), tie('any')), { maxLength: 4 });
  const types: Record<TypeName, fc.Arbitrary<RulesValue>> = {
    null: fc.constant(rules.NULL),
    bool: fc.boolean().map(rules.bool),
    int: fc.oneof(int64, fc.bigInt({ min: -5n, max: 5n })).map(rules.int),
    float: fc.double().map(rules.float),
    string: text.map(rules.string),
    bytes: fc.uint8Array({ maxLength: 5 }).map(rules.bytes),
    list: items.map(rules.list),
    set: items.map((of) => createOrNull(() => rules.setOf(of))),
    map: fields.map(rules.map),
    path: fc.array(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 5 }).map(rules.path),
    timestamp: nanos.map((of) => createOrNull(() => rules.timestamp(of))),
    duration: nanos.map((of) => createOrNull(() => rules.duration(of))),
    latlng: fc
      .tuple(fc.double({ min: -90, max: 90 }), fc.double({ min: -180, max: 180 }))
      .map(([latitude, longitude]) => createOrNull(() => rules.latlng(latitude, longitude))),
    constrained: fc
      .record({ lower: items, upper: items, not: items, contains: items })
      .map(({ lower, upper, not, contains }) => {
        const bounds = (values: RulesValue[], inclusive: boolean) =>
          values.map((value) => ({ value, inclusive }));
        const limits = { lower: bounds(lower, true), upper: bounds(upper, false), not };
        return rules.constrained({ ...limits, ...(contains.length > 0 && { contains }) });
      }),
    map_diff: fc
      .tuple(keys, keys, keys, keys)
      .map(([added, removed, changed, unchanged]) =>
        mapDiff({ added, removed, changed, unchanged }),
      ),
  };
  return {
    ...types,
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      ...Object.entries(types).flatMap(([type, values]) =>
        // Not part of other values: it stands for a field of a document that a query may return.
        type === 'constrained' ? [] : [values],
      ),
    ),
  };
});
const value = byType.any;

function createOrNull(create: () => RulesValue): RulesValue {
  return attempt(create) ?? rules.NULL;
}

/** The result, or undefined if the call throws an EvaluationError or a LimitError. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof EvaluationError || error instanceof LimitError) return undefined;
    throw error;
  }
}

type Call = readonly [
  name: string,
  args: readonly fc.Arbitrary<RulesValue>[],
  call: (of: RulesValue[]) => RulesValue,
];

const work = (): Work => new Work();
const OPERATORS = ['==', '!=', '<', '<=', '>', '>=', 'in', '+', '-', '*', '/', '%'] as const;
const NULL = rules.NULL;
const any = (count: number): fc.Arbitrary<RulesValue>[] =>
  Array.from({ length: count }, () => value);

/** All methods, functions and operators. */
const CALLS: readonly Call[] = [
  ...[...METHODS].flatMap(([type, methods]) =>
    [...methods].map(([name, { arity, call }]): Call => {
      const run = ([self = NULL, ...args]: RulesValue[]) => call(self, args, work());
      // Mostly a receiver of the right type, so that the method itself runs.
      const self = fc.oneof({ weight: 9, arbitrary: byType[type] }, value);
      return [`${type}.${name}()`, [self, ...any(arity)], run];
    }),
  ),
  ...[['', FUNCTIONS] as const, ...NAMESPACES].flatMap(([space, functions]) =>
    [...functions].map(([name, { arity, call }]): Call => {
      return [`${space}.${name}`, any(arity), (args) => call(args, work())];
    }),
  ),
  ...OPERATORS.map((operator): Call => {
    return [operator, any(2), ([a = NULL, b = NULL]) => applyBinary(operator, a, b, work())];
  }),
  ['!', any(1), ([a = NULL]) => applyUnary('!', a)],
  ['-', any(1), ([a = NULL]) => applyUnary('-', a)],
  ['[]', any(2), ([a = NULL, b = NULL]) => element(a, b, work())],
  ['[:]', any(3), ([a = NULL, b = NULL, c = NULL]) => range(a, b, c, work())],
];

test.each(CALLS)('%s of any values returns a value or throws an error', (_name, values, call) => {
  runWithTimeout(() =>
    fc.assert(
      fc.property(fc.tuple(...values), (args) => {
        const result = attempt(() => call(args));
        expect(result === undefined || isRulesValue(result)).toBe(true);
      }),
      { numRuns: 200 },
    ),
  );
});

const runs = { numRuns: 1000 };

test('equality is symmetric, agrees with keys, and is reflexive without NaN', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const equal = attempt(() => equals(a, b, work()));
      expect(attempt(() => equals(b, a, work()))).toBe(equal);
      const numbers = a.type === 'int' || a.type === 'float';
      // Above 2^53, comparing an Integer with a Float rounds the Integer, but its key does not.
      if (equal === undefined || numbers) return;
      const [one, other] = [a, b].map((of) => attempt(() => keyOf(of, work(), 'exact')));
      if (one !== undefined && other !== undefined) expect(one === other).toBe(equal);
    }),
    runs,
  );
  fc.assert(
    fc.property(value, (a) => {
      const key = attempt(() => keyOf(a, work(), 'exact'));
      if (key !== undefined && !key.includes('nan')) expect(equals(a, a, work())).toBe(true);
    }),
    runs,
  );
});

test('of two comparable values, one is less, or they are equal, or one is NaN', () => {
  fc.assert(
    fc.property(value, value, (a, b) => {
      const is = (operator: '<' | '<=' | '>' | '>=') =>
        attempt(() => applyBinary(operator, a, b, work()) === rules.bool(true));
      if (is('<') === undefined) return;
      const unordered = [a, b].some((of) => of.type === 'float' && Number.isNaN(of.value));
      const equal = equals(a, b, work());
      expect([is('<'), is('>'), equal].filter(Boolean)).toHaveLength(unordered ? 0 : 1);
      expect(is('<=')).toBe(!unordered && (is('<') || equal));
      expect(is('>=')).toBe(!unordered && (is('>') || equal));
    }),
    runs,
  );
});

test('integers have 64 bits, and results outside that range are errors', () => {
  const small = fc.bigInt({ min: -1000n, max: 1000n });
  const either = fc.oneof(int64, small);
  const of = (operator: (typeof OPERATORS)[number], a: bigint, b: bigint) =>
    attempt(() => applyBinary(operator, rules.int(a), rules.int(b), work()));
  const fits = (big: bigint) => (BigInt.asIntN(64, big) === big ? rules.int(big) : undefined);
  fc.assert(
    fc.property(either, either, (a, b) => {
      expect(of('+', a, b)).toEqual(fits(a + b));
      expect(of('-', a, b)).toEqual(fits(a - b));
      expect(of('*', a, b)).toEqual(fits(a * b));
      // Division rounds toward zero, and the remainder has the sign of the dividend.
      expect(of('/', a, b)).toEqual(b === 0n ? undefined : fits((a - (a % b)) / b));
      expect(of('%', a, b)).toEqual(b === 0n ? undefined : fits(a - b * (a / b)));
    }),
    runs,
  );
});
