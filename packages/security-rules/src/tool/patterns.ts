/** A regular expression -> others that differ from it in one thing that people get wrong. */

interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Where the parts of a pattern are; enough of RE2's syntax to change one of them. */
interface Parts {
  readonly quantifiers: readonly Piece[];
  /** The branches of each alternation, whether of the whole pattern or of a group. */
  readonly alternations: readonly (readonly Piece[])[];
}

const QUANTIFIER = /^(?:[*+?]|\{(\d+)(,(\d*))?\})/;

/**
 * Patterns with one alternative dropped, one quantifier changed, either end open, everything taken,
 * or upper and lower case taken for the same. Each is different text; not each may compile.
 */
export function patternMutants(pattern: string): string[] {
  const { quantifiers, alternations } = partsOf(pattern);
  const cut = ({ start, end }: Piece, text: string): string =>
    pattern.slice(0, start) + text + pattern.slice(end);
  const mutants: string[] = [];
  for (const branches of alternations) {
    if (branches.length < 2) continue;
    branches.forEach((branch, place) => {
      // With the bar before it, or after it where it is the first.
      const gone =
        place === 0
          ? { start: branch.start, end: branch.end + 1 }
          : { start: branch.start - 1, end: branch.end };
      mutants.push(cut(gone, ''));
    });
  }
  for (const quantifier of quantifiers) {
    const text = pattern.slice(quantifier.start, quantifier.end);
    for (const other of otherQuantifiers(text)) mutants.push(cut(quantifier, other));
  }
  const isAlternation = (alternations[0]?.length ?? 0) > 1;
  const whole = isAlternation ? `(?:${pattern})` : pattern;
  if (isAlternation || !pattern.startsWith('.*')) mutants.push(`.*${whole}`);
  if (isAlternation || !pattern.endsWith('.*')) mutants.push(`${whole}.*`);
  mutants.push('.*');
  if (/[a-z]/i.test(pattern)) mutants.push(`(?i)${pattern}`);
  return [...new Set(mutants)].filter((mutant) => mutant !== pattern);
}

function partsOf(pattern: string): Parts {
  const quantifiers: Piece[] = [];
  const alternations: Piece[][] = [];
  const open: { branches: Piece[]; start: number }[] = [];
  const enter = (start: number): void => {
    const branches: Piece[] = [];
    alternations.push(branches);
    open.push({ branches, start });
  };
  enter(0);
  let at = 0;
  while (at < pattern.length) {
    const rest = pattern.slice(at);
    const group = open.at(-1);
    const quantifier = QUANTIFIER.exec(rest)?.[0];
    if (rest.startsWith('\\')) {
      at += 2;
    } else if (rest.startsWith('[')) {
      at += classLength(rest);
    } else if (rest.startsWith('(')) {
      at += /^\((?:\?(?:P?<\w+>|[a-zA-Z-]*:))?/.exec(rest)?.[0].length ?? 1;
      enter(at);
    } else if ((rest.startsWith('|') || rest.startsWith(')')) && group) {
      group.branches.push({ start: group.start, end: at });
      at += 1;
      group.start = at;
      if (rest.startsWith(')') && open.length > 1) open.pop();
    } else if (quantifier) {
      quantifiers.push({ start: at, end: at + quantifier.length });
      // A lazy one stays lazy.
      at += quantifier.length + (pattern[at + quantifier.length] === '?' ? 1 : 0);
    } else {
      at += 1;
    }
  }
  open[0]?.branches.push({ start: open[0].start, end: pattern.length });
  return { quantifiers, alternations };
}

/** A `]` that comes first in a class is one of its characters. */
function classLength(text: string): number {
  return /^\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]/s.exec(text)?.[0].length ?? 1;
}

/** The same quantifier with one of its bounds moved. */
function otherQuantifiers(text: string): string[] {
  if (text === '*') return ['+', '?'];
  if (text === '+') return ['*', ''];
  if (text === '?') return ['', '*'];
  const [, least = '0', comma, most] = QUANTIFIER.exec(text) ?? [];
  const [from, to] = [Number(least), Number(most)];
  if (comma === undefined) return [`{${from + 1}}`, `{${Math.max(0, from - 1)}}`];
  const lower = from > 0 ? [`{${from - 1},${most ?? ''}}`] : [];
  if (!most) return [...lower, `{${from + 1},}`];
  const others = [...lower, `{${from},${to + 1}}`];
  return to > from ? [...others, `{${from + 1},${to}}`, `{${from},${to - 1}}`] : others;
}
