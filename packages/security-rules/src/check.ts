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

/** What the reference has and the engine doesn't, and why. */
const UNCOVERED: ReadonlyMap<string, string> = new Map([
  ['bind', 'what of a path it may bind, and to what, is not documented'],
]);

const PATTERN_METHODS: ReadonlySet<string> = new Set(['matches', 'replace', 'split']);

/** What names mean at one place of the file. */
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

/** Refuses names that mean nothing, wrong numbers of arguments, recursion, and bad patterns. */
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
    this.refuseRecursion();
  }

  private declare(functions: readonly FunctionDeclaration[], outer: Scope): Scope {
    const known = new Map(outer.functions);
    const own = new Set<string>();
    for (const declared of functions) {
      const { name, start } = declared;
      if (FUNCTIONS.has(name) || READS.has(name) || name === 'debug' || NAMESPACES.has(name)) {
        throw this.source.error(start, `expected a new name, found '${name}', which is built in`);
      }
      if (own.has(name)) {
        throw this.source.error(start, `expected a new name, found function '${name}' again`);
      }
      own.add(name);
      known.set(name, declared);
    }
    return { ...outer, functions: known };
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
    this.refuseOver(match, totals.matches, LIMITS.nestedMatches, 'nested matches');
    this.refuseOver(match, totals.segments, LIMITS.segmentsPerMatch, 'path segments');
    this.refuseOver(match, totals.wildcards, LIMITS.wildcardsPerMatch, 'wildcards');
    const scope = { ...outer, variables: new Set([...outer.variables, ...names]) };
    this.block(match, scope, totals);
    const inner = this.declare(match.functions, scope);
    for (const { condition } of match.allows) if (condition) this.expression(condition, inner);
  }

  private refuseOver(match: Match, found: number, most: number, what: string): void {
    if (found <= most) return;
    throw this.source.error(match.start, `expected at most ${most} ${what}, found ${found}`);
  }

  private function(declared: FunctionDeclaration, outer: Scope): void {
    this.caller = declared;
    this.calls.set(declared, new Set());
    const variables = new Set([...outer.variables, ...declared.parameters]);
    const scope = { ...outer, variables };
    for (const { name, value } of declared.lets) {
      // A wildcard or parameter of the same name would be hidden by the `let` itself.
      const hidden = new Set(variables);
      if (name !== 'request' && name !== 'resource') hidden.delete(name);
      this.expression(value, { ...scope, variables: hidden });
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
      throw this.source.error(start, `expected a function of '${name}' after it: '${name}.…()'`);
    }
    throw this.source.error(start, `expected a variable that exists here, found '${name}'`);
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
      throw this.source.error(start, `expected a function that exists here, found '${name}'`);
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
      throw this.source.error(nameStart, `expected a method, found '${name}'${uncovered(name)}`);
    }
    this.arity(start, name, args.length, [...arities]);
    this.pattern(name, args);
    this.all([receiver, ...args], scope);
  }

  private namespaceArity(namespace: string, name: string, scope: Scope): number | undefined {
    if (namespace !== 'firestore') return NAMESPACES.get(namespace)?.get(name)?.arity;
    const here = scope.service !== 'cloud.firestore' && STORAGE_READS.has(name);
    return here ? 1 : undefined;
  }

  private variableOrNamespace(name: string, method: string, start: number, scope: Scope): void {
    if (name === 'firestore' && scope.service === 'cloud.firestore') {
      throw this.source.error(
        start,
        `expected '${method}' without 'firestore.' in cloud.firestore`,
      );
    }
    if (NAMESPACES.has(name) || name === 'firestore') {
      const found = `found '${method}'${uncovered(method)}`;
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

  /** Patterns that stand in the file are compiled now, so that a wrong one is found now. */
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

  private refuseRecursion(): void {
    const done = new Set<FunctionDeclaration>();
    const open = new Set<FunctionDeclaration>();
    // A stack of our own, since a file may declare thousands that call each other.
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

function uncovered(name: string): string {
  const why = UNCOVERED.get(name);
  return why ? `, which is not covered: ${why}` : '';
}

function patternProblem(text: string, method: string): string | undefined {
  try {
    const pattern = compilePattern(text);
    return method === 'matches' ? undefined : emptyMatchProblem(pattern);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return `a pattern, but this is ${error.message}`;
  }
}
