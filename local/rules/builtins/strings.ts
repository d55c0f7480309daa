import { EvaluationError } from '../errors.js';
import { bytes, bool, int, list, string, type RulesValue, type ValueOf } from '../values.js';
import { methodsOf } from './method.js';
import { emptyMatchProblem, patternFor, replacementProblem } from './pattern.js';

/** The methods of String. */
export const STRING_METHODS = methodsOf('string', {
  lower: [0, ({ value }) => string(value.toLowerCase())],
  upper: [0, ({ value }) => string(value.toUpperCase())],
  size: [0, ({ value }) => int(characters(value).length)],
  trim: [0, ({ value }) => string(trim(value))],
  toUtf8: [0, ({ value }) => bytes(Buffer.from(value))],
  matches: [
    1,
    ({ value }, args, work) =>
      bool(patternFor(args.get(0, 'string').value, value, 'test', work).testExact(value)),
  ],
  replace: [
    2,
    ({ value }, args, work) => {
      const replacement = args.get(1, 'string').value;
      const pattern = patternFor(args.get(0, 'string').value, value, 'find', work);
      const problem = replacementProblem(replacement) ?? emptyMatchProblem(pattern);
      if (problem) throw new EvaluationError(`expected ${problem}`);
      work.charge((value.length + 1) * (replacement.length / 8 + 1));
      return string(pattern.matcher(value).replaceAll(replacement));
    },
  ],
  split: [
    1,
    ({ value }, args, work) => {
      const pattern = patternFor(args.get(0, 'string').value, value, 'find', work);
      const problem = emptyMatchProblem(pattern);
      if (problem) throw new EvaluationError(`expected ${problem}`);
      const parts = pattern.split(value, -1);
      if (parts.length > 1 && parts.at(-1) === '') {
        throw new EvaluationError('whether split() keeps empty parts at the end is not documented');
      }
      return list(parts.map(string));
    },
  ],
});

/** The methods of Bytes. */
export const BYTES_METHODS = methodsOf('bytes', {
  size: [0, ({ value }) => int(value.length)],
  toBase64: [0, ({ value }) => string(base64Url(value))],
  toHexString: [0, ({ value }) => string(Buffer.from(value).toString('hex').toUpperCase())],
});

/** The characters of a text, each a code point. */
export function characters(text: string): string[] {
  return Array.from(text);
}

/** A Boolean, Integer, Float, String or Null as text. */
export function toText(value: RulesValue): ValueOf<'string'> {
  switch (value.type) {
    case 'string':
      return value;
    case 'bool':
    case 'int':
      return string(String(value.value));
    case 'float':
      return string(floatText(value.value));
    case 'null':
      return string('null');
    default:
      throw new EvaluationError(`a ${value.type} can't be converted to string`);
  }
}

/** A Float as the reference shows it: `2.0`. How very big and small ones look it does not say. */
function floatText(value: number): string {
  const size = Math.abs(value);
  if (Object.is(value, -0) || (size !== 0 && !(size >= 1e-3 && size < 1e7))) {
    throw new EvaluationError(`how ${value} looks as a string is not documented`);
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function base64Url(value: Uint8Array): string {
  return Buffer.from(value).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Spaces and control characters are cut off, as Java's own trim does. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text.charCodeAt(start) <= 32) start++;
  while (end > start && text.charCodeAt(end - 1) <= 32) end--;
  return text.slice(start, end);
}
