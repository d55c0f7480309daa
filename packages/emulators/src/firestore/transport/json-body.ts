/** Parses what an HTTP request consists of: its JSON body and its path. */
import { Code, StatusError } from '../errors.js';

/**
 * Parses a JSON body of any Content-Type: web SDKs send text/plain to avoid a CORS preflight request. Integers that a
 * JavaScript number cannot hold become strings, which proto3 JSON also allows.
 * @returns an empty object for an empty body
 * @throws StatusError INVALID_ARGUMENT
 */
export function parseJson(body: string): unknown {
  if (body.trim() === '') return {};
  checkDepth(body);
  try {
    return JSON.parse(MAY_HAVE_LONG_INTEGER.test(body) ? quoteLongIntegers(body) : body) as unknown;
  } catch (error) {
    const { message } = error as SyntaxError;
    throw new StatusError(Code.INVALID_ARGUMENT, `Invalid JSON payload received. ${message}`);
  }
}

/**
 * More than any valid message has: values may be nested 20 levels deep, filters 100. JSON.parse takes seconds for
 * millions of levels.
 */
const MAX_DEPTH = 1000;

/** @throws StatusError INVALID_ARGUMENT for JSON that is nested too deep */
function checkDepth(body: string): void {
  let depth = 0;
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at];
    if (character === '"') at = endOfString(body, at) - 1;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > MAX_DEPTH) {
      throw new StatusError(
        Code.INVALID_ARGUMENT,
        `Invalid JSON payload received. It is nested more than ${MAX_DEPTH} levels deep.`,
      );
    }
  }
}

/** 16 digits may exceed Number.MAX_SAFE_INTEGER. */
const MAY_HAVE_LONG_INTEGER = /[:,[\s]-?\d{16}/;
const LONG_INTEGER = /(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g;

/** Quotes integers of 16 digits or more outside of strings. */
function quoteLongIntegers(body: string): string {
  const parts: string[] = [];
  let at = 0;
  while (at < body.length) {
    const quote = body.indexOf('"', at);
    const end = quote === -1 ? body.length : quote;
    parts.push(body.slice(at, end).replace(LONG_INTEGER, '"$&"'));
    at = endOfString(body, end);
    parts.push(body.slice(end, at));
  }
  return parts.join('');
}

/** The offset after the string that starts at `start`. */
function endOfString(body: string, start: number): number {
  for (let at = start + 1; at < body.length; at += 1) {
    at = body.indexOf('"', at);
    if (at === -1) break;
    let first = at;
    while (body[first - 1] === '\\') first -= 1;
    if ((at - first) % 2 === 0) return at + 1;
  }
  return body.length;
}

/**
 * Decodes a path. An encoded slash stays encoded, since a path with several segments cannot tell it from a separator.
 * @throws StatusError INVALID_ARGUMENT
 * @see https://github.com/googleapis/googleapis/blob/master/google/api/http.proto
 */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
  } catch {
    throw new StatusError(Code.INVALID_ARGUMENT, 'The path has invalid percent-encoding.');
  }
}
