/** A place in a rules file; both numbers start at 1, columns count characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The rules file can't be loaded: where, and what was expected or found there. */
export class RulesSyntaxError extends Error {
  readonly line: number;
  readonly column: number;

  constructor(
    readonly file: string,
    position: Position,
    readonly problem: string,
  ) {
    super(`${file}:${position.line}:${position.column}: ${problem}`);
    this.name = 'RulesSyntaxError';
    this.line = position.line;
    this.column = position.column;
  }
}

/** An expression has no value. The other side of `||` or `&&` may still decide. */
export class EvaluationError extends Error {
  /** Offset in the source of the expression that failed; set by the evaluator. */
  offset?: number;

  constructor(message: string) {
    super(message);
    this.name = 'EvaluationError';
  }
}

/** A documented limit was passed: the whole request is denied and nothing rescues it. */
export class LimitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LimitError';
  }
}
