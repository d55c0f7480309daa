/** Prints syntax trees of rules in a fixed layout. Parsing the text gives an equal tree. */
import type {
  Allow,
  Block,
  Expression,
  FunctionDeclaration,
  Match,
  PathPattern,
  RulesFile,
  RulesMethod,
} from '../ast.js';
import type { RulesValue } from '../index.js';

/** Operator precedence, lowest first. An operand of lower precedence needs parentheses. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map(
  [
    ['?:'],
    ['||'],
    ['&&'],
    ['==', '!='],
    ['in', 'is'],
    ['<', '<=', '>', '>='],
    ['+', '-'],
    ['*', '/', '%'],
  ].flatMap((operators, precedence) =>
    operators.map((operator) => [operator, precedence] as const),
  ),
);
const UNARY = 8;
const PATH = 9;
const PRIMARY = 10;

/** Prints a rules file. */
export function printRules(file: RulesFile): string {
  const services = file.services.map(
    (service) => `service ${service.name} ${printBody(service, [])}`,
  );
  const functions = file.functions.map(printFunction);
  return [`rules_version = '${file.version}';`, ...functions, ...services, ''].join('\n');
}

function printMatch(match: Match): string {
  return `match ${printPattern(match.pattern)} ${printBody(match, match.allows)}`;
}

function printBody({ functions, matches }: Block, allows: readonly Allow[]): string {
  const declared = functions.map(printFunction);
  const parts = [...declared, ...allows.map(printAllow), ...matches.map(printMatch)];
  return parts.length === 0 ? '{}' : `{\n${parts.join('\n').replaceAll(/^/gm, '  ')}\n}`;
}

function printFunction({ name, parameters, lets, result }: FunctionDeclaration): string {
  const lines = lets.map((each) => `  let ${each.name} = ${printExpression(each.value)};`);
  lines.push(`  return ${printExpression(result)};`);
  return `function ${name}(${parameters.join(', ')}) {\n${lines.join('\n')}\n}`;
}

function printAllow({ methods, condition }: Allow): string {
  const when = condition ? `: if ${printExpression(condition)}` : '';
  return `allow ${printMethods(methods)}${when};`;
}

/** Prints the methods of an `allow`, with `read` and `write` where all of their methods are present. */
export function printMethods(methods: ReadonlySet<RulesMethod>): string {
  const names: string[] = [];
  const rest = new Set(methods);
  const replace = (name: string, group: readonly RulesMethod[]): void => {
    if (!group.every((method) => rest.has(method))) return;
    names.push(name);
    for (const method of group) rest.delete(method);
  };
  replace('read', ['get', 'list']);
  replace('write', ['create', 'update', 'delete']);
  return [...names, ...rest].join(', ');
}

/** Prints the path of a match. */
export function printPattern(pattern: readonly PathPattern[]): string {
  return pattern.map((part) => `/${printSegment(part)}`).join('');
}

/** Prints one segment of the path of a match. */
export function printSegment(part: PathPattern): string {
  if (part.kind === 'literal') return part.text;
  return `{${part.name}${part.recursive ? '=**' : ''}}`;
}

/** Prints an expression with the necessary parentheses only. */
export function printExpression(expression: Expression): string {
  const print = printExpression;
  switch (expression.kind) {
    case 'literal':
      return printLiteral(expression.value);
    case 'name':
      return expression.name;
    case 'member':
      return `${printOperand(expression.object, PRIMARY)}.${expression.property}`;
    case 'index':
      return `${printOperand(expression.object, PRIMARY)}[${print(expression.index)}]`;
    case 'range':
      return `${printOperand(expression.object, PRIMARY)}[${print(expression.from)}:${print(expression.to)}]`;
    case 'call':
      return `${expression.name}(${printAll(expression.args)})`;
    case 'method':
      return `${printOperand(expression.receiver, PRIMARY)}.${expression.name}(${printAll(expression.args)})`;
    case 'unary':
      return `${expression.operator}${printOperand(expression.operand, UNARY)}`;
    case 'binary': {
      const precedence = precedenceOf(expression);
      const { operator, left, right } = expression;
      return `${printOperand(left, precedence)} ${operator} ${printOperand(right, precedence + 1)}`;
    }
    case 'is':
      return `${printOperand(expression.operand, precedenceOf(expression))} is ${expression.type}`;
    case 'conditional':
      return [
        printOperand(expression.condition, 1),
        '?',
        print(expression.then),
        ':',
        print(expression.otherwise),
      ].join(' ');
    case 'list':
      return `[${printAll(expression.items)}]`;
    case 'map':
      return printMap(expression.entries);
    case 'path':
      return expression.segments
        .map((part) => (typeof part === 'string' ? `/${part}` : `/$(${print(part)})`))
        .join('');
  }
}

function printAll(expressions: readonly Expression[]): string {
  return expressions.map(printExpression).join(', ');
}

function printMap(entries: readonly (readonly [string, Expression])[]): string {
  const printed = entries.map(([key, value]) => `${quote(key)}: ${printExpression(value)}`);
  return `{${printed.join(', ')}}`;
}

function printOperand(expression: Expression, precedence: number): string {
  const text = printExpression(expression);
  return precedenceOf(expression) < precedence ? `(${text})` : text;
}

function precedenceOf(expression: Expression): number {
  switch (expression.kind) {
    case 'binary':
      return PRECEDENCE.get(expression.operator) ?? 0;
    case 'is':
      return PRECEDENCE.get('is') ?? 0;
    case 'conditional':
      return 0;
    case 'unary':
      return UNARY;
    case 'literal':
      return isNegative(expression.value) ? UNARY : PRIMARY;
    case 'path':
      return PATH;
    default:
      return PRIMARY;
  }
}

function isNegative(value: RulesValue): boolean {
  return (value.type === 'int' || value.type === 'float') && value.value < 0;
}

function printLiteral(value: RulesValue): string {
  switch (value.type) {
    case 'null':
      return 'null';
    case 'bool':
    case 'int':
      return String(value.value);
    case 'float':
      return printFloat(value.value);
    case 'string':
      return quote(value.value);
    case 'bytes': {
      const hex = Buffer.from(value.value).toString('hex');
      return `b'${hex.replaceAll(/../g, String.raw`\x$&`)}'`;
    }
    default:
      throw new TypeError(`a ${value.type} has no literal`);
  }
}

function printFloat(value: number): string {
  if (Math.abs(value) === Infinity) return value < 0 ? '-1e999' : '1e999';
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function quote(text: string): string {
  const escaped = text.replaceAll(/[\\']/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`);
  return `'${escaped}'`;
}
