/** Reads and edits JSON files of the user: comments, indentation, line ends and a byte order mark stay. */
import {
  applyEdits,
  findNodeAtLocation,
  modify,
  parse,
  parseTree,
  printParseErrorCode,
  type ParseError,
} from 'jsonc-parser';
import { InitError, lineEndOf, splitByteOrderMark } from './changes.js';

export type JsonPath = (string | number)[];

/** @throws InitError if the text is not a JSON object; comments are allowed, as in the Firebase CLI */
export function parseObject(text: string, file: string): Record<string, unknown> {
  const { body } = splitByteOrderMark(text);
  const errors: ParseError[] = [];
  const value: unknown = parse(body, errors);
  const [error] = errors;
  if (error !== undefined) {
    const before = body.slice(0, error.offset).split('\n');
    const position = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
    throw new InitError(
      `${file}:${position}: expected valid JSON, found ${printParseErrorCode(error.error)}.`,
    );
  }
  if (!isObject(value)) throw new InitError(`${file}: expected a JSON object.`);
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets a value; the rest of the text stays as it is. */
export function setValue(text: string, path: JsonPath, value: unknown): string {
  const { mark, body } = splitByteOrderMark(text);
  const formattingOptions = { ...indentationOf(body), eol: lineEndOf(body) };
  return mark + applyEdits(body, modify(body, path, value, { formattingOptions }));
}

/**
 * Inserts a value into an array. Its other elements stay as they are, on as many lines as they are on.
 * @param path of the array
 */
export function insertValue(
  text: string,
  path: JsonPath,
  position: 'first' | 'last',
  value: unknown,
): string {
  const { mark, body } = splitByteOrderMark(text);
  const tree = parseTree(body);
  const elements = (tree && findNodeAtLocation(tree, path)?.children) ?? [];
  const first = elements[0];
  const last = elements.at(-1);
  if (first === undefined || last === undefined) return setValue(text, path, [value]);
  const lineStart = body.lastIndexOf('\n', first.offset) + 1;
  const indentation = /^[ \t]*/.exec(body.slice(lineStart, first.offset))?.[0] ?? '';
  const isOnOwnLine = lineStart + indentation.length === first.offset;
  const lineEnd = lineEndOf(body);
  const { tabSize, insertSpaces } = indentationOf(body);
  const unit = insertSpaces ? ' '.repeat(tabSize) : '\t';
  const added = JSON.stringify(value, undefined, unit).replaceAll('\n', lineEnd + indentation);
  const separator = isOnOwnLine ? `,${lineEnd}${indentation}` : ', ';
  return position === 'first'
    ? mark + insertAt(body, first.offset, added + separator)
    : mark + insertAt(body, last.offset + last.length, separator + added);
}

function insertAt(text: string, offset: number, added: string): string {
  return text.slice(0, offset) + added + text.slice(offset);
}

/** The indentation of the first indented line; two spaces if there is none. */
export function indentationOf(text: string): { tabSize: number; insertSpaces: boolean } {
  const indentation = /\n([ \t]+)\S/.exec(text)?.[1] ?? '  ';
  return indentation.startsWith('\t')
    ? { tabSize: 1, insertSpaces: false }
    : { tabSize: indentation.length, insertSpaces: true };
}
