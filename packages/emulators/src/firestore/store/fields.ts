/** Document fields by field path, as in masks, filters and orders. */
import { Code, StatusError } from '../errors.js';
import type * as v1 from '../v1.js';
import type { Fields, Value } from '../v1.js';

/** The field path of a document's name. */
export const NAME = '__name__';

export type FieldGetter = (document: v1.Document) => Value | undefined;

const NAMES = /`((?:[^`\\]|\\.)+)`|([a-zA-Z_][a-zA-Z_0-9]*)/gs;

/**
 * Splits a field path such as a.b or `odd.name`.c into its names.
 * @throws StatusError INVALID_ARGUMENT when it is empty or malformed
 */
export function parseFieldPath(path: string): string[] {
  const names: string[] = [];
  let end = -1;
  for (const match of path.matchAll(NAMES)) {
    const [text, quoted, plain] = match;
    const start = match.index;
    // One dot between two names.
    if (start !== end + 1 || (end >= 0 && path[end] !== '.')) break;
    names.push(quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/gs, '$1'));
    end = start + text.length;
  }
  if (end !== path.length || names.length === 0) {
    throw new StatusError(Code.INVALID_ARGUMENT, explainPath(path));
  }
  return names;
}

function explainPath(path: string): string {
  if (path === '') return 'Invalid empty property path string.';
  return (
    `Invalid property path "${path.slice(0, 200)}". Unquoted property paths must match regex ` +
    '([a-zA-Z_][a-zA-Z_0-9]*), and quoted property paths must match regex (`(?:[^`\\\\]|(?:\\\\.))+`)'
  );
}

/**
 * Returns a function that gets the value at a field path; a document's name is a reference.
 * @throws StatusError INVALID_ARGUMENT
 */
export function fieldGetter(path: string): FieldGetter {
  if (path === NAME) return ({ name }) => ({ referenceValue: name ?? '' });
  const names = parseFieldPath(path);
  const [only] = names;
  if (names.length === 1 && only !== undefined) {
    return ({ fields }) => (fields && Object.hasOwn(fields, only) ? fields[only] : undefined);
  }
  return ({ fields }) => valueAt(fields ?? {}, names);
}

/** The value at a field path, or undefined. */
export function getField(fields: Fields, path: string): Value | undefined {
  return valueAt(fields, parseFieldPath(path));
}

function valueAt(fields: Fields, names: readonly string[]): Value | undefined {
  let map: Fields | null | undefined = fields;
  let value: Value | undefined;
  for (const name of names) {
    value = map && Object.hasOwn(map, name) ? map[name] : undefined;
    map = value?.mapValue?.fields;
  }
  return value;
}

/** Sets the value at a field path; creates missing maps. Maps on the way are copied. */
export function setField(fields: Fields, path: string, value: Value): void {
  const names = parseFieldPath(path);
  const last = names.pop() ?? '';
  define(innermost(fields, names), last, value);
}

/** Deletes the value at a field path. Maps on the way are copied. */
export function deleteField(fields: Fields, path: string): void {
  const names = parseFieldPath(path);
  if (valueAt(fields, names) === undefined) return;
  const last = names.pop() ?? '';
  delete innermost(fields, names)[last];
}

function innermost(fields: Fields, names: readonly string[]): Fields {
  let map = fields;
  for (const name of names) {
    const found = Object.hasOwn(map, name) ? map[name] : undefined;
    const inner: Fields = { ...found?.mapValue?.fields };
    define(map, name, { mapValue: { fields: inner } });
    map = inner;
  }
  return map;
}

/** Sets an own property, also for a field named `__proto__`. */
function define(fields: Fields, name: string, value: Value): void {
  Object.defineProperty(fields, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });
}

/** The fields that a mask names. */
export function pickFields(fields: Fields, mask: readonly string[]): Fields {
  const picked: Fields = {};
  for (const path of mask) {
    if (path === NAME) continue;
    const value = getField(fields, path);
    if (value) setField(picked, path, value);
  }
  return picked;
}
