/** Query parameters of REST requests: the fields of the request message that neither path nor body contain. */
import { protobuf } from 'google-gax';
import { findField, messageFromJson, throwViolations } from './proto-json.js';

/** Parameters of every Google API. @see https://cloud.google.com/apis/docs/system-parameters */
const SYSTEM_PARAMETERS: ReadonlySet<string> = new Set(
  [
    'access_token',
    'alt',
    'callback',
    'fields',
    'key',
    'oauth_token',
    'prettyPrint',
    'quotaUser',
    'upload_protocol',
    'uploadType',
    'userProject',
    'xgafv',
    '.xgafv',
  ].flatMap((name) => [name, `$${name}`]),
);

/**
 * Reads the parameters of a request, such as `mask.fieldPaths=a&mask.fieldPaths=b`.
 * @param type of the request message
 * @param allowed names of its fields, in camel case, that can be parameters
 * @throws StatusError INVALID_ARGUMENT for an unknown parameter or a value that does not fit
 */
export function readQueryParameters(
  search: URLSearchParams,
  type: protobuf.Type,
  allowed: readonly string[],
): object {
  const json: Record<string, unknown> = {};
  const violations: { field: string; description: string }[] = [];
  for (const name of new Set(search.keys())) {
    if (SYSTEM_PARAMETERS.has(name)) continue;
    const fields = findPath(type, name);
    if (!fields || !allowed.includes(fields[0]?.name ?? '')) {
      const description = `Invalid JSON payload received. Unknown name "${name.slice(0, 200)}": Cannot bind query parameter. Field '${name.slice(0, 200)}' could not be found in request message.`;
      violations.push({ field: '', description });
      if (violations.length >= 16) break;
      continue;
    }
    setValue(json, fields, search.getAll(name));
  }
  throwViolations(violations);
  return messageFromJson(type, json);
}

/** The fields that `mask.fieldPaths` names, the last of which can be written as text. */
function findPath(type: protobuf.Type, name: string): protobuf.Field[] | undefined {
  const fields: protobuf.Field[] = [];
  let message: protobuf.Type | undefined = type;
  for (const part of name.split('.')) {
    const field: protobuf.Field | undefined = message && findField(message, part);
    if (!field || field instanceof protobuf.MapField) return undefined;
    fields.push(field);
    message = field.resolvedType instanceof protobuf.Type ? field.resolvedType : undefined;
  }
  const isText = !message || /^\.google\.protobuf\.(?:Timestamp|\w+Value)$/.test(message.fullName);
  return isText ? fields : undefined;
}

function setValue(json: Record<string, unknown>, path: protobuf.Field[], texts: string[]): void {
  const last = path.at(-1);
  if (!last) return;
  let parent = json;
  for (const { name } of path.slice(0, -1)) {
    parent[name] ??= {};
    parent = parent[name] as Record<string, unknown>;
  }
  const values = texts.map((text) => (last.type === 'bool' ? toBoolean(text) : text));
  // A list for a field that takes one value is reported when the message is read.
  parent[last.name] = last.repeated || values.length > 1 ? values : values[0];
}

function toBoolean(text: string): boolean | string {
  return text === 'true' || text === 'false' ? text === 'true' : text;
}
