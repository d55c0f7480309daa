/** Generators of documents and queries. */
import fc from 'fast-check';
import { all, any, double, order, unary, where } from './requests.js';

export const NAMES = ['alice', 'bob'];
export const TAGS = ['x', 'y'];
export const COMPARISONS = ['==', '!=', '<', '<=', '>', '>='] as const;

const name = fc.constantFrom(...NAMES);
const tag = fc.constantFrom(...TAGS);
const small = fc.integer({ min: 0, max: 4 });
/** Integers, the same numbers as floats, and others. */
const number = fc.oneof(
  { weight: 6, arbitrary: small },
  { weight: 1, arbitrary: small.map((value) => double(value)) },
  { weight: 1, arbitrary: small.map((value) => double(value + 0.5)) },
);

/** Fields may be missing, null or of another type. */
export const document = fc.record(
  {
    u: fc.oneof({ weight: 8, arbitrary: name }, fc.constantFrom(null, 1)),
    n: fc.oneof({ weight: 8, arbitrary: number }, fc.constantFrom(null, 'alice')),
    b: fc.boolean(),
    tags: fc.oneof(
      { weight: 8, arbitrary: fc.uniqueArray(tag, { maxLength: 2 }) },
      fc.constantFrom('x', null),
    ),
    m: fc.record({ k: fc.constantFrom('v', 'w'), l: small }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const comparison = fc.constantFrom(...COMPARISONS);
const one = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom('==', '==', '!='), name).map(([op, value]) => where('u', op, value)) }, // prettier-ignore
  { weight: 4, arbitrary: fc.tuple(comparison, number).map(([op, value]) => where('n', op, value)) }, // prettier-ignore
  { weight: 2, arbitrary: fc.boolean().map((value) => where('b', '==', value)) },
  { weight: 2, arbitrary: tag.map((value) => where('tags', 'has', value)) },
  fc.subarray(TAGS, { minLength: 1 }).map((values) => where('tags', 'has-any', values)),
  fc.subarray([...NAMES, 'eve'], { minLength: 1 }).map((values) => where('u', 'in', values)),
  fc.subarray([0, 1, 2, 3], { minLength: 1 }).map((values) => where('n', 'in', values)),
  fc.subarray(NAMES, { minLength: 1 }).map((values) => where('u', 'not-in', values)),
  fc.constantFrom('v', 'w').map((value) => where('m.k', '==', value)),
  fc.constantFrom({ k: 'v' }, { k: 'v', l: 1 }, {}).map((value) => where('m', '==', value)),
  fc.constantFrom('u', 'n').map((field) => unary(field, 'IS_NULL')),
  fc.constantFrom('u', 'n').map((field) => unary(field, 'IS_NOT_NULL')),
);

const filter = fc
  .oneof(
    { weight: 3, arbitrary: one },
    { weight: 3, arbitrary: fc.array(one, { minLength: 2, maxLength: 3 }).map((of) => all(...of)) },
    { weight: 1, arbitrary: fc.tuple(one, one).map((of) => any(...of)) },
    { weight: 1, arbitrary: fc.tuple(one, one, one).map(([a, b, c]) => all(a, any(b, c))) },
  )
  // Versions of Google's emulator differ in what they answer to two filters of array-contains.
  .filter((of) => JSON.stringify(of).split('ARRAY_CONTAINS').length <= 2);

/** A structured query without its collection. */
export const query: fc.Arbitrary<object> = fc
  .record({
    where: fc.option(filter, { nil: undefined, freq: 9 }),
    orderBy: fc.option(
      fc.constantFrom('n', 'n desc', 'u', 'm.k').map((text) => order(text)),
      { nil: undefined, freq: 2 },
    ),
    limit: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined, freq: 2 }),
  })
  .map(({ where: filters, orderBy, limit }) => ({
    ...(filters && { where: filters }),
    ...(orderBy && { orderBy }),
    ...(limit !== undefined && { limit }),
  }));
