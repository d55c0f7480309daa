/**
 * Filters of queries, compiled to functions.
 * @see https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#structuredquery
 */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import { fieldGetter, NAME, type FieldGetter } from './fields.js';
import { checkValue } from './validation.js';
import { compareValues, equalValues, typeOf, ValueType } from './values.js';

/** Whether a document has the filter's values. */
export type Matcher = (document: v1.Document) => boolean;

export interface CompiledFilter {
  matches: Matcher;
  /** Paths of the fields with inequality filters, `__name__` included. */
  inequalities: Set<string>;
}

/** Deeper filters are refused: each level is a call. */
const MAX_DEPTH = 100;
const MAX_FILTERS = 1000;
/** https://firebase.google.com/docs/firestore/query-data/queries#limits_on_or_queries */
const MAX_DISJUNCTIONS = 30;
const MAX_NOT_IN = 10;

const INEQUALITIES: ReadonlySet<string> = new Set([
  'LESS_THAN',
  'LESS_THAN_OR_EQUAL',
  'GREATER_THAN',
  'GREATER_THAN_OR_EQUAL',
  'NOT_EQUAL',
  'NOT_IN',
]);

/**
 * Compiles a filter.
 * @param toReference resolves the operand of a filter by `__name__`
 * @throws StatusError INVALID_ARGUMENT
 */
export function compileFilter(
  filter: v1.Filter,
  toReference: (value: v1.Value) => v1.Value,
): CompiledFilter {
  const compiler = new FilterCompiler(toReference);
  const { matches, disjunctions, arrays } = compiler.compile(filter, 1);
  compiler.checkCombination();
  if (arrays > 1) {
    throw new StatusError(
      Code.FAILED_PRECONDITION,
      'Only a single array-contains clause is allowed in a query',
    );
  }
  if (disjunctions > MAX_DISJUNCTIONS) {
    throw invalid(
      `Queries support up to ${MAX_DISJUNCTIONS} disjunctions after the filter is converted to disjunctive ` +
        `normal form, found ${disjunctions}.`,
    );
  }
  return { matches, inequalities: compiler.inequalities };
}

interface Compiled {
  matches: Matcher;
  /** Of the disjunctive normal form. */
  disjunctions: number;
  /** The most array filters in one disjunction. */
  arrays: number;
}

class FilterCompiler {
  readonly inequalities = new Set<string>();
  /** How often each operator is used. */
  readonly #operators = new Map<string, number>();
  #count = 0;

  constructor(private readonly toReference: (value: v1.Value) => v1.Value) {}

  /** @throws StatusError INVALID_ARGUMENT for operators that no query may have together */
  checkCombination(): void {
    const countOf = (...names: string[]): number =>
      names.reduce((sum, name) => sum + (this.#operators.get(name) ?? 0), 0);
    if (countOf('NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', 'IS_NOT_NULL') > 1) {
      throw invalid(
        "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.",
      );
    }
    if (countOf('NOT_IN') > 0 && countOf('IN', 'ARRAY_CONTAINS_ANY', 'OR') > 0) {
      throw invalid(
        "'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.",
      );
    }
  }

  #use(operator: unknown): void {
    this.#operators.set(String(operator), (this.#operators.get(String(operator)) ?? 0) + 1);
  }

  compile(filter: v1.Filter, depth: number): Compiled {
    if (depth > MAX_DEPTH) throw invalid(`Filters may be nested ${MAX_DEPTH} levels deep.`);
    if ((this.#count += 1) > MAX_FILTERS) throw invalid(`A query may have ${MAX_FILTERS} filters.`);
    const { compositeFilter, fieldFilter, unaryFilter } = filter;
    if (compositeFilter) return this.#composite(compositeFilter, depth);
    if (fieldFilter) return this.#field(fieldFilter);
    if (unaryFilter) return one(this.#unary(unaryFilter));
    throw invalid('A filter must have a filter type.');
  }

  #composite({ op, filters }: NonNullable<v1.Filter['compositeFilter']>, depth: number): Compiled {
    this.#use(op);
    const parts = (filters ?? []).map((part) => this.compile(part, depth + 1));
    const all = parts.map(({ matches }) => matches);
    const counts = parts.map(({ disjunctions }) => disjunctions);
    if (op === 'AND') {
      return {
        matches: (document) => all.every((matches) => matches(document)),
        disjunctions: counts.reduce((product, count) => Math.min(product * count, 1e6), 1),
        arrays: parts.reduce((sum, { arrays }) => sum + arrays, 0),
      };
    }
    if (op === 'OR') {
      return {
        matches: (document) => all.some((matches) => matches(document)),
        disjunctions: counts.reduce((sum, count) => sum + count, 0),
        arrays: Math.max(0, ...parts.map(({ arrays }) => arrays)),
      };
    }
    throw invalid('Unsupported CompositeFilter operator.');
  }

  #field({ field, op, value }: NonNullable<v1.Filter['fieldFilter']>): Compiled {
    this.#use(op);
    const path = field?.fieldPath ?? '';
    const get = fieldGetter(path);
    if (value == null) throw invalid('A field filter must have a value.');
    checkOperand(value);
    const isName = path === NAME;
    const operand = isName ? nameOperand(value, this.toReference) : value;
    if (INEQUALITIES.has(String(op))) this.inequalities.add(path);
    switch (op) {
      case 'EQUAL':
        return one(onEqual(get, operand));
      case 'NOT_EQUAL':
        return one(
          onField(get, (found) => ![found, operand].some(isNull) && !equalValues(found, operand)),
        );
      case 'LESS_THAN':
        return one(onRange(get, operand, (order) => order < 0));
      case 'LESS_THAN_OR_EQUAL':
        return one(onRange(get, operand, (order) => order <= 0));
      case 'GREATER_THAN':
        return one(onRange(get, operand, (order) => order > 0));
      case 'GREATER_THAN_OR_EQUAL':
        return one(onRange(get, operand, (order) => order >= 0));
      case 'ARRAY_CONTAINS':
        return {
          ...one(onField(get, (found) => itemsOf(found).some((item) => isEqual(item, operand)))),
          arrays: 1,
        };
      case 'IN':
      case 'ARRAY_CONTAINS_ANY': {
        const options = optionsOf(operand, op, MAX_DISJUNCTIONS);
        const isOption = (found: v1.Value): boolean =>
          options.some((option) => isEqual(found, option));
        const matches = op === 'IN' ? isOption : (found: v1.Value) => itemsOf(found).some(isOption);
        return {
          matches: onField(get, matches),
          disjunctions: options.length,
          arrays: op === 'IN' ? 0 : 1,
        };
      }
      case 'NOT_IN': {
        const options = optionsOf(operand, op, MAX_NOT_IN);
        if (options.some(isNull)) return one(() => false);
        return one(
          onField(
            get,
            (found) => !isNull(found) && !options.some((option) => equalValues(found, option)),
          ),
        );
      }
      default:
        throw invalid('Unknown FieldFilter operator.');
    }
  }

  #unary({ op, field }: NonNullable<v1.Filter['unaryFilter']>): Matcher {
    const path = field?.fieldPath ?? '';
    const get = fieldGetter(path);
    this.#use(op);
    if (op === 'IS_NOT_NULL' || op === 'IS_NOT_NAN') this.inequalities.add(path);
    switch (op) {
      case 'IS_NULL':
        return onField(get, isNull);
      case 'IS_NOT_NULL':
        return onField(get, (found) => !isNull(found));
      case 'IS_NAN':
        return onField(get, isNaNValue);
      case 'IS_NOT_NAN':
        return onField(get, (found) => !isNull(found) && !isNaNValue(found));
      default:
        throw invalid('A unary filter must have an operator.');
    }
  }
}

function one(matches: Matcher): Compiled {
  return { matches, disjunctions: 1, arrays: 0 };
}

/** As in SQL, null and NaN equal nothing: queries for them have unary filters. */
function isEqual(found: v1.Value, operand: v1.Value): boolean {
  return !isNull(operand) && !isNaNValue(operand) && equalValues(found, operand);
}

function onEqual(get: FieldGetter, operand: v1.Value): Matcher {
  return onField(get, (found) => isEqual(found, operand));
}

function isNaNValue({ doubleValue }: v1.Value): boolean {
  return Number.isNaN(doubleValue);
}

/** A document without the field has no match. */
function onField(get: FieldGetter, matches: (value: v1.Value) => boolean): Matcher {
  return (document) => {
    const found = get(document);
    return found !== undefined && matches(found);
  };
}

/** Only values of the operand's type are in a range; null and NaN are in none. */
function onRange(
  get: FieldGetter,
  operand: v1.Value,
  isInRange: (order: number) => boolean,
): Matcher {
  const type = typeOf(operand);
  return onField(
    get,
    (found) =>
      type !== ValueType.Null &&
      typeOf(found) === type &&
      ![found, operand].some(isNaNValue) &&
      isInRange(compareValues(found, operand)),
  );
}

function isNull(value: v1.Value): boolean {
  return typeOf(value) === ValueType.Null;
}

function itemsOf({ arrayValue }: v1.Value): v1.Value[] {
  return arrayValue?.values ?? [];
}

function optionsOf(operand: v1.Value, op: string, max: number): v1.Value[] {
  const options = operand.arrayValue?.values ?? [];
  if (operand.arrayValue == null) throw invalid(`'${op}' requires an ArrayValue.`);
  if (options.length === 0) throw invalid(`'${op}' requires an non-empty ArrayValue.`);
  if (options.length > max) throw invalid(`'${op}' supports up to ${max} comparison values.`);
  return options;
}

/** An array of options may hold arrays, which no document can. */
function checkOperand(value: v1.Value): void {
  for (const option of value.arrayValue?.values ?? [value]) checkValue(option);
}

/** `__name__` is compared with references. */
function nameOperand(value: v1.Value, toReference: (value: v1.Value) => v1.Value): v1.Value {
  const { arrayValue } = value;
  return arrayValue == null
    ? toReference(value)
    : { arrayValue: { values: (arrayValue.values ?? []).map(toReference) } };
}

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}
