import { EvaluationError } from '../errors.js';
import { bytes, bool, int, list, string, type RulesValue, type ValueOf } from '../values.js';
import { methodsOf } from './method.js';
import { emptyMatchProblem, patternFor, replacementProblem } from './pattern.js';

/**
 * The methods of String. Where the reference is not specific, they follow the Firestore emulator 1.19:
 * lower() and upper() change only ASCII letters, and size() counts UTF-16 code units, as in Java.
 */
export const STRING_METHODS = methodsOf('string', {
  lower: [0, ({ value }) => string(value.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase()))],
  upper: [0, ({ value }) => string(value.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase()))],
  size: [0, ({ value }) => int(value.length)],
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
      // As in Java, empty parts at the end are removed.
      while (parts.length > 1 && parts.at(-1) === '') parts.pop();
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

/**
 * Converts a Boolean, Integer, Float, String, Path or Null to a String.
 * @throws EvaluationError for other types
 */
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
    case 'path':
      return string(`/${value.segments.join('/')}`);
    default:
      throw new EvaluationError(`a ${value.type} can't be converted to string`);
  }
}

/** Formats a Float as Java does: `2.0`, `1.0E7`, `1.5E-4`. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = Object.is(value, -0) ? '-0' : String(value);
    return text.includes('.') ? text : `${text}.0`;
  }
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`;
}

function base64Url(value: Uint8Array): string {
  return Buffer.from(value).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** Removes spaces and control characters at both ends, as String.trim() in Java does. */
function trim(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text.charCodeAt(start) <= 32) start++;
  while (end > start && text.charCodeAt(end - 1) <= 32) end--;
  return text.slice(start, end);
}
