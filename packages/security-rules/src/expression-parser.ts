import type { BinaryOperator, Expression, IsType } from './ast.js';
import type { RulesSyntaxError } from './errors.js';
import { Lexer, type Token } from './lexer.js';
import { LIMITS } from './limits.js';
import type { Source } from './source.js';
import { FALSE, int, NULL, TRUE } from './values.js';

/** Binary operators from the lowest to the highest precedence, as in the reference. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  [['||'], ['&&'], ['==', '!='], ['in', 'is'], ['<', '<=', '>', '>='], ['+', '-'], ['*', '/', '%']]
    .flatMap((operators, level) => operators.map((operator) => [operator, level + 1] as const)), // prettier-ignore
);

const TYPES: ReadonlySet<string> = new Set<IsType>([
  ...(['bool', 'bytes', 'duration', 'float', 'int', 'latlng', 'list', 'map'] as const),
  ...(['map_diff', 'number', 'path', 'set', 'string', 'timestamp'] as const),
]);

/** Keywords, which can't be used as names. */
export const RESERVED: ReadonlySet<string> = new Set([
  ...['allow', 'else', 'false', 'for', 'function', 'if', 'import', 'in', 'is', 'let', 'match'],
  ...['null', 'return', 'rules_version', 'service', 'true', 'while'],
]);

type WithoutHeight<E = Expression> = E extends Expression ? Omit<E, 'height'> : never;

/** Parses expressions. The subclass in `parser.ts` parses statements. */
export class ExpressionParser {
  protected token: Token;
  protected readonly lexer: Lexer;
  private depth = 0;

  constructor(protected readonly source: Source) {
    this.lexer = new Lexer(source);
    this.token = this.lexer.next();
  }

  protected advance(): Token {
    const token = this.token;
    this.token = this.lexer.next();
    return token;
  }

  /** Whether the next token is this symbol or word. */
  protected isNext(text: string): boolean {
    return (this.token.kind === 'symbol' || this.token.kind === 'word') && this.token.text === text;
  }

  /** Consumes the next token if it is this symbol or word. */
  protected accept(text: string): boolean {
    if (!this.isNext(text)) return false;
    this.advance();
    return true;
  }

  protected expect(text: string, context = ''): Token {
    if (!this.isNext(text)) throw this.unexpected(`'${text}'${context}`);
    return this.advance();
  }

  /** Consumes the name of a variable or a function. */
  protected name(what: string): Token {
    if (this.token.kind !== 'word' || RESERVED.has(this.token.text)) {
      throw this.unexpected(what);
    }
    return this.advance();
  }

  protected unexpected(expected: string): RulesSyntaxError {
    const { kind, text, start } = this.token;
    const found = kind === 'end' ? text : `'${text.length > 40 ? `${text.slice(0, 39)}…` : text}'`;
    return this.source.error(start, `expected ${expected}, found ${found}`);
  }

  /** Limits the recursion depth of syntax that can contain itself. */
  protected nested<T>(parse: () => T): T {
    if (++this.depth > LIMITS.nesting) {
      throw this.source.error(
        this.token.start,
        `expected at most ${LIMITS.nesting} levels of nesting, found more`,
      );
    }
    try {
      return parse();
    } finally {
      this.depth--;
    }
  }

  /** An expression of any precedence. */
  protected expression(): Expression {
    return this.nested(() => {
      const condition = this.binary(1);
      if (!this.accept('?')) return condition;
      const then = this.expression();
      this.expect(':', ' and the second value of this conditional');
      const otherwise = this.expression();
      const { start } = condition;
      return this.node(
        { kind: 'conditional', condition, then, otherwise, start, end: otherwise.end },
        [condition, then, otherwise],
      );
    });
  }

  private binary(level: number): Expression {
    let left = this.unary();
    for (;;) {
      const precedence =
        this.token.kind === 'literal' ? undefined : PRECEDENCE.get(this.token.text);
      if (precedence === undefined || precedence < level) return left;
      const operator = this.advance().text;
      const { start } = left;
      if (operator === 'is') {
        const { type, end } = this.isType();
        left = this.node({ kind: 'is', operand: left, type, start, end }, [left]);
      } else {
        const right = this.binary(precedence + 1);
        const binary = operator as BinaryOperator;
        left = this.node({ kind: 'binary', operator: binary, left, right, start, end: right.end }, [
          left,
          right,
        ]);
      }
    }
  }

  private isType(): { type: IsType; end: number } {
    const { kind, text, end } = this.token;
    if (kind !== 'word' || !TYPES.has(text)) {
      throw this.unexpected(`a type after 'is' (one of ${[...TYPES].join(', ')})`);
    }
    this.advance();
    return { type: text as IsType, end };
  }

  private unary(): Expression {
    if (!this.isNext('!') && !this.isNext('-')) return this.postfix();
    return this.nested(() => {
      const { text, start } = this.advance();
      if (text === '-' && this.token.kind === 'min integer') {
        const { end } = this.advance();
        return this.node({ kind: 'literal', value: int(-(2n ** 63n)), start, end }, []);
      }
      const operand = this.unary();
      const operator = text === '!' ? '!' : '-';
      return this.node({ kind: 'unary', operator, operand, start, end: operand.end }, [operand]);
    });
  }

  private postfix(): Expression {
    let object = this.primary();
    const { start } = object;
    for (;;) {
      if (this.accept('.')) {
        if (this.token.kind !== 'word') throw this.unexpected("a name after '.'");
        const { text: name, start: nameStart, end } = this.advance();
        if (this.accept('(')) {
          const { args, end } = this.args();
          const fields = {
            kind: 'method',
            receiver: object,
            name,
            nameStart,
            args,
            start,
            end,
          } as const;
          object = this.node(fields, [object, ...args]);
        } else {
          object = this.node({ kind: 'member', object, property: name, start, end }, [object]);
        }
      } else if (this.accept('[')) {
        const from = this.expression();
        const to = this.accept(':') ? this.expression() : undefined;
        const { end } = this.expect(']');
        object = to
          ? this.node({ kind: 'range', object, from, to, start, end }, [object, from, to])
          : this.node({ kind: 'index', object, index: from, start, end }, [object, from]);
      } else {
        return object;
      }
    }
  }

  private args(): { args: Expression[]; end: number } {
    const args: Expression[] = [];
    if (!this.isNext(')')) {
      do args.push(this.expression());
      while (this.accept(','));
    }
    return { args, end: this.expect(')', ' after the arguments').end };
  }

  private primary(): Expression {
    const { token } = this;
    const { start, end } = token;
    if (token.kind === 'literal') {
      this.advance();
      return this.node({ kind: 'literal', value: token.value, start, end }, []);
    }
    if (token.kind === 'word') return this.word();
    if (token.kind === 'symbol') {
      if (token.text === '(') return this.parenthesized();
      if (token.text === '[') return this.list();
      if (token.text === '{') return this.map();
      if (token.text === '/') return this.path();
    }
    throw this.unexpected('an expression');
  }

  private word(): Expression {
    const { text, start, end } = this.token;
    const value = text === 'true' ? TRUE : text === 'false' ? FALSE : NULL;
    if (text === 'true' || text === 'false' || text === 'null') {
      this.advance();
      return this.node({ kind: 'literal', value, start, end }, []);
    }
    const { text: name } = this.name('an expression');
    if (!this.accept('(')) return this.node({ kind: 'name', name, start, end }, []);
    const call = this.args();
    return this.node({ kind: 'call', name, args: call.args, start, end: call.end }, call.args);
  }

  private parenthesized(): Expression {
    const { start } = this.advance();
    const inner = this.expression();
    const { end } = this.expect(')');
    // The span includes the parentheses, so that messages quote the source text.
    return { ...inner, start, end };
  }

  private list(): Expression {
    const { start } = this.advance();
    const items: Expression[] = [];
    while (!this.isNext(']')) {
      items.push(this.expression());
      if (!this.accept(',')) break;
    }
    const { end } = this.expect(']', " or ',' in this list");
    return this.node({ kind: 'list', items, start, end }, items);
  }

  private map(): Expression {
    const { start } = this.advance();
    const entries: [string, Expression][] = [];
    while (!this.isNext('}')) {
      const key = this.token;
      if (key.kind !== 'literal' || key.value.type !== 'string') {
        throw this.unexpected('a string as key of this map');
      }
      const name = key.value.value;
      if (entries.some(([other]) => other === name)) {
        throw this.unexpected('a key that is unique in this map');
      }
      this.advance();
      this.expect(':', ' after the key');
      entries.push([name, this.expression()]);
      if (!this.accept(',')) break;
    }
    const { end } = this.expect('}', " or ',' in this map");
    const values = entries.map(([, value]) => value);
    return this.node({ kind: 'map', entries, start, end }, values);
  }

  private path(): Expression {
    const { start } = this.token;
    const segments: (string | Expression)[] = [];
    let at = start;
    do {
      const segment = this.lexer.pathSegment(at + 1);
      if (segment.kind === 'text') {
        segments.push(segment.text);
        at = segment.end;
      } else {
        this.lexer.moveTo(segment.end);
        this.advance();
        segments.push(this.expression());
        if (!this.isNext(')')) throw this.unexpected("')' after the expression of '$('");
        at = this.token.end;
      }
    } while (this.lexer.pathContinues(at));
    this.lexer.moveTo(at);
    this.advance();
    const parts = segments.filter((segment) => typeof segment !== 'string');
    return this.node({ kind: 'path', segments, start, end: at }, parts);
  }

  private node(fields: WithoutHeight, children: readonly Expression[]): Expression {
    let height = 1;
    for (const child of children) height = Math.max(height, child.height + 1);
    if (height > LIMITS.expressionHeight) {
      throw this.source.error(
        fields.start,
        `expected an expression of at most ${LIMITS.expressionHeight} levels, found more`,
      );
    }
    return { ...fields, height };
  }
}
