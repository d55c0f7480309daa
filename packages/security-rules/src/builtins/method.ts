import { EvaluationError } from '../errors.js';
import type { Work } from '../limits.js';
import type { RulesValue, TypeName, ValueOf } from '../values.js';

/** A built-in function: its number of arguments and its implementation. */
export interface Builtin {
  readonly arity: number;
  readonly call: (args: readonly RulesValue[], work: Work) => RulesValue;
}

export type Builtins = ReadonlyMap<string, Builtin>;

/** A method of a type. `arity` does not count the receiver. */
export interface Method {
  readonly arity: number;
  readonly call: (receiver: RulesValue, args: readonly RulesValue[], work: Work) => RulesValue;
}

export type Methods = ReadonlyMap<string, Method>;

/** Builds the methods of one type from a table of arities and implementations. */
export function methodsOf<T extends TypeName>(
  type: T,
  table: Record<
    string,
    readonly [arity: number, (self: ValueOf<T>, args: Args, work: Work) => RulesValue]
  >,
): Methods {
  return new Map(
    Object.entries(table).map(([name, [arity, run]]) => [
      name,
      {
        arity,
        call: (receiver, args, work) => run(expectType(receiver, type), new Args(args), work),
      },
    ]),
  );
}

/** Builds functions, global or of a namespace, from a table of arities and implementations. */
export function functionsOf(
  table: Record<string, readonly [arity: number, (args: Args, work: Work) => RulesValue]>,
): Builtins {
  return new Map(
    Object.entries(table).map(([name, [arity, run]]) => [
      name,
      { arity, call: (args, work) => run(new Args(args), work) },
    ]),
  );
}

/**
 * Narrows a value to a type.
 * @throws EvaluationError for a value of another type
 */
export function expectType<T extends TypeName>(value: RulesValue, type: T): ValueOf<T> {
  if (value.type !== type) throw new EvaluationError(`expected ${type}, found ${value.type}`);
  return value as ValueOf<T>;
}

/** The arguments of a call. Access by index checks presence and type. */
export class Args {
  constructor(private readonly values: readonly RulesValue[]) {}

  /** The argument at this index. */
  at(index: number): RulesValue {
    const value = this.values[index];
    if (!value) throw new EvaluationError(`argument ${index + 1} is missing`);
    return value;
  }

  /** The argument at this index, which must have this type. */
  get<T extends TypeName>(index: number, type: T): ValueOf<T> {
    return expectType(this.at(index), type);
  }

  /** The argument at this index, which must be an Integer or a Float. */
  number(index: number): ValueOf<'int'> | ValueOf<'float'> {
    const value = this.at(index);
    if (value.type === 'int' || value.type === 'float') return value;
    throw new EvaluationError(`expected a number, found ${value.type}`);
  }

  /** The items of the argument at this index, which must be a List or a Set. */
  items(index: number): readonly RulesValue[] {
    const value = this.at(index);
    if (value.type === 'list') return value.items;
    if (value.type === 'set') return [...value.members.values()];
    throw new EvaluationError(`expected list or set, found ${value.type}`);
  }
}
