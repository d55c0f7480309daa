/** Values of fields in exports: the values of Firestore as those of Cloud Datastore. */
import type * as v1 from '../v1.js';
import {
  decodeEntity,
  encodeEntity,
  type PathElement,
  type Property,
  type PropertyValue,
} from './entity-proto.js';

/** `Property.Meaning`: what a value is when its type alone does not say it. */
const TIMESTAMP = 7;
const GEO_POINT = 9;
const BYTES = 14;
/** A short string of bytes in Datastore. */
const BYTE_STRING = 16;
const MAP = 19;
const EMPTY_ARRAY = 24;
const VECTOR = 31;

const MICROSECONDS = 1_000_000n;

/** The database that a name belongs to. */
export interface Database {
  project: string;
  database: string;
}

/** How Datastore names a database; `databaseId` is absent for the default one. */
export interface DatastoreName {
  app: string;
  databaseId?: string;
}

const DEFAULT = '(default)';

export function toDatastoreName({ project, database }: Database): DatastoreName {
  return { app: `dev~${project}`, ...(database !== DEFAULT && { databaseId: database }) };
}

/** Reads the names of exports of the emulator (`dev~P`) and of production (a letter, such as `s~P` or `e~P`). */
export function toDatabase({ app, databaseId }: DatastoreName): Database {
  return { project: app.replace(/^[^~]*~/, ''), database: databaseId || DEFAULT };
}

/** A path of collections and ids in turn as a path of Datastore. */
export function toPathElements(path: readonly string[]): PathElement[] {
  const elements: PathElement[] = [];
  for (let index = 0; index < path.length; index += 2) {
    const [type = '', name = ''] = path.slice(index);
    // Firestore writes numeric ids of Datastore this way.
    const [, id] = /^__id(-?\d+)__$/.exec(name) ?? [];
    elements.push(id === undefined ? { type, name } : { type, id });
  }
  return elements;
}

export function toPath(elements: readonly PathElement[]): string[] {
  return elements.flatMap(({ type, id, name }) => [type, name ?? `__id${id ?? '0'}__`]);
}

/** The properties of fields; each item of an array or a vector is a property. */
export function toProperties(fields: v1.Fields): Property[] {
  return Object.entries(fields).flatMap(([name, value]): Property[] => {
    const vector = vectorOf(value);
    if (vector) {
      return vector.map((doubleValue) => ({ meaning: VECTOR, name, multiple: true, value: { doubleValue } })); // prettier-ignore
    }
    if (!value.arrayValue) return [{ name, multiple: false, ...toProperty(value) }];
    const items = value.arrayValue.values ?? [];
    if (items.length === 0) return [{ meaning: EMPTY_ARRAY, name, multiple: false, value: {} }];
    return items.map((item) => ({ name, multiple: true, ...toProperty(item) }));
  });
}

/** The numbers of a vector: the SDKs write it as a map. */
function vectorOf({ mapValue }: v1.Value): number[] | undefined {
  const { __type__: type, value, ...others } = mapValue?.fields ?? {};
  if (type?.stringValue !== '__vector__' || Object.keys(others).length > 0) return undefined;
  const numbers = value?.arrayValue?.values?.map(({ doubleValue }) => doubleValue) ?? [];
  const isVector = numbers.length > 0 && numbers.every((number) => typeof number === 'number');
  return isVector ? numbers : undefined;
}

function toProperty(value: v1.Value): Pick<Property, 'meaning' | 'value'> {
  if (value.timestampValue) {
    const { seconds, nanos } = value.timestampValue;
    const microseconds = BigInt(String(seconds ?? 0)) * MICROSECONDS + BigInt(Math.floor((nanos ?? 0) / 1000)); // prettier-ignore
    return { meaning: TIMESTAMP, value: { int64Value: String(microseconds) } };
  }
  if (value.geoPointValue) {
    const { latitude, longitude } = value.geoPointValue;
    return { meaning: GEO_POINT, value: { pointValue: { x: latitude ?? 0, y: longitude ?? 0 } } };
  }
  if (value.mapValue) {
    const rawProperty = toProperties(value.mapValue.fields ?? {});
    const key = { app: '', path: { element: [] } };
    const stringValue = encodeEntity({ key, entityGroup: { element: [] }, rawProperty });
    return { meaning: MAP, value: { stringValue } };
  }
  if (value.bytesValue != null) {
    return { meaning: BYTES, value: { stringValue: Buffer.from(value.bytesValue) } };
  }
  return { value: toPlainValue(value) };
}

function toPlainValue(value: v1.Value): PropertyValue {
  const { booleanValue, integerValue, doubleValue, stringValue, referenceValue } = value;
  if (booleanValue != null) return { booleanValue };
  if (integerValue != null) return { int64Value: String(integerValue) };
  if (doubleValue != null) return { doubleValue };
  if (stringValue != null) return { stringValue: Buffer.from(stringValue) };
  if (referenceValue != null) {
    const [, project = '', , database = '', , ...path] = referenceValue.split('/');
    const name = toDatastoreName({ project, database });
    return { referenceValue: { ...name, pathElement: toPathElements(path) } };
  }
  return {};
}

/**
 * The fields that properties are.
 * @param nameOf the name of a document that a value refers to
 * @throws Error when a property is none of Firestore's
 */
export function toFields(
  properties: readonly Property[],
  nameOf: (database: Database, path: string[]) => string,
): v1.Fields {
  const fields: v1.Fields = {};
  const lists = new Map<string, v1.Value[]>();
  const define = (name: string, value: v1.Value): void => {
    // A field may have any name, such as "__proto__".
    Object.defineProperty(fields, name, { value, enumerable: true, configurable: true });
  };
  for (const property of properties) {
    const { name, multiple, meaning } = property;
    if (meaning === EMPTY_ARRAY) {
      define(name, { arrayValue: { values: [] } });
    } else if (!multiple) {
      define(name, toValue(property, nameOf));
    } else {
      const list = lists.get(name) ?? [];
      if (list.length === 0) {
        lists.set(name, list);
        const array = { arrayValue: { values: list } };
        define(name, meaning === VECTOR ? { mapValue: { fields: vectorFields(array) } } : array);
      }
      list.push(toValue(property, nameOf));
    }
  }
  return fields;
}

function vectorFields(value: v1.Value): v1.Fields {
  return { __type__: { stringValue: '__vector__' }, value };
}

function toValue(
  { meaning, value }: Property,
  nameOf: (database: Database, path: string[]) => string,
): v1.Value {
  const { int64Value, stringValue, pointValue, referenceValue } = value;
  if (int64Value !== undefined) {
    return meaning === TIMESTAMP
      ? { timestampValue: timestampOf(BigInt(int64Value)) }
      : { integerValue: int64Value };
  }
  if (stringValue) {
    if (meaning === BYTES || meaning === BYTE_STRING)
      return { bytesValue: Buffer.from(stringValue) };
    if (meaning !== MAP) return { stringValue: Buffer.from(stringValue).toString() };
    const { property = [], rawProperty = [] } = decodeEntity(stringValue);
    return { mapValue: { fields: toFields([...property, ...rawProperty], nameOf) } };
  }
  if (pointValue) return { geoPointValue: { latitude: pointValue.x, longitude: pointValue.y } };
  if (referenceValue) {
    const { pathElement = [], ...name } = referenceValue;
    return { referenceValue: nameOf(toDatabase(name), toPath(pathElement)) };
  }
  if (value.booleanValue !== undefined) return { booleanValue: value.booleanValue };
  if (value.doubleValue !== undefined) return { doubleValue: value.doubleValue };
  return { nullValue: 'NULL_VALUE' };
}

function timestampOf(microseconds: bigint): v1.Timestamp {
  const rest = ((microseconds % MICROSECONDS) + MICROSECONDS) % MICROSECONDS;
  return { seconds: String((microseconds - rest) / MICROSECONDS), nanos: Number(rest) * 1000 };
}
