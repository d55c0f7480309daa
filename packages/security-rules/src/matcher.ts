import type { Allow, Match, PathPattern, RulesMethod, RulesVersion, Service } from './ast.js';
import { path, string, type RulesValue } from './values.js';

/** Stands in a path for the id that a query's documents have: only a wildcard takes it. */
export const ANY_DOCUMENT = '\ud800any document';

/** Stands in a path for what lies above a collection group: only `{name=**}` takes it. */
export const ANY_PARENTS = '\ud800any parents';

/** What the wildcards of one match hold; undefined when a query leaves it open. */
export type Captures = ReadonlyMap<string, RulesValue | undefined>;

/** A match that covers the path, below the matches around it, and what their wildcards hold. */
export interface Covering {
  readonly matches: readonly Match[];
  readonly captures: readonly Captures[];
}

/** The matches of a service that cover the whole path, in the order of the file. */
export function* coveringMatches(
  service: Service,
  segments: readonly string[],
  version: RulesVersion,
): Generator<Covering> {
  for (const match of service.matches) yield* covering([match], segments, version);
}

function* covering(
  matches: readonly Match[],
  segments: readonly string[],
  version: RulesVersion,
): Generator<Covering> {
  const innermost = matches.at(-1);
  if (!innermost) return;
  const patterns = matches.map(({ pattern }) => pattern);
  if (innermost.allows.length > 0) {
    const captures = fit(patterns, segments, version);
    if (captures) yield { matches, captures };
  }
  for (const inner of innermost.matches) yield* covering([...matches, inner], segments, version);
}

/** The `allow` statements of a match that speak of this method. */
export function allowsFor(match: Match, method: RulesMethod): readonly Allow[] {
  return match.allows.filter(({ methods }) => methods.has(method));
}

/**
 * Lays patterns over a whole path. `{name=**}` takes at least one segment in version 1, and
 * none or more in version 2; of several ways the one where it takes fewest is chosen.
 */
function fit(
  levels: readonly (readonly PathPattern[])[],
  segments: readonly string[],
  version: RulesVersion,
): Captures[] | undefined {
  const patterns = levels.flat();
  const ends: number[] = [];
  const failed = new Set<number>();
  const from = (index: number, start: number): boolean => {
    const pattern = patterns[index];
    if (!pattern) return start === segments.length;
    const state = index * (segments.length + 1) + start;
    if (failed.has(state)) return false;
    const recursive = pattern.kind === 'wildcard' && pattern.recursive;
    const least = start + (recursive && version === '2' ? 0 : 1);
    const most = recursive ? segments.length : least;
    for (let end = least; end <= most; end++) {
      if (!recursive && !takes(pattern, segments[start])) break;
      ends[index] = end;
      if (from(index + 1, end)) return true;
    }
    // Remembered, so that several `**` in nested matches don't multiply.
    failed.add(state);
    return false;
  };
  if (!from(0, 0)) return undefined;
  let index = 0;
  return levels.map((level) => {
    const captures = new Map<string, RulesValue | undefined>();
    for (const pattern of level) {
      const taken = segments.slice(index === 0 ? 0 : ends[index - 1], ends[index]);
      if (pattern.kind === 'wildcard') captures.set(pattern.name, capture(pattern, taken));
      index++;
    }
    return captures;
  });
}

function takes(pattern: PathPattern, segment: string | undefined): boolean {
  if (segment === undefined || segment === ANY_PARENTS) return false;
  return pattern.kind === 'wildcard' || pattern.text === segment;
}

function capture(
  pattern: Extract<PathPattern, { kind: 'wildcard' }>,
  taken: readonly string[],
): RulesValue | undefined {
  if (taken.includes(ANY_DOCUMENT) || taken.includes(ANY_PARENTS)) return undefined;
  return pattern.recursive ? path(taken) : string(taken[0] ?? '');
}
