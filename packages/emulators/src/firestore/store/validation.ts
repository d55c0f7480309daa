/**
 * What a write may contain.
 * @see https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
 */
import { Code, StatusError } from '../errors.js';
import { parseName } from '../names.js';
import type * as v1 from '../v1.js';
import { isVector, toBuffer } from './values.js';

const MAX_DOCUMENT_BYTES = 1_048_576;
const MAX_NAME_BYTES = 6144;
const MAX_ID_BYTES = 1500;
const MAX_DEPTH = 20;
const MAX_PATH_SEGMENTS = 200;
/** Every document takes this much besides its name and its fields. */
const DOCUMENT_OVERHEAD_BYTES = 32;
const MAX_SECONDS = 253_402_300_799;
const MIN_SECONDS = -62_135_596_800;
const RESERVED = /^__.*__$/s;
const NUMERIC_ID = /^__id-?\d+__$/;

function invalid(message: string): StatusError {
  return new StatusError(Code.INVALID_ARGUMENT, message);
}

/**
 * Checks the name of a document.
 * @throws StatusError INVALID_ARGUMENT
 */
export function checkDocumentName(name: string): void {
  const { path } = parseName(name);
  if (path.length === 0 || path.length % 2 !== 0) {
    throw invalid(`Document name "${name}" has an invalid number of segments.`);
  }
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) throw invalid('The document name is too long.');
  if (path.length > MAX_PATH_SEGMENTS) throw invalid('The document name has too many segments.');
  for (const id of path) checkId(id);
}

/**
 * Checks the id of a collection or a document.
 * @throws StatusError INVALID_ARGUMENT
 */
export function checkId(id: string): void {
  if (id === '') throw invalid('Resource ids must not be empty.');
  if (id === '.' || id === '..')
    throw invalid(`Resource id "${id}" is invalid because it is "." or "..".`);
  if (id.includes('\0')) throw invalid('Resource ids must not contain a null character.');
  if (RESERVED.test(id) && !NUMERIC_ID.test(id)) {
    throw invalid(`Resource id "${id}" is invalid because it is reserved.`);
  }
  if (Buffer.byteLength(id) > MAX_ID_BYTES) {
    throw invalid(`Resource id "${id.slice(0, 20)}..." is longer than ${MAX_ID_BYTES} bytes.`);
  }
}

/**
 * Checks the fields of a document that is written.
 * @throws StatusError INVALID_ARGUMENT
 */
export function checkFields(fields: v1.Fields): void {
  checkMap(fields, 1);
}

/**
 * Checks a value, such as the operand of a transform or of a filter.
 * @param depth how deep it is in maps and arrays
 * @throws StatusError INVALID_ARGUMENT
 */
export function checkValue(value: v1.Value, depth = 1): void {
  const types = Object.keys(value).filter((type) => value[type as keyof v1.Value] != null);
  // protobufjs drops null: {nullValue: null} is what JSON's null becomes.
  if (types.length === 0 && !('nullValue' in value))
    throw invalid('Cannot convert firestore.v1.Value with type unset.');
  if (types.length > 1) throw invalid(`A value has several types: ${types.join(', ')}.`);
  const { integerValue, timestampValue, geoPointValue, referenceValue, arrayValue, mapValue } =
    value;
  if (integerValue != null) checkInteger(String(integerValue));
  if (timestampValue != null) checkTimestamp(timestampValue);
  if (geoPointValue != null) checkGeoPoint(geoPointValue);
  if (referenceValue != null) checkReference(referenceValue);
  if (arrayValue != null || mapValue != null) {
    if (depth > MAX_DEPTH) throw invalid(`Maps and arrays may be nested ${MAX_DEPTH} levels deep.`);
  }
  for (const item of arrayValue?.values ?? []) {
    if (item.arrayValue != null) throw invalid('Cannot convert an array value in an array value.');
    checkValue(item, depth + 1);
  }
  if (mapValue != null && !isVector(value)) checkMap(mapValue.fields ?? {}, depth + 1);
}

function checkMap(fields: v1.Fields, depth: number): void {
  for (const [name, value] of Object.entries(fields)) {
    if (name === '') throw invalid('Field names must not be empty.');
    if (RESERVED.test(name)) {
      throw invalid(`Field name "${name.slice(0, 100)}" is invalid because it is reserved.`);
    }
    if (Buffer.byteLength(name) > MAX_ID_BYTES) {
      throw invalid(`Field name "${name.slice(0, 20)}..." is longer than ${MAX_ID_BYTES} bytes.`);
    }
    checkValue(value, depth);
  }
}

function checkReference(name: string): void {
  if (parseName(name).path.length % 2 !== 0) {
    throw invalid(`The reference "${name.slice(0, 200)}" is that of a collection.`);
  }
}

function checkInteger(text: string): void {
  const isValid = /^-?\d{1,19}$/.test(text) && BigInt.asIntN(64, BigInt(text)) === BigInt(text);
  if (!isValid) throw invalid(`The integer ${text.slice(0, 30)} is not a 64-bit integer.`);
}

function checkTimestamp({ seconds, nanos }: v1.Timestamp): void {
  const value = Number(seconds ?? 0);
  const fraction = nanos ?? 0;
  if (!(value >= MIN_SECONDS && value <= MAX_SECONDS && fraction >= 0 && fraction < 1e9)) {
    throw invalid('A timestamp must be between the years 1 and 9999.');
  }
}

function checkGeoPoint({ latitude, longitude }: NonNullable<v1.Value['geoPointValue']>): void {
  if (!(Math.abs(latitude ?? 0) <= 90)) throw invalid('Latitude must be in [-90, 90].');
  if (!(Math.abs(longitude ?? 0) <= 180)) throw invalid('Longitude must be in [-180, 180].');
}

/**
 * Checks the size of a document.
 * @returns the size, bytes: see https://firebase.google.com/docs/firestore/storage-size
 * @throws StatusError INVALID_ARGUMENT
 */
export function checkSize(name: string, fields: v1.Fields): number {
  const { path } = parseName(name);
  const nameBytes = path.reduce((sum, id) => sum + Buffer.byteLength(id) + 1, 16);
  const size = nameBytes + sizeOfFields(fields) + DOCUMENT_OVERHEAD_BYTES;
  if (size > MAX_DOCUMENT_BYTES) {
    throw invalid(
      `Document '${name}' cannot be written because its size (${size.toLocaleString('en')} bytes) exceeds the ` +
        `maximum allowed size of ${MAX_DOCUMENT_BYTES.toLocaleString('en')} bytes.`,
    );
  }
  return size;
}

function sizeOfFields(fields: v1.Fields): number {
  return Object.entries(fields).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + 1 + sizeOfValue(value),
    0,
  );
}

function sizeOfValue(value: v1.Value): number {
  if (value.stringValue != null) return Buffer.byteLength(value.stringValue) + 1;
  if (value.bytesValue != null) return toBuffer(value.bytesValue).length;
  if (value.referenceValue != null) return Buffer.byteLength(value.referenceValue) + 1;
  if (value.mapValue != null) return sizeOfFields(value.mapValue.fields ?? {});
  if (value.arrayValue != null) {
    return (value.arrayValue.values ?? []).reduce((sum, item) => sum + sizeOfValue(item), 0);
  }
  if (value.geoPointValue != null) return 16;
  return value.booleanValue != null || value.nullValue != null ? 1 : 8;
}
