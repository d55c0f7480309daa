import { EvaluationError } from '../errors.js';
import type { Work } from '../limits.js';
import type { RulesValue, TypeName, ValueOf } from '../values.js';

/** A built-in: how many arguments it takes, and what it makes of them. */
export interface Builtin {
  readonly arity: number;
  readonly call: (args: readonly RulesValue[], work: Work) => RulesValue;
}

export type Builtins = ReadonlyMap<string, Builtin>;

/** A method of a type; the receiver is the first argument and not counted. */
export interface Method {
  readonly arity: number;
  readonly call: (receiver: RulesValue, args: readonly RulesValue[], work: Work) => RulesValue;
}

export type Methods = ReadonlyMap<string, Method>;

/** The methods of one type, from functions that take the receiver as its own type. */
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
        call: (receiver, args, work) => run(want(receiver, type), new Args(args), work),
      },
    ]),
  );
}

/** Functions of a namespace or global ones. */
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

/** The value as the type it has to be; anything else is an error of the expression. */
export function want<T extends TypeName>(value: RulesValue, type: T): ValueOf<T> {
  if (value.type !== type) throw new EvaluationError(`expected ${type}, found ${value.type}`);
  return value as ValueOf<T>;
}

/** Arguments, read by place and type. */
export class Args {
  constructor(private readonly values: readonly RulesValue[]) {}

  /** The argument at this place. */
  at(place: number): RulesValue {
    const value = this.values[place];
    if (!value) throw new EvaluationError(`argument ${place + 1} is missing`);
    return value;
  }

  /** The argument at this place, which has to be of this type. */
  get<T extends TypeName>(place: number, type: T): ValueOf<T> {
    return want(this.at(place), type);
  }

  /** The argument at this place, Integer or Float. */
  number(place: number): ValueOf<'int'> | ValueOf<'float'> {
    const value = this.at(place);
    if (value.type === 'int' || value.type === 'float') return value;
    throw new EvaluationError(`expected a number, found ${value.type}`);
  }

  /** The items of the argument at this place, a List or a Set. */
  items(place: number): readonly RulesValue[] {
    const value = this.at(place);
    if (value.type === 'list') return value.items;
    if (value.type === 'set') return [...value.members.values()];
    throw new EvaluationError(`expected list or set, found ${value.type}`);
  }
}
