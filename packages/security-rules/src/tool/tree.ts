/** Syntax trees with one part exchanged. */
import type { Expression, Match, RulesFile } from '../ast.js';
import { parse } from '../parser.js';
import { Source } from '../source.js';

/**
 * The tree with `target`, which is found by identity, exchanged for `replacement`; undefined takes
 * it out of the list that it is in.
 */
export function exchange<T>(tree: T, target: object, replacement: unknown): T {
  return rebuild(tree, target, replacement) as T;
}

function rebuild(tree: unknown, target: object, replacement: unknown): unknown {
  if (tree === target) return replacement;
  if (typeof tree !== 'object' || tree === null || tree instanceof Set) return tree;
  // Bytes of a literal.
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

/** An expression from its text. */
export function expressionOf(text: string): Expression {
  const source = `service cloud.firestore { match /a { allow get: if ${text}; } }`;
  const condition = parse(new Source(source, text)).services[0]?.matches[0]?.allows[0]?.condition;
  if (!condition) throw new TypeError(`no expression: ${text}`);
  return condition;
}

/**
 * The tree without what can't decide anything: statements that are `if false`, and match blocks
 * that have nothing left in them. Two files with the same one answer every request alike.
 */
export function withoutDead(file: RulesFile): RulesFile {
  const services = file.services.map((service) => ({
    ...service,
    matches: liveMatches(service.matches),
  }));
  return { ...file, services };
}

function liveMatches(matches: readonly Match[]): Match[] {
  return matches
    .map((match) => ({
      ...match,
      matches: liveMatches(match.matches),
      allows: match.allows.filter(({ condition }) => !isFalse(condition)),
    }))
    .filter((match) => match.matches.length + match.allows.length > 0);
}

function isFalse(condition: Expression | undefined): boolean {
  return condition?.kind === 'literal' && condition.value.type === 'bool' && !condition.value.value;
}
