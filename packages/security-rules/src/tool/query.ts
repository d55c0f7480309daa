/** Reads the query of a case. */
import { z } from 'zod';
import {
  int,
  map,
  NULL,
  queryAlternatives,
  type FilterOperator,
  type QueryAlternative,
  type QueryFilter,
  type RulesValue,
} from '../index.js';
import { dataValue } from './data.js';
import { isObject, joinNames, objectOf, type Place } from './input.js';

const COUNT = 'a whole number from 0, or null';
const count = z
  .int(COUNT)
  .min(0, COUNT)
  .nullable()
  .transform((value) => (value === null ? NULL : int(value)));

const QUERY = objectOf('an object', {
  where: z.unknown().optional(),
  orderBy: z.unknown().optional(),
  limit: count.default(NULL),
  offset: count.default(int(0)),
});

/** Those of the SDKs. */
const OPERATORS = [
  '==',
  '!=',
  '<',
  '<=',
  '>',
  '>=',
  'in',
  'not-in',
  'array-contains',
  'array-contains-any',
] as const satisfies FilterOperator[];
const LISTS: ReadonlySet<string> = new Set(['in', 'not-in', 'array-contains-any']);
const FILTERS = 'a list of [FIELD, OPERATOR, VALUE], {"or": […]} or {"and": […]}';
const FIELD = 'a field path such as "a.b", or a list of its names';
const FIELD_PATH = z.union(
  [
    z
      .string()
      .regex(/^[^.]+(?:[.][^.]+)*$/)
      .transform((text) => text.split('.')),
    z.array(z.string().min(1)).min(1),
  ],
  FIELD,
);
const OPERATOR = z.enum(OPERATORS, joinNames(OPERATORS));

/** The query of a list request. */
export interface Query {
  /** `request.query` */
  readonly value: RulesValue;
  /** What the filters say about the documents that it may return; absent without filters. */
  readonly alternatives?: readonly QueryAlternative[];
}

/**
 * Reads the query of a list. `orderBy` is passed on unchanged: the Firestore emulator sends an
 * object from field names to ASC or DESC.
 * @throws InputError when `limit` or `offset` is not a whole number or null, for filters that Firestore does not have, or
 *   for other fields
 */
export function readQuery(json: unknown, place: Place): Query {
  const { limit, offset, orderBy = {}, where } = place.parse(QUERY, json === undefined ? {} : json);
  const value = map([
    ['limit', limit],
    ['offset', offset],
    ['orderBy', dataValue(orderBy, place.at('orderBy'))],
  ]);
  if (where === undefined) return { value };
  const filter = { and: readFilters(where, place.at('where')) };
  try {
    return { value, alternatives: queryAlternatives(filter) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return place.at('where').fail('filters with at most 100 alternatives', where);
  }
}

/** Filters nest as deep as JSON.parse lets them: each level is one of the file. */
function readFilters(json: unknown, place: Place): QueryFilter[] {
  if (!Array.isArray(json)) return place.fail(FILTERS, json);
  return json.map((filter: unknown, index) => readFilter(filter, place.at(index)));
}

function readFilter(json: unknown, place: Place): QueryFilter {
  if (isObject(json)) {
    const [[kind, filters] = [], ...others] = Object.entries(json);
    if (others.length === 0) {
      if (kind === 'or') return { or: readFilters(filters, place.at('or')) };
      if (kind === 'and') return { and: readFilters(filters, place.at('and')) };
    }
  }
  if (!Array.isArray(json) || json.length !== 3) return place.fail(FILTERS, json);
  const [path, given, operand] = json as unknown[];
  const field = place.at(0).parse(FIELD_PATH, path);
  const operator = place.at(1).parse(OPERATOR, given);
  if (LISTS.has(operator) && !Array.isArray(operand)) return place.at(2).fail('a list', operand);
  const value = dataValue(operand, place.at(2));
  // As in the SDKs.
  if (operator === '!=' && value.type === 'null') return { field, operator: 'exists', value };
  return { field, operator, value };
}
