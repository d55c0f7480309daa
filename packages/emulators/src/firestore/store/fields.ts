/** Document fields by field path, as in masks, filters and orders. */
import type { Fields, Value } from '../v1.js';

/** Splits a field path such as a.b or `odd.name`.c into its names. */
export function parseFieldPath(path: string): string[] {
  const names: string[] = [];
  const pattern = /`((?:[^`\\]|\\.)*)`|([^.`]+)/gs;
  for (const [, quoted, plain] of path.matchAll(pattern)) {
    names.push(quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/gs, '$1'));
  }
  return names;
}

/** The value at a field path, or undefined. */
export function getField(fields: Fields, path: string): Value | undefined {
  let map: Fields | null | undefined = fields;
  let value: Value | undefined;
  for (const name of parseFieldPath(path)) {
    value = map && Object.hasOwn(map, name) ? map[name] : undefined;
    map = value?.mapValue?.fields;
  }
  return value;
}

/** Sets the value at a field path; creates missing maps. */
export function setField(fields: Fields, path: string, value: Value): void {
  const names = parseFieldPath(path);
  const last = names.pop();
  if (last === undefined) return;
  let map = fields;
  for (const name of names) {
    const inner: Fields = { ...map[name]?.mapValue?.fields };
    map[name] = { mapValue: { fields: inner } };
    map = inner;
  }
  map[last] = value;
}

/** The fields that a mask names. */
export function pickFields(fields: Fields, mask: readonly string[]): Fields {
  const picked: Fields = {};
  for (const path of mask) {
    const value = getField(fields, path);
    if (value) setField(picked, path, value);
  }
  return picked;
}
