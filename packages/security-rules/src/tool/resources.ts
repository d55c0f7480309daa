/** What cases say of documents and objects -> `resource` as the services hand it to rules. */
import { int, map, openMap, NULL, path as pathValue, string, type RulesValue } from '../index.js';
import { dataValue, intValue, timestampValue } from './data.js';
import { isObject, oneOf, refuse } from './refusal.js';

type Read = (value: unknown, where: string) => RulesValue;

/** The fields that the service documents of an object's metadata, each with its type. */
const METADATA: ReadonlyMap<string, Read> = new Map<string, Read>([
  ...['name', 'bucket', 'md5Hash', 'crc32c', 'etag', 'contentDisposition', 'contentEncoding'].map(
    (name) => [name, textOrNull] as const,
  ),
  ...['contentLanguage', 'contentType'].map((name) => [name, textOrNull] as const),
  ...['size', 'generation', 'metageneration'].map((name) => [name, wholeNumber] as const),
  ...['timeCreated', 'updated'].map((name) => [name, time] as const),
  ['metadata', customMetadata],
]);

/** What Cloud Storage and the SDKs say of an object beside that: rules don't see it. */
const UNSEEN: ReadonlySet<string> = new Set([
  ...['kind', 'id', 'selfLink', 'mediaLink', 'acl', 'owner', 'storageClass', 'cacheControl'],
  ...['customTime', 'timeStorageClassUpdated', 'timeDeleted', 'timeFinalized', 'componentCount'],
  ...['temporaryHold', 'eventBasedHold', 'retention', 'retentionExpirationTime', 'kmsKeyName'],
  ...['customerEncryption', 'contexts', 'type', 'fullPath', 'downloadTokens'],
]);

/**
 * A Storage object's metadata as rules see it: fields that they don't see are left out, so that what
 * an SDK or the console shows can be pasted.
 * @throws InputError for a field that objects don't have
 */
export function objectValue(json: unknown, where: string): RulesValue {
  if (!isObject(json)) return refuse(where, "an object's metadata or null", json);
  return map(
    Object.entries(json)
      .filter(([name]) => !UNSEEN.has(name))
      .map(([name, value]) => {
        const read = METADATA.get(name) ?? refuse(where, oneOf([...METADATA.keys()]), name);
        return [name, read(value, `${where}.${name}`)];
      }),
  );
}

/** A Firestore document with these fields, as rules see it: {data, id, __name__}. */
export function documentValue(json: unknown, path: readonly string[], where: string): RulesValue {
  return map([
    ['data', map(fields(json, where))],
    ['id', string(path.at(-1) ?? '')],
    ['__name__', pathValue(path)],
  ]);
}

/** A document of which a query's filters fix these fields and nothing else is known. */
export function queriedValue(json: unknown, where: string): RulesValue {
  return openMap([['data', openMap(json == null ? [] : fields(json, where))]]);
}

function fields(json: unknown, where: string): [string, RulesValue][] {
  if (!isObject(json)) return refuse(where, "a document's fields or null", json);
  // Read as one value first, so that a document can't be {"$timestamp": …} by itself.
  const [key = ''] = Object.keys(json);
  if (Object.keys(json).length === 1 && key.startsWith('$')) {
    return refuse(where, "a document's fields", key);
  }
  return Object.entries(json).map(([name, value]) => [name, dataValue(value, `${where}.${name}`)]);
}

function textOrNull(value: unknown, where: string): RulesValue {
  if (value === null) return NULL;
  return typeof value === 'string' ? string(value) : refuse(where, 'text or null', value);
}

function wholeNumber(value: unknown, where: string): RulesValue {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return int(value);
  if (isObject(value) && typeof value['$int'] === 'string') return dataValue(value, where);
  if (typeof value === 'string') return intValue(value, where);
  return refuse(where, 'a whole number, or its digits as text', value);
}

function time(value: unknown, where: string): RulesValue {
  if (isObject(value) && '$timestamp' in value) return dataValue(value, where);
  return timestampValue(value, where);
}

function customMetadata(value: unknown, where: string): RulesValue {
  if (value === null) return NULL;
  if (!isObject(value)) return refuse(where, 'an object of texts', value);
  return map(
    Object.entries(value).map(([name, text]) => {
      if (typeof text !== 'string') return refuse(`${where}.${name}`, 'text', text);
      return [name, string(text)];
    }),
  );
}
