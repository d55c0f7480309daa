/** What an address asks for. */
import { formatOfExtension, type Format } from '../domain/format.js';
import { isToken } from '../domain/token.js';

export interface Route {
  token: string;
  /** Absent: the manifest, or by `width`. */
  variant?: string;
  /** Absent: negotiated. */
  format?: Format;
  /** Device pixels; whichever variant is at least that wide. */
  width?: number;
}

/** A variant's name, as VARIANT_GRAMMAR has it, and maybe an extension. */
const FILE = /^([A-Za-z0-9_-]{1,40})(?:\.([a-z]{1,8}))?$/;

/** Wider and denser than any screen. */
const MOST_WIDTH = 100_000;
const MOST_DENSITY = 100;

/**
 * Reads `…/{token}`, `…/{token}?w=360&dpr=2`, `…/{token}/{variant}` or `…/{token}/{variant}.{ext}` at
 * the end of an address; what comes before is whatever a rewrite or a function's address has there.
 * @param path as the request has it, not decoded: no token or variant needs an escape
 * @param query without its question mark. Only `w` and `dpr` are read, and only beside a token alone:
 *   tools add others (`q`, `auto`, `utm_source`), and a variant's address is exact
 * @returns undefined when the path is none of these or its token can't be one; `bad-request` when the
 *   path is right and the query is not
 */
export function parseRoute(path: string, query = ''): Route | 'bad-request' | undefined {
  const segments = path.split('/');
  const last = segments.pop() ?? '';
  if (isToken(last)) return query === '' ? { token: last } : withWidth(last, query);
  const token = segments.pop() ?? '';
  const [, variant, extension] = FILE.exec(last) ?? [];
  if (variant === undefined || !isToken(token)) return undefined;
  if (extension === undefined) return { token, variant };
  const format = formatOfExtension(extension);
  return format && { token, variant, format };
}

function withWidth(token: string, query: string): Route | 'bad-request' {
  const parameters = new URLSearchParams(query);
  const [w, dpr] = [parameters.get('w'), parameters.get('dpr')];
  if (w === null) return dpr === null ? { token } : 'bad-request';
  const width = positive(w, MOST_WIDTH);
  const density = positive(dpr ?? '1', MOST_DENSITY);
  if (width === undefined || density === undefined) return 'bad-request';
  return { token, width: Math.ceil(width * density) };
}

function positive(text: string, most: number): number | undefined {
  const value = /^\d{1,6}(\.\d{1,6})?$/.test(text) ? Number(text) : NaN;
  return value > 0 && value <= most ? value : undefined;
}
