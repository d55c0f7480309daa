import type { FunctionDeclaration } from './ast.js';
import { unknownVariable } from './declared.js';
import type { Possible } from './unknown.js';

/** Computes the value of a variable, or throws EvaluationError. */
export type Variable = () => Possible;

/** The variables and functions of one block; lookups continue outside of it. */
export class Scope {
  constructor(
    private readonly outer: Scope | undefined,
    private readonly functions: readonly FunctionDeclaration[],
    private readonly variables: ReadonlyMap<string, Variable>,
  ) {}

  variable(name: string): Variable | undefined {
    return this.variables.get(name) ?? this.outer?.variable(name);
  }

  /** This scope without the variable. */
  without(name: string): Scope {
    const absent = (): never => {
      throw unknownVariable(name);
    };
    return new Scope(this, [], new Map([[name, absent]]));
  }

  function(name: string): { declared: FunctionDeclaration; scope: Scope } | undefined {
    const declared = this.functions.find((candidate) => candidate.name === name);
    return declared ? { declared, scope: this } : this.outer?.function(name);
  }
}

/** Evaluates on first use, at most once. */
export function once(evaluate: Variable): Variable {
  let outcome: { value: Possible } | { error: unknown } | undefined;
  return () => {
    if (!outcome) {
      try {
        outcome = { value: evaluate() };
      } catch (error) {
        outcome = { error };
      }
    }
    if ('error' in outcome) throw outcome.error;
    return outcome.value;
  };
}
