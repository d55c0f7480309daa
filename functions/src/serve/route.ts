/** What a path asks for. */
import { formatOfExtension, type Format } from '../images/format.js';
import { isToken } from '../tokens/token.js';

export interface Route {
  token: string;
  /** Absent: the manifest. */
  variant?: string;
  /** Absent: negotiated. */
  format?: Format;
}

/** A variant's name, as VARIANT_GRAMMAR has it, and maybe an extension. */
const FILE = /^([A-Za-z0-9_-]{1,40})(?:\.([a-z]{1,8}))?$/;

/**
 * Reads `…/{token}`, `…/{token}/{variant}` or `…/{token}/{variant}.{ext}` at the end of a path; what
 * comes before is whatever a rewrite or a function's address has there.
 * @param path as the request has it, not decoded: no token or variant needs an escape
 * @returns undefined when the path is none of these or its token can't be one
 */
export function parseRoute(path: string): Route | undefined {
  const segments = path.split('/');
  const last = segments.pop() ?? '';
  if (isToken(last)) return { token: last };
  const token = segments.pop() ?? '';
  const [, variant, extension] = FILE.exec(last) ?? [];
  if (variant === undefined || !isToken(token)) return undefined;
  if (extension === undefined) return { token, variant };
  const format = formatOfExtension(extension);
  return format && { token, variant, format };
}
