/** Checks of a call that a file with warnings may fail: it is loaded, but evaluating the call is an error. */
import type { FunctionDeclaration } from './ast.js';
import { EvaluationError } from './errors.js';
import { LIMITS } from './limits.js';

/**
 * @param found the number of arguments of the call
 * @throws EvaluationError if the function can't be called with them, or has too many `let`
 */
export function expectCallable(declared: FunctionDeclaration, found: number): void {
  const { name, parameters, lets } = declared;
  expectArity(name, parameters.length, found);
  if (lets.length > LIMITS.letsPerFunction) {
    throw new EvaluationError(`'${name}' has more than ${LIMITS.letsPerFunction} 'let'`);
  }
}

/** @throws EvaluationError if the number of arguments is another than expected */
export function expectArity(name: string, expected: number, found: number): void {
  if (found === expected) return;
  const noun = expected === 1 ? 'argument' : 'arguments';
  throw new EvaluationError(`'${name}' takes ${expected} ${noun}, found ${found}`);
}

/** The error of a name that is not in scope. */
export function unknownVariable(name: string): EvaluationError {
  return new EvaluationError(`there is no variable '${name}'`);
}
