import type { RulesValue, TypeName } from './values.js';

/** Offsets into the source text in UTF-16 code units; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ServiceName = 'cloud.firestore' | 'firebase.storage';
export type RulesMethod = 'get' | 'list' | 'create' | 'update' | 'delete';
export type RulesVersion = '1' | '2';

export type UnaryOperator = '!' | '-';
export type BinaryOperator =
  '||' | '&&' | '==' | '!=' | 'in' | '<' | '<=' | '>' | '>=' | '+' | '-' | '*' | '/' | '%';

/** The right side of `is`: a type, or `number` for Integer and Float. */
export type IsType = Exclude<TypeName, 'null' | 'constrained'> | 'number';

interface Node extends Span {
  /** Height of the expression tree below this node; bounds the recursion of the evaluator. */
  readonly height: number;
}

export type Expression = Node &
  (
    | { readonly kind: 'literal'; readonly value: RulesValue }
    | { readonly kind: 'name'; readonly name: string }
    | { readonly kind: 'member'; readonly object: Expression; readonly property: string }
    | { readonly kind: 'index'; readonly object: Expression; readonly index: Expression }
    | {
        readonly kind: 'range';
        readonly object: Expression;
        readonly from: Expression;
        readonly to: Expression;
      }
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
    | {
        readonly kind: 'method';
        readonly receiver: Expression;
        readonly name: string;
        readonly nameStart: number;
        readonly args: readonly Expression[];
      }
    | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly operand: Expression }
    | {
        readonly kind: 'binary';
        readonly operator: BinaryOperator;
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: 'is'; readonly operand: Expression; readonly type: IsType }
    | {
        readonly kind: 'conditional';
        readonly condition: Expression;
        readonly then: Expression;
        readonly otherwise: Expression;
      }
    | { readonly kind: 'list'; readonly items: readonly Expression[] }
    | { readonly kind: 'map'; readonly entries: readonly (readonly [string, Expression])[] }
    | { readonly kind: 'path'; readonly segments: readonly (string | Expression)[] }
  );

/** One segment of a match path. */
export type PathPattern =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'wildcard'; readonly name: string; readonly recursive: boolean };

export interface Let extends Span {
  readonly name: string;
  readonly nameStart: number;
  readonly value: Expression;
}

export interface FunctionDeclaration extends Span {
  readonly name: string;
  readonly nameStart: number;
  readonly parameters: readonly string[];
  /** The offset of each parameter. */
  readonly parameterStarts: readonly number[];
  readonly lets: readonly Let[];
  readonly result: Expression;
}

export interface Allow extends Span {
  readonly methods: ReadonlySet<RulesMethod>;
  /** Absent in `allow read;`, which always allows. */
  readonly condition?: Expression;
}

/** A service or match block. Its functions are visible in the block and in nested blocks. */
export interface Block extends Span {
  readonly functions: readonly FunctionDeclaration[];
  readonly matches: readonly Match[];
}

export interface Match extends Block {
  readonly pattern: readonly PathPattern[];
  readonly allows: readonly Allow[];
}

export interface Service extends Block {
  readonly name: ServiceName;
}

export interface RulesFile {
  readonly version: RulesVersion;
  readonly functions: readonly FunctionDeclaration[];
  readonly services: readonly Service[];
}
