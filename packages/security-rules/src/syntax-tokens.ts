/** Errors and tokens of `grammar.peggy`. */
import { EvaluationError } from './errors.js';
import { LIMITS } from './limits.js';
import type { Source } from './source.js';
import { bytes, FALSE, float, int, NULL, string, TRUE, type RulesValue } from './values.js';

/** Keywords, which can't be used as names. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['allow', 'else', 'false', 'for', 'function', 'if', 'import', 'in', 'is', 'let', 'match'],
  ...['null', 'return', 'rules_version', 'service', 'true', 'while'],
]);

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  ...{ n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b', f: '\f', v: '\v' },
};

/** The actions of tokens and errors. Methods that return `never` throw a RulesSyntaxError. */
export class TokenSyntax {
  private depth = 0;

  /**
   * @param tokenAt the token at an offset, quoted for a message
   * @param base the offset in the source at which the parsed text starts
   */
  constructor(
    private readonly source: Source,
    private readonly tokenAt: (offset: number) => string,
    private readonly base = 0,
  ) {}

  // Errors

  /** The problem is what was expected, and may be followed by what was found. */
  error(offset: number, expected: string): never {
    throw this.source.error(this.base + offset, `expected ${expected}`);
  }

  /** An error at a token, which is what was found. */
  fail(offset: number, expected: string): never {
    return this.error(offset, `${expected}, found ${this.tokenAt(offset)}`);
  }

  failSegment(offset: number): never {
    const found = this.source.text[offset];
    const shown =
      found === undefined ? 'the end of the file' : `'${found === '\n' ? '\\n' : found}'`;
    return this.error(offset, `a path segment after '/', found ${shown}`);
  }

  failCharacter(offset: number): never {
    const found = String.fromCodePoint(this.source.text.codePointAt(this.base + offset) ?? 0);
    return this.error(offset, `an expression or a statement, found '${found}'`);
  }

  failEscape(offset: number, examples: string): never {
    const letter = this.source.text[this.base + offset + 1] ?? '';
    return this.error(offset, `an escape such as ${examples}, found \\${letter}`);
  }

  unterminated(start: number, quote: string): never {
    return this.error(start, `${quote} to end this string on its line`);
  }

  /** A token in the form of a message. */
  quote(text: string): string {
    return `'${text.length > 40 ? `${text.slice(0, 39)}…` : text}'`;
  }

  /** Bounds the recursion of syntax that can contain itself; `leave` ends it. */
  enter(offset: number): true {
    if (++this.depth > LIMITS.nesting) {
      this.error(offset, `at most ${LIMITS.nesting} levels of nesting, found more`);
    }
    return true;
  }

  leave<T>(result: T): T {
    this.depth--;
    return result;
  }

  // Tokens

  isReserved(word: string): boolean {
    return RESERVED.has(word);
  }

  constant(word: string): RulesValue {
    return word === 'null' ? NULL : word === 'true' ? TRUE : FALSE;
  }

  simpleEscape(letter: string): string {
    return SIMPLE_ESCAPES[letter] ?? letter;
  }

  codePoint(start: number, code: number): string {
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      this.error(start, 'a Unicode code point');
    }
    return String.fromCodePoint(code);
  }

  string(parts: readonly string[]): RulesValue {
    return string(parts.join(''));
  }

  /** @param parts text, or the value of one byte */
  bytes(parts: readonly (string | number)[]): RulesValue {
    return bytes(Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.of(part))))); // prettier-ignore
  }

  number(text: string, start: number): RulesValue {
    if (!/^\d+$/u.test(text)) return float(Number(text));
    if (text.length > 25) this.error(start, 'a 64-bit integer');
    try {
      return int(BigInt(text));
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      return this.error(start, `a 64-bit integer, found ${text}`);
    }
  }
}
