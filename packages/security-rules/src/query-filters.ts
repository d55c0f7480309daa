/**
 * What the filters of a query say about every document that it may return, for rules that must hold for all of them.
 */
import { keyOf } from './equality.js';
import { Work } from './limits.js';
import { constrained, map, type Bound, type MapValue, type RulesValue } from './values.js';

/** `exists`: the field has a value that is not null. */
export type FilterOperator =
  | '=='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'in'
  | 'not-in'
  | 'array-contains'
  | 'array-contains-any'
  | 'exists';

/** The filters of a query. The value of `in` and `array-contains-any` is a list of the alternatives. */
export type QueryFilter =
  | { readonly and: readonly QueryFilter[] }
  | { readonly or: readonly QueryFilter[] }
  | {
      /** The names of a field path. */
      readonly field: readonly string[];
      readonly operator: FilterOperator;
      readonly value: RulesValue;
    };

/** One alternative of the filters: what is known of any document that it finds. */
export interface QueryAlternative {
  /** The path of the document, if a filter fixes it: the segments of a Path. Rules then see the document itself. */
  readonly path?: readonly string[];
  readonly data: MapValue;
}

/** Firestore accepts at most 30 alternatives (disjunctions) in a query. */
const MAX_ALTERNATIVES = 100;

/** The field of a document's name. */
const NAME = '__name__';

/** What is known about one field. */
interface FieldFacts {
  readonly field: readonly string[];
  readonly equal: readonly RulesValue[];
  readonly lower: readonly Bound[];
  readonly upper: readonly Bound[];
  readonly not: readonly RulesValue[];
  /** Items of an array. */
  readonly contains?: readonly RulesValue[];
  /** A filter says that there is a value. */
  readonly isPresent?: boolean;
}

/** By field. */
type Facts = ReadonlyMap<string, FieldFacts>;

const NOTHING: Facts = new Map<string, FieldFacts>();

/**
 * A document may be returned by any alternative, so that the rules must allow each of them.
 * @throws RangeError for filters with too many alternatives
 */
export function queryAlternatives(filter: QueryFilter | undefined): QueryAlternative[] {
  const alternatives = filter === undefined ? [NOTHING] : factsOf(filter);
  return alternatives.map((facts) => {
    const named = facts.get(nameOf([NAME]));
    const name = named && valueOf(named);
    return { ...(name?.type === 'path' && { path: name.segments }), data: dataOf(facts) };
  });
}

function factsOf(filter: QueryFilter): Facts[] {
  if ('and' in filter) return filter.and.map(factsOf).reduce(combine, [NOTHING]);
  if ('or' in filter) return filter.or.flatMap(factsOf);
  const { field, operator, value } = filter;
  const one = (facts: Partial<FieldFacts>): Facts =>
    new Map([[nameOf(field), { field, equal: [], lower: [], upper: [], not: [], ...facts }]]);
  const values = value.type === 'list' ? value.items : [];
  switch (operator) {
    case '==':
      return [one({ equal: [value] })];
    case 'in':
      return values.map((value) => one(isFound(value) ? { equal: [value] } : { isPresent: true }));
    case 'array-contains':
      return [one({ contains: [value] })];
    case 'array-contains-any':
      return values.map((item) => one({ contains: [item] }));
    case '<':
    case '<=':
      return [one({ upper: [{ value, inclusive: operator === '<=' }] })];
    case '>':
    case '>=':
      return [one({ lower: [{ value, inclusive: operator === '>=' }] })];
    case '!=':
      return [one({ not: [value] })];
    case 'not-in':
      return [one({ not: values })];
    case 'exists':
      return [one({ isPresent: true })];
  }
}

/** `in` finds neither null nor NaN. */
function isFound(value: RulesValue): boolean {
  return value.type !== 'null' && !(value.type === 'float' && Number.isNaN(value.value));
}

const nameOf = (field: readonly string[]): string => JSON.stringify(field);

function combine(left: Facts[], right: Facts[]): Facts[] {
  // None may be left out: the rules must allow each of them.
  if (left.length * right.length > MAX_ALTERNATIVES) {
    throw new RangeError('The filters of the query have too many alternatives.');
  }
  return left.flatMap((facts) => right.map((others) => both(facts, others)));
}

function both(left: Facts, right: Facts): Facts {
  const facts = new Map(left);
  for (const [name, other] of right) {
    const found = facts.get(name);
    facts.set(name, found ? merge(found, other) : other);
  }
  return facts;
}

function merge(one: FieldFacts, other: FieldFacts): FieldFacts {
  const contains = [...(one.contains ?? []), ...(other.contains ?? [])];
  return {
    field: one.field,
    equal: distinct([...one.equal, ...other.equal]),
    lower: [...one.lower, ...other.lower],
    upper: [...one.upper, ...other.upper],
    not: [...one.not, ...other.not],
    ...(contains.length > 0 && { contains }),
    ...((one.isPresent === true || other.isPresent === true) && { isPresent: true }),
  };
}

function distinct(values: readonly RulesValue[]): RulesValue[] {
  const work = new Work();
  return [...new Map(values.map((value) => [keyOf(value, work, 'exact'), value])).values()];
}

/** A map of the fields that the filters name; other fields are open at each level. */
interface Tree {
  readonly fields: Map<string, Tree>;
  fact?: FieldFacts;
}

function dataOf(facts: Facts): MapValue {
  const root: Tree = { fields: new Map() };
  for (const fact of facts.values()) {
    if (fact.field.length === 1 && fact.field[0] === NAME) continue;
    nodeAt(root, fact.field).fact = fact;
  }
  return mapOf(root, 0);
}

function nodeAt(root: Tree, field: readonly string[]): Tree {
  let tree = root;
  for (const name of field) {
    const inner: Tree = tree.fields.get(name) ?? { fields: new Map() };
    tree.fields.set(name, inner);
    tree = inner;
  }
  return tree;
}

/**
 * @param depth of the map: 0 for the data of the document
 * @param whole what a filter fixes the map to; filters of its fields replace that
 */
function mapOf({ fields }: Tree, depth: number, whole?: RulesValue): MapValue {
  const fixed = whole?.type === 'map' ? whole.fields : new Map<string, RulesValue>();
  const limited = [...fields]
    .filter(([name, { fact }]) => fact ?? !fixed.has(name))
    .map(([name, tree]) => [name, toValue(tree, depth + 1)] as const);
  return map([...fixed, ...limited]);
}

/** Filters of a map and of its fields: as in Google's emulator, those of the fields count at the first level only. */
function toValue(tree: Tree, depth: number): RulesValue {
  const value = tree.fact && valueOf(tree.fact);
  const hasFields = [...tree.fields.values()].some(({ fact }) => fact);
  if (!value || (depth === 1 && hasFields)) return mapOf(tree, depth, value);
  return value;
}

/** As in Google's emulator, a value is fixed only if no other filter limits it. */
function valueOf({ equal, lower, upper, not, contains, isPresent }: FieldFacts): RulesValue {
  const [only, ...others] = equal;
  const isLimited = others.length + lower.length + upper.length + not.length > 0;
  if (only && !isLimited && !contains && !isPresent) return only;
  return constrained({ equal, lower, upper, not, ...(contains && { contains }) });
}
