/** Builds the expressions of `grammar.peggy`. */
import type { BinaryOperator, Expression, IsType, Span, UnaryOperator } from './ast.js';
import { LIMITS } from './limits.js';
import { TokenSyntax } from './syntax-tokens.js';
import { int, type RulesValue } from './values.js';

/** Binary operators from the lowest to the highest precedence, as in the reference. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  [['||'], ['&&'], ['==', '!='], ['in', 'is'], ['<', '<=', '>', '>='], ['+', '-'], ['*', '/', '%']]
    .flatMap((operators, level) => operators.map((operator) => [operator, level + 1] as const)), // prettier-ignore
);

export const TYPES: ReadonlySet<string> = new Set<IsType>([
  ...(['bool', 'bytes', 'duration', 'float', 'int', 'latlng', 'list', 'map'] as const),
  ...(['map_diff', 'number', 'path', 'set', 'string', 'timestamp'] as const),
]);

/** A word and its offset. */
export interface Name {
  readonly text: string;
  readonly start: number;
}

/** What follows an operand. */
type Operation =
  | { readonly operator: BinaryOperator; readonly right: Expression }
  | { readonly type: IsType; readonly end: number };

type PostfixPart =
  | { readonly name: Name; readonly args: readonly Expression[] | null; readonly end: number }
  | { readonly from: Expression; readonly to: Expression | null; readonly end: number };

type WithoutHeight<E = Expression> = E extends Expression ? Omit<E, 'height'> : never;

/** The actions of expressions. */
export class ExpressionSyntax extends TokenSyntax {
  isType(word: string): word is IsType {
    return TYPES.has(word);
  }

  conditional(
    condition: Expression,
    branches: { then: Expression; otherwise: Expression } | null,
  ): Expression {
    this.leave(undefined);
    if (!branches) return condition;
    const { then, otherwise } = branches;
    const span = { start: condition.start, end: otherwise.end };
    const children = [condition, then, otherwise];
    return this.node({ kind: 'conditional', condition, then, otherwise, ...span }, children);
  }

  /** Nests operands by the precedence of the operators between them; all are left-associative. */
  binary(first: Expression, rest: readonly Operation[]): Expression {
    let index = 0;
    const climb = (operand: Expression, level: number): Expression => {
      let left = operand;
      for (let next = rest[index]; next; next = rest[index]) {
        const operator = 'type' in next ? 'is' : next.operator;
        const precedence = PRECEDENCE.get(operator) ?? 0;
        if (precedence < level) return left;
        index++;
        const { start } = left;
        if ('type' in next) {
          const { type, end } = next;
          left = this.node({ kind: 'is', operand: left, type, start, end }, [left]);
        } else {
          const right = climb(next.right, precedence + 1);
          const { operator } = next;
          left = this.node({ kind: 'binary', operator, left, right, start, end: right.end }, [left, right]); // prettier-ignore
        }
      }
      return left;
    };
    return climb(first, 1);
  }

  unary(operator: UnaryOperator, operand: Expression, start: number): Expression {
    return this.node({ kind: 'unary', operator, operand, start, end: operand.end }, [operand]);
  }

  minInteger(span: Span): Expression {
    return this.literal(int(-(2n ** 63n)), span);
  }

  literal(value: RulesValue, { start, end }: Span): Expression {
    return this.node({ kind: 'literal', value, start, end }, []);
  }

  postfix(first: Expression, parts: readonly PostfixPart[]): Expression {
    const { start } = first;
    return parts.reduce((object, part) => {
      const { end } = part;
      if ('from' in part) {
        const { from, to } = part;
        return to
          ? this.node({ kind: 'range', object, from, to, start, end }, [object, from, to])
          : this.node({ kind: 'index', object, index: from, start, end }, [object, from]);
      }
      const { name, args } = part;
      if (!args) {
        return this.node({ kind: 'member', object, property: name.text, start, end }, [object]);
      }
      const call = { receiver: object, name: name.text, nameStart: name.start, args, start, end };
      return this.node({ kind: 'method', ...call }, [object, ...args]);
    }, first);
  }

  nameOrCall(
    { text: name }: Name,
    args: readonly Expression[] | null,
    { start, end }: Span,
  ): Expression {
    if (!args) return this.node({ kind: 'name', name, start, end }, []);
    return this.node({ kind: 'call', name, args, start, end }, args);
  }

  /** The span includes the parentheses, so that messages quote the source text. */
  parenthesized(inner: Expression, { start, end }: Span): Expression {
    return { ...inner, start, end };
  }

  list(items: readonly Expression[], { start, end }: Span): Expression {
    return this.node({ kind: 'list', items, start, end }, items);
  }

  map(
    parsed: readonly { key: RulesValue; start: number; value: Expression }[],
    { start, end }: Span,
  ): Expression {
    const entries = new Map<string, Expression>();
    for (const { key, start: keyStart, value } of parsed) {
      const name = key.type === 'string' ? key.value : '';
      if (entries.has(name)) this.fail(keyStart, 'a key that is unique in this map');
      entries.set(name, value);
    }
    return this.node({ kind: 'map', entries: [...entries], start, end }, [...entries.values()]);
  }

  path(segments: readonly (string | Expression)[], { start, end }: Span): Expression {
    const parts = segments.filter((segment) => typeof segment !== 'string');
    return this.node({ kind: 'path', segments, start, end }, parts);
  }

  private node(fields: WithoutHeight, children: readonly Expression[]): Expression {
    let height = 1;
    for (const child of children) height = Math.max(height, child.height + 1);
    const max = LIMITS.expressionHeight;
    if (height > max)
      this.error(fields.start, `an expression of at most ${max} levels, found more`);
    return { ...fields, height };
  }
}
