import type { FunctionDeclaration } from './ast.js';
import type { Source } from './source.js';

/** The functions that each function calls. */
export type Calls = Map<FunctionDeclaration, Set<FunctionDeclaration>>;

/** @throws RulesSyntaxError if a function calls itself, directly or through others */
export function rejectRecursion(calls: Calls, source: Source): void {
  const done = new Set<FunctionDeclaration>();
  const open = new Set<FunctionDeclaration>();
  // An explicit stack: a chain of thousands of functions would overflow the call stack.
  const stack: { declared: FunctionDeclaration; rest: FunctionDeclaration[] }[] = [];
  const enter = (declared: FunctionDeclaration): void => {
    open.add(declared);
    stack.push({ declared, rest: [...(calls.get(declared) ?? [])] });
  };
  for (const start of calls.keys()) {
    if (!done.has(start)) enter(start);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.rest.pop();
      if (!next) {
        stack.pop();
        open.delete(top.declared);
        done.add(top.declared);
      } else if (open.has(next)) {
        const found = `found that '${next.name}' calls itself`;
        throw source.error(next.start, `expected no recursion, ${found}`);
      } else if (!done.has(next)) {
        enter(next);
      }
    }
  }
}
