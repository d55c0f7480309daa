import type { TypeName } from '../values.js';
import {
  CONSTRAINED_METHODS,
  LIST_METHODS,
  MAP_DIFF_METHODS,
  MAP_METHODS,
  SET_METHODS,
} from './collections.js';
import type { Builtins, Methods } from './method.js';
import {
  CONVERSIONS,
  HASHING_FUNCTIONS,
  LATLNG_FUNCTIONS,
  LATLNG_METHODS,
  MATH_FUNCTIONS,
} from './numbers.js';
import { BYTES_METHODS, STRING_METHODS } from './strings.js';
import {
  DURATION_FUNCTIONS,
  DURATION_METHODS,
  TIMESTAMP_FUNCTIONS,
  TIMESTAMP_METHODS,
} from './times.js';

/** The methods of each type. */
export const METHODS: ReadonlyMap<TypeName, Methods> = new Map<TypeName, Methods>([
  ['string', STRING_METHODS],
  ['bytes', BYTES_METHODS],
  ['list', LIST_METHODS],
  ['set', SET_METHODS],
  ['map', MAP_METHODS],
  ['constrained', CONSTRAINED_METHODS],
  ['map_diff', MAP_DIFF_METHODS],
  ['timestamp', TIMESTAMP_METHODS],
  ['duration', DURATION_METHODS],
  ['latlng', LATLNG_METHODS],
]);

/** The functions with a prefix, such as `math.abs`. */
export const NAMESPACES: ReadonlyMap<string, Builtins> = new Map<string, Builtins>([
  ['math', MATH_FUNCTIONS],
  ['hashing', HASHING_FUNCTIONS],
  ['latlng', LATLNG_FUNCTIONS],
  ['timestamp', TIMESTAMP_FUNCTIONS],
  ['duration', DURATION_FUNCTIONS],
]);

/** The global functions that depend only on their arguments. */
export const FUNCTIONS: Builtins = CONVERSIONS;

/** The functions that read a document at one path. The evaluator implements them. */
export const READS: ReadonlySet<string> = new Set(['get', 'exists', 'getAfter', 'existsAfter']);

/** The read functions of Storage rules, which have the prefix `firestore.`. */
export const STORAGE_READS: ReadonlySet<string> = new Set(['get', 'exists']);

/** The argument counts of the methods of this name, over all types. */
export function aritiesOfMethod(name: string): ReadonlySet<number> {
  const arities = new Set<number>();
  for (const methods of METHODS.values()) {
    const method = methods.get(name);
    if (method) arities.add(method.arity);
  }
  return arities;
}
