/** Reads the documents and objects of a case: `resource` as each service passes it to rules. */
import { z } from 'zod';
import { int, map, NULL, path as pathValue, string, type RulesValue } from '../index.js';
import { dataValue, INTEGER, TIMESTAMP } from './data.js';
import { anyObject, joinNames, type Place } from './input.js';

const text = z
  .string('a string or null')
  .nullable()
  .transform((value) => (value === null ? NULL : string(value)));

const WHOLE_NUMBER = 'a whole number, or its decimal digits as a string';
const wholeNumber = z.union(
  [
    z.int().transform(int),
    INTEGER,
    z.strictObject({ $int: INTEGER }).transform(({ $int }) => $int),
  ],
  WHOLE_NUMBER,
);

const TIME = 'an RFC 3339 time such as "2025-01-31T12:00:00Z"';
const time = z.union(
  [TIMESTAMP, z.strictObject({ $timestamp: TIMESTAMP }).transform((value) => value.$timestamp)],
  TIME,
);

// Not z.record, which drops a key named __proto__.
const customMetadata = anyObject('an object of strings')
  .nullable()
  .transform((fields, context): RulesValue => {
    if (fields === null) return NULL;
    return map(
      Object.entries(fields).map(([name, value]) => {
        if (typeof value === 'string') return [name, string(value)];
        context.addIssue({ code: 'custom', path: [name], message: 'a string' });
        return [name, NULL];
      }),
    );
  });

/** The documented metadata of an object: https://firebase.google.com/docs/reference/rules/rules.storage.Resource */
const METADATA: ReadonlyMap<string, z.ZodType<RulesValue>> = new Map<string, z.ZodType<RulesValue>>(
  Object.entries({
    name: text,
    bucket: text,
    md5Hash: text,
    crc32c: text,
    etag: text,
    contentDisposition: text,
    contentEncoding: text,
    contentLanguage: text,
    contentType: text,
    size: wholeNumber,
    generation: wholeNumber,
    metageneration: wholeNumber,
    timeCreated: time,
    updated: time,
    metadata: customMetadata,
  }),
);

/** Metadata of Cloud Storage and of the SDKs that rules do not see. */
const IGNORED_METADATA: ReadonlySet<string> = new Set([
  ...['kind', 'id', 'selfLink', 'mediaLink', 'acl', 'owner', 'storageClass', 'cacheControl'],
  ...['customTime', 'timeStorageClassUpdated', 'timeDeleted', 'timeFinalized', 'componentCount'],
  ...['temporaryHold', 'eventBasedHold', 'retention', 'retentionExpirationTime', 'kmsKeyName'],
  ...['customerEncryption', 'contexts', 'type', 'fullPath', 'downloadTokens'],
]);

/**
 * Reads the metadata of a Cloud Storage object. Metadata that rules do not see is left out, so that the
 * output of an SDK or of the console can be pasted.
 * @throws InputError for a field that objects do not have
 */
export function objectValue(json: unknown, place: Place): RulesValue {
  const metadata = place.parse(anyObject("an object's metadata or null"), json);
  return map(
    Object.entries(metadata)
      .filter(([name]) => !IGNORED_METADATA.has(name))
      .map(([name, value]) => {
        const schema = METADATA.get(name) ?? place.fail(joinNames([...METADATA.keys()]), name);
        return [name, place.at(name).parse(schema, value)];
      }),
  );
}

/** A Firestore document with these fields, as rules see it: {data, id, __name__}. */
export function documentValue(json: unknown, path: readonly string[], place: Place): RulesValue {
  return map([
    ['data', map(fieldsOf(json, place))],
    ['id', string(path.at(-1) ?? '')],
    ['__name__', pathValue(path)],
  ]);
}

/** A document that a query may return: only the fields that the query's filters fix are known. */
export function queriedValue(json: unknown, place: Place): RulesValue {
  return map([['data', map(json == null ? [] : fieldsOf(json, place))]]);
}

function fieldsOf(json: unknown, place: Place): [string, RulesValue][] {
  const fields = place.parse(anyObject("a document's fields or null"), json);
  const names = Object.keys(fields);
  // A document is a map: {"$timestamp": …} as the whole document is a mistake.
  if (names.length === 1 && names[0]?.startsWith('$')) {
    return place.fail("a document's fields", names[0]);
  }
  return Object.entries(fields).map(([name, value]) => [name, dataValue(value, place.at(name))]);
}
