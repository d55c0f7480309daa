import type { Expression, FunctionDeclaration, ServiceName } from './ast.js';
import { FUNCTIONS, METHODS, NAMESPACES, READS } from './builtins/index.js';
import { toText } from './builtins/strings.js';
import { EvaluationError, LimitError } from './errors.js';
import { LIMITS, Work } from './limits.js';
import { applyBinary, applyUnary, element, isOfType, member, range } from './operators.js';
import { Reads, type DocumentReader, type SharedReads } from './reads.js';
import { bool, FALSE, list, map, path, TRUE, type RulesValue } from './values.js';

/** The value of a parameter or a `let`: worked out when it is first asked for, and once. */
class Deferred {
  private outcome: Promise<RulesValue> | undefined;

  constructor(private readonly work: () => Promise<RulesValue>) {}

  value(): Promise<RulesValue> {
    this.outcome ??= this.work();
    return this.outcome;
  }
}

type Variable = RulesValue | Deferred | undefined;

/** What names mean where an expression stands: the innermost block first. */
export class Environment {
  constructor(
    readonly outer: Environment | undefined,
    private readonly functions: readonly FunctionDeclaration[],
    private readonly variables: ReadonlyMap<string, Variable>,
  ) {}

  /** The variable of this name, with its value or, when a query leaves it open, without. */
  variable(name: string): { value: Variable } | undefined {
    if (this.variables.has(name)) return { value: this.variables.get(name) };
    return this.outer?.variable(name);
  }

  /** The function of this name and the environment that it was declared in. */
  function(name: string): { declared: FunctionDeclaration; home: Environment } | undefined {
    const declared = this.functions.find((candidate) => candidate.name === name);
    return declared ? { declared, home: this } : this.outer?.function(name);
  }
}

/** How an expression came out last; kept to tell a developer why a condition was not true. */
export type Outcome = RulesValue | EvaluationError;

/** The evaluation of one request: its limits hold over all `allow` statements together. */
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
  ) {
    this.reads = new Reads(service, documents, shared);
  }

  /** The value of an expression; EvaluationError when it has none, LimitError past a limit. */
  async value(expression: Expression, environment: Environment): Promise<RulesValue> {
    if (++this.expressions > LIMITS.expressionsPerRequest) {
      throw new LimitError(
        `the rules evaluate more than ${LIMITS.expressionsPerRequest} expressions for this request`,
      );
    }
    try {
      const value = await this.compute(expression, environment);
      this.outcomes.set(expression, value);
      return value;
    } catch (error) {
      if (error instanceof EvaluationError) {
        error.offset ??= expression.start;
        this.outcomes.set(expression, error);
      }
      throw error;
    }
  }

  private async compute(expression: Expression, environment: Environment): Promise<RulesValue> {
    const of = (part: Expression): Promise<RulesValue> => this.value(part, environment);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'name':
        return this.variable(expression.name, environment);
      case 'member':
        return member(await of(expression.object), expression.property);
      case 'index':
        return element(await of(expression.object), await of(expression.index), this.work);
      case 'range':
        return range(
          await of(expression.object),
          await of(expression.from),
          await of(expression.to),
          this.work,
        );
      case 'call':
        return this.call(expression.name, expression.args, environment);
      case 'method':
        return this.method(expression, environment);
      case 'unary':
        return applyUnary(expression.operator, await of(expression.operand));
      case 'is':
        return bool(isOfType(await of(expression.operand), expression.type));
      case 'conditional': {
        const condition = asBoolean(await of(expression.condition));
        return of(condition ? expression.then : expression.otherwise);
      }
      case 'binary': {
        const { operator, left, right } = expression;
        if (operator === '||') return this.either(left, right, true, environment);
        if (operator === '&&') return this.either(left, right, false, environment);
        return applyBinary(operator, await of(left), await of(right), this.work);
      }
      case 'list':
        return list(await this.all(expression.items, environment));
      case 'map': {
        const fields: [string, RulesValue][] = [];
        for (const [key, value] of expression.entries) fields.push([key, await of(value)]);
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

  /** `||` (decided by true) and `&&` (by false): a side that decides rescues the other's error. */
  private async either(
    left: Expression,
    right: Expression,
    decisive: boolean,
    environment: Environment,
  ): Promise<RulesValue> {
    let failure: EvaluationError | undefined;
    for (const side of [left, right]) {
      try {
        const value = await this.value(side, environment);
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
    const found = environment.variable(name);
    if (found?.value instanceof Deferred) return found.value.value();
    if (found?.value) return found.value;
    throw new EvaluationError(
      found ? `'${name}' is not known for a query` : `there is no variable '${name}'`,
    );
  }

  private async call(
    name: string,
    expressions: readonly Expression[],
    environment: Environment,
  ): Promise<RulesValue> {
    const deferred = (expression: Expression, around: Environment): Deferred =>
      new Deferred(() => this.value(expression, around));
    const found = environment.function(name);
    if (found) {
      const args = expressions.map((each) => deferred(each, environment));
      return this.callDeclared(found.declared, found.home, args, deferred);
    }
    const args = await this.all(expressions, environment);
    const [first] = args;
    if (READS.has(name) && first) {
      if (this.service === 'cloud.firestore') return this.reads.read(name, first);
      throw new EvaluationError(`Storage has 'firestore.${name}' and not '${name}'`);
    }
    if (name === 'debug' && first) {
      this.debugged.push(first);
      return first;
    }
    const builtin = FUNCTIONS.get(name);
    if (!builtin) throw new EvaluationError(`there is no function '${name}'`);
    return builtin.call(args, this.work);
  }

  private async callDeclared(
    declared: FunctionDeclaration,
    home: Environment,
    args: readonly Deferred[],
    deferred: (expression: Expression, around: Environment) => Deferred,
  ): Promise<RulesValue> {
    if (this.callDepth >= LIMITS.callDepth) {
      throw new LimitError(`functions call each other more than ${LIMITS.callDepth} deep`);
    }
    this.callDepth++;
    try {
      const parameters = declared.parameters.map((name, place) => [name, args[place]] as const);
      let inside = new Environment(home, [], new Map(parameters));
      for (const { name, value } of declared.lets) {
        // Each sees those before it and not itself.
        inside = new Environment(inside, [], new Map([[name, deferred(value, inside)]]));
      }
      return await this.value(declared.result, inside);
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
    if (method.arity !== expression.args.length) {
      throw new EvaluationError(`'${name}' of a ${object.type} takes ${method.arity} arguments`);
    }
    return method.call(object, await this.all(expression.args, environment), this.work);
  }

  private async namespaced(
    namespace: string,
    name: string,
    args: readonly RulesValue[],
  ): Promise<RulesValue> {
    const [first] = args;
    if (namespace === 'firestore' && first && this.service === 'firebase.storage') {
      return this.reads.read(name, first);
    }
    const builtin = NAMESPACES.get(namespace)?.get(name);
    if (!builtin) throw new EvaluationError(`there is no function '${namespace}.${name}' here`);
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
      // A string that is more than one segment could lead out of where the rule points.
      if (text === '' || text.includes('/')) {
        throw new EvaluationError(`${JSON.stringify(text)} is not one segment of a path`);
      }
      segments.push(text);
    }
    return path(segments);
  }
}

/** The value as a condition; anything but a Boolean is an error. */
export function asBoolean(value: RulesValue): boolean {
  if (value.type === 'bool') return value.value;
  throw new EvaluationError(`expected bool, found ${value.type}`);
}
