/** Converts documents and queries to values of the rules language. */
import { rulesPath } from '../names.js';
import type { RulesEngine, RulesValue } from './rules-engine.js';
import type * as v1 from '../v1.js';

/** `resource` for a document: {data, id, __name__}. */
export function documentValue(engine: RulesEngine, document: v1.Document): RulesValue {
  const path = rulesPath(document.name ?? '');
  return engine.map({
    data: engine.map(entries(engine, document.fields)),
    id: engine.fromJson(path.at(-1) ?? ''),
    __name__: engine.path(path),
  });
}

/** `request.query`: {limit, offset, orderBy}. */
export function queryValue(engine: RulesEngine, query: v1.Query): RulesValue {
  const order = (query.orderBy ?? []).map(({ field, direction }) => [
    field?.fieldPath ?? '',
    engine.fromJson(direction === 'DESCENDING' ? 'DESC' : 'ASC'),
  ]);
  const limit = query.limit?.value;
  return engine.map({
    limit: engine.fromJson(limit == null ? null : BigInt(limit)),
    offset: engine.fromJson(BigInt(query.offset ?? 0)),
    orderBy: engine.map(Object.fromEntries(order) as Record<string, RulesValue>),
  });
}

/** Converts a protobuf timestamp. */
export function timestampValue(engine: RulesEngine, time: v1.Timestamp): RulesValue {
  return engine.timestamp(Number(time.seconds ?? 0), time.nanos ?? 0);
}

function entries(
  engine: RulesEngine,
  fields: v1.Fields | null | undefined,
): Record<string, RulesValue> {
  const values = Object.entries(fields ?? {}).map(([name, value]) => [
    name,
    toRulesValue(engine, value),
  ]);
  return Object.fromEntries(values) as Record<string, RulesValue>;
}

/** Converts a value of a document. */
export function toRulesValue(engine: RulesEngine, value: v1.Value): RulesValue {
  if (value.booleanValue != null) return engine.fromJson(value.booleanValue);
  if (value.integerValue != null) return engine.fromJson(BigInt(String(value.integerValue)));
  if (value.doubleValue != null) return engine.float(Number(value.doubleValue));
  if (value.timestampValue) return timestampValue(engine, value.timestampValue);
  if (value.stringValue != null) return engine.fromJson(value.stringValue);
  if (value.bytesValue != null) return engine.fromJson(toBytes(value.bytesValue));
  if (value.referenceValue != null) return engine.path(rulesPath(value.referenceValue));
  if (value.geoPointValue) {
    const { latitude, longitude } = value.geoPointValue;
    return engine.latlng(latitude ?? 0, longitude ?? 0);
  }
  if (value.arrayValue) {
    return engine.list((value.arrayValue.values ?? []).map((item) => toRulesValue(engine, item)));
  }
  if (value.mapValue) return engine.map(entries(engine, value.mapValue.fields));
  return engine.fromJson(null);
}

function toBytes(bytes: Uint8Array | string): Uint8Array {
  return typeof bytes === 'string' ? Buffer.from(bytes, 'base64') : bytes;
}
