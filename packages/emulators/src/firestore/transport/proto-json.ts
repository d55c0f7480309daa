/**
 * Converts proto3 JSON to plain objects, and reports what does not fit the message's type in the words of Google's
 * REST APIs. Stricter than Google's emulator, as their production is: a number is no string.
 * @see https://protobuf.dev/programming-guides/json/
 */
import { protobuf } from 'google-gax';
import { Code, StatusError } from '../errors.js';
import { readScalar, REFUSED, typeName, type AnyField } from './proto-json-scalars.js';
import { parseTimestamp } from './timestamps.js';

/** As protobuf's own parsers; a document's maps nest at most 20 levels. */
const MAX_DEPTH = 100;
const MAX_VIOLATIONS = 16;
const MAX_ECHO = 200;
const NULL_VALUE = '.google.protobuf.NullValue';
const TIMESTAMP = '.google.protobuf.Timestamp';
const WRAPPER = /^\.google\.protobuf\.\w+Value$/;

interface Violation {
  field: string;
  description: string;
}

type Json = Readonly<Record<string, unknown>>;

/** Where a message is in the request. */
interface Place {
  path: string;
  depth: number;
}

/**
 * Converts a message; its fields can have camel case or snake case names.
 * @param at the path of the message in the request, for errors; '' for the request itself
 * @returns an object as `Type.toObject` returns it: 64-bit integers and enums as text, bytes as Buffer
 * @throws StatusError INVALID_ARGUMENT that names every field that does not fit, 16 at most
 */
export function messageFromJson(type: protobuf.Type, json: unknown, at = ''): object {
  const reader = new Reader();
  const message = reader.root(type, json, at);
  throwViolations(reader.violations);
  return message;
}

/** @throws StatusError INVALID_ARGUMENT in the form of google.rpc.BadRequest, if there are violations */
export function throwViolations(violations: readonly Violation[]): void {
  if (violations.length === 0) return;
  const fieldViolations = violations.map(({ field, description }) =>
    field === '' ? { description } : { field, description },
  );
  const message = violations.map(({ description }) => description).join('\n');
  const details = { '@type': 'type.googleapis.com/google.rpc.BadRequest', fieldViolations };
  throw new StatusError(Code.INVALID_ARGUMENT, message, [details]);
}

/** The field of a type with a name in camel case or snake case. */
export function findField(type: protobuf.Type, name: string): protobuf.Field | undefined {
  let fields = fieldsByName.get(type);
  if (!fields) {
    fields = new Map(
      type.fieldsArray.flatMap((field): [string, protobuf.Field][] => [
        [field.name, field.resolve()],
        [toSnakeCase(field.name), field],
      ]),
    );
    fieldsByName.set(type, fields);
  }
  return fields.get(name);
}

/** `structuredQuery` to `structured_query`. */
export function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const fieldsByName = new WeakMap<protobuf.Type, Map<string, protobuf.Field>>();

class Reader {
  readonly violations: Violation[] = [];

  root(type: protobuf.Type, json: unknown, at: string): object {
    if (isObject(json)) return this.#message(type, json, { path: at, depth: 1 });
    this.#refuse(at, unknownName('', at, 'Root element must be a message.'));
    return {};
  }

  #message(type: protobuf.Type, json: Json, { path, depth }: Place): object {
    const message: Record<string, unknown> = {};
    const oneofs = new Set<string>();
    for (const [name, value] of Object.entries(json)) {
      if (this.violations.length >= MAX_VIOLATIONS) break;
      const field = findField(type, name);
      if (!field) {
        this.#refuse(path, unknownName(name, path, 'Cannot find field.'));
        continue;
      }
      // null means that the field is absent, except for NullValue, which has no other value.
      if (value === null && field.resolvedType?.fullName !== NULL_VALUE) continue;
      const oneof = field.partOf?.name;
      if (oneof !== undefined && oneofs.has(oneof)) {
        this.#refuse(
          path,
          `Invalid value${atPath(path)} (oneof), oneof field '${toSnakeCase(oneof)}' is already set. Cannot set '${name}'`,
        );
        continue;
      }
      if (oneof !== undefined) oneofs.add(oneof);
      const place = { path: join(path, field.name), depth };
      if (depth >= MAX_DEPTH) {
        this.#refuse(path, `Invalid JSON payload received. Message too deep. Max recursion depth reached for key '${echo(name)}'`); // prettier-ignore
        break;
      }
      message[field.name] = this.#field(field, name, value, place);
    }
    return message;
  }

  #field(field: protobuf.Field, name: string, value: unknown, place: Place): unknown {
    if (field instanceof protobuf.MapField) return this.#map(field, value, place);
    if (!field.repeated) {
      if (!Array.isArray(value)) return this.#value(field, value, place);
      const parent = place.path.slice(0, Math.max(0, place.path.lastIndexOf('.')));
      this.#refuse(
        parent,
        unknownName(name, parent, 'Proto field is not repeating, cannot start list.'),
      );
      return undefined;
    }
    if (!Array.isArray(value)) return this.#refuseValue(field, value, place.path);
    const items: unknown[] = [];
    for (const [index, item] of (value as unknown[]).entries()) {
      if (this.violations.length >= MAX_VIOLATIONS) break;
      items.push(this.#value(field, item, { ...place, path: `${place.path}[${index}]` }));
    }
    return items;
  }

  #map(field: AnyField, value: unknown, place: Place): unknown {
    if (!isObject(value)) return this.#refuseValue(field, value, place.path);
    const entries: Record<string, unknown> = {};
    for (const [index, [key, item]] of Object.entries(value).entries()) {
      if (this.violations.length >= MAX_VIOLATIONS) break;
      const path = `${place.path}[${index}]`;
      if (key === '__proto__' || /\p{Surrogate}/u.test(key)) {
        this.#refuse(path, `Invalid value at '${path}.key' (TYPE_STRING), "${echo(key)}"`);
        continue;
      }
      entries[key] = this.#value(field, item, { ...place, path: `${path}.value` });
    }
    return entries;
  }

  #value(field: AnyField, value: unknown, place: Place): unknown {
    const type = field.resolvedType;
    if (!(type instanceof protobuf.Type)) {
      const result = readScalar(field, value);
      if (!('problem' in result)) return result.value;
      return this.#refuseValue(field, value, place.path, result.problem);
    }
    if (type.fullName === TIMESTAMP) return this.#timestamp(field, value, place.path);
    const valueField = WRAPPER.test(type.fullName) ? type.fields['value'] : undefined;
    if (valueField && !isObject(value)) {
      const inner = { ...place, path: join(place.path, 'value') };
      return { value: this.#value(valueField.resolve(), value, inner) };
    }
    if (!isObject(value)) return this.#refuseValue(field, value, place.path);
    return this.#message(type, value, { path: place.path, depth: place.depth + 1 });
  }

  #timestamp(field: AnyField, value: unknown, path: string): unknown {
    if (typeof value !== 'string') return this.#refuseValue(field, value, path);
    const timestamp = parseTimestamp(value);
    if (typeof timestamp !== 'string') return timestamp;
    return this.#refuseValue(field, value, path, `Field '${field.name}', ${timestamp}`);
  }

  #refuseValue(
    field: AnyField,
    value: unknown,
    path: string,
    problem: string = REFUSED,
  ): undefined {
    const reason = problem === REFUSED ? echoValue(value) : problem;
    this.#refuse(
      path,
      `Invalid value at '${path}' (${typeName(field, path.endsWith('.value'))}), ${reason}`,
    );
    return undefined;
  }

  #refuse(field: string, description: string): void {
    this.violations.push({ field, description });
  }
}

function unknownName(name: string, path: string, reason: string): string {
  return `Invalid JSON payload received. Unknown name "${echo(name)}"${atPath(path)}: ${reason}`;
}

function atPath(path: string): string {
  return path === '' ? '' : ` at '${path}'`;
}

function join(path: string, name: string): string {
  const last = toSnakeCase(name);
  return path === '' ? last : `${path}.${last}`;
}

function echo(text: string): string {
  return text.length > MAX_ECHO ? `${text.slice(0, MAX_ECHO)}...` : text;
}

function echoValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(echo(value));
  if (Array.isArray(value)) return '[...]';
  return isObject(value) ? '{...}' : String(value);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
