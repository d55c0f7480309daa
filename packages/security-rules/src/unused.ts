import type { FunctionDeclaration, Span } from './ast.js';

/** Finds functions that are never called, and parameters and `let` that are never read. */
export class Unused {
  /** The unused variables of each function by name. */
  private readonly variables = new Map<FunctionDeclaration, Map<string, number>>();
  private readonly functions = new Set<FunctionDeclaration>();
  private readonly called = new Set<FunctionDeclaration>();

  /** Adds a function with its parameters and `let`. */
  declare(declared: FunctionDeclaration): void {
    const { parameters, parameterStarts, lets } = declared;
    this.functions.add(declared);
    const starts = parameters.map((name, index) => [name, parameterStarts[index] ?? 0] as const);
    const letStarts = lets.map(({ name, nameStart }) => [name, nameStart] as const);
    this.variables.set(declared, new Map([...starts, ...letStarts]));
  }

  useFunction(declared: FunctionDeclaration): void {
    this.called.add(declared);
  }

  /** @param reader the function whose text reads the variable */
  useVariable(reader: FunctionDeclaration, name: string): void {
    this.variables.get(reader)?.delete(name);
  }

  /** The names that are not used, with the descriptions of Google's compiler. */
  descriptions(): [part: Span, description: string][] {
    const span = (name: string, start: number): Span => ({ start, end: start + name.length });
    return [...this.functions].flatMap((declared) => {
      const variables = [...(this.variables.get(declared) ?? [])].map(
        ([name, start]): [Span, string] => [span(name, start), `Unused variable: ${name}.`],
      );
      if (this.called.has(declared)) return variables;
      const { name, nameStart } = declared;
      return [[span(name, nameStart), `Unused function: ${name}.`] as [Span, string], ...variables];
    });
  }
}
