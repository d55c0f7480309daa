/**
 * Evaluates conditions of which some values are not known: can the condition be true, and who decides that? For
 * values that are all known the result is that of the evaluator.
 */
import type { Expression, FunctionDeclaration, ServiceName } from './ast.js';
import {
  aritiesOfMethod,
  FUNCTIONS,
  METHODS,
  NAMESPACES,
  READS,
  STORAGE_READS,
} from './builtins/index.js';
import { toText } from './builtins/strings.js';
import { expectArity, expectCallable, unknownVariable } from './declared.js';
import { EvaluationError, LimitError } from './errors.js';
import { LIMITS, Work } from './limits.js';
import { once, Scope } from './possible-scope.js';
import { applyBinary, applyUnary, element, isOfType, member, range } from './operators.js';
import type { StrictOperator } from './operators.js';
import { combine, isKnown, PartialItems, PartialMap, typeOf, Unknown } from './unknown.js';
import type { Possible } from './unknown.js';
import { bool, FALSE, list, map, path, string, TRUE, type RulesValue } from './values.js';

/** Evaluates one condition. */
export class PossibleEvaluation {
  private readonly work = new Work();
  private expressions = 0;
  private callDepth = 0;

  /** @param now nanoseconds since 1970; requests may be sent at this time or later */
  constructor(
    private readonly now: bigint,
    private readonly service: ServiceName,
  ) {}

  /** @throws EvaluationError if evaluation fails, LimitError if it takes too many steps */
  value(expression: Expression, scope: Scope): Possible {
    // Operands that the evaluator would skip are evaluated, too.
    if (++this.expressions > 2 * LIMITS.expressionsPerRequest) {
      throw new LimitError('the condition takes too many steps to analyze');
    }
    const value = this.compute(expression, scope);
    return value instanceof Unknown ? value.readAt(expression) : value;
  }

  private compute(expression: Expression, scope: Scope): Possible {
    const evaluate = (part: Expression): Possible => this.value(part, scope);
    switch (expression.kind) {
      case 'literal':
        return expression.value;
      case 'name':
        return this.variable(expression.name, scope);
      case 'member':
        return this.member(evaluate(expression.object), expression.property);
      case 'index':
        return this.element(evaluate(expression.object), evaluate(expression.index));
      case 'range': {
        const parts = [expression.object, expression.from, expression.to].map(evaluate);
        const [object, from, to] = parts;
        if (object && from && to && isKnown(object) && isKnown(from) && isKnown(to)) {
          return range(object, from, to, this.work);
        }
        return combine(parts);
      }
      case 'call':
        return this.call(expression.name, expression.args, scope);
      case 'method':
        return this.method(expression, scope);
      case 'unary': {
        const operand = evaluate(expression.operand);
        return isKnown(operand) ? applyUnary(expression.operator, operand) : combine([operand]);
      }
      case 'is': {
        const operand = evaluate(expression.operand);
        if (isKnown(operand)) return bool(isOfType(operand, expression.type));
        const type = typeOf(operand);
        return type ? bool(type === expression.type) : combine([operand], 'bool');
      }
      case 'conditional':
        return this.conditional(expression, scope);
      case 'binary': {
        const { operator, left, right } = expression;
        if (operator === '||' || operator === '&&') {
          return this.logical(left, right, operator === '||', scope);
        }
        return this.binary(operator, evaluate(left), evaluate(right));
      }
      case 'list': {
        const items = expression.items.map(evaluate);
        return items.every(isKnown) ? list(items) : new PartialItems('list', items);
      }
      case 'map': {
        const fields = expression.entries.map(([key, value]) => [key, evaluate(value)] as const);
        const known = fields.flatMap(([key, value]) => (isKnown(value) ? [[key, value] as const] : [])); // prettier-ignore
        return known.length === fields.length ? map(known) : new PartialMap(new Map(fields));
      }
      case 'path':
        return this.path(expression.segments, scope);
    }
  }

  private variable(name: string, scope: Scope): Possible {
    const variable = scope.variable(name);
    if (variable) return variable();
    throw unknownVariable(name);
  }

  private member(object: Possible, name: string): Possible {
    if (isKnown(object)) return member(object, name);
    if (object instanceof PartialMap) {
      const field = object.fields.get(name) ?? object.rest;
      if (field) return field;
    }
    const type = typeOf(object);
    if (object instanceof PartialMap) throw new EvaluationError(`property '${name}' is undefined`);
    if (type !== undefined && type !== 'map') {
      throw new EvaluationError(`a ${type} has no property '${name}'`);
    }
    // The position is that of the whole expression, `request.auth.token.role`.
    return new Unknown(combine([object]).origin);
  }

  private element(object: Possible, index: Possible): Possible {
    if (isKnown(object) && isKnown(index)) return element(object, index, this.work);
    if (object instanceof PartialMap && isKnown(index) && index.type === 'string') {
      return this.member(object, index.value);
    }
    if (object instanceof PartialItems && isKnown(index) && index.type === 'int') {
      const item = object.items[Number(index.value)];
      if (item) return item;
      throw new EvaluationError(`index ${index.value} is out of range`);
    }
    return combine([object, index]);
  }

  private conditional(
    { condition, then, otherwise }: Extract<Expression, { kind: 'conditional' }>,
    scope: Scope,
  ): Possible {
    const decided = this.value(condition, scope);
    if (!(decided instanceof Unknown)) {
      return this.value(asBool(decided) ? then : otherwise, scope);
    }
    const results = [then, otherwise].flatMap((branch) => this.attempt(branch, scope) ?? []);
    const open = results.filter((result) => !isFalse(result));
    const [first] = open;
    if (!first) return FALSE;
    const isFixed = (value: Possible): boolean =>
      value instanceof Unknown && value.origin !== 'client';
    // Like `&&`: what the client cannot choose decides.
    const decisive = !isFixed(decided) && open.every(isFixed) ? first : decided;
    return new Unknown(combine([decisive]).origin, { ...combine([decisive]).known });
  }

  /** The value, or undefined if evaluation fails. */
  private attempt(expression: Expression, scope: Scope): Possible | undefined {
    try {
      return this.value(expression, scope);
    } catch (error) {
      if (error instanceof EvaluationError) return undefined;
      throw error;
    }
  }

  /** `||` and `&&`: see `Evaluation.logical`. */
  private logical(left: Expression, right: Expression, decisive: boolean, scope: Scope): Possible {
    let failure: EvaluationError | undefined;
    const unknowns: Unknown[] = [];
    for (const operand of [left, right]) {
      try {
        const value = this.value(operand, scope);
        if (value instanceof Unknown) unknowns.push(value);
        else if (asBool(value) === decisive) return decisive ? TRUE : FALSE;
      } catch (error) {
        if (!(error instanceof EvaluationError)) throw error;
        failure ??= error;
      }
    }
    // With `&&` an operand that fails makes the result false or a failure.
    if (failure && (!decisive || unknowns.length === 0)) throw failure;
    const chosen = (unknown: Unknown): boolean => (unknown.origin === 'client') === decisive;
    return unknowns.find(chosen) ?? unknowns[0] ?? (decisive ? FALSE : TRUE);
  }

  private binary(operator: StrictOperator, left: Possible, right: Possible): Possible {
    if (isKnown(left) && isKnown(right)) return applyBinary(operator, left, right, this.work);
    switch (operator) {
      case '==':
        return this.equals(left, right);
      case '!=': {
        const result = this.equals(left, right);
        return isKnown(result) ? bool(!asBool(result)) : result;
      }
      case 'in':
        return this.isIn(left, right);
      default:
        return this.compareTimes(operator, left, right) ?? combine([left, right]);
    }
  }

  private equals(left: Possible, right: Possible): Possible {
    if (isKnown(left) && isKnown(right)) return applyBinary('==', left, right, this.work);
    if (left instanceof Unknown && right instanceof Unknown) {
      const [one, other] = [left.known.identity, right.known.identity];
      if (one && other && one.group === other.group) return bool(one.name === other.name);
    }
    if (isExcluded(left, right) || isExcluded(right, left)) return FALSE;
    const [leftType, rightType] = [typeOf(left), typeOf(right)];
    if (leftType && rightType && leftType !== rightType) return FALSE;
    return combine([left, right], 'bool');
  }

  private isIn(item: Possible, container: Possible): Possible {
    if (container instanceof PartialMap && isKnown(item) && item.type === 'string') {
      const field = container.fields.get(item.value) ?? container.rest;
      return field instanceof Unknown ? combine([field], 'bool') : bool(field !== undefined);
    }
    const items = itemsOf(container);
    if (!items) return combine([item, container], 'bool');
    const results = items.map((other) => this.equals(item, other));
    if (results.some((result) => isKnown(result) && !isFalse(result))) return TRUE;
    const unknown = results.filter((result) => !isKnown(result));
    return unknown.length === 0 ? FALSE : combine(unknown, 'bool');
  }

  /** Compares the time of the request, which is now or later, with a known time. */
  private compareTimes(
    operator: StrictOperator,
    left: Possible,
    right: Possible,
  ): RulesValue | undefined {
    const isRequestTime = (value: Possible): boolean =>
      value instanceof Unknown && value.known.identity?.group === 'request.time';
    const isBefore = operator === '<' || operator === '<=';
    if (isRequestTime(left) && isKnown(right) && right.type === 'timestamp') {
      return bool(isBefore ? right.nanos > this.now : true);
    }
    if (isRequestTime(right) && isKnown(left) && left.type === 'timestamp') {
      return bool(isBefore ? true : left.nanos > this.now);
    }
    return undefined;
  }

  private call(name: string, expressions: readonly Expression[], scope: Scope): Possible {
    const target = scope.function(name);
    if (target) {
      const { declared } = target;
      expectCallable(declared, expressions.length);
      const values = expressions.map((argument) => once(() => this.value(argument, scope)));
      const variables = declared.parameters.flatMap((parameter, index) => {
        const value = values[index];
        return value ? [[parameter, value] as const] : [];
      });
      return this.callDeclared(declared, new Scope(target.scope, [], new Map(variables)));
    }
    const args = expressions.map((argument) => this.value(argument, scope));
    const arity =
      FUNCTIONS.get(name)?.arity ?? (READS.has(name) || name === 'debug' ? 1 : undefined);
    if (arity !== undefined) expectArity(name, arity, args.length);
    if (READS.has(name)) {
      if (this.service === 'cloud.firestore') return readOf(name);
      throw new EvaluationError(`expected 'firestore.${name}' in firebase.storage`);
    }
    const [first] = args;
    if (name === 'debug' && first) return first;
    const builtin = FUNCTIONS.get(name);
    if (!builtin) throw new EvaluationError(`there is no function '${name}'`);
    return args.every(isKnown) ? builtin.call(args, this.work) : combine(args);
  }

  private callDeclared(declared: FunctionDeclaration, parameters: Scope): Possible {
    if (this.callDepth >= LIMITS.callDepth) throw new LimitError('calls are nested too deeply');
    this.callDepth++;
    try {
      let scope = parameters;
      for (const { name, value } of declared.lets) {
        const visible = name === 'request' || name === 'resource' ? scope : scope.without(name);
        const variable = once(() => this.value(value, visible));
        scope = new Scope(scope, [], new Map([[name, variable]]));
      }
      return this.value(declared.result, scope);
    } finally {
      this.callDepth--;
    }
  }

  private method(
    { receiver, name, args: expressions }: Extract<Expression, { kind: 'method' }>,
    scope: Scope,
  ): Possible {
    const evaluateArgs = (): Possible[] => expressions.map((part) => this.value(part, scope));
    if (receiver.kind === 'name' && !scope.variable(receiver.name)) {
      const args = evaluateArgs();
      if (
        receiver.name === 'firestore' &&
        STORAGE_READS.has(name) &&
        this.service !== 'cloud.firestore'
      ) {
        expectArity(name, 1, args.length);
        return readOf(name);
      }
      const builtin = NAMESPACES.get(receiver.name)?.get(name);
      if (!builtin) throw new EvaluationError(`there is no function '${receiver.name}.${name}'`);
      expectArity(name, builtin.arity, args.length);
      return args.every(isKnown) ? builtin.call(args, this.work) : combine(args);
    }
    const object = this.value(receiver, scope);
    const type = typeOf(object);
    const method = type && METHODS.get(type)?.get(name);
    if (type && !method) throw new EvaluationError(`a ${type} has no method '${name}'`);
    if (method) expectArity(name, method.arity, expressions.length);
    else if (!type) expectKnownMethod(name, expressions.length);
    const args = evaluateArgs();
    if (method && isKnown(object) && args.every(isKnown)) {
      return method.call(object, args, this.work);
    }
    const [key, fallback] = args;
    if (object instanceof PartialMap && name === 'get' && key && fallback) {
      const isAbsent =
        isKnown(key) && key.type === 'string' && !object.fields.has(key.value) && !object.rest;
      if (isAbsent) return fallback;
      if (isKnown(key) && key.type === 'string') return this.member(object, key.value);
    }
    return combine([object, ...args]);
  }

  private path(parts: readonly (string | Expression)[], scope: Scope): Possible {
    const segments = parts.flatMap((part): Possible[] => {
      if (typeof part === 'string') return [string(part)];
      const value = this.value(part, scope);
      if (value instanceof PartialItems) return [...value.items];
      if (!isKnown(value)) return [value];
      if (value.type === 'path') return value.segments.map(string);
      const text = toText(value);
      if (text.value === '' || text.value.includes('/')) {
        throw new EvaluationError(`expected one path segment, found ${JSON.stringify(text.value)}`);
      }
      return [text];
    });
    return pathOf(segments);
  }
}

/** A path of segments that may be unknown. */
export function pathOf(segments: readonly Possible[]): Possible {
  const known = segments.flatMap((segment) =>
    isKnown(segment) && segment.type === 'string' ? [segment.value] : [],
  );
  return known.length === segments.length ? path(known) : new PartialItems('path', segments);
}

/** Documents are not read: what they hold is unknown. */
function readOf(name: string): Unknown {
  return new Unknown('hidden', name.startsWith('exists') ? { type: 'bool' } : {});
}

/** @throws EvaluationError if no type has the method with this number of arguments */
function expectKnownMethod(name: string, found: number): void {
  const arities = [...aritiesOfMethod(name)];
  const [arity] = arities;
  if (arity === undefined) throw new EvaluationError(`there is no method '${name}'`);
  if (!arities.includes(found)) expectArity(name, arity, found);
}

function itemsOf(container: Possible): readonly Possible[] | undefined {
  if (container instanceof PartialItems) {
    if (container.type === 'list') return container.items;
  } else if (isKnown(container)) {
    if (container.type === 'list') return container.items;
    if (container.type === 'set') return [...container.members.values()];
    if (container.type === 'map') return [...container.fields.keys()].map(string);
  } else return undefined;
  throw new EvaluationError(`'in' expects list, set or map, found ${typeOf(container)}`);
}

/** Whether the first value is unknown, but not the second. */
function isExcluded(unknown: Possible, value: Possible): boolean {
  if (!(unknown instanceof Unknown) || !isKnown(value) || value.type !== 'string') return false;
  return unknown.known.not?.has(value.value) ?? false;
}

function asBool(value: Possible): boolean {
  if (isKnown(value) && value.type === 'bool') return value.value;
  throw new EvaluationError(`expected bool, found ${typeOf(value)}`);
}

function isFalse(value: Possible): boolean {
  return isKnown(value) && value.type === 'bool' && !value.value;
}
