/** Failures on their way to a caller: Google's codes, their HTTP twins, their JSON shape. */

/** Google's canonical codes, by name. */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

const nameOf = new Map<number, string>(Object.entries(Code).map(([name, code]) => [code, name]));

const httpStatus = new Map<number, number>([
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

/** A failure with one of Google's canonical codes. */
export class StatusError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
    this.name = 'StatusError';
  }
}

/** Whatever was thrown, as a StatusError; the database's own errors carry their code already. */
export function toStatusError(thrown: unknown): StatusError {
  if (thrown instanceof StatusError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const code: unknown = (thrown as { code?: unknown } | null)?.code;
  return new StatusError(
    typeof code === 'number' && nameOf.has(code) ? code : Code.INTERNAL,
    message,
  );
}

/** The HTTP status and the body that Google's REST APIs answer an error with. */
export function toHttpError(thrown: unknown): { status: number; body: object } {
  const error = toStatusError(thrown);
  const status = httpStatus.get(error.code) ?? 500;
  const name = nameOf.get(error.code) ?? 'UNKNOWN';
  return { status, body: { error: { code: status, message: error.message, status: name } } };
}

/** What gRPC answers an error with. */
export function toServiceError(thrown: unknown): { code: number; details: string } {
  const { code, message } = toStatusError(thrown);
  // A lone surrogate, which no UTF-8 has, would throw when gRPC encodes the message.
  return { code, details: Buffer.from(message, 'utf8').toString('utf8') };
}
