/** What `init` adds to firebase.json. */
import { findNodeAtLocation, parseTree } from 'jsonc-parser';
import { lineEndOf, splitByteOrderMark } from './changes.js';
import { indentationOf, insertValue, isObject, setValue } from './json.js';

/** A kit in `functions`; see KitFunctionConfig in schema/firebase-config.json of firebase-tools. */
export interface KitStanza {
  kit: string;
  source: string;
  runtime: string;
  instances: Record<string, string>;
  ignore: string[];
}

/** Adds a kit; an object becomes the first element of an array. */
export function addKit(text: string, functions: unknown, stanza: KitStanza): string {
  if (Array.isArray(functions)) return insertValue(text, ['functions'], 'last', stanza);
  if (isObject(functions)) {
    return insertValue(wrapInArray(text, 'functions'), ['functions'], 'last', stanza);
  }
  return setValue(text, ['functions'], [stanza]);
}

/** Puts the value of a property in brackets, indented by one more level; comments in it stay. */
function wrapInArray(text: string, property: string): string {
  const { mark, body } = splitByteOrderMark(text);
  const tree = parseTree(body);
  const node = tree && findNodeAtLocation(tree, [property]);
  if (node === undefined) throw new Error(`expected "${property}" in the object`);
  const value = body.slice(node.offset, node.offset + node.length);
  const lineStart = body.lastIndexOf('\n', node.offset) + 1;
  const outer = /^[ \t]*/.exec(body.slice(lineStart, node.offset))?.[0] ?? '';
  const { tabSize, insertSpaces } = indentationOf(body);
  const unit = insertSpaces ? ' '.repeat(tabSize) : '\t';
  const lineEnd = lineEndOf(body);
  const indented = value.replaceAll(/\n(?=[^\r\n])/g, `\n${unit}`);
  const wrapped = `[${lineEnd}${outer}${unit}${indented}${lineEnd}${outer}]`;
  return mark + body.slice(0, node.offset) + wrapped + body.slice(node.offset + node.length);
}

/** A rewrite of Firebase Hosting to a function of the 2nd generation. */
export interface FunctionRewrite {
  source: string;
  function: { functionId: string; region: string };
}

/**
 * Adds a rewrite before all others, because Hosting applies the first one that matches.
 * @param index position in `hosting`; undefined if it is an object
 */
export function addRewrite(
  text: string,
  hosting: Record<string, unknown>,
  index: number | undefined,
  rewrite: FunctionRewrite,
): string {
  const path = ['hosting', ...(index === undefined ? [] : [index]), 'rewrites'];
  return Array.isArray(hosting['rewrites'])
    ? insertValue(text, path, 'first', rewrite)
    : setValue(text, path, [rewrite]);
}
