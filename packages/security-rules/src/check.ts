import type {
  Block,
  Expression,
  FunctionDeclaration,
  Match,
  RulesFile,
  ServiceName,
  Span,
} from './ast.js';
import { aritiesOfMethod, FUNCTIONS, NAMESPACES, READS, STORAGE_READS } from './builtins/index.js';
import { childrenOf } from './children.js';
import type { RulesWarning } from './errors.js';
import { LIMITS } from './limits.js';
import { patternProblems, unsupportedReason } from './literal-patterns.js';
import { rejectRecursion, type Calls } from './recursion.js';
import type { Source } from './source.js';
import { Unused } from './unused.js';

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

/** The part that a warning is about and Google's description of it. */
type Description = readonly [part: Span, description: string];

/**
 * Checks names, argument counts, limits, recursion and literal patterns.
 * @param options strict: names that are not in scope, wrong argument counts, invalid patterns and more than 10 `let`
 *   are errors, not warnings
 * @returns the warnings in source order
 * @throws RulesSyntaxError for the first problem that prevents loading
 */
export function check(
  file: RulesFile,
  source: Source,
  { strict = false }: { strict?: boolean } = {},
): RulesWarning[] {
  const checker = new Checker(source, strict);
  checker.file(file);
  return checker.sortedWarnings();
}

class Checker {
  private readonly calls: Calls = new Map();
  private readonly unused = new Unused();
  private readonly warnings: RulesWarning[] = [];
  private caller: FunctionDeclaration | undefined;

  constructor(
    private readonly source: Source,
    private readonly strict: boolean,
  ) {}

  file(file: RulesFile): void {
    const outer: Scope = { variables: new Set(['request', 'resource']), functions: new Map() };
    const scope = this.declare(file.functions, outer);
    for (const declared of file.functions) this.function(declared, scope);
    for (const service of file.services) {
      const totals = { matches: 0, segments: 0, wildcards: 0 };
      this.block(service, { ...scope, service: service.name }, totals);
    }
    rejectRecursion(this.calls, this.source);
    for (const [part, description] of this.unused.descriptions()) this.warn(part, description);
  }

  sortedWarnings(): RulesWarning[] {
    const offset = ({ sourcePosition }: RulesWarning): number => sourcePosition.currentOffset;
    return this.warnings.sort((a, b) => offset(a) - offset(b));
  }

  private warn(part: Span, description: string): void {
    const sourcePosition = this.source.sourcePosition(part);
    this.warnings.push({ sourcePosition, description, severity: 'WARNING' });
  }

  /**
   * Reports a problem that Google loads with a warning.
   * @throws RulesSyntaxError if the check is strict
   */
  private report(offset: number, problem: string, [part, description]: Description): void {
    if (this.strict) throw this.source.error(offset, problem);
    this.warn(part, description);
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
    const { allows, matches, functions } = match;
    if (allows.length + matches.length + functions.length === 0) {
      throw this.source.error(
        match.end - 1,
        "expected 'allow', 'match' or 'function' in this match, found '}'",
      );
    }
    const scope = { ...outer, variables: new Set([...outer.variables, ...names]) };
    this.block(match, scope, totals);
    const inner = this.declare(functions, scope);
    for (const { condition } of allows) if (condition) this.expression(condition, inner);
  }

  private checkLimit(match: Match, found: number, max: number, what: string): void {
    if (found <= max) return;
    throw this.source.error(match.start, `expected at most ${max} ${what}, found ${found}`);
  }

  private function(declared: FunctionDeclaration, outer: Scope): void {
    this.caller = declared;
    this.calls.set(declared, new Set());
    this.unused.declare(declared);
    const variables = new Set([...outer.variables, ...declared.parameters]);
    const scope = { ...outer, variables };
    for (const [index, { name, value, start }] of declared.lets.entries()) {
      if (index === LIMITS.letsPerFunction) {
        const max = LIMITS.letsPerFunction;
        this.report(start, `expected at most ${max} 'let' in a function, found 'let'`, [
          nameSpan(declared),
          `Function has more than ${max} variables: ${declared.name}.`,
        ]);
      }
      // A `let` hides a wildcard or parameter of the same name, also in its own value.
      if (name !== 'request' && name !== 'resource') variables.delete(name);
      this.expression(value, scope);
      variables.add(name);
    }
    this.expression(declared.result, scope);
    this.caller = undefined;
  }

  private expression(expression: Expression, scope: Scope): void {
    if (expression.kind === 'name') return this.variable(expression.name, expression.start, scope);
    if (expression.kind === 'method') return this.method(expression, scope);
    if (expression.kind === 'call') this.call(expression, scope);
    this.all(childrenOf(expression), scope);
  }

  private all(expressions: readonly Expression[], scope: Scope): void {
    for (const expression of expressions) this.expression(expression, scope);
  }

  private variable(name: string, start: number, scope: Scope): void {
    if (scope.variables.has(name)) {
      if (this.caller) this.unused.useVariable(this.caller, name);
      return;
    }
    const isNamespace = NAMESPACES.has(name) || name === 'firestore';
    const problem = isNamespace
      ? `expected a call such as '${name}.…()', found '${name}' alone`
      : `expected a variable in scope, found '${name}'`;
    this.report(start, problem, invalidVariable(start, name));
  }

  private call(call: Extract<Expression, { kind: 'call' }>, scope: Scope): void {
    const { name, start, args } = call;
    const declared = scope.functions.get(name);
    if (declared) {
      if (this.caller) this.calls.get(this.caller)?.add(declared);
      this.unused.useFunction(declared);
      return this.arity(start, name, args.length, [declared.parameters.length], start);
    }
    const invalid = invalidFunction(start, name);
    if (READS.has(name) && scope.service === 'firebase.storage') {
      return this.report(start, `expected 'firestore.${name}' in firebase.storage`, invalid);
    }
    const arity = READS.has(name) || name === 'debug' ? 1 : FUNCTIONS.get(name)?.arity;
    if (arity === undefined) {
      return this.report(start, `expected a function in scope, found '${name}'`, invalid);
    }
    this.arity(start, name, args.length, [arity], start);
  }

  private method(call: Extract<Expression, { kind: 'method' }>, scope: Scope): void {
    const { receiver, name, nameStart, start, args } = call;
    if (receiver.kind === 'name' && !scope.variables.has(receiver.name)) {
      const arity = this.namespaceArity(receiver.name, name, scope);
      if (arity === undefined) this.unknownReceiver(receiver.name, call, scope);
      else this.arity(start, `${receiver.name}.${name}`, args.length, [arity], nameStart);
      return this.all(args, scope);
    }
    const arities = aritiesOfMethod(name);
    if (arities.size === 0) {
      const problem = `expected a method, found '${name}'${unsupportedReason(name)}`;
      this.report(nameStart, problem, invalidFunction(nameStart, name));
    } else {
      this.arity(start, name, args.length, [...arities], nameStart);
    }
    for (const [pattern, problem] of patternProblems(name, args)) {
      this.report(pattern.start, `expected ${problem}`, [pattern, `Expected ${problem}.`]);
    }
    this.all([receiver, ...args], scope);
  }

  private namespaceArity(namespace: string, name: string, scope: Scope): number | undefined {
    if (namespace !== 'firestore') return NAMESPACES.get(namespace)?.get(name)?.arity;
    const isAvailable = scope.service !== 'cloud.firestore' && STORAGE_READS.has(name);
    return isAvailable ? 1 : undefined;
  }

  /** The receiver of a method is no variable, or a namespace without this function. */
  private unknownReceiver(
    name: string,
    { start, name: method, nameStart }: Extract<Expression, { kind: 'method' }>,
    scope: Scope,
  ): void {
    const invalid = invalidFunction(nameStart, method);
    if (name === 'firestore' && scope.service === 'cloud.firestore') {
      const problem = `expected '${method}' without 'firestore.' in cloud.firestore`;
      return this.report(start, problem, invalid);
    }
    if (NAMESPACES.has(name) || name === 'firestore') {
      const found = `found '${method}'${unsupportedReason(method)}`;
      return this.report(start, `expected a function of '${name}', ${found}`, invalid);
    }
    this.variable(name, start, scope);
  }

  private arity(
    start: number,
    name: string,
    found: number,
    expected: readonly number[],
    nameStart: number,
  ): void {
    if (expected.includes(found)) return;
    const counts = expected.join(' or ');
    const last = name.split('.').at(-1) ?? name;
    this.report(
      start,
      `expected ${counts} argument${counts === '1' ? '' : 's'} of '${name}', found ${found}`,
      [
        { start: nameStart, end: nameStart + last.length },
        `Incorrect number of arguments supplied to function: ${last}.`,
      ],
    );
  }
}

function nameSpan({ name, nameStart }: FunctionDeclaration): Span {
  return { start: nameStart, end: nameStart + name.length };
}

function invalidVariable(start: number, name: string): Description {
  return [{ start, end: start + name.length }, `Invalid variable name: ${name}.`];
}

function invalidFunction(start: number, name: string): Description {
  return [{ start, end: start + name.length }, `Invalid function name: ${name}.`];
}
