import { EvaluationError } from './errors.js';
import type { Source } from './source.js';
import { bytes, float, int, string, type RulesValue } from './values.js';
import type { PathPattern, Span } from './ast.js';

export type Token = Span &
  (
    | { readonly kind: 'word'; readonly text: string }
    | { readonly kind: 'literal'; readonly text: string; readonly value: RulesValue }
    | { readonly kind: 'symbol'; readonly text: string }
    /** 9223372036854775808, which is an Integer only after a minus sign. */
    | { readonly kind: 'min integer'; readonly text: string }
    | { readonly kind: 'end'; readonly text: string }
  );

/** One segment of a path in an expression: text, or `$(`, whose expression starts at `end`. */
export type PathSegment =
  | { readonly kind: 'text'; readonly text: string; readonly end: number }
  | { readonly kind: 'expression'; readonly end: number };

const TWO_CHARACTERS: ReadonlySet<string> = new Set(['==', '!=', '<=', '>=', '&&', '||']);
const ONE_CHARACTER: ReadonlySet<string> = new Set('{}()[],;:.?=<>!+-*/%');
const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ...(['\\', "'", '"', '`', '?'] as const).map((character) => [character, character] as const),
  ...([['n', '\n'], ['r', '\r'], ['t', '\t'], ['a', '\x07']] as const), // prettier-ignore
  ...([['b', '\b'], ['f', '\f'], ['v', '\v']] as const), // prettier-ignore
]);
const MIN_INTEGER_DIGITS = '9223372036854775808';

/** Splits a rules file into tokens, one at a time. The parser requests path segments explicitly. */
export class Lexer {
  private offset = 0;
  private readonly text: string;

  constructor(private readonly source: Source) {
    this.text = source.text;
  }

  /** Continues at this offset. */
  moveTo(offset: number): void {
    this.offset = offset;
  }

  /** Skips whitespace and comments and returns the next token. */
  next(): Token {
    this.skipWhitespace();
    const start = this.offset;
    const character = this.text[start];
    if (character === undefined)
      return { kind: 'end', text: 'the end of the file', start, end: start };
    if (character === "'" || character === '"') return this.quoted(start, start);
    if (character === 'b' && /['"]/u.test(this.text[start + 1] ?? '')) {
      return this.quoted(start, start + 1);
    }
    if (isWordStart(character)) return this.word(start);
    if (isDigit(character)) return this.number(start);
    const two = this.text.slice(start, start + 2);
    const symbol = TWO_CHARACTERS.has(two) ? two : character;
    if (symbol === character && !ONE_CHARACTER.has(character)) {
      const found = String.fromCodePoint(this.text.codePointAt(start) ?? 0);
      throw this.source.error(start, `expected an expression or a statement, found '${found}'`);
    }
    this.offset = start + symbol.length;
    return { kind: 'symbol', text: symbol, start, end: this.offset };
  }

  private skipWhitespace(): void {
    for (;;) {
      const character = this.text[this.offset];
      const two = this.text.slice(this.offset, this.offset + 2);
      if (character !== undefined && ' \t\r\n\f'.includes(character)) {
        this.offset++;
      } else if (two === '//') {
        const end = this.text.indexOf('\n', this.offset);
        this.offset = end < 0 ? this.text.length : end;
      } else if (two === '/*') {
        const end = this.text.indexOf('*/', this.offset + 2);
        if (end < 0) throw this.source.error(this.offset, "expected '*/' to end this comment");
        this.offset = end + 2;
      } else {
        return;
      }
    }
  }

  private word(start: number): Token {
    this.offset = this.scan(start, isWordPart);
    const text = this.text.slice(start, this.offset);
    return { kind: 'word', text, start, end: this.offset };
  }

  private number(start: number): Token {
    let end = this.scan(start, isDigit);
    let fraction = false;
    if (this.text[end] === '.' && isDigit(this.text[end + 1])) {
      fraction = true;
      end = this.scan(end + 1, isDigit);
    }
    const exponent = /^[eE][+-]?[0-9]+/u.exec(this.text.slice(end, end + 8));
    if (exponent) {
      fraction = true;
      end += exponent[0].length;
    }
    if (isWordPart(this.text[end])) {
      throw this.source.error(start, 'expected a decimal number, found letters in it');
    }
    this.offset = end;
    const text = this.text.slice(start, end);
    if (fraction) return { kind: 'literal', text, value: float(Number(text)), start, end };
    if (text.length > 25) throw this.source.error(start, 'expected a 64-bit integer');
    if (text === MIN_INTEGER_DIGITS) return { kind: 'min integer', text, start, end };
    try {
      return { kind: 'literal', text, value: int(BigInt(text)), start, end };
    } catch (error) {
      if (!(error instanceof EvaluationError)) throw error;
      throw this.source.error(start, `expected a 64-bit integer, found ${text}`);
    }
  }

  private quoted(start: number, open: number): Token {
    const asBytes = open > start;
    const quote = this.text[open];
    const parts: Buffer[] = [];
    let plain = '';
    let at = open + 1;
    for (;;) {
      const character = this.text[at];
      if (character === undefined || character === '\n') {
        throw this.source.error(start, `expected ${quote} to end this string on its line`);
      }
      if (character === quote) break;
      if (character === '\\') {
        const escape = this.escape(at, asBytes);
        if (typeof escape.value === 'string') {
          plain += escape.value;
        } else {
          parts.push(Buffer.from(plain), Buffer.from([escape.value]));
          plain = '';
        }
        at = escape.end;
      } else {
        plain += character;
        at++;
      }
    }
    this.offset = at + 1;
    const value = asBytes ? bytes(Buffer.concat([...parts, Buffer.from(plain)])) : string(plain);
    const text = this.text.slice(start, this.offset);
    return { kind: 'literal', text, value, start, end: this.offset };
  }

  /** Parses an escape sequence: a string, or in a bytes literal a byte value. */
  private escape(at: number, asBytes: boolean): { value: string | number; end: number } {
    const letter = this.text[at + 1] ?? '';
    const simple = SIMPLE_ESCAPES.get(letter);
    if (simple !== undefined) return { value: simple, end: at + 2 };
    const octal = /^[0-3][0-7]{2}/u.exec(this.text.slice(at + 1, at + 4))?.[0];
    if (octal) return this.escapedValue(Number.parseInt(octal, 8), asBytes, at, at + 4);
    const digits = { x: 2, u: 4, U: 8 }[asBytes && letter !== 'x' ? '' : letter];
    const hex = this.text.slice(at + 2, at + 2 + (digits ?? 0));
    if (digits === undefined || hex.length < digits || !/^[0-9A-Fa-f]+$/u.test(hex)) {
      const examples = asBytes
        ? '\\n \\\\ \\xHH \\OOO'
        : '\\n \\\\ \\xHH \\uHHHH \\UHHHHHHHH \\OOO';
      throw this.source.error(at, `expected an escape such as ${examples}, found \\${letter}`);
    }
    return this.escapedValue(Number.parseInt(hex, 16), asBytes, at, at + 2 + digits);
  }

  private escapedValue(code: number, asBytes: boolean, at: number, end: number) {
    if (asBytes) return { value: code, end };
    if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw this.source.error(at, 'expected a Unicode code point');
    }
    return { value: String.fromCodePoint(code), end };
  }

  /** Whether the path continues at this offset; `//` and `/*` start a comment. */
  pathContinues(offset: number): boolean {
    return this.text[offset] === '/' && !/[/*]/u.test(this.text[offset + 1] ?? '');
  }

  /** The segment of a path in an expression that starts at this offset, after its slash. */
  pathSegment(offset: number): PathSegment {
    if (this.text.startsWith('$(', offset)) return { kind: 'expression', end: offset + 2 };
    const end = this.segmentText(offset, isPathCharacter);
    return { kind: 'text', text: this.text.slice(offset, end), end };
  }

  /** The segment of a match path that starts at this offset, after its slash. */
  pathPattern(offset: number): { pattern: PathPattern; end: number } {
    if (this.text[offset] !== '{') {
      const end = this.segmentText(offset, isPatternCharacter);
      return { pattern: { kind: 'literal', text: this.text.slice(offset, end) }, end };
    }
    const wildcard = /^\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*(?:=\s*(\*\*?)\s*)?\}/u.exec(
      this.text.slice(offset, offset + 200),
    );
    if (!wildcard?.[1]) {
      throw this.source.error(offset, "expected a wildcard: '{name}' or '{name=**}'");
    }
    const end = offset + wildcard[0].length;
    return {
      pattern: { kind: 'wildcard', name: wildcard[1], recursive: wildcard[2] === '**' },
      end,
    };
  }

  private segmentText(offset: number, isPart: (character: string | undefined) => boolean): number {
    // `(default)`, the name of the default database.
    const nameEnd = this.text[offset] === '(' ? this.scan(offset + 1, isWordPart) : offset;
    if (nameEnd > offset + 1 && this.text[nameEnd] === ')') return nameEnd + 1;
    const end = this.scan(offset, isPart);
    if (end > offset) return end;
    const found = this.text[offset];
    const what =
      found === undefined ? 'the end of the file' : `'${found === '\n' ? '\\n' : found}'`;
    throw this.source.error(offset, `expected a path segment after '/', found ${what}`);
  }

  private scan(from: number, isPart: (character: string | undefined) => boolean): number {
    let end = from;
    while (isPart(this.text[end])) end++;
    return end;
  }
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

function isWordStart(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z_]/u.test(character);
}

function isWordPart(character: string | undefined): boolean {
  return isWordStart(character) || isDigit(character);
}

function isPathCharacter(character: string | undefined): boolean {
  return isWordPart(character) || (character !== undefined && '.-~%@+'.includes(character));
}

function isPatternCharacter(character: string | undefined): boolean {
  return isPathCharacter(character) || character === ':';
}
