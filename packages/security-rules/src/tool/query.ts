/** Reads the query of a case. */
import { z } from 'zod';
import { int, map, NULL, type RulesValue } from '../index.js';
import { dataValue } from './data.js';
import { objectOf, type Place } from './input.js';

const COUNT = 'a whole number from 0, or null';
const count = z
  .int(COUNT)
  .min(0, COUNT)
  .nullable()
  .transform((value) => (value === null ? NULL : int(value)));

const QUERY = objectOf('an object', {
  limit: count.default(NULL),
  offset: count.default(int(0)),
  orderBy: z.unknown().optional(),
});

/**
 * Reads `request.query` of a list. `orderBy` is passed on unchanged: the Firestore emulator sends an
 * object from field names to ASC or DESC.
 * @throws InputError when `limit` or `offset` is not a whole number or null, or for other fields
 */
export function queryValue(json: unknown, place: Place): RulesValue {
  const { limit, offset, orderBy = {} } = place.parse(QUERY, json === undefined ? {} : json);
  return map([
    ['limit', limit],
    ['offset', offset],
    ['orderBy', dataValue(orderBy, place.at('orderBy'))],
  ]);
}
