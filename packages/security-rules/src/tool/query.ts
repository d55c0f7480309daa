import { int, map, NULL, type RulesValue } from '../index.js';
import { dataValue } from './data.js';
import { isObject, refuse } from './refusal.js';

/**
 * `request.query` of a list: `limit` and `offset` are whole numbers or null, `orderBy` is
 * taken as given (the local Firestore hands over an object from fields to ASC or DESC).
 * @throws InputError for anything else
 */
export function queryValue(json: unknown, where: string): RulesValue {
  if (json !== undefined && !isObject(json)) return refuse(where, 'an object', json);
  const query: Record<string, unknown> = json ?? {};
  for (const field of Object.keys(query)) {
    if (!['limit', 'offset', 'orderBy'].includes(field)) {
      refuse(where, 'only the fields limit, offset, orderBy', field);
    }
  }
  const { limit, offset = 0, orderBy = {} } = query;
  return map([
    ['limit', count(limit, `${where}.limit`)],
    ['offset', count(offset, `${where}.offset`)],
    ['orderBy', dataValue(orderBy, `${where}.orderBy`)],
  ]);
}

function count(json: unknown, where: string): RulesValue {
  if (json == null) return NULL;
  if (typeof json === 'number' && Number.isSafeInteger(json) && json >= 0) return int(json);
  return refuse(where, 'a whole number from 0, or null', json);
}
