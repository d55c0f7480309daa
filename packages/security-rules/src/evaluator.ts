import type { Expression, FunctionDeclaration, ServiceName } from './ast.js';
import { FUNCTIONS, METHODS, NAMESPACES, READS, STORAGE_READS } from './builtins/index.js';
import { toText } from './builtins/strings.js';
import type { Coverage } from './coverage.js';
import { expectArity, expectCallable, unknownVariable } from './declared.js';
import { EvaluationError, LimitError } from './errors.js';
import { LIMITS, Work } from './limits.js';
import { applyBinary, applyUnary, element, isOfType, member, range } from './operators.js';
import { Reads, type DocumentReader, type SharedReads } from './reads.js';
import { bool, FALSE, list, map, path, TRUE, type RulesValue } from './values.js';

/** The value of a parameter or a `let`: evaluated on first use, at most once. */
class Deferred {
  private outcome: Promise<RulesValue> | undefined;

  constructor(private readonly evaluate: () => Promise<RulesValue>) {}

  value(): Promise<RulesValue> {
    this.outcome ??= this.evaluate();
    return this.outcome;
  }
}

type Variable = RulesValue | Deferred | undefined;

/** The variables and functions in scope. Lookups start at the innermost block. */
export class Environment {
  constructor(
    readonly outer: Environment | undefined,
    private readonly functions: readonly FunctionDeclaration[],
    private readonly variables: ReadonlyMap<string, Variable>,
  ) {}

  /** Looks up a variable. Its value is undefined if a query does not determine it. */
  variable(name: string): { value: Variable } | undefined {
    if (this.variables.has(name)) return { value: this.variables.get(name) };
    return this.outer?.variable(name);
  }

  /** This environment without the variable. */
  without(name: string): Environment {
    const absent = new Deferred(() => Promise.reject(unknownVariable(name)));
    return new Environment(this, [], new Map([[name, absent]]));
  }

  /** Looks up a function and the environment of its declaration. */
  function(name: string): { declared: FunctionDeclaration; environment: Environment } | undefined {
    const declared = this.functions.find((candidate) => candidate.name === name);
    return declared ? { declared, environment: this } : this.outer?.function(name);
  }
}

/** The latest result of an expression, kept to explain why a condition was not true. */
export type Outcome = RulesValue | EvaluationError;

/** Evaluates one request. The limits apply to all its `allow` statements together. */
export class Evaluation {
  readonly debugged: RulesValue[] = [];
  readonly outcomes = new Map<Expression, Outcome>();
  private readonly work = new Work();
  private readonly reads: Reads;
  private expressions = 0;
  private callDepth = 0;

  constructor(
    private readonly service: ServiceName,
    documents: DocumentReader | undefined,
    shared: SharedReads | undefined,
    private readonly coverage?: Coverage,
  ) {
    this.reads = new Reads(service, documents, shared);
  }

  /**
   * Evaluates an expression.
   * @throws EvaluationError if evaluation fails, LimitError if the request exceeds a limit
   */
  async value(expression: Expression, environment: Environment): Promise<RulesValue> {
    if (++this.expressions > LIMITS.expressionsPerRequest) {
      throw new LimitError(
        `the rules evaluate more than ${LIMITS.expressionsPerRequest} expressions for this request`,
      );
    }
    try {
      const value = await this.compute(expression, environment);
      this.outcomes.set(expression, value);
      this.coverage?.record(expression, value);
      return value;
    } catch (error) {
      if (error instanceof EvaluationError) {
        error.offset ??= expression.start;
        this.outcomes.set(expression, error);
        this.coverage?.record(expression, error);
      }
      throw error;
    }
  }

  private async compute(expression: Expression, environment: Environment): Promise<RulesValue> {
    const evaluate = (part: Expression): Promise<RulesValue> => this.value(part, environment);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'name':
        return this.variable(expression.name, environment);
      case 'member':
        return member(await evaluate(expression.object), expression.property);
      case 'index':
        return element(
          await evaluate(expression.object),
          await evaluate(expression.index),
          this.work,
        );
      case 'range':
        return range(
          await evaluate(expression.object),
          await evaluate(expression.from),
          await evaluate(expression.to),
          this.work,
        );
      case 'call':
        return this.call(expression.name, expression.args, environment);
      case 'method':
        return this.method(expression, environment);
      case 'unary':
        return applyUnary(expression.operator, await evaluate(expression.operand));
      case 'is':
        return bool(isOfType(await evaluate(expression.operand), expression.type));
      case 'conditional': {
        const condition = asBoolean(await evaluate(expression.condition));
        return evaluate(condition ? expression.then : expression.otherwise);
      }
      case 'binary': {
        const { operator, left, right } = expression;
        if (operator === '||') return this.logical(left, right, true, environment);
        if (operator === '&&') return this.logical(left, right, false, environment);
        return applyBinary(operator, await evaluate(left), await evaluate(right), this.work);
      }
      case 'list':
        return list(await this.all(expression.items, environment));
      case 'map': {
        const fields: [string, RulesValue][] = [];
        for (const [key, value] of expression.entries) fields.push([key, await evaluate(value)]);
        return map(fields);
      }
      case 'path':
        return this.path(expression.segments, environment);
    }
  }

  private async all(
    expressions: readonly Expression[],
    environment: Environment,
  ): Promise<RulesValue[]> {
    const values: RulesValue[] = [];
    for (const expression of expressions) values.push(await this.value(expression, environment));
    return values;
  }

  /** `||` and `&&`: an operand equal to `decisive` determines the result, even if the other fails. */
  private async logical(
    left: Expression,
    right: Expression,
    decisive: boolean,
    environment: Environment,
  ): Promise<RulesValue> {
    let failure: EvaluationError | undefined;
    for (const operand of [left, right]) {
      try {
        const value = await this.value(operand, environment);
        if (asBoolean(value) === decisive) return decisive ? TRUE : FALSE;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        failure ??= error;
      }
    }
    if (failure) throw failure;
    return decisive ? FALSE : TRUE;
  }

  private async variable(name: string, environment: Environment): Promise<RulesValue> {
    const variable = environment.variable(name);
    if (variable?.value instanceof Deferred) return variable.value.value();
    if (variable?.value) return variable.value;
    throw variable ? new EvaluationError(`'${name}' is unknown in a query`) : unknownVariable(name);
  }

  private async call(
    name: string,
    expressions: readonly Expression[],
    environment: Environment,
  ): Promise<RulesValue> {
    const target = environment.function(name);
    if (target) {
      expectCallable(target.declared, expressions.length);
      const args = expressions.map((argument) => this.defer(argument, environment));
      return this.callDeclared(target.declared, target.environment, args);
    }
    const args = await this.all(expressions, environment);
    const [first] = args;
    const builtin = FUNCTIONS.get(name);
    if (READS.has(name) || name === 'debug' || builtin) {
      expectArity(name, builtin?.arity ?? 1, args.length);
    }
    if (READS.has(name) && first) {
      if (this.service === 'cloud.firestore') return this.reads.read(name, first);
      throw new EvaluationError(`expected 'firestore.${name}' in firebase.storage`);
    }
    if (name === 'debug' && first) {
      this.debugged.push(first);
      return first;
    }
    if (!builtin) throw new EvaluationError(`there is no function '${name}'`);
    return builtin.call(args, this.work);
  }

  private defer(expression: Expression, environment: Environment): Deferred {
    return new Deferred(() => this.value(expression, environment));
  }

  private async callDeclared(
    declared: FunctionDeclaration,
    environment: Environment,
    args: readonly Deferred[],
  ): Promise<RulesValue> {
    if (this.callDepth >= LIMITS.callDepth) {
      throw new LimitError(`function calls are nested more than ${LIMITS.callDepth} levels deep`);
    }
    this.callDepth++;
    try {
      const parameters = declared.parameters.map((name, index) => [name, args[index]] as const);
      let scope = new Environment(environment, [], new Map(parameters));
      for (const { name, value } of declared.lets) {
        // A `let` sees those before it, but neither itself nor a wildcard of the same name.
        const visible = isGlobal(name) ? scope : scope.without(name);
        scope = new Environment(scope, [], new Map([[name, this.defer(value, visible)]]));
      }
      return await this.value(declared.result, scope);
    } finally {
      this.callDepth--;
    }
  }

  private async method(
    expression: Extract<Expression, { kind: 'method' }>,
    environment: Environment,
  ): Promise<RulesValue> {
    const { receiver, name } = expression;
    if (receiver.kind === 'name' && !environment.variable(receiver.name)) {
      const args = await this.all(expression.args, environment);
      return this.namespaced(receiver.name, name, args);
    }
    const object = await this.value(receiver, environment);
    const method = METHODS.get(object.type)?.get(name);
    if (!method) throw new EvaluationError(`a ${object.type} has no method '${name}'`);
    expectArity(name, method.arity, expression.args.length);
    return method.call(object, await this.all(expression.args, environment), this.work);
  }

  private async namespaced(
    namespace: string,
    name: string,
    args: readonly RulesValue[],
  ): Promise<RulesValue> {
    const [first] = args;
    const isRead = namespace === 'firestore' && STORAGE_READS.has(name);
    if (isRead && this.service === 'firebase.storage') {
      expectArity(`firestore.${name}`, 1, args.length);
      if (first) return this.reads.read(name, first);
    }
    const builtin = NAMESPACES.get(namespace)?.get(name);
    if (!builtin) throw new EvaluationError(`there is no function '${namespace}.${name}' here`);
    expectArity(`${namespace}.${name}`, builtin.arity, args.length);
    return builtin.call(args, this.work);
  }

  private async path(
    parts: readonly (string | Expression)[],
    environment: Environment,
  ): Promise<RulesValue> {
    const segments: string[] = [];
    for (const part of parts) {
      if (typeof part === 'string') {
        segments.push(part);
        continue;
      }
      const value = await this.value(part, environment);
      if (value.type === 'path') {
        segments.push(...value.segments);
        continue;
      }
      const text = toText(value).value;
      // A string of several segments could point outside the path in the rule.
      if (text === '' || text.includes('/')) {
        throw new EvaluationError(`expected one path segment, found ${JSON.stringify(text)}`);
      }
      segments.push(text);
    }
    return path(segments);
  }
}

/** A `let` of this name may refer to the global variable. */
function isGlobal(name: string): boolean {
  return name === 'request' || name === 'resource';
}

/**
 * The value of a condition.
 * @throws EvaluationError if it is not a Boolean
 */
export function asBoolean(value: RulesValue): boolean {
  if (value.type === 'bool') return value.value;
  throw new EvaluationError(`expected bool, found ${value.type}`);
}
