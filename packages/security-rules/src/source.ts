import type { Span } from './ast.js';
import { RulesSyntaxError, type Position, type SourcePosition } from './errors.js';

/** The text of a rules file. Converts offsets to lines and columns. */
export class Source {
  private readonly lineStarts: readonly number[];

  readonly text: string;

  constructor(
    source: string,
    readonly file: string,
  ) {
    // Some editors start a file with a byte order mark.
    const text = source.replace(/^\ufeff/u, '');
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.lineStarts = starts;
  }

  /** Line and column of an offset, both from 1. Columns count characters, not UTF-16 code units. */
  position(offset: number): Position {
    let [low, high] = [0, this.lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = this.lineStarts[low] ?? 0;
    return { line: low + 1, column: Array.from(this.text.slice(start, offset)).length + 1 };
  }

  /** A span in the form of the Firebase Rules API. */
  sourcePosition({ start, end }: Span): SourcePosition {
    const { file: fileName } = this;
    return { fileName, ...this.position(start), currentOffset: start, endOffset: end };
  }

  /** Creates the error for a problem at `offset`. */
  error(offset: number, problem: string): RulesSyntaxError {
    return new RulesSyntaxError(this.file, this.position(offset), problem);
  }

  /** The source text of an expression on one line of at most 80 characters. */
  excerpt(start: number, end: number): string {
    const words = this.text.slice(start, Math.min(end, start + 200)).split(/\s+/u);
    const line = words.join(' ').trim();
    return line.length > 80 || end > start + 200 ? `${line.slice(0, 79)}…` : line;
  }
}
