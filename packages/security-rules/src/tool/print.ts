/** A syntax tree of rules -> text that reads as the same tree, in one fixed layout. */
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

/** How tightly an expression holds together; an operand that holds less needs parentheses. */
const LEVELS: ReadonlyMap<string, number> = new Map(
  [
    ['?:'],
    ['||'],
    ['&&'],
    ['==', '!='],
    ['in', 'is'],
    ['<', '<=', '>', '>='],
    ['+', '-'],
    ['*', '/', '%'],
  ].flatMap((operators, level) => operators.map((operator) => [operator, level] as const)),
);
const UNARY = 8;
const PATH = 9;
const PRIMARY = 10;

/** A whole rules file. */
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

/** The methods of an `allow`, with the short words for those that belong together. */
export function printMethods(methods: ReadonlySet<RulesMethod>): string {
  const words: string[] = [];
  const rest = new Set(methods);
  const fold = (word: string, whole: readonly RulesMethod[]): void => {
    if (!whole.every((method) => rest.has(method))) return;
    words.push(word);
    for (const method of whole) rest.delete(method);
  };
  fold('read', ['get', 'list']);
  fold('write', ['create', 'update', 'delete']);
  return [...words, ...rest].join(', ');
}

/** The path of a match. */
export function printPattern(pattern: readonly PathPattern[]): string {
  return pattern.map((part) => `/${printSegment(part)}`).join('');
}

/** One segment of the path of a match. */
export function printSegment(part: PathPattern): string {
  if (part.kind === 'literal') return part.text;
  return `{${part.name}${part.recursive ? '=**' : ''}}`;
}

/** An expression with as few parentheses as keep its shape. */
export function printExpression(expression: Expression): string {
  const of = printExpression;
  switch (expression.kind) {
    case 'literal':
      return printLiteral(expression.value);
    case 'name':
      return expression.name;
    case 'member':
      return `${at(expression.object, PRIMARY)}.${expression.property}`;
    case 'index':
      return `${at(expression.object, PRIMARY)}[${of(expression.index)}]`;
    case 'range':
      return `${at(expression.object, PRIMARY)}[${of(expression.from)}:${of(expression.to)}]`;
    case 'call':
      return `${expression.name}(${printAll(expression.args)})`;
    case 'method':
      return `${at(expression.receiver, PRIMARY)}.${expression.name}(${printAll(expression.args)})`;
    case 'unary':
      return `${expression.operator}${at(expression.operand, UNARY)}`;
    case 'binary': {
      const level = levelOf(expression);
      const { operator, left, right } = expression;
      return `${at(left, level)} ${operator} ${at(right, level + 1)}`;
    }
    case 'is':
      return `${at(expression.operand, levelOf(expression))} is ${expression.type}`;
    case 'conditional':
      return [
        at(expression.condition, 1),
        '?',
        of(expression.then),
        ':',
        of(expression.otherwise),
      ].join(' ');
    case 'list':
      return `[${printAll(expression.items)}]`;
    case 'map':
      return printMap(expression.entries);
    case 'path':
      return expression.segments
        .map((part) => (typeof part === 'string' ? `/${part}` : `/$(${of(part)})`))
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

function at(expression: Expression, level: number): string {
  const text = printExpression(expression);
  return levelOf(expression) < level ? `(${text})` : text;
}

function levelOf(expression: Expression): number {
  switch (expression.kind) {
    case 'binary':
      return LEVELS.get(expression.operator) ?? 0;
    case 'is':
      return LEVELS.get('is') ?? 0;
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
