/** Creates mutants of regular expressions. */
import { RegExpParser, visitRegExpAST, type AST } from '@eslint-community/regexpp';

/** The part of a pattern from `start` to `end`, end exclusive, in UTF-16 units. */
interface Span {
  readonly start: number;
  readonly end: number;
}

interface Quantifier extends Span {
  readonly min: number;
  /** Infinity when there is no maximum. */
  readonly max: number;
}

interface Parts {
  readonly quantifiers: readonly Quantifier[];
  /** The alternatives of the whole pattern first, then those of each group. */
  readonly alternations: readonly (readonly Span[])[];
}

const parser = new RegExpParser({ ecmaVersion: 2025 });

/**
 * Patterns that differ in one thing that is often wrong: one alternative is dropped, one quantifier
 * changed, an end left open, everything matched, or the letter case ignored. A mutant may be invalid.
 */
export function patternMutants(pattern: string): string[] {
  const { quantifiers, alternations } = partsOf(pattern);
  const replace = ({ start, end }: Span, text: string): string =>
    pattern.slice(0, start) + text + pattern.slice(end);
  const mutants: string[] = [];
  for (const alternatives of alternations) {
    if (alternatives.length < 2) continue;
    alternatives.forEach(({ start, end }, index) => {
      // Removes the bar before it too, or the one after it for the first alternative.
      mutants.push(replace(index === 0 ? { start, end: end + 1 } : { start: start - 1, end }, ''));
    });
  }
  for (const quantifier of quantifiers) {
    const text = pattern.slice(quantifier.start, quantifier.end);
    for (const other of otherQuantifiers(text, quantifier)) {
      mutants.push(replace(quantifier, other));
    }
  }
  const isAlternation = (alternations[0]?.length ?? 0) > 1;
  const group = isAlternation ? `(?:${pattern})` : pattern;
  if (isAlternation || !pattern.startsWith('.*')) mutants.push(`.*${group}`);
  if (isAlternation || !pattern.endsWith('.*')) mutants.push(`${group}.*`);
  mutants.push('.*');
  if (/[a-z]/i.test(pattern)) mutants.push(`(?i)${pattern}`);
  return [...new Set(mutants)].filter((mutant) => mutant !== pattern);
}

/** Finds quantifiers and alternatives. A pattern that ECMAScript cannot express has neither. */
function partsOf(pattern: string): Parts {
  const quantifiers: Quantifier[] = [];
  const alternations: (readonly Span[])[] = [];
  const ast = parse(toEcmaScript(pattern));
  if (!ast) return { quantifiers, alternations };
  const onGroup = ({ alternatives }: AST.Pattern | AST.Group | AST.CapturingGroup): void => {
    alternations.push(alternatives);
  };
  visitRegExpAST(ast, {
    onPatternEnter: onGroup,
    onGroupEnter: onGroup,
    onCapturingGroupEnter: onGroup,
    onQuantifierEnter: ({ element, end, greedy, min, max }) => {
      // The `?` of a lazy quantifier is left out, so that its mutants stay lazy.
      quantifiers.push({ start: element.end, end: greedy ? end : end - 1, min, max });
    },
  });
  return { quantifiers, alternations };
}

function parse(pattern: string): AST.Pattern | undefined {
  try {
    return parser.parsePattern(pattern, 0, pattern.length, { unicode: false });
  } catch {
    return undefined;
  }
}

/**
 * Escapes (with `\Q…\E`, `\p{…}` and `\x{…}`) and character classes (with `[]a]` and `[[:alpha:]]`). A
 * class matches without its end too, which RE2 rejects: otherwise every `[` would search for the end
 * again, in quadratic time.
 */
const ATOM =
  /\\(?:Q[^]*?(?:\\E|$)|[xpP]\{[^{}\\]*\}|[^])|\[\^?\]?(?:\\[^]|\[:\^?\w+:\]|[^\]\\])*\]?/g;

/**
 * Replaces what RE2 writes differently from ECMAScript by text of the same length, so that positions
 * stay the same. Syntax: https://github.com/google/re2/wiki/Syntax
 */
function toEcmaScript(pattern: string): string {
  return pattern
    .replaceAll(ATOM, (atom) => '_'.repeat(atom.length))
    .replaceAll('(?P<', '(?<P')
    .replaceAll(/\(\?[imsU-]+\)/g, (flags) => `(?:${'_'.repeat(flags.length - 4)})`);
}

/** The same quantifier with one of its bounds changed. */
function otherQuantifiers(text: string, { min, max }: Quantifier): string[] {
  if (text === '*') return ['+', '?'];
  if (text === '+') return ['*', ''];
  if (text === '?') return ['', '*'];
  if (!text.includes(',')) return [`{${min + 1}}`, `{${Math.max(0, min - 1)}}`];
  const upper = max === Infinity ? '' : String(max);
  const lower = min > 0 ? [`{${min - 1},${upper}}`] : [];
  if (max === Infinity) return [...lower, `{${min + 1},}`];
  const others = [...lower, `{${min},${max + 1}}`];
  return max > min ? [...others, `{${min + 1},${max}}`, `{${min},${max - 1}}`] : others;
}
