import { RulesSyntaxError, type Position } from './errors.js';

/** The text of a rules file, and where in it things are. */
export class Source {
  private readonly lineStarts: readonly number[];

  readonly text: string;

  constructor(
    source: string,
    readonly file: string,
  ) {
    // The mark that some editors begin a file with is no part of the rules.
    const text = source.replace(/^\ufeff/u, '');
    this.text = text;
    const starts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.lineStarts = starts;
  }

  /** Line and column of an offset, both from 1; a column is a character, not a UTF-16 unit. */
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

  /** The error to throw when the file can't be loaded because of what is at `offset`. */
  error(offset: number, problem: string): RulesSyntaxError {
    return new RulesSyntaxError(this.file, this.position(offset), problem);
  }

  /** The text of an expression on one line, shortened for a person to read. */
  excerpt(start: number, end: number): string {
    const words = this.text.slice(start, Math.min(end, start + 200)).split(/\s+/u);
    const line = words.join(' ').trim();
    return line.length > 80 || end > start + 200 ? `${line.slice(0, 79)}…` : line;
  }
}
