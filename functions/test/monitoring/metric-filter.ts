/**
 * Parses filters of Cloud Monitoring, which select time series; they are another language than those of Cloud Logging.
 * @see https://cloud.google.com/monitoring/api/v3/filters#filter_syntax
 */
import { tokensOf } from './filter-tokens.js';

export interface Comparison {
  /** Such as `metric.type` or `resource.labels.queue_id`. */
  object: string;
  operator: string;
  /** The text without its quotes, or the arguments of the function. */
  value: string;
  /** The function on the right side, such as `starts_with`. */
  call?: string;
  /** False below OR or NOT: a time series that the filter selects may differ. */
  isCertain: boolean;
}

const OBJECT =
  /^(?:project|group[.]id|(?:metric|resource)[.]type|(?:metric|resource)[.]labels?[.]\w+|metadata[.](?:system|user)_labels[.]\w+)$/;
/** By function: the pattern of its arguments. */
const FUNCTIONS: Readonly<Record<string, 'text' | 'texts' | 'expression'>> = {
  starts_with: 'text',
  ends_with: 'text',
  has_substring: 'text',
  one_of: 'texts',
  'monitoring.regex.full_match': 'expression',
};
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|!=|>=|<=|[()=><:,]|[\w.-]+)/y;
const TEXT = /^".*"$/;

/** @throws Error that says what was expected */
export function parseMetricFilter(filter: string): Comparison[] {
  const tokens = tokensOf(filter, TOKEN);
  const found: Comparison[] = [];
  let at = 0;

  function expectToken(what: string, isIt: (token: string) => boolean): string {
    const token = tokens[at];
    if (token === undefined || !isIt(token)) {
      throw new Error(`expected ${what}, found ${token ?? 'the end'} in ${filter}`);
    }
    at += 1;
    return token;
  }
  const expectOne = (token: string) => expectToken(token, (one) => one === token);

  function either(isCertain: boolean): void {
    const start = found.length;
    both(isCertain);
    while (tokens[at] === 'OR') {
      at += 1;
      both(false);
      for (const one of found.slice(start)) one.isCertain = false;
    }
  }

  function both(isCertain: boolean): void {
    single(isCertain);
    while (at < tokens.length && tokens[at] !== 'OR' && tokens[at] !== ')') {
      // AND may be left out.
      if (tokens[at] === 'AND') at += 1;
      single(isCertain);
    }
  }

  function single(isCertain: boolean): void {
    if (tokens[at] === 'NOT') {
      at += 1;
      return single(false);
    }
    if (tokens[at] !== '(') return compare(isCertain);
    at += 1;
    either(isCertain);
    expectOne(')');
  }

  function compare(isCertain: boolean): void {
    const object = expectToken('a selector', (token) => OBJECT.test(token));
    const operator = expectToken('an operator', (token) => /^(?:!=|[<>]=?|[=:])$/.test(token));
    const value = expectToken('a value', (token) => /^["\w]/.test(token));
    const normal = object.replace(/[.]label[.]/, '.labels.');
    if (TEXT.test(value) || /^(?:true|false|-?\d+(?:[.]\d+)?)$/.test(value)) {
      found.push({ object: normal, operator, value: unquote(value), isCertain });
      return;
    }
    const kind = FUNCTIONS[value];
    if (kind === undefined) {
      throw new Error(`expected a text, a number or a known function, found ${value} in ${filter}`);
    }
    if (!['=', '!='].includes(operator)) {
      throw new Error(`expected = or != before ${value}, found ${operator} in ${filter}`);
    }
    expectOne('(');
    const list = [unquote(expectToken('a text', (token) => TEXT.test(token)))];
    while (kind === 'texts' && tokens[at] === ',') {
      at += 1;
      list.push(unquote(expectToken('a text', (token) => TEXT.test(token))));
    }
    expectOne(')');
    if (kind === 'expression') new RegExp(list[0] ?? '');
    found.push({ object: normal, operator, value: list.join(','), call: value, isCertain });
  }

  either(true);
  if (at !== tokens.length) expectOne('the end');
  return found;
}

function unquote(token: string): string {
  return token.startsWith('"') ? (JSON.parse(token) as string) : token;
}
