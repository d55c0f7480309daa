import type {
  Block,
  Expression,
  FunctionDeclaration,
  Match,
  RulesFile,
  ServiceName,
} from './ast.js';
import { aritiesOfMethod, FUNCTIONS, NAMESPACES, READS, STORAGE_READS } from './builtins/index.js';
import { compilePattern, emptyMatchProblem, replacementProblem } from './builtins/pattern.js';
import { EvaluationError } from './errors.js';
import { LIMITS } from './limits.js';
import type { Source } from './source.js';

/** Methods in the reference that the engine does not support, with the reason. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  ['bind', 'the reference does not document which parts of a path it binds'],
]);

const PATTERN_METHODS: ReadonlySet<string> = new Set(['matches', 'replace', 'split']);

/** The names in scope at one position of the file. */
interface Scope {
  readonly service?: ServiceName;
  readonly variables: ReadonlySet<string>;
  readonly functions: ReadonlyMap<string, FunctionDeclaration>;
}

interface MatchTotals {
  readonly matches: number;
  readonly segments: number;
  readonly wildcards: number;
}

/**
 * Checks names, argument counts, limits, recursion and literal patterns.
 * @throws RulesSyntaxError for the first problem
 */
export function check(file: RulesFile, source: Source): void {
  new Checker(source).file(file);
}

class Checker {
  private readonly calls = new Map<FunctionDeclaration, Set<FunctionDeclaration>>();
  private caller: FunctionDeclaration | undefined;

  constructor(private readonly source: Source) {}

  file(file: RulesFile): void {
    const outer: Scope = { variables: new Set(['request', 'resource']), functions: new Map() };
    const scope = this.declare(file.functions, outer);
    for (const declared of file.functions) this.function(declared, scope);
    for (const service of file.services) {
      this.block(
        service,
        { ...scope, service: service.name },
        {
          matches: 0,
          segments: 0,
          wildcards: 0,
        },
      );
    }
    this.rejectRecursion();
  }

  private declare(functions: readonly FunctionDeclaration[], outer: Scope): Scope {
    const visible = new Map(outer.functions);
    const declaredHere = new Set<string>();
    for (const declared of functions) {
      const { name, start } = declared;
      if (FUNCTIONS.has(name) || READS.has(name) || name === 'debug' || NAMESPACES.has(name)) {
        throw this.source.error(start, `expected a new name, found '${name}', which is built in`);
      }
      if (declaredHere.has(name)) {
        throw this.source.error(start, `expected a new name, found function '${name}' again`);
      }
      declaredHere.add(name);
      visible.set(name, declared);
    }
    return { ...outer, functions: visible };
  }

  private block(block: Block, outer: Scope, totals: MatchTotals): void {
    const scope = this.declare(block.functions, outer);
    for (const declared of block.functions) this.function(declared, scope);
    for (const match of block.matches) this.match(match, scope, totals);
  }

  private match(match: Match, outer: Scope, above: MatchTotals): void {
    const names = match.pattern.flatMap((part) => (part.kind === 'wildcard' ? [part.name] : []));
    const totals = {
      matches: above.matches + 1,
      segments: above.segments + match.pattern.length,
      wildcards: above.wildcards + names.length,
    };
    this.checkLimit(match, totals.matches, LIMITS.nestedMatches, 'nested matches');
    this.checkLimit(match, totals.segments, LIMITS.segmentsPerMatch, 'path segments');
    this.checkLimit(match, totals.wildcards, LIMITS.wildcardsPerMatch, 'wildcards');
    const scope = { ...outer, variables: new Set([...outer.variables, ...names]) };
    this.block(match, scope, totals);
    const inner = this.declare(match.functions, scope);
    for (const { condition } of match.allows) if (condition) this.expression(condition, inner);
  }

  private checkLimit(match: Match, found: number, max: number, what: string): void {
    if (found <= max) return;
    throw this.source.error(match.start, `expected at most ${max} ${what}, found ${found}`);
  }

  private function(declared: FunctionDeclaration, outer: Scope): void {
    this.caller = declared;
    this.calls.set(declared, new Set());
    const variables = new Set([...outer.variables, ...declared.parameters]);
    const scope = { ...outer, variables };
    for (const { name, value } of declared.lets) {
      // A `let` hides a wildcard or parameter of the same name, also in its own value.
      const visible = new Set(variables);
      if (name !== 'request' && name !== 'resource') visible.delete(name);
      this.expression(value, { ...scope, variables: visible });
      variables.add(name);
    }
    this.expression(declared.result, scope);
    this.caller = undefined;
  }

  private expression(expression: Expression, scope: Scope): void {
    switch (expression.kind) {
      case 'literal':
        return;
      case 'name':
        return this.variable(expression.name, expression.start, scope);
      case 'member':
        return this.expression(expression.object, scope);
      case 'index':
        return this.all([expression.object, expression.index], scope);
      case 'range':
        return this.all([expression.object, expression.from, expression.to], scope);
      case 'call':
        this.call(expression, scope);
        return this.all(expression.args, scope);
      case 'method':
        return this.method(expression, scope);
      case 'unary':
      case 'is':
        return this.expression(expression.operand, scope);
      case 'binary':
        return this.all([expression.left, expression.right], scope);
      case 'conditional':
        return this.all([expression.condition, expression.then, expression.otherwise], scope);
      case 'list':
        return this.all(expression.items, scope);
      case 'map':
        return this.all(expression.entries.map(([, value]) => value), scope); // prettier-ignore
      case 'path':
        return this.all(expression.segments.filter((part) => typeof part !== 'string'), scope); // prettier-ignore
    }
  }

  private all(expressions: readonly Expression[], scope: Scope): void {
    for (const expression of expressions) this.expression(expression, scope);
  }

  private variable(name: string, start: number, scope: Scope): void {
    if (scope.variables.has(name)) return;
    if (NAMESPACES.has(name) || name === 'firestore') {
      throw this.source.error(
        start,
        `expected a call such as '${name}.…()', found '${name}' alone`,
      );
    }
    throw this.source.error(start, `expected a variable in scope, found '${name}'`);
  }

  private call(call: Extract<Expression, { kind: 'call' }>, scope: Scope): void {
    const { name, start, args } = call;
    const declared = scope.functions.get(name);
    if (declared) {
      if (this.caller) this.calls.get(this.caller)?.add(declared);
      return this.arity(start, name, args.length, [declared.parameters.length]);
    }
    if (READS.has(name) && scope.service === 'firebase.storage') {
      throw this.source.error(start, `expected 'firestore.${name}' in firebase.storage`);
    }
    const arity = READS.has(name) || name === 'debug' ? 1 : FUNCTIONS.get(name)?.arity;
    if (arity === undefined) {
      throw this.source.error(start, `expected a function in scope, found '${name}'`);
    }
    this.arity(start, name, args.length, [arity]);
  }

  private method(call: Extract<Expression, { kind: 'method' }>, scope: Scope): void {
    const { receiver, name, nameStart, start, args } = call;
    if (receiver.kind === 'name' && !scope.variables.has(receiver.name)) {
      const arity = this.namespaceArity(receiver.name, name, scope);
      if (arity === undefined) {
        this.variableOrNamespace(receiver.name, name, start, scope);
      } else {
        this.arity(start, `${receiver.name}.${name}`, args.length, [arity]);
        return this.all(args, scope);
      }
    }
    const arities = aritiesOfMethod(name);
    if (arities.size === 0) {
      throw this.source.error(
        nameStart,
        `expected a method, found '${name}'${unsupportedReason(name)}`,
      );
    }
    this.arity(start, name, args.length, [...arities]);
    this.pattern(name, args);
    this.all([receiver, ...args], scope);
  }

  private namespaceArity(namespace: string, name: string, scope: Scope): number | undefined {
    if (namespace !== 'firestore') return NAMESPACES.get(namespace)?.get(name)?.arity;
    const isAvailable = scope.service !== 'cloud.firestore' && STORAGE_READS.has(name);
    return isAvailable ? 1 : undefined;
  }

  private variableOrNamespace(name: string, method: string, start: number, scope: Scope): void {
    if (name === 'firestore' && scope.service === 'cloud.firestore') {
      throw this.source.error(
        start,
        `expected '${method}' without 'firestore.' in cloud.firestore`,
      );
    }
    if (NAMESPACES.has(name) || name === 'firestore') {
      const found = `found '${method}'${unsupportedReason(method)}`;
      throw this.source.error(start, `expected a function of '${name}', ${found}`);
    }
    this.variable(name, start, scope);
  }

  private arity(start: number, name: string, found: number, expected: readonly number[]): void {
    if (expected.includes(found)) return;
    const counts = expected.join(' or ');
    throw this.source.error(
      start,
      `expected ${counts} argument${counts === '1' ? '' : 's'} of '${name}', found ${found}`,
    );
  }

  /** Compiles literal patterns, so that an invalid one is reported when the file is loaded. */
  private pattern(name: string, args: readonly Expression[]): void {
    if (!PATTERN_METHODS.has(name)) return;
    const [pattern, replacement] = args;
    if (pattern?.kind === 'literal' && pattern.value.type === 'string') {
      const problem = patternProblem(pattern.value.value, name);
      if (problem) throw this.source.error(pattern.start, `expected ${problem}`);
    }
    if (replacement?.kind === 'literal' && replacement.value.type === 'string') {
      const problem = replacementProblem(replacement.value.value);
      if (problem) throw this.source.error(replacement.start, `expected ${problem}`);
    }
  }

  private rejectRecursion(): void {
    const done = new Set<FunctionDeclaration>();
    const open = new Set<FunctionDeclaration>();
    // An explicit stack: a chain of thousands of functions would overflow the call stack.
    const stack: { declared: FunctionDeclaration; rest: FunctionDeclaration[] }[] = [];
    const enter = (declared: FunctionDeclaration): void => {
      open.add(declared);
      stack.push({ declared, rest: [...(this.calls.get(declared) ?? [])] });
    };
    for (const start of this.calls.keys()) {
      if (!done.has(start)) enter(start);
      for (let top = stack.at(-1); top; top = stack.at(-1)) {
        const next = top.rest.pop();
        if (!next) {
          stack.pop();
          open.delete(top.declared);
          done.add(top.declared);
        } else if (open.has(next)) {
          const found = `found that '${next.name}' calls itself`;
          throw this.source.error(next.start, `expected no recursion, ${found}`);
        } else if (!done.has(next)) {
          enter(next);
        }
      }
    }
  }
}

function unsupportedReason(name: string): string {
  const reason = UNSUPPORTED.get(name);
  return reason ? `, which is not supported: ${reason}` : '';
}

function patternProblem(text: string, method: string): string | undefined {
  try {
    const pattern = compilePattern(text);
    return method === 'matches' ? undefined : emptyMatchProblem(pattern);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return `a valid pattern, found an error: ${error.message}`;
  }
}
