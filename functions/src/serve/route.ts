/** Parses the URL of a request: token, variant, format, width. */
import { formatOfExtension, isCommonFormat, type Format } from '../domain/format.js';
import { isSealed } from '../domain/seal-codec.js';
import { isToken } from '../domain/token-text.js';
import { isTooLong } from './length-limits.js';

export interface Route {
  /** A public token, or a sealed one. */
  token: string;
  /** Absent: selected by `width`, or, without a width, the manifest. */
  variant?: string;
  /** From the extension or from `f`; absent: negotiated. */
  format?: Format;
  /** Device pixels; selects the narrowest variant that is at least this wide. */
  width?: number;
}

/** Why a URL has no route: the codes of the refusals that it gets. */
export type RouteFailure = 'not-found' | 'bad-request';

/** The URL of the keys that seal tokens: `{base}/seal-keys.json`. */
const SEAL_KEYS = 'seal-keys.json';

/** A variant's name (see VARIANT_GRAMMAR) with an optional extension. */
const FILE_NAME = /^([A-Za-z0-9_-]{1,40})(?:\.([a-z]{1,8}))?$/;

/** Upper limits of `w`, in CSS pixels, and of `dpr`; beyond any screen. */
const MAX_WIDTH = 100_000;
const MAX_DENSITY = 100;

/**
 * Parses `…/{token}`, `…/{token}?w=360&dpr=2&f=webp`, `…/{token}/{variant}` or `…/{token}/{variant}.{ext}`.
 * Anything may come before the token: the path of a rewrite, or of the function itself. A sealed token may take the
 * place of the token.
 *
 * Of the query only `w`, `dpr` and `f` are read, and only without a variant. Other parameters are ignored
 * because tools add them (`q`, `auto`, `utm_source`).
 * @param url path and query as in the request, not decoded: no token or variant needs an escape
 * @returns `seal-keys` for `…/seal-keys.json`; `not-found` when the path has none of these forms, its token is malformed or it is over its
 *   length limit; `bad-request` when only the query is malformed or over its length limit
 */
export function parseRoute(url: string): Route | 'seal-keys' | RouteFailure {
  const queryStart = url.indexOf('?');
  const path = queryStart < 0 ? url : url.slice(0, queryStart);
  if (isTooLong('path', path)) return 'not-found';
  const lastSlash = path.lastIndexOf('/');
  const last = path.slice(lastSlash + 1);
  if (isTokenOrSealed(last)) {
    return queryStart < 0 ? { token: last } : parseQuery(last, url.slice(queryStart + 1));
  }
  if (lastSlash < 0) return 'not-found';
  const token = path.slice(path.lastIndexOf('/', lastSlash - 1) + 1, lastSlash);
  if (!isTokenOrSealed(token)) return last === SEAL_KEYS ? 'seal-keys' : 'not-found';
  const [, variant, extension] = FILE_NAME.exec(last) ?? [];
  if (variant === undefined) return 'not-found';
  if (extension === undefined) return { token, variant };
  const format = formatOfExtension(extension);
  return format ? { token, variant, format } : 'not-found';
}

function isTokenOrSealed(text: string): boolean {
  return isToken(text) || isSealed(text);
}

function parseQuery(token: string, query: string): Route | RouteFailure {
  if (isTooLong('query', query)) return 'bad-request';
  const parameters = new URLSearchParams(query);
  const [w, dpr, f] = [parameters.get('w'), parameters.get('dpr'), parameters.get('f')];
  if (w === null) return dpr === null && f === null ? { token } : 'bad-request';
  const width = parsePositive(w, MAX_WIDTH);
  const density = parsePositive(dpr ?? '1', MAX_DENSITY);
  if (width === undefined || density === undefined) return 'bad-request';
  const route = { token, width: Math.ceil(width * density) };
  if (f === null) return route;
  const format = formatOfExtension(f);
  // Only variants that have no other format are PNG: a width selects none of them for its format.
  return format && isCommonFormat(format) ? { ...route, format } : 'bad-request';
}

function parsePositive(text: string, max: number): number | undefined {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
  return value > 0 && value <= max ? value : undefined;
}
