/**
 * Aggregations of a query's results.
 * @see https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#structuredaggregationquery
 */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import { fieldGetter, NAME, type FieldGetter } from './fields.js';
import { toNumber } from './transforms.js';
import { typeOf, ValueType } from './values.js';

type Aggregation = NonNullable<
  NonNullable<v1.AggregationRequest['structuredAggregationQuery']>['aggregations']
>[number];

/** https://firebase.google.com/docs/firestore/query-data/aggregation-queries */
const MAX_AGGREGATIONS = 5;
const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

/**
 * Compiles aggregations.
 * @returns a function from documents to the values by alias
 * @throws StatusError INVALID_ARGUMENT
 */
export function compileAggregations(
  aggregations: readonly Aggregation[],
): (documents: readonly v1.Document[]) => v1.Fields {
  if (aggregations.length === 0) throw invalid('Aggregations can not be empty.');
  if (aggregations.length > MAX_AGGREGATIONS) {
    throw invalid(`Expected 1 to ${MAX_AGGREGATIONS} aggregations, found ${aggregations.length}.`);
  }
  const compiled = aggregations.map((aggregation, index) => {
    const alias = aggregation.alias ? aggregation.alias : `field_${index + 1}`;
    return [alias, compile(aggregation)] as const;
  });
  const aliases = compiled.map(([alias]) => alias);
  const duplicate = aliases.find((alias, index) => aliases.indexOf(alias) < index);
  if (duplicate !== undefined) {
    throw invalid(`Aggregation aliases contain duplicate alias: ${duplicate}.`);
  }
  return (documents) =>
    Object.fromEntries(compiled.map(([alias, aggregate]) => [alias, aggregate(documents)]));
}

function compile({
  count,
  sum,
  avg,
}: Aggregation): (documents: readonly v1.Document[]) => v1.Value {
  if (count != null) {
    const max = toLimit(count.upTo);
    return (documents) => ({ integerValue: String(Math.min(documents.length, max)) });
  }
  if (sum != null) {
    const get = numberGetter(sum);
    return (documents) => sumOf(numbersOf(documents, get));
  }
  if (avg != null) {
    const get = numberGetter(avg);
    return (documents) => {
      const numbers = numbersOf(documents, get);
      if (numbers.length === 0) return { nullValue: 'NULL_VALUE' };
      return { doubleValue: toNumber(sumOf(numbers)) / numbers.length };
    };
  }
  throw invalid('An aggregation must have an operator.');
}

function numberGetter({ field }: NonNullable<Aggregation['sum']>): FieldGetter {
  const path = field?.fieldPath ?? '';
  if (path === NAME) throw invalid('Aggregations are not supported for the property: __key__');
  return fieldGetter(path);
}

function toLimit(upTo: { value?: unknown } | number | string | null | undefined): number {
  if (upTo == null) return Infinity;
  const limit = Number(typeof upTo === 'object' ? (upTo.value ?? 0) : upTo);
  if (!(limit > 0)) throw invalid('up_to must be greater than zero.');
  return limit;
}

function numbersOf(documents: readonly v1.Document[], get: FieldGetter): v1.Value[] {
  return documents.flatMap((document) => {
    const value = get(document);
    return value && typeOf(value) === ValueType.Number ? [value] : [];
  });
}

/** An integer unless a double is among the numbers, or the sum is no 64-bit integer. */
function sumOf(numbers: readonly v1.Value[]): v1.Value {
  const integers = numbers.flatMap(({ integerValue }) =>
    integerValue == null ? [] : [BigInt(String(integerValue))],
  );
  const total = integers.reduce((left, right) => left + right, 0n);
  const doubles = numbers.filter(({ integerValue }) => integerValue == null);
  const isInteger = doubles.length === 0 && total >= MIN_INT64 && total <= MAX_INT64;
  if (isInteger) return { integerValue: String(total) };
  return { doubleValue: doubles.reduce((sum, value) => sum + toNumber(value), Number(total)) };
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
