/** A position in a rules file. Lines and columns start at 1; columns count characters. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A part of a rules file, as `SourcePosition` of the Firebase Rules API has it. */
export interface SourcePosition extends Position {
  readonly fileName: string;
  /** Offsets into the text in UTF-16 code units, without a byte order mark; the end is exclusive. */
  readonly currentOffset: number;
  readonly endOffset: number;
}

/** What the rules refer to does not exist. The rules are valid; evaluating this part is an error. */
export interface RulesWarning {
  readonly sourcePosition: SourcePosition;
  /** The description of Google's compiler, such as `Invalid function name: f.`. */
  readonly description: string;
  readonly severity: 'WARNING';
}

/** A warning on one line: `FILE:LINE:COLUMN: warning: DESCRIPTION`. */
export function describeWarning({ sourcePosition, description }: RulesWarning): string {
  const { fileName, line, column } = sourcePosition;
  return `${fileName}:${line}:${column}: warning: ${description}`;
}

/** The rules file can't be loaded. The message has the position and the problem. */
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

/** Evaluating an expression failed. The other operand of `||` or `&&` may determine the result. */
export class EvaluationError extends Error {
  /** Offset in the source of the expression that failed; set by the evaluator. */
  offset?: number;

  constructor(message: string) {
    super(message);
    this.name = 'EvaluationError';
  }
}

/** The request exceeds a limit. It is denied, whatever other operands or statements are. */
export class LimitError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LimitError';
  }
}
