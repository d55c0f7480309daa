import type { TypeName } from '../values.js';
import { LIST_METHODS, MAP_DIFF_METHODS, MAP_METHODS, SET_METHODS } from './collections.js';
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
  ['map_diff', MAP_DIFF_METHODS],
  ['timestamp', TIMESTAMP_METHODS],
  ['duration', DURATION_METHODS],
  ['latlng', LATLNG_METHODS],
]);

/** The functions behind a prefix, such as `math.abs`. */
export const NAMESPACES: ReadonlyMap<string, Builtins> = new Map<string, Builtins>([
  ['math', MATH_FUNCTIONS],
  ['hashing', HASHING_FUNCTIONS],
  ['latlng', LATLNG_FUNCTIONS],
  ['timestamp', TIMESTAMP_FUNCTIONS],
  ['duration', DURATION_FUNCTIONS],
]);

/** The functions without a prefix that need nothing but their arguments. */
export const FUNCTIONS: Builtins = CONVERSIONS;

/** The functions that read documents, which the evaluator does itself; one path each. */
export const READS: ReadonlySet<string> = new Set(['get', 'exists', 'getAfter', 'existsAfter']);

/** The two of them that Storage has, behind `firestore.`. */
export const STORAGE_READS: ReadonlySet<string> = new Set(['get', 'exists']);

/** How many arguments a method may take, over all the types that have one of this name. */
export function aritiesOfMethod(name: string): ReadonlySet<number> {
  const arities = new Set<number>();
  for (const methods of METHODS.values()) {
    const method = methods.get(name);
    if (method) arities.add(method.arity);
  }
  return arities;
}
