/** Short forms of the REST requests that the reference tables are made of. */

/** The project of all requests. */
export const PROJECT = 'demo-reference';
export const DATABASE = `projects/${PROJECT}/databases/(default)`;
export const ROOT = `${DATABASE}/documents`;

/** One request of a table. `{{name}}` in it is replaced by what an earlier case has kept. */
export interface Case {
  name: string;
  method: string;
  /** With the leading slash. */
  path: string;
  /** Text is sent as it is. */
  body?: unknown;
  /** The signed-in user; the default is the owner. */
  uid?: string;
  /** An ID token as it is sent; replaces `uid`. */
  token?: string;
  /** Keeps a value of the response under a name, such as `transaction` or `0.transaction`. */
  keep?: { as: string; from: string };
}

/** Requests that run one after another on a database with some documents. */
export interface Table {
  name: string;
  /** Fields by path. */
  documents: Record<string, Record<string, unknown>>;
  cases: Case[];
}

/** A value that JavaScript cannot express; `encode` returns it as it is. */
class Raw {
  constructor(readonly value: object) {}
}

export const double = (value: number | string): Raw => new Raw({ doubleValue: value });
export const long = (digits: string): Raw => new Raw({ integerValue: digits });
export const bytes = (base64: string): Raw => new Raw({ bytesValue: base64 });
export const time = (text: string): Raw => new Raw({ timestampValue: text });
export const geo = (latitude: number, longitude: number): Raw =>
  new Raw({ geoPointValue: { latitude, longitude } });
export const reference = (path: string): Raw => new Raw({ referenceValue: `${ROOT}/${path}` });
/** A value in REST form, also a wrong one. */
export const raw = (value: object): Raw => new Raw(value);
export const NAN = double('NaN');

/** @returns the REST form of a value; whole numbers become integers */
export function encode(value: unknown): object {
  if (value instanceof Raw) return value.value;
  if (value === null) return { nullValue: null };
  if (typeof value === 'boolean') return { booleanValue: value };
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'number') {
    return Number.isInteger(value) ? { integerValue: `${value}` } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(encode) } };
  return { mapValue: { fields: encodeFields(value as object) } };
}

export function encodeFields(fields: object): Record<string, object> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, encode(value)]));
}

const OPERATORS: Record<string, string> = {
  '<': 'LESS_THAN',
  '<=': 'LESS_THAN_OR_EQUAL',
  '>': 'GREATER_THAN',
  '>=': 'GREATER_THAN_OR_EQUAL',
  '==': 'EQUAL',
  '!=': 'NOT_EQUAL',
  has: 'ARRAY_CONTAINS',
  'has-any': 'ARRAY_CONTAINS_ANY',
  in: 'IN',
  'not-in': 'NOT_IN',
};

/** @param operator of the SDKs, or a name of the REST API */
export function where(fieldPath: string, operator: string, value: unknown): object {
  const op = OPERATORS[operator] ?? operator;
  return { fieldFilter: { field: { fieldPath }, op, value: encode(value) } };
}

export const unary = (fieldPath: string, op: string): object => ({
  unaryFilter: { field: { fieldPath }, op },
});
export const all = (...filters: object[]): object => ({ compositeFilter: { op: 'AND', filters } });
export const any = (...filters: object[]): object => ({ compositeFilter: { op: 'OR', filters } });

/** `n`, or `n desc` */
export function order(...parts: string[]): object[] {
  return parts.map((part) => {
    const [fieldPath = '', direction = 'asc'] = part.split(' ');
    return { field: { fieldPath }, direction: direction === 'desc' ? 'DESCENDING' : 'ASCENDING' };
  });
}

export const cursor = (values: unknown[], before: boolean): object => ({
  values: values.map(encode),
  before,
});

export const from = (collectionId: string): object => ({ from: [{ collectionId }] });
export const fromGroup = (collectionId: string): object => ({
  from: [{ collectionId, allDescendants: true }],
});

/** Sends a body to a method of a database or document. */
export function call(name: string, method: string, body: unknown, parent = ROOT): Case {
  return { name, method: 'POST', path: `/v1/${parent}:${method}`, body };
}

export function query(name: string, structuredQuery: object, more: object = {}): Case {
  return call(name, 'runQuery', { structuredQuery, ...more });
}

export function aggregate(name: string, structuredQuery: object, ...aggregations: object[]): Case {
  const structuredAggregationQuery = { structuredQuery, aggregations };
  return call(name, 'runAggregationQuery', { structuredAggregationQuery });
}

export function get(name: string, path: string): Case {
  return { name, method: 'GET', path: `/v1/${ROOT}/${path}` };
}

export function commit(name: string, writes: object[], more: object = {}): Case {
  return call(name, 'commit', { writes, ...more });
}

export const set = (path: string, fields: object, more: object = {}): object => ({
  update: { name: `${ROOT}/${path}`, fields: encodeFields(fields) },
  ...more,
});

export const remove = (path: string, more: object = {}): object => ({
  delete: `${ROOT}/${path}`,
  ...more,
});

export const exists = (value: boolean): object => ({ currentDocument: { exists: value } });
export const mask = (...fieldPaths: string[]): object => ({ updateMask: { fieldPaths } });

/** A write that only transforms fields of a document. */
export function transform(path: string, ...updateTransforms: object[]): object {
  return set(path, {}, { ...mask(), updateTransforms });
}

export const increment = (fieldPath: string, value: unknown): object => ({
  fieldPath,
  increment: encode(value),
});
