import type { Span } from './ast.js';
import { RulesSyntaxError, type Position, type SourcePosition } from './errors.js';

/** The text of a rules file. Converts offsets to lines and columns. */
export class Source {
  private readonly lineStarts: readonly number[];
  /** The offsets of the characters of two UTF-16 code units. */
  private readonly pairs: readonly number[];

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
    this.pairs = Array.from(text.matchAll(/[\u{10000}-\u{10ffff}]/gu), ({ index }) => index);
  }

  /** Line and column of an offset, both from 1. Columns count characters, not UTF-16 code units. */
  position(offset: number): Position {
    const line = countBefore(this.lineStarts, offset + 1);
    const start = this.lineStarts[line - 1] ?? 0;
    const pairs = countBefore(this.pairs, offset) - countBefore(this.pairs, start);
    return { line, column: offset - start - pairs + 1 };
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

/** The number of ascending offsets below a limit. */
function countBefore(offsets: readonly number[], limit: number): number {
  let [low, high] = [0, offsets.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((offsets[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
