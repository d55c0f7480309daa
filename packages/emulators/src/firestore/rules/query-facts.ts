/**
 * What the filters of a query say about every document that it may return, for rules that must hold for all of them.
 */
import { parseFieldPath } from '../store/fields.js';
import { Code, StatusError } from '../errors.js';
import { documentsRoot, parseName } from '../names.js';
import type * as v1 from '../v1.js';
import type { RulesEngine, RulesValue } from './rules-engine.js';
import { toRulesValue } from './rules-values.js';

/** Firestore accepts at most 30 alternatives (disjunctions), which the store checks for a whole query. */
const MAX_ALTERNATIVES = 100;

/** One alternative of the filters: the name and the `resource` of any document that it finds. */
export interface QueryAlternative {
  name: string;
  resource: RulesValue;
}

/** What is known about one field. */
interface FieldFacts {
  equal?: v1.Value;
  lower: Bound[];
  upper: Bound[];
  not: v1.Value[];
  /** Items of an array. */
  contains?: v1.Value[];
}

interface Bound {
  value: v1.Value;
  inclusive: boolean;
}

/** By field path. */
type Facts = ReadonlyMap<string, FieldFacts>;

const NOTHING: Facts = new Map<string, FieldFacts>();

/** A document may be returned by any alternative, so that the rules must allow each of them. */
export function queryAlternatives(
  engine: RulesEngine,
  parent: string,
  query: v1.Query,
): QueryAlternative[] {
  // Without a selector a query reads every collection.
  const selectors = query.from?.length ? query.from : [{}];
  return selectors.flatMap(({ collectionId, allDescendants }) => {
    // A collection group leaves the parents open, too; only {name=**} in a rule matches them.
    const between = allDescendants ? [engine.anyParents] : [];
    const root = parseName(parent).path.length > 0 ? parent : documentsRoot(parseName(parent));
    const collection = [root, ...between, collectionId || engine.anyParents].join('/');
    return alternatives(query.where).map((facts) => ({
      name: facts.get('__name__')?.equal?.referenceValue ?? `${collection}/${engine.anyDocument}`,
      resource: engine.map({ data: dataOf(engine, facts) }),
    }));
  });
}

function alternatives(filter: v1.Filter | null | undefined): Facts[] {
  const { compositeFilter, fieldFilter, unaryFilter } = filter ?? {};
  if (compositeFilter) {
    const parts = (compositeFilter.filters ?? []).map(alternatives);
    return compositeFilter.op === 'OR' ? parts.flat() : parts.reduce(combine, [NOTHING]);
  }
  if (fieldFilter) return fieldAlternatives(fieldFilter);
  const path = unaryFilter?.field?.fieldPath ?? '';
  if (unaryFilter?.op === 'IS_NULL') return [one(path, { equal: { nullValue: 'NULL_VALUE' } })];
  if (unaryFilter?.op === 'IS_NAN') return [one(path, { equal: { doubleValue: NaN } })];
  // The field exists and is not null.
  return unaryFilter ? [one(path, {})] : [NOTHING];
}

function fieldAlternatives({ field, op, value }: NonNullable<v1.Filter['fieldFilter']>): Facts[] {
  const path = field?.fieldPath ?? '';
  if (!value) return [NOTHING];
  const values = value.arrayValue?.values ?? [];
  switch (op) {
    case 'EQUAL':
      return [one(path, { equal: value })];
    case 'IN':
      return values.map((equal) => one(path, { equal }));
    case 'ARRAY_CONTAINS':
      return [one(path, { contains: [value] })];
    case 'ARRAY_CONTAINS_ANY':
      return values.map((item) => one(path, { contains: [item] }));
    case 'LESS_THAN':
    case 'LESS_THAN_OR_EQUAL':
      return [one(path, { upper: [{ value, inclusive: op === 'LESS_THAN_OR_EQUAL' }] })];
    case 'GREATER_THAN':
    case 'GREATER_THAN_OR_EQUAL':
      return [one(path, { lower: [{ value, inclusive: op === 'GREATER_THAN_OR_EQUAL' }] })];
    case 'NOT_EQUAL':
      return [one(path, { not: [value] })];
    case 'NOT_IN':
      return [one(path, { not: values })];
    default:
      return [NOTHING];
  }
}

function one(path: string, facts: Partial<FieldFacts>): Facts {
  return new Map([[path, { lower: [], upper: [], not: [], ...facts }]]);
}

function combine(left: Facts[], right: Facts[]): Facts[] {
  // None may be left out: the rules must allow each of them.
  if (left.length * right.length > MAX_ALTERNATIVES) {
    throw new StatusError(
      Code.INVALID_ARGUMENT,
      'The filters of the query have too many alternatives.',
    );
  }
  return left.flatMap((facts) => right.map((others) => both(facts, others)));
}

function both(left: Facts, right: Facts): Facts {
  const facts = new Map(left);
  for (const [path, other] of right) {
    const found = facts.get(path);
    if (!found) facts.set(path, other);
    else {
      const equal = found.equal ?? other.equal;
      const contains = [...(found.contains ?? []), ...(other.contains ?? [])];
      facts.set(path, {
        ...(equal && { equal }),
        lower: [...found.lower, ...other.lower],
        upper: [...found.upper, ...other.upper],
        not: [...found.not, ...other.not],
        ...(contains.length > 0 && { contains }),
      });
    }
  }
  return facts;
}

/** A map of the fields that the filters name; other fields are open at each level. */
interface Tree {
  fields: Map<string, Tree>;
  value?: RulesValue;
}

function dataOf(engine: RulesEngine, facts: Facts): RulesValue {
  const root: Tree = { fields: new Map() };
  for (const [path, fact] of facts) {
    if (path === '__name__') continue;
    let tree = root;
    for (const name of parseFieldPath(path)) {
      const inner: Tree = tree.fields.get(name) ?? { fields: new Map() };
      tree.fields.set(name, inner);
      tree = inner;
    }
    tree.value = valueOf(engine, fact);
  }
  return toValue(engine, root);
}

function toValue(engine: RulesEngine, { fields, value }: Tree): RulesValue {
  // A filter of a whole map says more than those of its fields.
  if (value) return value;
  const entries = [...fields].map(([name, tree]) => [name, toValue(engine, tree)] as const);
  return engine.map(Object.fromEntries(entries));
}

function valueOf(
  engine: RulesEngine,
  { equal, lower, upper, not, contains }: FieldFacts,
): RulesValue {
  const convert = (value: v1.Value): RulesValue => toRulesValue(engine, value);
  if (equal) return convert(equal);
  const bounds = (limits: Bound[]) =>
    limits.map(({ value, inclusive }) => ({ value: convert(value), inclusive }));
  return engine.constrained({
    lower: bounds(lower),
    upper: bounds(upper),
    not: not.map(convert),
    ...(contains && { contains: contains.map(convert) }),
  });
}
