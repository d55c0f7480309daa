import type { Allow, Match, PathPattern, RulesMethod, RulesVersion, Service } from './ast.js';
import { path, string, type RulesValue } from './values.js';

/** Path segment for the document ids of a query. Only a wildcard matches it. */
export const ANY_DOCUMENT = '\ud800any document';

/** Path segment for the parents of a collection group. Only `{name=**}` matches it. */
export const ANY_PARENTS = '\ud800any parents';

/** The wildcard values of one match; undefined if a query does not determine the value. */
export type Captures = ReadonlyMap<string, RulesValue | undefined>;

/** The blocks that match a path, from the outermost to the innermost, and their wildcard values. */
export interface PathMatch {
  readonly matches: readonly Match[];
  readonly captures: readonly Captures[];
}

/** Yields the matches of a service for the whole path, in source order. */
export function* matchPath(
  service: Service,
  segments: readonly string[],
  version: RulesVersion,
): Generator<PathMatch> {
  for (const match of service.matches) yield* matchNested([match], segments, version);
}

function* matchNested(
  matches: readonly Match[],
  segments: readonly string[],
  version: RulesVersion,
): Generator<PathMatch> {
  const innermost = matches.at(-1);
  if (!innermost) return;
  const patterns = matches.map(({ pattern }) => pattern);
  if (innermost.allows.length > 0) {
    const captures = matchSegments(patterns, segments, version);
    if (captures) yield { matches, captures };
  }
  for (const inner of innermost.matches) yield* matchNested([...matches, inner], segments, version);
}

/** The `allow` statements of a match that apply to this method. */
export function allowsFor(match: Match, method: RulesMethod): readonly Allow[] {
  return match.allows.filter(({ methods }) => methods.has(method));
}

/**
 * Matches nested patterns against a whole path. `{name=**}` matches one or more segments in version 1
 * and zero or more in version 2, and as few as possible.
 */
function matchSegments(
  levels: readonly (readonly PathPattern[])[],
  segments: readonly string[],
  version: RulesVersion,
): Captures[] | undefined {
  const patterns = levels.flat();
  const ends: number[] = [];
  const failed = new Set<number>();
  const matchFrom = (index: number, start: number): boolean => {
    const pattern = patterns[index];
    if (!pattern) return start === segments.length;
    const state = index * (segments.length + 1) + start;
    if (failed.has(state)) return false;
    const recursive = pattern.kind === 'wildcard' && pattern.recursive;
    const minEnd = start + (recursive && version === '2' ? 0 : 1);
    const maxEnd = recursive ? segments.length : minEnd;
    for (let end = minEnd; end <= maxEnd; end++) {
      if (!recursive && !matchesSegment(pattern, segments[start])) break;
      ends[index] = end;
      if (matchFrom(index + 1, end)) return true;
    }
    // Memoized: otherwise several `**` in nested matches take exponential time.
    failed.add(state);
    return false;
  };
  if (!matchFrom(0, 0)) return undefined;
  let index = 0;
  return levels.map((level) => {
    const captures = new Map<string, RulesValue | undefined>();
    for (const pattern of level) {
      const matched = segments.slice(index === 0 ? 0 : ends[index - 1], ends[index]);
      if (pattern.kind === 'wildcard') captures.set(pattern.name, capture(pattern, matched));
      index++;
    }
    return captures;
  });
}

function matchesSegment(pattern: PathPattern, segment: string | undefined): boolean {
  if (segment === undefined || segment === ANY_PARENTS) return false;
  return pattern.kind === 'wildcard' || pattern.text === segment;
}

function capture(
  pattern: Extract<PathPattern, { kind: 'wildcard' }>,
  matched: readonly string[],
): RulesValue | undefined {
  if (matched.includes(ANY_DOCUMENT) || matched.includes(ANY_PARENTS)) return undefined;
  return pattern.recursive ? path(matched) : string(matched[0] ?? '');
}
