/** Functions on syntax trees. */
import type { Expression, Match, RulesFile } from '../ast.js';
import { parse } from '../parser.js';
import { Source } from '../source.js';

/**
 * Copies a tree with `target`, found by identity, replaced. The replacement `undefined` removes it from
 * its list.
 */
export function replaceNode<T>(tree: T, target: object, replacement: unknown): T {
  return rebuild(tree, target, replacement) as T;
}

function rebuild(tree: unknown, target: object, replacement: unknown): unknown {
  if (tree === target) return replacement;
  if (typeof tree !== 'object' || tree === null || tree instanceof Set) return tree;
  // The bytes of a literal.
  if (ArrayBuffer.isView(tree)) return tree;
  if (Array.isArray(tree)) {
    return tree
      .map((item) => rebuild(item, target, replacement))
      .filter((item) => item !== undefined);
  }
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, rebuild(value, target, replacement)]),
  );
}

/** Parses one expression. */
export function parseExpression(text: string): Expression {
  const source = `service cloud.firestore { match /a { allow get: if ${text}; } }`;
  const condition = parse(new Source(source, text)).services[0]?.matches[0]?.allows[0]?.condition;
  if (!condition) throw new TypeError(`expected an expression, found ${text}`);
  return condition;
}

/**
 * Copies a tree without the parts that cannot allow a request: `if false` statements, and match blocks
 * that are then empty. Files with equal results make equal decisions.
 */
export function withoutUnreachable(file: RulesFile): RulesFile {
  const services = file.services.map((service) => ({
    ...service,
    matches: reachableMatches(service.matches),
  }));
  return { ...file, services };
}

/** Copies a tree without match blocks that contain nothing, or only such blocks. */
export function withoutEmptyMatches(file: RulesFile): RulesFile {
  const filled = (matches: readonly Match[]): Match[] =>
    matches
      .map((match) => ({ ...match, matches: filled(match.matches) }))
      .filter(({ functions, matches, allows }) => functions.length + matches.length + allows.length > 0); // prettier-ignore
  const services = file.services.map((service) => ({
    ...service,
    matches: filled(service.matches),
  }));
  return { ...file, services };
}

function reachableMatches(matches: readonly Match[]): Match[] {
  return matches
    .map((match) => ({
      ...match,
      matches: reachableMatches(match.matches),
      allows: match.allows.filter(({ condition }) => !isFalse(condition)),
    }))
    .filter((match) => match.matches.length + match.allows.length > 0);
}

function isFalse(condition: Expression | undefined): boolean {
  return condition?.kind === 'literal' && condition.value.type === 'bool' && !condition.value.value;
}
