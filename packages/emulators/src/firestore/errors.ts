/** Errors as gRPC and REST clients receive them: status code, HTTP status, JSON body. */
import { status as Code } from '@grpc/grpc-js';

export { Code };

/** The HTTP mapping of google/rpc/code.proto; the other codes map to 500. */
const HTTP_STATUS: ReadonlyMap<number, number> = new Map([
  [Code.CANCELLED, 499],
  [Code.INVALID_ARGUMENT, 400],
  [Code.DEADLINE_EXCEEDED, 504],
  [Code.NOT_FOUND, 404],
  [Code.ALREADY_EXISTS, 409],
  [Code.PERMISSION_DENIED, 403],
  [Code.RESOURCE_EXHAUSTED, 429],
  [Code.FAILED_PRECONDITION, 400],
  [Code.ABORTED, 409],
  [Code.OUT_OF_RANGE, 400],
  [Code.UNIMPLEMENTED, 501],
  [Code.UNAVAILABLE, 503],
  [Code.UNAUTHENTICATED, 401],
]);

/** An error with a gRPC status code. */
export class StatusError extends Error {
  /**
   * @param details messages of google.rpc in JSON, each with its `@type`; only REST sends them
   * @param httpStatus for REST; default: the one that belongs to the code
   */
  constructor(
    readonly code: number,
    message: string,
    readonly details: readonly object[] = [],
    readonly httpStatus?: number,
  ) {
    super(message);
    this.name = 'StatusError';
  }
}

/** Converts any error; keeps the status code of the database's own errors. The default is INTERNAL. */
export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code: unknown = (error as { code?: unknown } | null)?.code;
  return new StatusError(typeof code === 'number' && code in Code ? code : Code.INTERNAL, message);
}

/** The HTTP status and the JSON body for an error, in the format of Google's REST APIs. */
export function toHttpError(error: unknown): { status: number; body: object } {
  const { code, message, details, httpStatus } = toStatusError(error);
  const status = httpStatus ?? HTTP_STATUS.get(code) ?? 500;
  const name = Code[code] ?? 'UNKNOWN';
  const withDetails = details.length > 0 && { details };
  return { status, body: { error: { code: status, message, status: name, ...withDetails } } };
}

/** The gRPC status for an error. */
export function toServiceError(error: unknown): { code: number; details: string } {
  const { code, message } = toStatusError(error);
  // gRPC throws on a lone surrogate, which UTF-8 cannot encode.
  return { code, details: Buffer.from(message, 'utf8').toString('utf8') };
}
